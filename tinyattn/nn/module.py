"""Module: a part of a model that owns parameters and other modules, and knows them by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..state import no_grad, state
from ..tensor import Tensor


class Parameter(Tensor):
    """A Tensor that a Module learns: it requires its gradient, and optimisers find it by way of the Module."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data.array if isinstance(data, Tensor) else data)
        if isinstance(data, Tensor):  # the same memory: a change of one is a change of the other
            self._changes = data.changes
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Module:
    """Base of all layers and models. Assign Parameters and Modules as attributes, and write `forward`."""

    if TYPE_CHECKING:  # parameters that are registered under a name are attributes, too

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self) -> None:
        self.training = True
        self._parameters: dict[str, Parameter | None] = {}
        self._modules: dict[str, Module] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        owner = "_parameters" if isinstance(value, Parameter) else "_modules" if isinstance(value, Module) else None
        if owner is not None:
            if "_modules" not in self.__dict__:
                raise AttributeError(f"{type(self).__name__}: call super().__init__() before assigning {name!r}")
            (self._modules if owner == "_parameters" else self._parameters).pop(name, None)
            self.__dict__[owner][name] = value
        elif name in {**self.__dict__.get("_parameters", {}), **self.__dict__.get("_modules", {})}:
            if value is not None:
                raise TypeError(f"{type(self).__name__}: {name} must stay a Parameter or Module, or be None, got "
                                f"{type(value).__name__}: wrap it in nn.Parameter, or del {name} first")
            if name in self._parameters:
                self._parameters[name] = None
            self._modules.pop(name, None)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for owned in (self._parameters, self._modules):
            owned.pop(name, None)
        object.__delattr__(self, name)

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """A parameter under a name that is only known at run time; None: there is none, as for bias=False."""
        self._parameters[name] = parameter
        object.__setattr__(self, name, parameter)

    def add_module(self, name: str, module: Module) -> None:
        setattr(self, name, module)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        if state.recorder is None:
            return self.forward(*inputs, **options)
        with state.recorder.scope(self):
            return self.forward(*inputs, **options)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: a Module needs a method forward(self, ...)")

    # --- what it owns ---------------------------------------------------

    def children(self) -> Iterator[Module]:
        """The modules assigned to it."""
        yield from self._modules.values()

    def named_children(self) -> Iterator[tuple[str, Module]]:
        yield from self._modules.items()

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """Itself and all modules below, each once, with the first of its paths ("encoder.lstm") or with all of them."""
        waiting, seen = [(prefix, self)], set()
        while waiting:
            path, module = waiting.pop()
            if not (remove_duplicate and module in seen):
                seen.add(module)
                yield path, module
                waiting += [(f"{path}.{name}" if path else name, child)
                            for name, child in reversed(module._modules.items())]

    def modules(self) -> Iterator[Module]:
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, by the first of its names: "encoder.lstm.weight_ih_l0"."""
        seen: set[Parameter] = set()
        for path, module in self.named_modules():
            for name, parameter in module._parameters.items():
                if parameter is not None and parameter not in seen:
                    seen.add(parameter)
                    yield (f"{path}.{name}" if path else name), parameter

    def parameters(self) -> Iterator[Parameter]:
        return (parameter for _, parameter in self.named_parameters())

    # --- what one does with it ------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Training: dropout drops. `eval()` is the other way."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad = parameter.grad.detach().zero_()  # without the graph that create_graph left

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def to(self, dtype: Any) -> Module:
        """All parameters in another dtype, in place. Raises: TypeError unless it is a floating-point one."""
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"{type(self).__name__}.to: parameters must be floating-point, got {np.dtype(dtype)}")
        for parameter in self.parameters():
            parameter.array = parameter.array.astype(dtype, copy=False)
            parameter.grad = None
        return self

    def float(self) -> Module:
        return self.to(np.float32)

    def double(self) -> Module:
        return self.to(np.float64)

    # --- saving ---------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Every parameter under each of its names; the tensors share the parameters' memory."""
        return {
            (f"{path}.{name}" if path else name): parameter.detach()
            for path, module in self.named_modules(remove_duplicate=False)
            for name, parameter in module._parameters.items()
            if parameter is not None
        }

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Copy values into the parameters of the same names. Nothing is copied unless all of it fits.

        Raises: KeyError for missing and, unless `strict` is off, unknown names; ValueError for another shape.
        """
        mine = self.state_dict()
        missing, unknown = mine.keys() - state_dict.keys(), state_dict.keys() - mine.keys()
        if strict and (missing or unknown):
            raise KeyError(
                f"load_state_dict: missing: {', '.join(sorted(missing)) or 'none'}; "
                f"unknown: {', '.join(sorted(unknown)) or 'none'}: is it another model's?"
            )
        arrays = {name: np.asarray(state_dict[name]) for name in mine if name in state_dict}
        for name, array in arrays.items():
            if array.shape != mine[name].shape:
                raise ValueError(f"load_state_dict: {name} must have shape {mine[name].shape}, got {array.shape}")
        with no_grad():
            for name, array in arrays.items():
                mine[name].copy_(array)

    def extra_repr(self) -> str:
        """What stands in the brackets of its line in print(model)."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"  ({name}): " + repr(child).replace("\n", "\n  ") for name, child in self._modules.items()
        ]
        body = "\n" + "\n".join(lines) + "\n" if lines else self.extra_repr()
        return f"{type(self).__name__}({body})"


class Sequential(Module):
    """Modules one after the other: the output of each is the input of the next."""

    def __init__(self, *modules: Module) -> None:
        super().__init__()
        for number, module in enumerate(modules):
            self.add_module(str(number), module)

    def forward(self, x: Any) -> Any:
        for module in self._modules.values():
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int) -> Module:
        return list(self._modules.values())[index]


class ModuleList(Module):
    """A list of modules that a Module can own."""

    def __init__(self, modules: Any = ()) -> None:
        super().__init__()
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> ModuleList:
        self.add_module(str(len(self._modules)), module)
        return self

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __getitem__(self, index: int) -> Module:
        return list(self._modules.values())[index]
