"""Pictures of tinyattn's runs: computation graphs, attention heat maps, gates, curves, beam trees, explorer pages."""

from .beam_tree import beam_tree
from .curves import curves
from .draw import draw
from .engine import LayoutError
from .explorer import explorer
from .gates import gates
from .heatmap import heatmap
from .multiples import AttentionWatcher, multiples
from .picture import Picture

__all__ = [
    "AttentionWatcher",
    "LayoutError",
    "Picture",
    "beam_tree",
    "curves",
    "draw",
    "explorer",
    "gates",
    "heatmap",
    "multiples",
]
