"""What makes an op a fused one: it has a reference, the same function in named primitive ops.

The reference is the oracle that tests hold the fused op to, what runs under `record()` and `kernels("numpy")`, and
the second derivative: where a gradient is itself to be differentiated, the reference runs again on the same inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import as_tuple, between
from ..tensor import Node, Tensor, fit, walk


def fused(call: Any, reference: Callable) -> None:
    """Declare `reference` to be what the op `call` is in primitive ops, with the same arguments."""
    call.op.reference, call.op.pull_reference = reference, pull_reference


def pull_reference(node: Node, dy: Any) -> list[Any]:
    """dL/dinput for each input of a fused op, as a graph of its own."""
    # The walk has to end at the inputs, not go on into what they were made from: so each gets a Node in between.
    inputs = [fit(x, shape=x.shape, dtype=x.dtype) if isinstance(x, Tensor) and x.requires_grad else x
              for x in node.inputs or ()]
    assert node.op.reference is not None
    outputs = node.op.reference(*inputs, **dict(zip(node.op.defaults, node.values[len(inputs) :])))
    pairs = [(y, g) for y, g in zip(*(as_tuple(part) for part in (outputs, dy))) if y.requires_grad]
    outputs, dy = [y for y, _ in pairs], [g for _, g in pairs]
    ends = [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]
    gradients = walk(outputs, dy, True, True, *between(outputs, ends))
    return [gradients.get(x) if isinstance(x, Tensor) else None for x in inputs]
