"""`draw`: one call for a picture of a recorded run, or of the graph behind any tensor."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping

from tinyattn.record import Record
from tinyattn.tensor import Tensor

from .collapse import from_depth, where_asked
from .graph import Graph
from .grid import Grid
from .layers import layer_graph
from .ops import op_graph
from .path_picture import path_graph
from .picture import Picture
from .steps import step_graph
from .walk import record_of

BUDGET = 300  # boxes: more than that nobody reads


def draw(
    what: Tensor | Record,
    detail: str = "op",
    names: Mapping[str, Tensor] | None = None,
    budget: int = BUDGET,
    rolled: bool | None = None,
    depth: int | None = None,
    collapse: Callable[[str, str], bool] | None = None,
    backward: bool = False,
    path: str | None = None,
) -> Picture:
    """A picture of a computation.

    what: a Record (`with ta.record() as record`), or any tensor, whose graph is then followed back to its leaves.
    detail: "op" for every op, clustered by module and time step; "step" for a column for each time step, with words
    and attention; "layer" for modules as boxes.
    names: what to call tensors, like dict(model.named_parameters()); else they are called as the caller's variables.
    budget: above so many boxes the picture collapses: it is rolled, then modules are closed. Its caption says so.
    rolled: is what runs at every time step drawn once? Unless told, at "layer", and at "op" above the budget.
    depth: at "op", modules from this depth on are one box each; the outermost are at depth 1.
    collapse: at "op", `collapse(path, class_name)` says which modules are one box each.
    backward: at "op", is the backward pass drawn over the forward one: how gradients flow, and how each op makes them?
    At the others, do boxes say where gradients are missing? Those that are there they always say.
    path: at "step" or "op", only the routes from one source word to one output word, written "vamos:go"; a repeated
    word is "the#2". Edges are as thick as their share of the flow, see flow.py.
    Raises: TypeError for anything else; ValueError for another detail, a budget or depth below 1, both depth and
    collapse, either of them at another detail than "op", a path with any of these or of words that are not there, a
    record or tensor with nothing to draw, or layers of a lone tensor. The Picture raises LayoutError when it is
    rendered without an engine.
    """
    if detail not in ("op", "step", "layer"):
        raise ValueError(f'draw: detail must be "layer", "step" or "op", got {detail!r}')
    if not isinstance(what, (Tensor, Record)):
        raise TypeError(f"draw: wanted a record or a tensor, got {type(what).__name__}: record a call of it first")
    if budget < 1:
        raise ValueError(f"draw: budget must be at least 1 box, got {budget}")
    if isinstance(what, Tensor) and (detail != "op" or (depth, collapse) != (None, None)):
        raise ValueError('draw: the graph behind a tensor knows no modules: pass a record, or detail="op" alone')
    if detail != "op" and (depth, collapse) != (None, None):
        raise ValueError(f'draw: depth and collapse are for detail="op", got detail={detail!r}')
    if depth is not None and (depth < 1 or collapse is not None):
        raise ValueError(f"draw: depth must be at least 1, and without collapse, got {depth}")
    if path is not None and (detail == "layer" or rolled is not None or depth or collapse or backward):
        raise ValueError('draw: a path is drawn at detail="step" or "op", without rolled, depth, collapse or backward')
    if isinstance(what, Tensor):
        record, note = record_of(what, sys._getframe(1), names or {})
    else:
        record, note = what, ""
        for name, x in (names or {}).items():
            record.name(x, name)
    if not record.calls:
        raise ValueError("draw: nothing was recorded: call the model or ops inside the `with record()` block")
    closed = None if depth is None else from_depth(depth)
    if collapse is not None:
        closed = where_asked(record, collapse)
    ops = functools.partial(op_graph, record, budget, isinstance(what, Record), rolled, closed, backward)
    graph: Graph
    if path is not None:
        graph = path_graph(record, path, detail, budget)
    elif detail == "step" or (detail == "layer" and rolled is False):
        graph = step_graph(record, rolled=bool(rolled), values=detail == "step", budget=budget, backward=backward)
    else:
        graph = layer_graph(record, backward) if detail == "layer" else ops()
    if len(graph.boxes) > budget and path is None:  # layers of a long program without modules are its ops
        graph = ops()
    graph.caption += [note] if note else []
    program = "nop2" if isinstance(graph, Grid) else "dot"
    return Picture(graph.dot(), program=program, tips=graph.tips(), graph=graph)
