"""Hooks on gradients: functions that see the gradient of a tensor once it is complete."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

Hook = Callable[[Any], Any]


class HookHandle:
    """What `register_hook` returns. `remove()`, or the end of a `with` block, takes the hook away again."""

    def __init__(self, owner: Any, entry: tuple[int, Hook]) -> None:
        """owner: the leaf or the Node that keeps `hooks`, pairs of an output's slot and a hook."""
        self.owner, self.entry = weakref.ref(owner), entry
        # What keeps a gradient comes last: it keeps what the other hooks have made of it.
        owner.hooks = sorted([*(owner.hooks or ()), entry], key=lambda entry: isinstance(entry[1], GradKeeper))

    def remove(self) -> None:
        owner = self.owner()
        if owner is not None and owner.hooks:
            owner.hooks = [entry for entry in owner.hooks if entry is not self.entry] or None

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *error: Any) -> None:
        self.remove()


def call_hooks(hooks: Sequence[tuple[int, Hook]], parts: dict[int, Any], tensor: Callable[[Any], Any]) -> None:
    """A hook sees the gradient of its slot, as a `tensor`, and may put another in its place."""
    for slot, hook in hooks:
        gradient = parts.get(slot)
        if gradient is not None:  # else nobody used that output
            replaced = hook(gradient if isinstance(gradient, Hooked) else tensor(gradient))
            if replaced is not None:
                parts[slot] = replaced if isinstance(gradient, Hooked) else replaced.array


class GradKeeper:
    """The hook of `retain_grad`: adds the gradient of a result to its `grad`."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = weakref.ref(tensor)  # the graph must not hold what holds the graph

    def __call__(self, gradient: Any) -> None:
        x = self.tensor()
        if x is not None:
            x.grad = gradient.clone() if x.grad is None else x.grad + gradient


class Hooked:
    """What a Tensor has of hooks. A leaf keeps its own; those of a result are kept by the Node that made it."""

    __slots__ = ()
    node: Any
    slot: int
    requires_grad: bool

    def register_hook(self, hook: Hook) -> HookHandle:
        """`hook(gradient)` is called once dL/dself is complete; what it returns, if anything, takes its place."""
        if not self.requires_grad:
            raise RuntimeError("register_hook: this tensor requires no gradient: set requires_grad=True first")
        return HookHandle(self.node or self, (self.slot, hook))

    @property
    def retains_grad(self) -> bool:
        """Will backward leave the gradient of this result in `grad`?"""
        hooks = self.node.hooks if self.node is not None else None
        return any(isinstance(hook, GradKeeper) and hook.tensor() is self for _, hook in hooks or ())

    def retain_grad(self) -> None:
        """Have backward add dL/dself to `grad` here too, as it does for leaves."""
        if not self.requires_grad:
            raise RuntimeError("retain_grad: this tensor requires no gradient: set requires_grad=True on an input")
        if self.node is not None and not self.retains_grad:
            self.register_hook(GradKeeper(self))
