"""What makes a Module the owner of its parts: parameters, buffers and other modules, known by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..state import no_grad
from ..tensor import Tensor
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

KINDS = {"_parameters": "Parameter", "_buffers": "Tensor", "_modules": "Module"}  # where they lie, what they are


class Owner:
    """Parts are assigned as attributes; they lie in three dictionaries, by kind, in the order of assignment."""

    def __init__(self) -> None:
        self._parameters: dict[str, Parameter | None] = {}
        self._buffers: dict[str, Tensor | None] = {}
        self._modules: dict[str, Module | None] = {}
        self._unsaved: set[str] = set()  # the names of buffers that are not saved

    # --- attributes -----------------------------------------------------

    def _kind_of(self, name: str) -> str | None:
        """Which of the three dictionaries has a name; a copy in the making has no dictionaries yet."""
        return next((kind for kind in KINDS if name in vars(self).get(kind, ())), None)

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        for kind in KINDS:  # as _kind_of does, but without the call: attributes are looked up all the time
            if kind in own and name in own[kind]:
                return own[kind][name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        kind = "_parameters" if isinstance(value, Parameter) else "_modules" if isinstance(value, Owner) else None
        if kind is not None and "_modules" not in vars(self):
            raise AttributeError(f"{type(self).__name__}: call super().__init__() before assigning {name!r}")
        before = self._kind_of(name)
        if kind is None and before is not None:
            if value is not None and not (before == "_buffers" and isinstance(value, Tensor)):
                raise TypeError(f"{type(self).__name__}: {name} must stay a {KINDS[before]}, or be None, got "
                                f"{type(value).__name__}: wrap it in nn.Parameter, or del {name} first")
            kind = before
        if kind is None:
            object.__setattr__(self, name, value)
            return
        if before != kind:
            vars(self).pop(name, None)
            if before is not None:
                delattr(self, name)
        vars(self)[kind][name] = value

    def __delattr__(self, name: str) -> None:
        kind = self._kind_of(name)
        if kind is None:
            object.__delattr__(self, name)
        else:
            del vars(self)[kind][name]
            self._unsaved.discard(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._parameters, *self._buffers, *self._modules]

    def _register(self, kind: str, name: str, value: Any, wanted: type) -> None:
        who = f"{type(self).__name__}: "
        if kind not in vars(self):
            raise AttributeError(f"{who}call super().__init__() before registering {name!r}")
        if not isinstance(name, str) or not name or "." in name:
            raise KeyError(f"{who}a name must be a string, not empty and without a dot, got {name!r}")
        if hasattr(self, name) and name not in vars(self)[kind]:
            raise KeyError(f"{who}there is an attribute {name!r} already")
        if value is not None and not isinstance(value, wanted):
            raise TypeError(f"{who}{name} must be a {KINDS[kind]} or None, got {type(value).__name__}")
        vars(self)[kind][name] = value

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """A parameter under a name that is only known at run time; None: there is none, as for bias=False."""
        self._register("_parameters", name, param, Parameter)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """A tensor that belongs to the model but is not learned; with persistent=False it is not saved either."""
        self._register("_buffers", name, tensor, Tensor)
        (self._unsaved.discard if persistent else self._unsaved.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """A module under a name that is only known at run time."""
        self._register("_modules", name, module, Owner)

    register_module = add_module

    # --- what it owns ---------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules assigned to it, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        return (module for _, module in self.named_children())

    def named_modules(self, memo: set[Module] | None = None, prefix: str = "",
                      remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """Itself and all modules below, each once, with the first of its paths ("encoder.lstm") or with all of them."""
        seen: set[Any] = set() if memo is None else memo
        waiting: list[tuple[str, Any]] = [(prefix, self)]
        while waiting:
            path, module = waiting.pop()
            if not (remove_duplicate and module in seen):
                seen.add(module)
                yield path, module
                waiting += [(joined(path, name), child) for name, child in reversed(module._modules.items())
                            if child is not None]

    def modules(self) -> Iterator[Module]:
        seen: set[Any] = set()
        waiting: list[Any] = [self]
        while waiting:
            module = waiting.pop()
            if module not in seen:
                seen.add(module)
                yield module
                waiting += [child for child in reversed(module._modules.values()) if child is not None]

    def _named(self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen = set()
        for path, module in self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]:
            for name, tensor in vars(module)[kind].items():
                if tensor is not None and not (remove_duplicate and tensor in seen):
                    seen.add(tensor)
                    yield joined(path, name), tensor

    def named_parameters(self, prefix: str = "", recurse: bool = True,
                         remove_duplicate: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, by the first of its names: "encoder.lstm.weight_ih_l0"."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        seen = set()
        for module in self.modules() if recurse else (self,):
            for parameter in module._parameters.values():
                if parameter is not None and parameter not in seen:
                    seen.add(parameter)
                    yield parameter

    def named_buffers(self, prefix: str = "", recurse: bool = True,
                      remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as "encoder.lstm"; "" is this one. Raises: AttributeError."""
        module: Any = self
        for name in target.split(".") if target else ():
            module = getattr(module, name)
            if not isinstance(module, Owner):
                raise AttributeError(f"{type(self).__name__}: {name!r} in {target!r} is not a Module")
        return module

    def _get(self, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if module._kind_of(name) != kind:
            raise AttributeError(f"{type(self).__name__}: {target!r} is no {KINDS[kind]}")
        return vars(module)[kind][name]

    def get_parameter(self, target: str) -> Parameter:
        return self._get("_parameters", target)

    def get_buffer(self, target: str) -> Tensor:
        return self._get("_buffers", target)

    # --- saving ---------------------------------------------------------

    def state_dict(self, *, destination: dict[str, Tensor] | None = None, prefix: str = "",
                   keep_vars: bool = False) -> dict[str, Tensor]:
        """Every parameter and buffer under each of its names; the tensors share their memory.

        destination: a dictionary to put them in. keep_vars: the parameters themselves, gradients and all.
        """
        result = {} if destination is None else destination
        for path, module in self.named_modules(remove_duplicate=False):
            for name, tensor in {**module._parameters, **module._buffers}.items():
                if tensor is not None and name not in module._unsaved:
                    result[prefix + joined(path, name)] = tensor if keep_vars else tensor.detach()
        return result

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy tensors or arrays into the parameters and buffers of the same names. Nothing is copied unless all fits.

        Returns the names that are missing in `state_dict`, and those that are unexpected.
        Raises: RuntimeError where there are any, unless `strict` is off, and for another shape.
        """
        mine = self.state_dict()
        keys = IncompatibleKeys([name for name in mine if name not in state_dict],
                                [name for name in state_dict if name not in mine])
        arrays = {name: np.asarray(state_dict[name]) for name in mine if name in state_dict}
        wrong = [f"missing: {name}" for name in keys.missing_keys] if strict else []
        wrong += [f"unexpected: {name}" for name in keys.unexpected_keys] if strict else []
        wrong += [f"{name} must have shape {mine[name].shape}, got {array.shape}" for name, array in arrays.items()
                  if array.shape != mine[name].shape]
        if wrong:
            raise RuntimeError(f"{type(self).__name__}.load_state_dict: {'; '.join(wrong)}: is it another model's?")
        with no_grad():
            for name, array in arrays.items():
                mine[name].copy_(array)
        return keys


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` found in only one of the two places."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
