"""The LSTM and the GRU as layers: one step of them, and whole sequences, in layers and in both directions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from .. import create
from ..autograd import as_tuple
from ..ops.gru import gru, gru_cell
from ..ops.joining import cat
from ..ops.lstm import lstm, lstm_cell
from ..ops.packing import to_packed
from ..ops.shapes import squeeze, transpose, unsqueeze
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence, pad_packed_sequence, places_of

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Recurrent(Module):
    """What layers and cells have in common: weights in `gates` blocks of H rows, uniform in ±1/√H to begin with."""

    gates: int
    states: tuple[str, ...]  # what is carried from step to step

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        if input_size < 1 or hidden_size < 1:
            raise ValueError(f"{type(self).__name__}: input_size and hidden_size must be at least 1, "
                             f"got {input_size} and {hidden_size}")
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias

    def add_parameters(self, input_size: int, suffix: str, dtype: Any) -> None:
        """One direction of one layer."""
        H, rows = self.hidden_size, self.gates * self.hidden_size
        for name, shape in zip(NAMES, ((rows, input_size), (rows, H), (rows,), (rows,))):
            wanted = self.bias or name.startswith("weight")
            self.register_parameter(name + suffix, Parameter(create.zeros(*shape, dtype=dtype)) if wanted else None)

    def parameters_of(self, suffix: str) -> list[Parameter | None]:
        own = self._parameters
        return [own[name + suffix] for name in NAMES]

    def reset_parameters(self) -> None:
        """Begin anew: every parameter uniform in ±1/√H."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def check_input(self, input: Any, letters: str, dimensions: tuple[int, ...]) -> None:
        if input.ndim not in dimensions or input.shape[-1] != self.input_size:
            raise ValueError(f"{type(self).__name__}: input must be {letters} with E = {self.input_size}, "
                             f"got {tuple(input.shape)}: its last dimension is the layer's input_size")

    def states_in(self, hx: Any) -> list[Any]:
        """The states that a caller gave, each of them None for 0."""
        if hx is None:
            return [None] * len(self.states)
        found = list(hx) if isinstance(hx, (tuple, list)) and len(self.states) > 1 else [hx]
        if len(found) != len(self.states) or not all(hasattr(state, "shape") for state in found):
            wanted = f"a tuple ({', '.join(self.states)})" if len(self.states) > 1 else f"the tensor {self.states[0]}"
            raise TypeError(f"{type(self).__name__}: hx must be {wanted}, got {type(hx).__name__}")
        return found


# --- sequences ----------------------------------------------------------


