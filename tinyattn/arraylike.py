"""What a Tensor has in common with an array: shape, numbers, text. Nothing here knows of gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np


class ArrayLike:
    """The look of `self.array`, in PyTorch's spelling."""

    __slots__ = ()
    array: np.ndarray
    requires_grad: bool

    if TYPE_CHECKING:  # what ops/__init__.py hangs in

        def __getattr__(self, name: str) -> Any: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = cast(Any, None)
        __neg__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __getitem__ = __setitem__ = cast(Any, None)
        __lt__ = __le__ = __gt__ = __ge__ = __and__ = __or__ = __invert__ = cast(Any, None)

    device = "cpu"  # there is no other

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return self.array.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape; with `dim`, the size of that dimension."""
        return self.array.shape if dim is None else self.array.shape[dim]

    def dim(self) -> int:
        return self.array.ndim

    def numel(self) -> int:
        """How many elements there are."""
        return self.array.size

    def is_floating_point(self) -> bool:
        return self.array.dtype.kind == "f"

    def numpy(self) -> np.ndarray:
        """The array itself, not a copy. Raises: RuntimeError for a tensor that requires its gradient."""
        if self.requires_grad:
            raise RuntimeError("numpy: this tensor requires a gradient, which NumPy cannot follow: use .detach() first")
        return self.array

    def item(self) -> Any:
        """The only element, as a Python number. Raises: ValueError where there are more, or none."""
        if self.array.size != 1:
            raise ValueError(f"item: wanted a tensor of one element, got shape {self.shape}: index it, or .tolist()")
        return self.array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.array.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len: a single number has no length: wanted at least one dimension")
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise ValueError(f"bool: a tensor of shape {self.shape} is neither true nor false: use .any() or .all()")
        return bool(self.array.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iu":
            raise TypeError(f"index: wanted a tensor of integers, got {self.dtype}: use .long()")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        numbers = np.array2string(self.array, precision=4, separator=", ", prefix="tensor(", suppress_small=True)
        dtype = "" if self.dtype in (np.float32, np.int64, np.bool_) else f", dtype={self.dtype}"
        node = getattr(self, "node", None)
        if node is not None:
            return f"tensor({numbers}{dtype}, grad_fn=<{node.op.name}>)"
        return f"tensor({numbers}{dtype}{', requires_grad=True' if self.requires_grad else ''})"
