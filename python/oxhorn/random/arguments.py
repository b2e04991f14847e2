"""The arguments that all random functions share."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments
from oxhorn.config import floatx
from oxhorn.engine.variable import standardize_dtype

FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64", "uint8")


def sizes_of(shape: Any, owner: str) -> list[int]:
    """The shape of a result as a list of whole numbers.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(shape, (tuple, list)) and any(size is None for size in shape):
        raise ValueError(
            f"{owner}: expected `shape` to be known; got shape={tuple(shape)!r}, where None is a size that is open "
            "while a model is traced. Take the size from `keras.ops.shape(x)`."
        )
    sizes = arguments.integer_or_integers(shape, "shape", owner)
    return [
        arguments.integer(size, "shape", owner, low=0)
        for size in ([sizes] if isinstance(sizes, int) else sizes)
    ]


def float_dtype(dtype: Any, owner: str) -> str:
    """The name of a floating-point dtype; `floatx()` for None.

    Raises:
        ValueError: For another dtype.
    """
    name = floatx() if dtype is None else standardize_dtype(dtype)
    if name not in FLOATS:
        raise ValueError(
            f"{owner}: `{owner}` requires a floating point `dtype`. Received: dtype={dtype!r}. "
            f"Pass one of {', '.join(map(repr, FLOATS))}."
        )
    return name


def integer_dtype(dtype: Any, owner: str) -> str:
    """The name of an integer dtype; int32 for None.

    Raises:
        ValueError: For another dtype.
    """
    name = "int32" if dtype is None else standardize_dtype(dtype)
    if name not in INTEGERS:
        raise ValueError(
            f"{owner}: `{owner}` requires an integer `dtype`. Received: dtype={dtype!r}. "
            f"Pass one of {', '.join(map(repr, INTEGERS))}."
        )
    return name