class RNNBase(Recurrent):
    """A recurrent layer, or several, over sequences; each reads the outputs of the one below it.

    A subclass says how many `gates` its op has and what its `states` are called, and runs it by `scan`.
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
                 proj_size: int = 0, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias)
        name = type(self).__name__
        if proj_size != 0:
            raise ValueError(f"{name}: proj_size must be 0, got {proj_size}: put a Linear layer after the {name}")
        if num_layers < 1:
            raise ValueError(f"{name}: num_layers must be at least 1, got {num_layers}")
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(f"{name}: dropout must be in 0 ... 1, got {dropout}")
        if dropout > 0 and num_layers == 1:
            warnings.warn(f"{name}: dropout is applied between layers, so with num_layers=1 it does nothing",
                          stacklevel=2)
        self.num_layers, self.batch_first, self.dropout, self.bidirectional = (
            num_layers, batch_first, dropout, bidirectional)
        self.directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            size = input_size if layer == 0 else hidden_size * len(self.directions)
            for direction in self.directions:
                self.add_parameters(size, f"_l{layer}{direction}", dtype)
        self.reset_parameters()

    def scan(self, op: Callable, input: Any, states: list[Any], lengths: Any) -> tuple[Any, list[Any]]:
        """The output and the last states, for an input of any of the shapes that it may have.

        op: lstm or gru, one direction of one layer. states: to begin with, each (D · num_layers, B, H), or None for 0.
        """
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise ValueError(f"{type(self).__name__}: a PackedSequence has lengths of its own: leave lengths out")
            self.check_input(input.data, "a PackedSequence of (N, E)", (2,))
            x, lengths = pad_packed_sequence(input, batch_first=True)
            output, last = self.layers(op, x, self.first_states(states, len(x)), lengths)
            return input._replace(data=to_packed(output, places=places_of(input))), last
        self.check_input(input, "(B, T, E) or (T, E)" if self.batch_first else "(T, B, E) or (T, E)", (2, 3))
        if input.ndim == 2:
            output, last = self.layers(op, unsqueeze(input, 0), self.first_states(states, None), lengths)
            return squeeze(output, 0), [squeeze(state, 1) for state in last]
        if self.batch_first:
            return self.layers(op, input, self.first_states(states, len(input)), lengths)
        output, last = self.layers(op, transpose(input, 0, 1), self.first_states(states, input.shape[1]), lengths)
        return transpose(output, 0, 1), last

    def layers(self, op: Callable, x: Any, first: list[Any], lengths: Any) -> tuple[Any, list[Any]]:
        """The same for x (B, T, E) and states (D · num_layers, B, H): layer upon layer, direction beside direction."""
        if self.num_layers == len(self.directions) == 1:
            output, *last = op(x, *first, *self.weights[0], lengths=lengths, reverse=False)
            return output, last  # as it is: small models feel every op
        every: list[Any] = []  # of every layer and direction, the states one after the other
        for layer in range(self.num_layers):
            outputs = []
            for reverse in (False, True)[: len(self.directions)]:
                k = len(every)
                states = [None if state is None else state[k : k + 1] for state in first]
                output, *states = op(x, *states, *self.weights[k], lengths=lengths, reverse=reverse)
                outputs.append(output)
                every.append(states)
            x = outputs[0] if len(outputs) == 1 else cat(outputs, 2)
            if layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        return x, [cat(states, 0) for states in zip(*every)]

    def first_states(self, states: list[Any], B: int | None) -> list[Any]:
        """The states, checked and with a batch: for B = None they come without."""
        count = self.num_layers * len(self.directions)
        letters = "(D · num_layers, H)" if B is None else "(D · num_layers, B, H)"
        wanted = (count, self.hidden_size) if B is None else (count, B, self.hidden_size)
        for name, state in zip(self.states, states):
            if state is not None and state.shape != wanted:
                raise ValueError(f"{type(self).__name__}: {name} must be {letters} = {wanted}, "
                                 f"got {tuple(state.shape)}: the batch stands second in a state, also with batch_first")
        return [unsqueeze(state, 1) if B is None and state is not None else state for state in states]

    @property
    def weights(self) -> list[list[Parameter | None]]:
        """w_ih, w_hh, b_ih, b_hh of each layer and direction."""
        return [self.parameters_of(f"_l{layer}{direction}")
                for layer in range(self.num_layers) for direction in self.directions]

    def flatten_parameters(self) -> None:
        """Does nothing, as PyTorch's does on a CPU: it is there so that code which calls it runs."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[p for p in weights if p is not None] for weights in self.weights]

    def extra_repr(self) -> str:
        options = {"num_layers": (self.num_layers, 1), "bias": (self.bias, True),
                   "batch_first": (self.batch_first, False), "dropout": (self.dropout, 0.0),
                   "bidirectional": (self.bidirectional, False)}
        changed = [f"{name}={value}" for name, (value, default) in options.items() if value != default]
        return ", ".join([str(self.input_size), str(self.hidden_size), *changed])


