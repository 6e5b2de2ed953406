"""PyTorch as the judge: its own samples of every function that both have, run here and there.

`python -m tests.pytorch.op_db [name ...]` prints, by function, how many samples agree, are refused with an error, or
are wrong; with names, what happened to each sample that does not agree. Needs torch and expecttest.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import tinyattn as ta

RTOL, ATOL = 1e-6, 1e-9

NAMES = """
    add sub mul div neg pow exp log log1p expm1 sqrt rsqrt abs sign sin cos tanh sigmoid nn.functional.relu
    nn.functional.gelu nn.functional.softplus maximum minimum clamp where masked_fill sum mean prod max min amax amin
    var std cumsum logsumexp softmax log_softmax matmul mm bmm dot outer einsum reshape view flatten transpose permute
    squeeze unsqueeze expand repeat flip cat stack split chunk gather index_select tril triu argmax argmin topk sort
    isnan isinf allclose all any logical_and logical_or logical_not
    eq ne lt le gt ge __getitem__ __radd__ __rsub__ __rmul__ __rdiv__ __rpow__ __rmatmul__
    zeros ones full arange linspace eye zeros_like ones_like full_like randn randint
    clone contiguous to float double long bool T mT item
    nn.functional.linear nn.functional.embedding nn.functional.dropout nn.functional.cross_entropy
    nn.functional.nll_loss nn.functional.mse_loss nn.functional.binary_cross_entropy_with_logits
    nn.functional.cosine_similarity nn.functional.layer_norm nn.functional.scaled_dot_product_attention
    nn.functional.one_hot nn.functional.pad
""".split()  # fmt: skip
DTYPES = {"float", "double", "long", "bool"}  # names of dtypes, and of methods
RANDOM = {"randn", "randint"}  # their numbers are their own: shape, dtype and range are judged
ORDER = {  # samples that give their arguments in another order than the function takes them
    "einsum": lambda tensors, equation: (equation, *tensors),
    "where": lambda a, condition, b: (condition, a, b),
    "nn.functional.embedding": lambda weight, ids: (ids, weight),
}
AGREES, REFUSED, WRONG = "agrees", "refused", "wrong"


@dataclass
class Figures:
    """What became of the samples of one function."""

    agrees: int = 0
    refused: int = 0
    wrong: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.agrees + self.refused + self.wrong


# --- from PyTorch's objects to ours -------------------------------------


def ours(x: Any) -> Any:
    """The same argument for tinyattn."""
    if isinstance(x, torch.Tensor):
        y = ta.from_numpy(x.detach().numpy().copy() if x.dim() == 0 else x.detach().numpy())
        if x.requires_grad:
            y.requires_grad = True
        return y
    if isinstance(x, torch.dtype):
        return getattr(ta, str(x).removeprefix("torch."))
    if isinstance(x, torch.device):
        return str(x)
    if isinstance(x, (tuple, list)):
        return type(x)(map(ours, x)) if type(x) in (tuple, list) else tuple(map(ours, x))
    return {key: ours(value) for key, value in x.items()} if isinstance(x, dict) else x


def functions(info: Any) -> list[Callable]:
    """tinyattn's function of that name, and its method, as far as PyTorch has them."""
    if info.name in ("T", "mT"):
        return [info.op]
    name = {"__rdiv__": "__rtruediv__"}.get(info.name, info.name)
    found = []
    if reduce(has, info.name.split("."), torch) and name not in DTYPES:
        order = ORDER.get(name, lambda *args: args)
        found.append(lambda *args, **options: reduce(getattr, name.split("."), ta)(*order(*args), **options))
    if hasattr(torch.Tensor, info.name):
        found.append(lambda x, *args, **options: getattr(x, name)(*args, **options))
    return found


def has(owner: Any, name: str) -> Any:
    return owner and getattr(owner, name, None)


def tensors(x: Any, kind: type) -> list:
    """All tensors in nested tuples, lists and dicts, in order."""
    if isinstance(x, kind):
        return [x]
    if isinstance(x, dict):
        x = list(x.values())
    return [t for part in x for t in tensors(part, kind)] if isinstance(x, (tuple, list)) else []


# --- the judgement ------------------------------------------------------


def judge(info: Any, sample: Any, call: Callable) -> tuple[str, str]:
    """(agrees | refused | wrong, why) for one sample. Attention is judged without its random dropout."""
    options = {**sample.kwargs, "dropout_p": 0.0} if "dropout_p" in sample.kwargs else sample.kwargs
    theirs = [sample.input, *sample.args, options]
    wanted = info.op(sample.input, *sample.args, **options)
    try:
        mine = ours(theirs)
        got = call(mine[0], *mine[1:-1], **mine[-1])
    except (TypeError, ValueError, IndexError, RuntimeError, AttributeError, NotImplementedError) as error:
        return REFUSED, f"{type(error).__name__}: {error}"
    if info.name in RANDOM:
        same = tuple(got.shape) == tuple(wanted.shape) and f"torch.{got.dtype}" == str(wanted.dtype)
        return (AGREES, "") if same else (WRONG, f"{got.shape} {got.dtype} for {tuple(wanted.shape)} {wanted.dtype}")
    if info.name == "nn.functional.dropout" and sample.kwargs.get("training", True):
        return dropped_out(sample, mine, got)
    why = different_values(got, wanted)
    if why is None and any(x.requires_grad for x in tensors(theirs, torch.Tensor)):
        try:
            why = different_gradients(mine, got, theirs, wanted)
        except (TypeError, ValueError, IndexError, RuntimeError, AttributeError, NotImplementedError) as error:
            return REFUSED, f"backward: {type(error).__name__}: {error}"
    return (AGREES, "") if why is None else (WRONG, why)


