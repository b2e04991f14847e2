"""Arithmetic of schedules: each function takes numbers (the quick way) or tensors, traced or symbolic.

A formula that is written with these runs in plain Python once a step, and is traced where the step is a tensor.
"""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core
from oxhorn.engine.keras_tensor import KerasTensor


def is_tensor(value: Any) -> bool:
    """Whether a value has to be calculated with by ops."""
    return isinstance(value, (_core.Tensor, KerasTensor))


def where(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, `no` elsewhere; both have been calculated."""
    if is_tensor(condition):
        from oxhorn import ops

        # In the step's float64: numbers alone would come out as floatx().
        return ops.where(condition, ops.cast(yes, "float64"), ops.cast(no, "float64"))
    return yes if condition else no


def minimum(a: Any, b: Any) -> Any:
    """The smaller one."""
    return where(a <= b, a, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger one."""
    return where(a >= b, a, b)


def floor(x: Any) -> Any:
    """The largest whole number that is not above `x`."""
    if is_tensor(x):
        from oxhorn import ops

        return ops.floor(x)
    return float(math.floor(x))


def ceil(x: Any) -> Any:
    """The smallest whole number that is not below `x`."""
    if is_tensor(x):
        from oxhorn import ops

        return ops.ceil(x)
    return float(math.ceil(x))


def cos(x: Any) -> Any:
    """The cosine."""
    if is_tensor(x):
        from oxhorn import ops

        return ops.cos(x)
    return math.cos(x)


def log(x: Any) -> Any:
    """The natural logarithm."""
    if is_tensor(x):
        from oxhorn import ops

        return ops.log(x)
    return math.log(x)


def power(base: Any, exponent: Any) -> Any:
    """`base` to the power of `exponent`; infinite where it is too large for a float."""
    if is_tensor(base) or is_tensor(exponent):
        from oxhorn import ops

        return ops.power(ops.cast(base, "float64"), ops.cast(exponent, "float64"))
    try:
        return float(base) ** exponent
    except (OverflowError, ZeroDivisionError):
        return math.inf
