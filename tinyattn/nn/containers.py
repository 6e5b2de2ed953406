"""Many modules, or parameters, in a row or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from ..tensor import Tensor
from .module import Module
from .parameter import Parameter


class Row(Module):
    """What Sequential and ModuleList share: modules in order, named by their numbers, to be used like a list."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def _names(self, index: Any) -> Any:
        """The name at an index, or the names of a slice."""
        try:
            return list(self._modules)[index]
        except IndexError:
            raise IndexError(f"{type(self).__name__}: wanted an index in {-len(self)} ... {len(self) - 1}, "
                             f"got {index}") from None

    def _renumber(self, modules: list[Any]) -> None:
        """Have these modules, in this order."""
        self._modules.clear()
        self.extend(modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __getitem__(self, index: Any) -> Any:
        names = self._names(index)
        return self._part(names) if isinstance(index, slice) else self._modules[names]

    def _part(self, names: list[str]) -> Any:
        """What a slice is."""
        return type(self)(getattr(self, name) for name in names)

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._names(index), module)

    def __delitem__(self, index: Any) -> None:
        names = self._names(index)
        gone = names if isinstance(index, slice) else [names]
        self._renumber([module for name, module in self._modules.items() if name not in gone])

    def append(self, module: Module) -> Self:
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, index: int = -1) -> Any:
        module = self[index]
        del self[index]
        return module


class Sequential(Row):
    """Modules one after the other: the output of each is the input of the next.

    Given one dictionary, its modules have its names.
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self.extend(modules)

    def forward(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input

    def _part(self, names: list[str]) -> Any:
        return type(self)({name: self._modules[name] for name in names})


class ModuleList(Row):
    """A list of modules that a Module can own."""


class ModuleDict(Module):
    """A dictionary of modules that a Module can own."""

    def __init__(self, modules: Any = ()) -> None:
        super().__init__()
        self.update(modules)

    def update(self, modules: Any) -> None:
        """Take in the modules of a dictionary, or of pairs of a name and a module."""
        for name, module in dict(modules).items():
            self[name] = module

    def __getitem__(self, name: str) -> Any:
        return self._modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def keys(self) -> Any:
        return self._modules.keys()

    def values(self) -> Any:
        return self._modules.values()

    def items(self) -> Any:
        return self._modules.items()

    def pop(self, name: str) -> Any:
        return self._modules.pop(name)

    def clear(self) -> None:
        self._modules.clear()


class ParameterList(Module):
    """A list of parameters that a Module can own; other tensors become parameters."""

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.extend(values)

    def append(self, value: Tensor) -> Self:
        self.register_parameter(str(len(self)), value if isinstance(value, Parameter) else Parameter(value))
        return self

    def extend(self, values: Iterable[Tensor]) -> Self:
        for value in values:
            self.append(value)
        return self

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parameters.values())

    def __getitem__(self, index: int) -> Any:
        return list(self)[index]

    def __setitem__(self, index: int, value: Parameter) -> None:
        setattr(self, list(self._parameters)[index], value)

    def extra_repr(self) -> str:
        return "\n".join(f"({number}): {x.dtype} of shape {x.shape}" for number, x in enumerate(self))
