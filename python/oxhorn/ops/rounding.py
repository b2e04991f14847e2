"""Values moved to the nearest allowed one: rounding, clipping, replacing what is no number."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.ops.arguments import as_number, as_tensor, promoted
from oxhorn.ops.dispatch import float_unary, operation

__all__ = ["ceil", "clip", "floor", "nan_to_num", "round", "trunc"]

floor = float_unary("floor", "floor", "The largest whole number that is not above x.")
ceil = float_unary("ceil", "ceil", "The smallest whole number that is not below x.")


@operation("x")
def trunc(x: Any) -> Any:
    """The whole number next to x on the way to 0."""
    x = as_tensor(x)
    return _core.apply("trunc", [x]) if x.dtype[0] == "f" else x


@operation("x")
def round(x: Any, decimals: int = 0) -> Any:
    """The nearest number with that many decimals; halves go to the even one.

    Args:
        x: A tensor.
        decimals: How many digits stay behind the point; negative for zeros before it.
    """
    x = as_number(x)
    if x.dtype[0] != "f":
        if decimals >= 0:
            return x
        rounded = _core.apply(
            "round", [_core.apply("cast", [x], {"dtype": "float64"})], {"decimals": decimals}
        )
        return _core.apply("cast", [rounded], {"dtype": x.dtype})
    return _core.apply("round", [x], {"decimals": decimals})


@operation("x")
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """min(max(x, x_min), x_max).

    Args:
        x: A tensor.
        x_min: The least value: a number or a tensor; `None` for no limit.
        x_max: The greatest value, likewise.
    """
    x = as_number(x)
    if x_min is not None and x_max is not None:
        # One op: its slope on a bound is that of x.
        return _core.apply("clip", promoted(x, x_min, x_max))
    if x_min is not None:
        x = _core.apply("maximum", promoted(x, x_min))
    return x if x_max is None else _core.apply("minimum", promoted(x, x_max))


@operation("x")
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Numbers in the place of NaN and infinities.

    Args:
        x: A tensor.
        nan: What replaces NaN.
        posinf: What replaces infinity; the largest number of the dtype by default.
        neginf: What replaces minus infinity; the least number of the dtype by default.

    >>> import oxhorn as keras
    >>> keras.ops.nan_to_num([1.0, float("nan"), float("inf")], posinf=9.0).numpy().tolist()
    [1.0, 0.0, 9.0]
    """
    x = as_tensor(x)
    if x.dtype[0] != "f":
        return x
    limits = np.finfo(x.dtype)
    for test, value in (
        (_core.apply("isnan", [x]), nan),
        (_core.apply("equal", [x, float("inf")]), limits.max if posinf is None else posinf),
        (_core.apply("equal", [x, float("-inf")]), limits.min if neginf is None else neginf),
    ):
        x = _core.apply("where", [test, _core.tensor(float(value), x.dtype), x])
    return x
