"""tinyattn: a tensor and autograd engine from scratch, and on it the encoder-decoder with attention."""
from . import ops
from .tensor import Tensor
