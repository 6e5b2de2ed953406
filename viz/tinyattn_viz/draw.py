"""`draw`: one call for a picture of a recorded run, or of the graph behind any tensor."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tinyattn.record import Record
from tinyattn.tensor import Tensor

from .layers import layer_graph
from .ops import op_graph
from .picture import Picture
from .walk import record_of

BUDGET = 300  # boxes: more than that nobody reads


def draw(
    what: Tensor | Record, detail: str = "op", names: Mapping[str, Tensor] | None = None, budget: int = BUDGET
) -> Picture:
    """A picture of a computation.

    what: a Record (`with ta.record() as record`), or any tensor, whose graph is then followed back to its leaves.
    detail: "op" for every op, clustered by module and time step; "layer" for modules as boxes, rolled over time.
    names: what to call tensors, like dict(model.named_parameters()); else they are called as the caller's variables.
    budget: above so many boxes the picture collapses, modules first, and says so in its caption.
    Raises: TypeError for anything else; ValueError for another detail, a budget below 1, a record or tensor with
    nothing to draw, or layers of a lone tensor. The Picture raises LayoutError when it is rendered without an engine.
    """
    if detail not in ("op", "layer"):
        raise ValueError(f'draw: detail must be "layer" or "op", got {detail!r}')
    if not isinstance(what, (Tensor, Record)):
        raise TypeError(f"draw: wanted a record or a tensor, got {type(what).__name__}: record a call of it first")
    if budget < 1:
        raise ValueError(f"draw: budget must be at least 1 box, got {budget}")
    if isinstance(what, Tensor) and detail == "layer":
        raise ValueError('draw: the graph behind a tensor knows no modules: pass a record, or detail="op"')
    if isinstance(what, Tensor):
        record, note = record_of(what, sys._getframe(1), names or {})
        missing = "grad not kept"  # by plain tensors; a record keeps them all
    else:
        record, note, missing = what, "", "no gradient"
        for name, x in (names or {}).items():
            record.name(x, name)
    if not record.calls:
        raise ValueError("draw: nothing was recorded: call the model or ops inside the `with record()` block")
    graph = layer_graph(record) if detail == "layer" else op_graph(record, budget, missing)
    if len(graph.boxes) > budget:  # layers of a long program without modules are its ops
        graph = op_graph(record, budget, missing)
    graph.caption += [note] if note else []
    return Picture(graph.dot(), tips=graph.tips(), graph=graph)