class LSTM(RNNBase):
    """An LSTM over sequences; each layer reads the outputs of the one below it.

    dropout: of the outputs between layers. bidirectional: a second LSTM reads every layer's input from its end, and
    both outputs stand side by side. Parameters of layer k: weight_ih_l{k} (4H, E), weight_hh_l{k} (4H, H), bias_ih_l{k}
    and bias_hh_l{k} (4H,), gates in the order i, f, g, o; those of the second direction end in _reverse. They begin
    uniform in ±1/√H.

    Shapes: input (T, B, E), or (B, T, E) with batch_first, or (T, E), or a PackedSequence; output the same with D · H
    in place of E; h and c (D · num_layers, B, H), without B for (T, E); with D = 2 where bidirectional, else 1.
    Source: Hochreiter and Schmidhuber 1997; both directions: Schuster and Paliwal 1997.
    """

    gates, states = 4, ("h_0", "c_0")

    def forward(self, input: Any, hx: tuple[Any, Any] | None = None, lengths: Any = None) -> tuple[Any, Any]:
        """output, (h_n, c_n): what the last layer said at every step, and how each layer and direction ended.

        hx: the states to begin with, (h_0, c_0) (None: 0). lengths (B,): how many steps of each row are real
        (None: all); the steps past them give 0 and change nothing, and the second direction begins at a row's last
        real step.
        Raises: ValueError for other shapes or lengths, TypeError for other dtypes.
        """
        h_0, c_0 = self.states_in(hx)
        output, (h_n, c_n) = self.scan(lstm, input, [h_0, c_0], lengths)
        return output, (h_n, c_n)


class GRU(RNNBase):
    """A GRU over sequences; options and shapes are those of LSTM, but there is one state, h.

    Parameters: as LSTM's, with 3H for 4H, gates in the order r, z, n.
    Source: Cho et al. 2014.
    """

    gates, states = 3, ("h_0",)

    def forward(self, input: Any, hx: Any = None, lengths: Any = None) -> tuple[Any, Any]:
        """output, h_n: what the last layer said at every step, and how each layer and direction ended.

        hx: h_0, the state to begin with (None: 0). lengths: see LSTM.
        Raises: ValueError for other shapes or lengths, TypeError for other dtypes.
        """
        (h_0,) = self.states_in(hx)
        output, (h_n,) = self.scan(gru, input, [h_0], lengths)
        return output, h_n


# --- one step -----------------------------------------------------------


class RNNCellBase(Recurrent):
    """One step of a recurrent layer, for loops that do something of their own between steps."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias)
        self.add_parameters(input_size, "", dtype)
        self.reset_parameters()

    def step(self, op: Callable, input: Any, states: list[Any]) -> tuple[Any, ...]:
        """The states after `op`, which is lstm_cell or gru_cell, from those before, each of them None for 0."""
        self.check_input(input, "(B, E) or (E,)", (1, 2))
        if input.ndim == 2:
            return as_tuple(op(input, *states, *self.parameters_of("")))
        states = [None if state is None else unsqueeze(state, 0) for state in states]
        return tuple(squeeze(state, 0) for state in as_tuple(op(unsqueeze(input, 0), *states, *self.parameters_of(""))))

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class LSTMCell(RNNCellBase):
    """One step of an LSTM.

    Parameters: weight_ih (4H, E), weight_hh (4H, H), bias_ih and bias_hh (4H,); as those of LSTM.
    Shapes: input (B, E) or (E,); h and c (B, H) or (H,)
    """

    gates, states = 4, ("h", "c")

    def forward(self, input: Any, hx: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
        """h and c after the step. hx: (h, c) before it (None: 0).

        Raises: ValueError for other shapes, TypeError for other dtypes.
        """
        h, c = self.step(lstm_cell, input, self.states_in(hx))
        return h, c


class GRUCell(RNNCellBase):
    """One step of a GRU.

    Parameters: weight_ih (3H, E), weight_hh (3H, H), bias_ih and bias_hh (3H,); as those of GRU.
    Shapes: input (B, E) or (E,); h (B, H) or (H,)
    """

    gates, states = 3, ("h",)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """h after the step. hx: h before it (None: 0).

        Raises: ValueError for other shapes, TypeError for other dtypes.
        """
        (h,) = self.step(gru_cell, input, self.states_in(hx))
        return h