def different_values(got: Any, wanted: Any) -> str | None:
    """What differs, or None."""
    found, right = tensors(got, ta.Tensor), tensors(wanted, torch.Tensor)
    if not right:
        return None if type(got) is type(wanted) and got == wanted else f"{got!r} for {wanted!r}"
    if len(found) != len(right):
        return f"{len(found)} outputs for {len(right)}"
    for y, z in zip(found, right, strict=True):
        if tuple(y.shape) != tuple(z.shape):
            return f"shape {y.shape} for {tuple(z.shape)}"
        if f"torch.{y.dtype}" != str(z.dtype):
            return f"{y.dtype} for {z.dtype}"
        if y.requires_grad != z.requires_grad:
            return f"requires_grad {y.requires_grad} for {z.requires_grad}"
        if not np.allclose(y.array, z.detach().numpy(), RTOL, ATOL, equal_nan=True):
            return f"values\n{y.array}\nfor\n{z.detach().numpy()}"
    return None


def different_gradients(mine: Any, got: Any, theirs: Any, wanted: Any) -> str | None:
    """The same for the gradients of Σ y · dy with fixed random dy, by every input that requires one."""
    pairs = zip(tensors(got, ta.Tensor), tensors(wanted, torch.Tensor), strict=True)
    pairs = [(y, z) for y, z in pairs if z.requires_grad]
    random = np.random.default_rng(0)
    dys = [np.asarray(random.standard_normal(y.shape), y.dtype) for y, _ in pairs]
    if not pairs:
        return None
    inputs = [x for x in tensors(mine, ta.Tensor) if x.requires_grad]
    their_inputs = [x for x in tensors(theirs, torch.Tensor) if x.requires_grad]
    right = torch.autograd.grad([z for _, z in pairs], their_inputs, [torch.tensor(dy) for dy in dys], allow_unused=True)
    found = ta.autograd.grad([y for y, _ in pairs], inputs, [ta.tensor(dy) for dy in dys], allow_unused=True)
    for k, (dx, dz) in enumerate(zip(found, right, strict=True)):
        a = np.zeros(inputs[k].shape) if dx is None else dx.array
        b = np.zeros(inputs[k].shape) if dz is None else dz.numpy()
        if not np.allclose(a, b, RTOL, ATOL, equal_nan=True):
            return f"gradient of input {k}\n{a}\nfor\n{b}"
    return None


def dropped_out(sample: Any, mine: Any, got: Any) -> tuple[str, str]:
    """What is not dropped is scaled, and the gradient too."""
    p = sample.kwargs.get("p", sample.args[0] if sample.args else 0.5)
    x, y = mine[0].array, got.array
    kept = (y != 0) * (1 / (1 - p) if p < 1 else 0.0)
    dx = ta.autograd.grad(got.sum(), mine[0])[0].array
    same = np.allclose(y, x * kept) and np.allclose(dx, kept) and (kept.any() or p == 1 or x.size < 20)
    return (AGREES, "") if same else (WRONG, f"not x · mask for p = {p}")


def entries(names: list[str]) -> Iterator[tuple[Any, Any]]:
    """PyTorch's entries for these functions, each with its samples."""
    for info in op_db:
        if info.name in names and info.variant_test_name != "triton_optimized":
            dtype = torch.float64 if torch.float64 in info.dtypes else torch.int64
            grad = dtype is torch.float64 and info.supports_autograd
            yield info, list(info.sample_inputs("cpu", dtype, requires_grad=grad))


def figures(names: list[str]) -> dict[str, Figures]:
    """Every sample judged, called as a function and, where PyTorch has one, as a method."""
    found = {}
    for info, samples in entries(names):
        row = found[f"{info.name} {info.variant_test_name}".strip()] = Figures()
        calls = functions(info)
        for k, sample in enumerate(samples):
            for call in calls:
                verdict, why = judge(info, sample, call)
                if verdict != AGREES:
                    break
            setattr(row, verdict, getattr(row, verdict) + 1)
            if why:
                row.reasons.append(f"sample {k}: {verdict}: {sample.summary()}\n{why}")
    return found


def table(found: dict[str, Figures]) -> str:
    """The figures as a Markdown table, and their sums."""
    rows = [(name, row.agrees, row.refused, row.wrong) for name, row in found.items()]
    rows.append(("all", *(sum(row[k] for row in rows) for k in (1, 2, 3))))
    lines = ["| function | agrees | refused | wrong |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {name} | {agrees} | {refused} | {wrong} |" for name, agrees, refused, wrong in rows])


def main(names: list[str]) -> None:
    unknown = set(names) - set(NAMES)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own
        found = figures(names or NAMES)
    for name, row in found.items():
        for reason in row.reasons if names else ():
            print(f"{name}: {reason}\n")
    print(table(found))


if __name__ == "__main__":
    main(sys.argv[1:])
