"""The arguments of functions of `ops` as tensors of the right dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import _core, config
from oxhorn.engine.dtypes import result_type
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.sizes import Size
from oxhorn.engine.variable import standardize_dtype

TENSORS = (_core.Tensor, _core.Variable)
Axis = int | Sequence[int] | None


def to_tensor(x: Any, dtype: str | None = None) -> Any:
    """A number, array, (nested) list, variable or tensor as a tensor; whole numbers become int32, floats `floatx()`.

    A list may hold tensors.
    """
    if isinstance(x, _core.Variable):
        x = x.value
    elif isinstance(x, Size):
        x = x.__oxhorn_tensor__()
    if isinstance(x, _core.Tensor):
        return x if dtype is None or str(x.dtype) == dtype else _core.apply("cast", [x], {"dtype": dtype})
    if isinstance(x, (list, tuple)) and _holds_tensors(x):
        stacked = _core.apply("stack", promoted(*(to_tensor(item) for item in x)), {"axis": 0})
        return to_tensor(stacked, dtype)
    if dtype is None and not hasattr(x, "dtype"):
        x = np.asarray(x)
        if x.dtype.kind == "f":
            dtype = config.floatx()
        elif x.dtype.kind == "i":
            dtype = "int32" if x.size == 0 or (x.min() >= -(2**31) and x.max() < 2**31) else "int64"
    return _core.tensor(x, dtype)


def _holds_tensors(items: Sequence[Any]) -> bool:
    return any(
        isinstance(item, (*TENSORS, Size)) or (isinstance(item, (list, tuple)) and _holds_tensors(item))
        for item in items
    )


def as_tensor(x: Any) -> Any:
    """Tensors and variables as they are, other values as tensors."""
    return x if isinstance(x, TENSORS) else to_tensor(x)


def as_float(x: Any) -> Any:
    """As a tensor of floats: other dtypes become `floatx()`."""
    x = as_tensor(x)
    return x if x.dtype[0] == "f" else _core.apply("cast", [x], {"dtype": config.floatx()})


def as_number(x: Any) -> Any:
    """As a tensor of numbers: booleans become int32."""
    x = as_tensor(x)
    return _core.apply("cast", [x], {"dtype": "int32"}) if x.dtype == "bool" else x


def as_dtype(x: Any, dtype: str) -> Any:
    """As a tensor of this dtype."""
    return to_tensor(x, dtype)


def weak_dtype(x: Any) -> Any:
    """The dtype of an argument; `int`, `float` or `bool` for a Python number."""
    if isinstance(x, (*TENSORS, KerasTensor)):
        return str(x.dtype)
    if type(x) in (int, float, bool):
        return type(x)
    return str(as_tensor(x).dtype)


def promoted(*xs: Any, floats: bool = False) -> list[Any]:
    """The arguments as tensors of the dtype that they meet in; with `floats`, of a floating-point one."""
    # The common case, tensors of one dtype, takes no detours.
    if all(type(x) is _core.Tensor for x in xs):
        found = {x.dtype for x in xs}
        if len(found) == 1 and (not floats or next(iter(found))[0] == "f"):
            return list(xs)
    dtypes = [weak_dtype(x) for x in xs]
    dtype = result_type(*dtypes, float) if floats else result_type(*dtypes)
    return [to_tensor(x, dtype) for x in xs]


def axis_list(axis: Any) -> Any:
    """An axis argument as the core takes it: a number, a list or `None`."""
    return [int(one) for one in axis] if isinstance(axis, (list, tuple)) else axis


def one_axis(owner: str, axis: int, rank: int) -> int:
    """The place of an axis counted from the front.

    Raises:
        ValueError: If a tensor of that rank has no such axis.
    """
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise ValueError(f"{owner}: an axis is a whole number; got {axis!r} of type {type(axis).__name__}.")
    place = int(axis.__index__())
    if not -rank <= place < rank:
        raise ValueError(
            f"{owner}: axis {place} is out of bounds for a tensor of rank {rank}; "
            f"expected an axis between {-rank} and {rank - 1}."
        )
    return place % rank


def some_axes(owner: str, axes: int | Sequence[int], rank: int) -> list[int]:
    """The places of axes counted from the front; each may be named once.

    Raises:
        ValueError: If there is no such axis, or one is named twice.
    """
    named = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    places = [one_axis(owner, axis, rank) for axis in named]  # type: ignore[arg-type]
    if len(set(places)) != len(places):
        raise ValueError(f"{owner}: each axis may be named once; got {named} for a tensor of rank {rank}.")
    return places


def constant(values: Any, dtype: Any = None) -> Any:
    """Numbers that follow from Python arguments, as a tensor."""
    return _core.tensor(np.asarray(values), standardize_dtype(dtype))


def value_of(owner: str, name: str, x: Any) -> Any:
    """The Python number in an argument that must have a value.

    Raises:
        TypeError: If it is symbolic, or not a single number.
    """
    if isinstance(x, KerasTensor) or (isinstance(x, _core.Tensor) and x.is_traced):
        raise TypeError(
            f"{owner} does not support symbolic tensors: `{name}` must have a value, for the shape of the result "
            f"follows from it. Received input {name} = {x}."
        )
    if isinstance(x, TENSORS):
        x = x.numpy()
    if isinstance(x, (np.ndarray, np.generic)):
        if x.size != 1:
            raise TypeError(f"{owner}: `{name}` must be one number; got an array of shape {x.shape}.")
        x = x.item()
    return x
