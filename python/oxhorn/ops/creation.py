"""New tensors, and conversions between tensors and arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core, config
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.dispatch import operation

Sizes = int | Sequence[int]


def _filled(shape: Sizes, value: Any, dtype: Any) -> Any:
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(size is None for size in sizes):
        raise ValueError(
            f"A new tensor needs known sizes; got shape {sizes}. Use `zeros_like`, `ones_like` or `full_like` for a "
            "shape like that of a tensor whose batch size is open."
        )
    return _core.tensor(np.full(sizes, value, standardize_dtype(dtype)))


def zeros(shape: Sizes, dtype: Any = None) -> Any:
    """A tensor of zeros."""
    return _filled(shape, 0, dtype)


def ones(shape: Sizes, dtype: Any = None) -> Any:
    """A tensor of ones."""
    return _filled(shape, 1, dtype)


def full(shape: Sizes, fill_value: float, dtype: Any = None) -> Any:
    """A tensor of one value."""
    return _filled(shape, fill_value, dtype)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on the k-th diagonal, zeros elsewhere."""
    return _core.tensor(np.eye(N, M, k, dtype=standardize_dtype(dtype)))


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Any:
    """start, start + step, ... below stop."""
    if dtype is None:
        whole = all(isinstance(x, (int, np.integer)) or x is None for x in (start, stop, step))
        dtype = "int32" if whole else config.floatx()
    values = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
    return _core.tensor(values.astype(standardize_dtype(dtype)))


def linspace(start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: Any = None) -> Any:
    """`num` values at equal distances from start to stop."""
    return _core.tensor(np.linspace(start, stop, num, endpoint=endpoint).astype(standardize_dtype(dtype)))


@operation("x")
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of `x`."""
    return _core.apply("zeros_like", [x], _typed(dtype))


@operation("x")
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape of `x`."""
    return _core.apply("ones_like", [x], _typed(dtype))


@operation("x")
def full_like(x: Any, fill_value: float, dtype: Any = None) -> Any:
    """One value in the shape of `x`."""
    return _core.apply("full_like", [x], {"value": float(fill_value), **_typed(dtype)})


def _typed(dtype: Any) -> dict[str, Any]:
    return {} if dtype is None else {"dtype": standardize_dtype(dtype)}


@operation("x")
def cast(x: Any, dtype: Any) -> Any:
    """`x` with another dtype."""
    return _core.apply("cast", [x], {"dtype": standardize_dtype(dtype)})


@operation("variable")
def stop_gradient(variable: Any) -> Any:
    """The same value, through which no gradient flows."""
    return _core.apply("stop_gradient", [variable])


def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None) -> Any:
    """`x` (an array, list, number, variable or tensor) as a tensor.

    Args:
        x: The value. Floats that are not arrays become `floatx()`.
        dtype: The dtype; that of `x` by default.
        sparse: Must not be True.
    """
    if sparse:
        raise ValueError("convert_to_tensor: sparse tensors are not supported; got sparse=True.")
    if isinstance(x, KerasTensor):
        return x if dtype is None or standardize_dtype(dtype) == x.dtype else cast(x, dtype)
    if isinstance(x, _core.Variable):
        x = x.value
    if isinstance(x, _core.Tensor):
        return x if dtype is None or standardize_dtype(dtype) == str(x.dtype) else cast(x, dtype)
    if dtype is None and not hasattr(x, "dtype"):
        x = np.asarray(x)
        if x.dtype.kind == "f":
            dtype = config.floatx()
        elif x.dtype.kind == "i":
            dtype = "int32"
    return _core.tensor(x, None if dtype is None else standardize_dtype(dtype))


def array(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor."""
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """A tensor as a NumPy array of its own."""
    if isinstance(x, (_core.Tensor, _core.Variable)):
        return x.numpy()
    return np.array(x)


def shape(x: Any) -> tuple[int | None, ...]:
    """The sizes of a tensor; `None` where they are not known while a model is being traced."""
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor with values (or one that stands for them while a model is being traced)."""
    return isinstance(x, _core.Tensor)
