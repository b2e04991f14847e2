"""Reductions that pass over NaN."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import Axis, as_float, as_tensor, to_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.ops.reductions import all, argmax, argmin, max, min, prod, sum

__all__ = [
    "nanargmax",
    "nanargmin",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def without_nan(x: Any, value: float) -> tuple[Any, Any]:
    """`x` with a number in the place of NaN, and where NaN was (`None` for dtypes that have none)."""
    x = as_tensor(x)
    if x.dtype[0] != "f":
        return x, None
    missing = _core.apply("isnan", [x])
    return _core.apply("where", [missing, _core.tensor(value, x.dtype), x]), missing


@operation("x")
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over axes (all by default); NaN counts as 0."""
    return sum(without_nan(x, 0.0)[0], axis, keepdims)


@operation("x")
def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over axes (all by default); NaN counts as 1."""
    return prod(without_nan(x, 1.0)[0], axis, keepdims)


@operation("x")
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest value over axes (all by default) that is not NaN; NaN where there is none."""
    filled, missing = without_nan(x, -math.inf)
    return _or_nan(max(filled, axis, keepdims), missing, axis, keepdims)


@operation("x")
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest value over axes (all by default) that is not NaN; NaN where there is none."""
    filled, missing = without_nan(x, math.inf)
    return _or_nan(min(filled, axis, keepdims), missing, axis, keepdims)


def _or_nan(result: Any, missing: Any, axis: Axis, keepdims: bool) -> Any:
    if missing is None:
        return result
    nothing = all(missing, axis, keepdims)
    return _core.apply("where", [nothing, _core.tensor(math.nan, result.dtype), result])


@operation("x")
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over axes (all by default) of the values that are not NaN; NaN where there is none.

    >>> import oxhorn as keras
    >>> float(keras.ops.nanmean([1.0, float("nan"), 3.0]))
    2.0
    """
    filled, missing = without_nan(as_float(x), 0.0)
    present = to_tensor(_core.apply("logical_not", [missing]), filled.dtype)
    return _core.apply("divide", [sum(filled, axis, keepdims), sum(present, axis, keepdims)])


@operation("x")
def nanvar(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The variance over axes (all by default) of the values that are not NaN; NaN where there is none."""
    x = as_float(x)
    distance = _core.apply("subtract", [x, nanmean(x, axis, True)])
    return nanmean(_core.apply("square", [distance]), axis, keepdims)


@operation("x")
def nanstd(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The standard deviation over axes (all by default) of the values that are not NaN; NaN where there is none."""
    return _core.apply("sqrt", [nanvar(x, axis, keepdims)])


@operation("x")
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the largest value along an axis that is not NaN; -1 where there is none."""
    filled, missing = without_nan(x, -math.inf)
    return _or_minus_one(argmax(filled, axis, keepdims), missing, axis, keepdims)


@operation("x")
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the smallest value along an axis that is not NaN; -1 where there is none."""
    filled, missing = without_nan(x, math.inf)
    return _or_minus_one(argmin(filled, axis, keepdims), missing, axis, keepdims)


def _or_minus_one(result: Any, missing: Any, axis: int | None, keepdims: bool) -> Any:
    if missing is None:
        return result
    return _core.apply("where", [all(missing, axis, keepdims), _core.tensor(-1, result.dtype), result])
