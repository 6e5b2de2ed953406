"""Pictures of tinyattn's runs: computation graphs, attention heat maps, beam trees, explorer pages."""

from .beam_tree import beam_tree
from .draw import draw
from .engine import LayoutError
from .explorer import explorer
from .heatmap import heatmap
from .picture import Picture

__all__ = ["LayoutError", "Picture", "beam_tree", "draw", "explorer", "heatmap"]
