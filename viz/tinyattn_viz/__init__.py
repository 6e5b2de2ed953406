"""Pictures of tinyattn's runs: computation graphs and attention heat maps."""

from .draw import draw
from .engine import LayoutError
from .heatmap import heatmap
from .picture import Picture

__all__ = ["LayoutError", "Picture", "draw", "heatmap"]
