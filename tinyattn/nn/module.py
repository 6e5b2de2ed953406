"""Module: a part of a model, with a forward of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from ..hooks import HookHandle
from ..state import state
from ..tensor import Tensor
from .owner import Owner

BEFORE, AFTER = 0, 1  # when a hook is called: before or after the forward


class Module(Owner):
    """Base of all layers and models. Assign Parameters and Modules as attributes, and write `forward`.

    Parameters are learned. Buffers are tensors that are not, but belong to the model all the same: they are saved with
    it and change their dtype with it; `register_buffer` makes one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.training = True
        self._hooks = Hooks()

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: a Module needs a method forward(self, ...)")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        forward = self.forward if self._hooks.hooks is None else self._forward_with_hooks
        if state.recorder is None:
            return forward(*inputs, **options)
        with state.recorder.scope(self):
            return forward(*inputs, **options)

    # --- what one does with it ------------------------------------------

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` with every module below, and then with this one: for instance to fill their parameters anew."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Training: dropout drops. `eval()` is the other way. Modules below are asked to do the same."""
        if self.training is not mode:
            self.training = mode
        for child in self._modules.values():
            if child is not None:
                child.train(mode)
        return self

    def eval(self) -> Self:
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad = parameter.grad.detach().zero_()  # without the graph that create_graph left

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def to(self, *args: Any, **options: Any) -> Self:
        """All parameters, their gradients and the buffers of floats in another dtype, in place; arguments of Tensor.to.

        Raises: TypeError unless it is a floating-point dtype, ValueError for another device than the CPU.
        """
        wanted = Tensor(np.float32(0)).to(*args, **options).dtype
        if wanted.kind != "f":
            raise TypeError(f"{type(self).__name__}.to: wanted a floating-point dtype, got {wanted}")
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.is_floating_point():
                tensor.array = tensor.detach().to(*args, **options).array
                tensor.grad = None if tensor.grad is None else tensor.grad.detach().to(*args, **options)
        return self

    def float(self) -> Self:
        return self.to(np.float32)

    def double(self) -> Self:
        return self.to(np.float64)

    # --- hooks ----------------------------------------------------------

    def register_forward_pre_hook(self, hook: Callable, *, with_kwargs: bool = False) -> HookHandle:
        """`hook(module, inputs)` is called before every forward; what it returns, if anything, are the new inputs.

        with_kwargs: `hook(module, inputs, options)`, which returns new inputs and new options.
        """
        def without_options(module: Module, inputs: tuple, options: dict[str, Any]) -> Any:
            inputs = hook(module, inputs)
            return inputs if inputs is None else (inputs if isinstance(inputs, tuple) else (inputs,), options)

        call: Any = hook if with_kwargs else without_options
        return HookHandle(self._hooks, (BEFORE, call))

    def register_forward_hook(self, hook: Callable, *, with_kwargs: bool = False) -> HookHandle:
        """`hook(module, inputs, output)` is called after every forward; what it returns, if anything, is the output.

        with_kwargs: `hook(module, inputs, options, output)`.
        """
        call: Any = hook if with_kwargs else lambda module, inputs, options, output: hook(module, inputs, output)
        return HookHandle(self._hooks, (AFTER, call))

    def _forward_with_hooks(self, *inputs: Any, **options: Any) -> Any:
        hooks = self._hooks.hooks or []
        for when, hook in hooks:
            if when == BEFORE:
                inputs, options = hook(self, inputs, options) or (inputs, options)
        output = self.forward(*inputs, **options)
        for when, hook in hooks:
            if when == AFTER:
                changed = hook(self, inputs, options, output)
                output = output if changed is None else changed
        return output

    # --- text -----------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the brackets of its line in print(model)."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): {child!r}" for name, child in self._modules.items()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        body = "\n".join([*self.extra_repr().splitlines(), *lines]).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)"


class Hooks:
    """What a HookHandle takes a hook out of again."""

    hooks: list[tuple[int, Any]] | None = None
