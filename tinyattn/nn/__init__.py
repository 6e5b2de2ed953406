"""Layers, losses and what a model is made of, under PyTorch's names."""

from . import functional, init, utils
from .layers import CrossEntropyLoss, Dropout, Embedding, Linear
from .module import Module, ModuleList, Parameter, Sequential
from .rnn import LSTM, LSTMCell

__all__ = [
    "LSTM",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
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
