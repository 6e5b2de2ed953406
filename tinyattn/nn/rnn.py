"""The LSTM as layers: one step of it, and whole sequences, in layers and in both directions."""

from __future__ import annotations

import math
import warnings
from typing import Any

from .. import create
from ..ops.lstm import lstm, lstm_cell
from ..ops.shapes import cat, squeeze, stack, transpose, unsqueeze
from . import functional as F
from . import init
from .module import Module, Parameter

State = tuple[Any, Any]  # h and c


class LSTM(Module):
    """An LSTM over sequences; each layer reads the outputs of the one below it.

    dropout: of the outputs between layers. bidirectional: a second LSTM reads every layer's input from its end, and
    both outputs stand side by side. Parameters of layer k: weight_ih_l{k} (4H, E), weight_hh_l{k} (4H, H), bias_ih_l{k}
    and bias_hh_l{k} (4H,), gates in the order i, f, g, o; those of the second direction end in _reverse. They begin
    uniform in ±1/√H.

    Shapes: input (T, B, E), or (B, T, E) with batch_first, or (T, E); output the same with D · H in place of E; h and
    c (D · num_layers, B, H), without B for an input without; with D = 2 where bidirectional, else 1.
    Source: Hochreiter and Schmidhuber 1997; both directions: Schuster and Paliwal 1997.
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
                 proj_size: int = 0) -> None:
        super().__init__()
        if proj_size != 0:
            raise ValueError(f"LSTM: proj_size must be 0, got {proj_size}: put a Linear layer after the LSTM")
        if hidden_size < 1 or num_layers < 1:
            raise ValueError(f"LSTM: hidden_size and num_layers must be at least 1, got {hidden_size} and {num_layers}")
        if not 0 <= dropout <= 1:
            raise ValueError(f"LSTM: dropout must be in 0 ... 1, got {dropout}")
        if dropout > 0 and num_layers == 1:
            warnings.warn("LSTM: dropout is applied between layers, so with num_layers=1 it does nothing", stacklevel=2)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        self.directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            size = input_size if layer == 0 else hidden_size * len(self.directions)
            for direction in self.directions:
                add_parameters(self, size, hidden_size, bias, f"_l{layer}{direction}")

    def forward(self, input: Any, hx: State | None = None, lengths: Any = None) -> tuple[Any, State]:
        """output, (h_n, c_n): what the last layer said at every step, and how each layer and direction ended.

        hx: the states to begin with (None: 0). lengths (B,): how many steps of each row are real (None: all); the
        steps past them give 0 and change nothing, and the second direction begins at a row's last real step.
        Raises: ValueError for other shapes or lengths, TypeError for other dtypes.
        """
        batched = input.ndim == 3
        if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
            wanted = "(B, T, E)" if self.batch_first else "(T, B, E)"
            raise ValueError(f"LSTM: input must be {wanted} or (T, E) with E = {self.input_size}, "
                             f"got {tuple(input.shape)}: its last dimension is the layer's input_size")
        x = input if batched else unsqueeze(input, 0)
        if batched and not self.batch_first:
            x = transpose(x, 0, 1)
        if hx is not None:
            h_0, c_0 = self.initial(hx, x.shape[0], batched)
        h_n: list[Any] = []
        c_n: list[Any] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in self.directions:
                first = (None, None) if hx is None else (h_0[len(h_n)], c_0[len(h_n)])
                output, h, c = lstm(x, *first, *parameters_of(self, f"_l{layer}{direction}"),
                                    lengths=lengths, reverse=direction == "_reverse")
                outputs.append(output)
                h_n.append(h)
                c_n.append(c)
            x = outputs[0] if len(outputs) == 1 else cat(outputs, 2)
            if layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        if not batched:
            return squeeze(x, 0), (cat(h_n), cat(c_n))
        return x if self.batch_first else transpose(x, 0, 1), (together(h_n), together(c_n))

    def initial(self, hx: State, B: int, batched: bool) -> State:
        """The first h and c, each (D · num_layers, B, H)."""
        states = self.num_layers * len(self.directions)
        letters = "(D · num_layers, B, H)" if batched else "(D · num_layers, H)"
        wanted = (states, B, self.hidden_size) if batched else (states, self.hidden_size)
        for name, state in zip(("h_0", "c_0"), hx):
            if state.shape != wanted:
                raise ValueError(f"LSTM: {name} must be {letters} = {wanted}, got {tuple(state.shape)}: "
                                 "the batch stands second in a state, also with batch_first")
        h_0, c_0 = hx
        return (h_0, c_0) if batched else (unsqueeze(h_0, 1), unsqueeze(c_0, 1))

    def extra_repr(self) -> str:
        options = {"num_layers": (self.num_layers, 1), "bias": (self.bias, True),
                   "batch_first": (self.batch_first, False), "dropout": (self.dropout, 0.0),
                   "bidirectional": (self.bidirectional, False)}
        changed = [f"{name}={value}" for name, (value, default) in options.items() if value != default]
        return ", ".join([str(self.input_size), str(self.hidden_size), *changed])


class LSTMCell(Module):
    """One step of an LSTM, for loops that do something of their own between steps.

    Parameters: weight_ih (4H, E), weight_hh (4H, H), bias_ih and bias_hh (4H,); as those of LSTM.
    Shapes: input (B, E) or (E,); h and c (B, H) or (H,)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__()
        if hidden_size < 1:
            raise ValueError(f"LSTMCell: hidden_size must be at least 1, got {hidden_size}")
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        add_parameters(self, input_size, hidden_size, bias, "")

    def forward(self, input: Any, hx: State | None = None) -> State:
        """h and c after the step. hx: h and c before it (None: 0).

        Raises: ValueError for other shapes, TypeError for other dtypes.
        """
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            raise ValueError(f"LSTMCell: input must be (B, E) or (E,) with E = {self.input_size}, "
                             f"got {tuple(input.shape)}: its last dimension is the layer's input_size")
        if input.ndim == 2:
            return lstm_cell(input, *(hx or (None, None)), *parameters_of(self, ""))
        h, c = self.forward(unsqueeze(input, 0), hx and (unsqueeze(hx[0], 0), unsqueeze(hx[1], 0)))
        return squeeze(h, 0), squeeze(c, 0)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


def together(states: list[Any]) -> Any:
    """States (B, H) as one tensor (D · num_layers, B, H); a single one without copying it."""
    return stack(states) if len(states) > 1 else unsqueeze(states[0], 0)


NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def add_parameters(module: Module, input_size: int, hidden_size: int, bias: bool, suffix: str) -> None:
    """One direction of one layer, uniform in ±1/√H."""
    bound = 1 / math.sqrt(hidden_size)
    rows = 4 * hidden_size
    for name, shape in zip(NAMES, ((rows, input_size), (rows, hidden_size), (rows,), (rows,))):
        wanted = bias or name.startswith("weight")
        parameter = Parameter(init.uniform_(create.zeros(*shape), -bound, bound)) if wanted else None
        module.register_parameter(name + suffix, parameter)


def parameters_of(module: Module, suffix: str) -> list[Parameter | None]:
    return [module._parameters[name + suffix] for name in NAMES]
