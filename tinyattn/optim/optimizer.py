"""What all optimisers share: parameters in groups, each group with its options, and a state that can be saved."""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..nn.utils.norm import norm_of
from ..state import enable_grad, no_grad
from ..tensor import Tensor

Group = dict[str, Any]  # options by name; under "params" the list of parameters that they hold for


class Optimizer:
    """An optimiser says in `update` how one parameter takes one step. All else is here.

    params: parameters, or (name, parameter) pairs, or dictionaries that hold such under "params" and beside them what
    is to differ from `defaults`. `state[parameter]` is what is remembered of a parameter's past steps.
    Raises: TypeError, ValueError for what cannot be optimised, or options that make no sense.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        if isinstance(params, Tensor):
            raise TypeError(f"{self._name}: wanted several parameters, got one Tensor: put it in a list")
        groups = list(params)
        if not groups:
            raise ValueError(f"{self._name}: wanted at least one parameter, got none: pass model.parameters()")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def add_param_group(self, param_group: Group) -> None:
        """More parameters, for instance of a part that was frozen so far, with options of their own."""
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(f"{self._name}: a group of parameters must be a dictionary with \"params\" in it, got "
                            f"{param_group if isinstance(param_group, dict) else type(param_group).__name__}")
        group = {**self.defaults, **param_group, **self.listed(param_group["params"])}
        self.check_group(group)
        if any(("param_names" in group) != ("param_names" in other) for other in self.param_groups):
            raise ValueError(f"{self._name}: wanted names with all groups of parameters, or with none of them")
        known = [parameter for _, parameter in members([*self.param_groups, group])]
        if len(set(known)) < len(known):
            raise ValueError(f"{self._name}: wanted each parameter once, got one several times: it would be updated "
                             "as often")
        self.param_groups.append(group)

    def listed(self, params: Any) -> Group:
        """The parameters of a group as a list, and their names, if they have any, as another one."""
        if isinstance(params, (set, frozenset)):
            raise TypeError(f"{self._name}: wanted parameters in a fixed order, got a set: pass a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        names = [entry[0] for entry in params if isinstance(entry, tuple)]
        if len(names) not in (0, len(params)):
            raise ValueError(f"{self._name}: wanted names with all parameters of a group, or with none of them")
        params = [entry[1] if isinstance(entry, tuple) else entry for entry in params]
        for parameter in params:
            if not isinstance(parameter, Tensor):
                raise TypeError(f"{self._name}: wanted tensors, got {type(parameter).__name__}: "
                                "pass model.parameters()")
            if parameter.node is not None:
                raise ValueError(f"{self._name}: wanted leaf tensors, got the result of {parameter.node.op.name}: "
                                 "pass model.parameters()")
        return {"params": params, "param_names": names} if names else {"params": params}

    def check_group(self, group: Group) -> None:
        """Raises: ValueError or TypeError for an option of a group that makes no sense."""
        if isinstance(group.get("lr"), Tensor):
            raise TypeError(f"{self._name}: lr must be a number, got a Tensor: use .item()")
        for option in ("lr", "weight_decay", "momentum", "eps"):
            if option in group and not group[option] >= 0:
                raise ValueError(f"{self._name}: {option} must be at least 0, got {group[option]}")
        for option in ("foreach", "capturable", "differentiable"):
            if group.get(option):
                raise ValueError(f"{self._name}: {option} must be left out, got {group[option]}: it chooses among "
                                 "PyTorch's implementations, here is one, fused")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; with set_to_none=False make them 0, in their own memory."""
        for _, parameter in members(self.param_groups):
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad = parameter.grad.detach().zero_()  # without the graph that create_graph left

    # --- a step ---------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        closure: run first, makes the gradients anew and returns the loss, which is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self.update_all()
        return loss

    def clipped_step(self, max_norm: float) -> float:
        """`clip_grad_norm_(parameters, max_norm)` and `step()` in one; returns the gradients' length before.

        What becomes of the gradients themselves is left open. Where their length is infinite or NaN no step is taken.
        """
        norm = norm_of([x.grad.array for _, x in members(self.param_groups) if x.grad is not None])
        if math.isfinite(norm):
            self.update_all(min(1.0, max_norm / (norm + 1e-6)))
        return norm

    def update_all(self, factor: float = 1.0) -> None:
        """Update every parameter as if its gradient were `factor` times what it is."""
        with no_grad():
            for group, parameter in members(self.param_groups):
                if parameter.grad is not None:
                    if factor != 1:
                        parameter.grad = parameter.grad * factor
                    self.update(parameter, group)
                    parameter.mark_changed()

    def update(self, parameter: Tensor, group: Group) -> None:
        """Change `parameter.array`, and its state, in place."""
        raise NotImplementedError(f"{self._name}: an optimiser needs a method update(self, parameter, group), or step")

    def state_names(self, group: Group) -> tuple[str, ...]:
        """What the state has of each parameter: "step", and names of arrays in the parameter's shape."""
        return ()

    # --- saving ---------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """{"state": {number: what is remembered of that parameter}, "param_groups": options, and numbers for "params"}

        The tensors in it are the optimiser's own, not copies.
        """
        numbers = {parameter: number for number, (_, parameter) in enumerate(members(self.param_groups))}
        return {
            "state": {number: dict(self.state[p]) for p, number in numbers.items() if self.state.get(p)},
            "param_groups": [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Copy what `state_dict()` gave, here or in PyTorch, for parameters in the same order; arrays will do as well.

        Raises: ValueError, KeyError where it is another model's or optimiser's; then nothing is changed.
        """
        saved = copy.deepcopy(state_dict["param_groups"])
        sizes, wanted = ([len(group["params"]) for group in groups] for groups in (saved, self.param_groups))
        if sizes != wanted:
            raise ValueError(f"{self._name}: the state must be of groups of {wanted} parameters, got {sizes}: "
                             "is it another model's?")
        groups = []
        for mine, theirs in zip(self.param_groups, saved):
            names = {"param_names": mine["param_names"]} if "param_names" in mine else {}
            groups.append({**self.defaults, **names, **theirs, "params": mine["params"]})
            self.check_group(groups[-1])
        places = dict(zip((number for _, number in members(saved)), members(groups)))
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for number, entries in state_dict["state"].items():
            if number not in places:
                raise KeyError(f"{self._name}: the state is of parameter {number}, which is in no group")
            group, parameter = places[number]
            state[parameter] = {name: remembered(name, value, parameter) for name, value in entries.items()
                                if value is not None}
            self.check_state(number, group, parameter, state[parameter])
        self.param_groups, self.state = groups, state

    def check_state(self, number: int, group: Group, parameter: Tensor, entries: dict[str, Any]) -> None:
        for name in self.state_names(group) if entries else ():
            if name not in entries:
                raise KeyError(f"{self._name}: the state of parameter {number} must have {name}, got "
                               f"{', '.join(entries)}: is it another optimiser's?")
            if name != "step" and entries[name].shape != parameter.shape:
                raise ValueError(f"{self._name}: {name} of parameter {number} must have shape {parameter.shape}, got "
                                 f"{entries[name].shape}: is it another model's?")

    def __repr__(self) -> str:
        lines = []
        for number, group in enumerate(self.param_groups):
            lines += [f"Parameter Group {number}"]
            lines += [f"    {option}: {group[option]}" for option in sorted(group) if option != "params"]
        return f"{self._name} (\n" + "\n".join(lines) + "\n)"


def members(groups: list[Group]) -> Iterator[tuple[Group, Any]]:
    """Every parameter, with the group that it is in."""
    return ((group, parameter) for group in groups for parameter in group["params"])


def remembered(name: str, value: Any, parameter: Tensor) -> Any:
    """A copy of a saved value: arrays in the parameter's dtype, and the number of steps as PyTorch has it."""
    if name == "step":
        return Tensor(np.array(value, np.float32))
    return Tensor(np.array(value, parameter.dtype, order="C")) if hasattr(value, "__array__") else copy.deepcopy(value)
