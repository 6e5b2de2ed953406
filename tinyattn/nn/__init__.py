"""Layers, losses and what a model is made of, under PyTorch's names."""

from . import functional, init, utils
from .layers import CrossEntropyLoss, Dropout, Embedding, Linear
from .module import Module, ModuleList, Parameter, Sequential
from .rnn import GRU, LSTM, GRUCell, LSTMCell

__all__ = [
    "GRU",
    "LSTM",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "GRUCell",
    "LSTMCell",
    "Linear",
    "Module",
    "ModuleList",
    "Parameter",
    "Sequential",
    "functional",
    "init",
    "utils",
]
