"""Which dtype several values meet in."""

from __future__ import annotations

from typing import Any

from oxhorn import config
from oxhorn.engine.variable import standardize_dtype

# Python's int and float are weak: next to a tensor they take its dtype, if it is of their kind or above.
_ORDER = ("bool", "int", "uint8", "int32", "int64", "float", "float32", "float64")
_RANK = {name: rank for rank, name in enumerate(_ORDER)}


def result_type(*dtypes: Any) -> str:
    """The dtype of a result that is computed from values of these dtypes.

    The highest of them in the order bool < int < uint8 < int32 < int64 < float < float32 < float64, where `int` and
    `float` are Python numbers: among themselves they count as int32 and `floatx()`.

    Args:
        dtypes: Names of dtypes, NumPy dtypes, the types `int`, `float` and `bool`, or `None` for `floatx()`.

    Raises:
        ValueError: If there is no such dtype.

    >>> import oxhorn as keras
    >>> keras.backend.result_type("int32", float), keras.backend.result_type("uint8", int)
    ('float32', 'uint8')
    """
    if not dtypes:
        return config.floatx()
    found = max((_name(dtype) for dtype in dtypes), key=_RANK.__getitem__)
    return {"int": "int32", "float": config.floatx()}.get(found, found)


def _name(dtype: Any) -> str:
    if dtype is bool:
        return "bool"
    if dtype is int:
        return "int"
    if dtype is float:
        return "float"
    return dtype if isinstance(dtype, str) and dtype in _RANK else standardize_dtype(dtype)


def is_float(dtype: str) -> bool:
    """Whether a dtype's values are floating-point numbers."""
    return dtype.startswith("float")


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of floating-point numbers.

    >>> import oxhorn as keras
    >>> keras.backend.is_float_dtype("float32"), keras.backend.is_float_dtype("int32")
    (True, False)
    """
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of whole numbers.

    >>> import oxhorn as keras
    >>> keras.backend.is_int_dtype("uint8"), keras.backend.is_int_dtype("bool")
    (True, False)
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))
