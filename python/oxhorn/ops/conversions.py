"""What a tensor is: its dtype, its sizes, and the way from and to arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.sizes import sizes_of
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.arguments import TENSORS, as_tensor, to_tensor
from oxhorn.ops.dispatch import has_symbolic, operation

__all__ = [
    "array",
    "cast",
    "convert_to_numpy",
    "convert_to_tensor",
    "copy",
    "dtype",
    "is_tensor",
    "ndim",
    "saturate_cast",
    "shape",
    "size",
    "stop_gradient",
]


@operation("x")
def cast(x: Any, dtype: Any) -> Any:
    """`x` with another dtype.

    Args:
        x: A tensor.
        dtype: The dtype of the result.
    """
    return to_tensor(as_tensor(x), standardize_dtype(dtype))


@operation("x")
def saturate_cast(x: Any, dtype: Any) -> Any:
    """`x` with another dtype, values beyond its range as the nearest value in it.

    Args:
        x: A tensor.
        dtype: The dtype of the result.

    >>> import oxhorn as keras
    >>> keras.ops.saturate_cast([-3.0, 7.0, 300.0], "uint8").numpy().tolist()
    [0, 7, 255]
    """
    wanted = standardize_dtype(dtype)
    x = as_tensor(x)
    if x.dtype == wanted or x.dtype == "bool" or wanted == "bool":
        return to_tensor(x, wanted)
    low, high = _limits(wanted)
    own_low, own_high = _limits(x.dtype)
    # Bounds that the input's dtype cannot hold are beyond its own values.
    if low > own_low:
        x = _core.apply("maximum", [x, _core.tensor(low, x.dtype)])
    if high < own_high:
        x = _core.apply("minimum", [x, _core.tensor(high, x.dtype)])
    return to_tensor(x, wanted)


def _limits(dtype: str) -> tuple[float, float]:
    limits: Any = np.finfo(dtype) if dtype.startswith("float") else np.iinfo(dtype)
    return limits.min.item() if hasattr(limits.min, "item") else limits.min, (
        limits.max.item() if hasattr(limits.max, "item") else limits.max
    )


@operation("variable")
def stop_gradient(variable: Any) -> Any:
    """The same value, through which no gradient flows."""
    return _core.apply("stop_gradient", [as_tensor(variable)])


def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Any:
    """`x` (an array, list, number, variable or tensor) as a tensor.

    Args:
        x: The value. Floats that are not arrays become `floatx()`, whole numbers int32. A list may hold tensors.
        dtype: The dtype; that of `x` by default.
        sparse: Must not be True.
        ragged: Must not be True.

    Raises:
        ValueError: If a sparse or ragged tensor is asked for.

    >>> import oxhorn as keras
    >>> keras.ops.convert_to_tensor([1, 2]).dtype
    'int32'
    """
    if sparse or ragged:
        raise ValueError(
            f"convert_to_tensor: sparse and ragged tensors are not supported; got sparse={sparse}, ragged={ragged}."
        )
    wanted = None if dtype is None else standardize_dtype(dtype)
    if isinstance(x, KerasTensor):
        return x if wanted is None or wanted == x.dtype else cast(x, wanted)
    if isinstance(x, (list, tuple)) and has_symbolic(x):
        from oxhorn.ops.joining import stack

        return convert_to_tensor(stack([convert_to_tensor(item) for item in x]), wanted)
    return to_tensor(x, wanted)


def array(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor.

    Args:
        x: An array, list, number, variable or tensor.
        dtype: The dtype; that of `x` by default.
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """A tensor as a NumPy array of its own."""
    if isinstance(x, TENSORS):
        return x.numpy()
    if isinstance(x, (list, tuple)):
        x = [convert_to_numpy(item) if isinstance(item, TENSORS) else item for item in x]
    return np.array(x)


@operation("x")
def copy(x: Any) -> Any:
    """The same values as a tensor of its own."""
    return _core.apply("identity", [as_tensor(x)])


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor with values (or one that stands for them while a model is being traced)."""
    return isinstance(x, _core.Tensor)


def dtype(x: Any) -> str:
    """The name of the dtype that `x` has as a tensor.

    >>> import oxhorn as keras
    >>> keras.ops.dtype(keras.ops.zeros((2,), "int32"))
    'int32'
    """
    return str(x.dtype) if isinstance(x, (*TENSORS, KerasTensor)) else str(as_tensor(x).dtype)


def shape(x: Any) -> tuple[Any, ...]:
    """The sizes of a tensor.

    Inside a traced call the batch size is open; it comes as an object that can be calculated with and that stands in
    shapes: `ops.zeros((ops.shape(x)[0], 8))`. A symbolic tensor has `None` there.

    >>> import oxhorn as keras
    >>> keras.ops.shape(keras.ops.zeros((3, 4)))
    (3, 4)
    """
    if isinstance(x, _core.Tensor) and x.is_traced:
        return sizes_of(x)
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


@operation("x")
def size(x: Any) -> Any:
    """The number of values."""
    x = as_tensor(x)
    if None not in x.shape:
        return _core.tensor(x.size, "int32")
    return _core.apply("sum", [_core.apply("ones_like", [x], {"dtype": "int32"})])
