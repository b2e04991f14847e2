"""Quantiles, percentiles and medians, from sorted lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import Axis, as_float, as_tensor, constant, some_axes, to_tensor
from oxhorn.ops.dispatch import operation

__all__ = [
    "median",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "percentile",
    "quantile",
]

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _lines(owner: str, x: Any, axis: Axis) -> tuple[Any, list[int]]:
    """The axes that are taken together as one, the last; and these axes."""
    rank = len(x.shape)
    axes = list(range(rank)) if axis is None else sorted(some_axes(owner, axis, rank))
    kept = [a for a in range(rank) if a not in axes]
    if kept + axes != list(range(rank)):
        x = _core.apply("transpose", [x], {"axes": kept + axes})
    if len(axes) == 1:
        return x, axes
    return _core.apply("reshape", [x], {"newshape": [-1], "keep": len(kept)}), axes


def _fractions(owner: str, q: Any, scale: float, dtype: str) -> Any:
    """The arguments q as fractions."""
    values = as_tensor(q) if hasattr(q, "dtype") else to_tensor(q, dtype)
    if len(values.shape) > 1:
        raise ValueError(f"{owner}: `q` must be a number or have one axis; got shape {tuple(values.shape)}.")
    if not values.is_traced and values.size:
        low, high = float(values.numpy().min()), float(values.numpy().max())
        if not (low >= 0 and high <= scale):
            raise ValueError(f"{owner}: `q` must lie in [0, {scale:g}]; got values from {low:g} to {high:g}.")
    values = to_tensor(values, dtype)
    return values if scale == 1 else _core.apply("divide", [values, scale])


def _quantile(
    owner: str, x: Any, q: Any, axis: Axis, method: str, keepdims: bool, skip_nan: bool, scale: float = 1.0
) -> Any:
    if method not in _METHODS:
        raise ValueError(f"{owner}: `method` must be one of {list(_METHODS)}; got {method!r}.")
    x = as_float(x)
    line, axes = _lines(owner, x, axis)
    q = _fractions(owner, q, scale, x.dtype)
    many = len(q.shape) == 1
    fractions = q if many else _core.apply("expand_dims", [q], {"axis": 0})
    line = _core.apply("sort", [line], {"axis": -1})
    missing = _core.apply("isnan", [line])
    # The place of the quantile between 0 and the last of the n values, which stand before those that are no numbers.
    present = _core.apply("logical_not", [missing]) if skip_nan else _core.apply("ones_like", [missing])
    last = _core.apply(
        "sum", [_core.apply("cast", [present], {"dtype": x.dtype})], {"axis": -1, "keepdims": True}
    )
    last = _core.apply("maximum", [_core.apply("subtract", [last, 1.0]), 0.0])
    place = _core.apply("multiply", [last, fractions])

    def at(places: Any) -> Any:
        index = _core.apply("cast", [places], {"dtype": "int32"})
        return _core.apply("take_along_axis", [line, index], {"axis": -1})

    if method == "nearest":
        result = at(_core.apply("round", [place], {"decimals": 0}))
    else:
        below, above = _core.apply("floor", [place]), _core.apply("ceil", [place])
        if method == "lower":
            result = at(below)
        elif method == "higher":
            result = at(above)
        else:
            a, b = at(below), at(above)
            part = _core.apply("subtract", [place, below]) if method == "linear" else 0.5
            between = _core.apply(
                "add", [a, _core.apply("multiply", [_core.apply("subtract", [b, a]), part])]
            )
            # Where both are one value it is that value, also if it is infinite.
            result = _core.apply("where", [_core.apply("equal", [a, b]), a, between])
    if not skip_nan:
        unknown = _core.apply("any", [missing], {"axis": -1, "keepdims": True})
        result = _core.apply("where", [unknown, constant(float("nan"), x.dtype), result])
    if keepdims:
        for one in axes:
            result = _core.apply("expand_dims", [result], {"axis": one})
    if many:
        return _core.apply("moveaxis", [result], {"source": -1, "destination": 0})
    return _core.apply("squeeze", [result], {"axis": -1})


@operation("x", "q")
def quantile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which given parts of all values lie.

    With x sorted, n values, p = q (n - 1), i = floor(p):  y = x_i + (p - i) (x_(i+1) - x_i)

    Args:
        x: A tensor.
        q: The parts, from 0 to 1: a number, or a tensor with one axis.
        axis: The axes that are taken together; all by default.
        method: What is done between two values: `"linear"` as above, `"lower"`, `"higher"`, `"midpoint"` of both,
            or the `"nearest"`.
        keepdims: Whether these axes stay, with size 1.

    Returns:
        A tensor of floats, with the axis of `q` in front. It is NaN where NaN is among the values.

    Raises:
        ValueError: If q lies outside of [0, 1], or for another `method`.

    >>> import oxhorn as keras
    >>> float(keras.ops.quantile([1.0, 2.0, 4.0], 0.75))
    3.0
    """
    return _quantile("quantile", x, q, axis, method, keepdims, skip_nan=False)


@operation("x", "q")
def percentile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which given percentages of all values lie: `quantile(x, q / 100)`.

    Args:
        x: A tensor.
        q: The percentages, from 0 to 100: a number, or a tensor with one axis.
        axis: The axes that are taken together; all by default.
        method: As for `quantile`.
        keepdims: Whether these axes stay, with size 1.

    Raises:
        ValueError: If q lies outside of [0, 100], or for another `method`.

    >>> import oxhorn as keras
    >>> float(keras.ops.percentile([1.0, 2.0, 4.0], 75))
    3.0
    """
    return _quantile("percentile", x, q, axis, method, keepdims, skip_nan=False, scale=100.0)


@operation("x")
def median(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The value in the middle, or the mean of both: `quantile(x, 0.5)`.

    >>> import oxhorn as keras
    >>> float(keras.ops.median([1.0, 9.0, 2.0, 4.0]))
    3.0
    """
    return _quantile("median", x, 0.5, axis, "linear", keepdims, skip_nan=False)


@operation("x", "q")
def nanquantile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """As `quantile`, of the values that are not NaN; NaN where there is none."""
    return _quantile("nanquantile", x, q, axis, method, keepdims, skip_nan=True)


@operation("x", "q")
def nanpercentile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """As `percentile`, of the values that are not NaN; NaN where there is none."""
    return _quantile("nanpercentile", x, q, axis, method, keepdims, skip_nan=True, scale=100.0)


@operation("x")
def nanmedian(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """As `median`, of the values that are not NaN; NaN where there is none."""
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, skip_nan=True)
