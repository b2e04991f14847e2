"""Functions that take axes together: sums, means, extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import Axis, as_float, as_number, as_tensor, axis_list, to_tensor
from oxhorn.ops.dispatch import operation

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
    "std",
    "sum",
    "var",
]

_ARGUMENTS = """

    Args:
        x: A tensor.
        axis: The axes that are taken together: one, several, or all by default.
        keepdims: Whether these axes stay, with size 1.
    """


def as_summand(x: Any) -> Any:
    """As a tensor of the dtype that sums have: booleans and uint8 become int32."""
    x = as_number(x)
    return to_tensor(x, "int32") if x.dtype == "uint8" else x


def as_bool(x: Any) -> Any:
    """As a tensor of booleans: whether a value is not 0."""
    return to_tensor(as_tensor(x), "bool")


def _reduction(name: str, doc: str, prepare: Callable[[Any], Any]) -> Callable[..., Any]:
    def function(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        return _core.apply(name, [prepare(x)], {"axis": axis_list(axis), "keepdims": bool(keepdims)})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{doc} over axes.{_ARGUMENTS}"
    return operation("x")(function)


sum = _reduction("sum", "The sum", as_summand)
mean = _reduction("mean", "The mean", as_float)
var = _reduction("var", "The variance (the mean squared distance from the mean)", as_float)
std = _reduction("std", "The standard deviation (the square root of the variance)", as_float)
any = _reduction("any", "Whether any value is true (not 0)", as_bool)
all = _reduction("all", "Whether all values are true (not 0)", as_bool)
logsumexp = _reduction("logsumexp", "ln(sum(e^x))", as_float)


@operation("x")
def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product over axes.

    Args:
        x: A tensor.
        axis: The axes that are taken together: one, several, or all by default.
        keepdims: Whether these axes stay, with size 1.
        dtype: The dtype in which the product is made; that of `x` by default, and int32 for booleans and uint8.
    """
    from oxhorn.ops.conversions import cast

    x = as_summand(x) if dtype is None else cast(x, dtype)
    return _core.apply("prod", [x], {"axis": axis_list(axis), "keepdims": bool(keepdims)})


_TWO = {"max": "maximum", "min": "minimum"}


def _extreme(name: str, x: Any, axis: Axis, keepdims: bool, initial: Any) -> Any:
    x = as_tensor(x)
    attrs = {"axis": axis_list(axis), "keepdims": bool(keepdims)}
    if initial is None:
        return _core.apply(name, [x], attrs)
    if 0 in x.shape:
        # Of nothing: the sum is 0 and has the right shape.
        nothing = _core.apply("sum", [as_number(x)], attrs)
        return to_tensor(_core.apply("add", [nothing, to_tensor(initial, nothing.dtype)]), x.dtype)
    both = {"max": "logical_or", "min": "logical_and"} if x.dtype == "bool" else _TWO
    return _core.apply(both[name], [_core.apply(name, [x], attrs), to_tensor(initial, x.dtype)])


@operation("x", "initial")
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The largest value over axes.

    Args:
        x: A tensor.
        axis: The axes that are taken together: one, several, or all by default.
        keepdims: Whether these axes stay, with size 1.
        initial: The least value that a result may have.

    Raises:
        ValueError: If there are no values and `initial` is not given.
    """
    return _extreme("max", x, axis, keepdims, initial)


@operation("x", "initial")
def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The smallest value over axes.

    Args:
        x: A tensor.
        axis: The axes that are taken together: one, several, or all by default.
        keepdims: Whether these axes stay, with size 1.
        initial: The greatest value that a result may have.

    Raises:
        ValueError: If there are no values and `initial` is not given.
    """
    return _extreme("min", x, axis, keepdims, initial)


@operation("x")
def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest value over axes (`max` under NumPy's longer name)."""
    return _extreme("max", x, axis, keepdims, None)


@operation("x")
def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest value over axes (`min` under NumPy's longer name)."""
    return _extreme("min", x, axis, keepdims, None)


@operation("x")
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """From peak to peak: the largest value minus the smallest, over axes."""
    x = as_number(x)
    high, low = _extreme("max", x, axis, keepdims, None), _extreme("min", x, axis, keepdims, None)
    return _core.apply("subtract", [high, low])


@operation("x")
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the largest value along an axis (in the flattened tensor by default), the first of equal ones."""
    return _core.apply("argmax", [as_tensor(x)], {"axis": axis, "keepdims": bool(keepdims)})


@operation("x")
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the smallest value along an axis (in the flattened tensor by default), the first of equal ones."""
    return _core.apply("argmin", [as_tensor(x)], {"axis": axis, "keepdims": bool(keepdims)})


@operation("x")
def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """How many values over axes (all by default) are not 0."""
    return _core.apply("sum", [to_tensor(as_bool(x), "int32")], {"axis": axis_list(axis)})
