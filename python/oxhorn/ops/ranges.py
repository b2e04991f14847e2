"""Numbers at regular distances, and window functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core, config
from oxhorn.engine import allowance
from oxhorn.engine.dtypes import result_type
from oxhorn.engine.sizes import Size, template
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.arguments import as_dtype, constant, one_axis, promoted, value_of, weak_dtype
from oxhorn.ops.dispatch import operation

__all__ = [
    "arange",
    "bartlett",
    "blackman",
    "geomspace",
    "hamming",
    "hanning",
    "kaiser",
    "linspace",
    "logspace",
]


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """start, start + step, ... below stop.

    Args:
        start: The first value; with one argument, the end, and the first value is 0.
        stop: The end, which is not part of the result.
        step: The distance; 1 by default.
        dtype: The dtype; int32 for whole numbers and `floatx()` for others by default.

    Raises:
        TypeError: If an argument is symbolic: the length of the result would not be known.

    >>> import oxhorn as keras
    >>> keras.ops.arange(1, 7, 2).numpy().tolist()
    [1, 3, 5]
    """
    if any(isinstance(x, Size) for x in (start, stop)):
        begin, end = (0, start) if stop is None else (start, stop)
        return _open_range(begin, end, 1 if step is None else step, dtype)
    given = [x for x in (start, stop, step) if x is not None]
    wanted = result_type(*(weak_dtype(x) for x in given)) if dtype is None else standardize_dtype(dtype)
    begin, end, stride = (
        None if x is None else value_of("arange", name, x)
        for name, x in (("start", start), ("stop", stop), ("step", step))
    )
    if end is None:
        begin, end = 0, begin
    values = np.arange(begin or 0, end, 1 if stride is None else stride)
    return _core.tensor(values.astype(wanted))


def _open_range(start: Any, stop: Any, step: Any, dtype: Any) -> Any:
    """`arange` where an end is the size of an axis that a trace leaves open."""
    if type(step) is not int or step < 1:
        raise ValueError(
            f"arange: up to an open size, `step` must be a whole number of at least 1; got {step!r}."
        )
    count = template(((stop - start + (step - 1)) // step,))
    ones = _core.apply("full_like", [count], {"value": 1.0, "dtype": "int32"})
    places = _core.apply("cumsum", [ones], {"axis": 0}) - 1
    return as_dtype(places * step + start, "int32" if dtype is None else standardize_dtype(dtype))


@operation("start", "stop")
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` values at equal distances from start to stop.

    `y_i = start + i (stop - start) / (num - 1)`; without the endpoint, divided by `num`

    Args:
        start: The first value: a number or a tensor.
        stop: The last value, which broadcasts with `start`.
        num: How many values.
        endpoint: Whether the last value is `stop`; else it is one step before.
        retstep: Whether the step is returned as well.
        dtype: The dtype; that of the arguments, if they are floats, by default.
        axis: Where the new axis is, if the arguments are tensors with axes.

    Returns:
        The values, or a pair of the values and the step.

    >>> import oxhorn as keras
    >>> keras.ops.linspace(0.0, 1.0, 5).numpy().tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    count = _count("linspace", num)
    wanted = _float_dtype(start, stop) if dtype is None else standardize_dtype(dtype)
    parts = count - 1 if endpoint else count
    if _numbers(start, stop):
        allowance.spend((count,), "float64", "linspace")
        values = np.linspace(start, stop, count, endpoint=endpoint)
        result = _as_constant(values, wanted)
        step = constant(
            np.float64((stop - start) / parts if parts > 0 else np.nan), _float_dtype(start, stop)
        )
        return (result, step) if retstep else result
    first, last = _ends("linspace", start, stop, wanted)
    result = _cast(_between(first, last, count, parts, axis, "linspace"), wanted)
    if not retstep:
        return result
    distance = _core.apply("subtract", [last, first])
    return result, _core.apply("divide", [distance, float(parts) if parts > 0 else float("nan")])


@operation("start", "stop")
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` values between base^start and base^stop at equal ratios.

    Args:
        start: The first exponent: a number or a tensor.
        stop: The last exponent, which broadcasts with `start`.
        num: How many values.
        endpoint: Whether the last exponent is `stop`.
        base: The base.
        dtype: The dtype; that of the arguments, if they are floats, by default.
        axis: Where the new axis is, if the arguments are tensors with axes.

    >>> import oxhorn as keras
    >>> keras.ops.logspace(0, 2, 3).numpy().tolist()
    [1.0, 10.0, 100.0]
    """
    count = _count("logspace", num)
    wanted = _float_dtype(start, stop) if dtype is None else standardize_dtype(dtype)
    if _numbers(start, stop):
        return _as_constant(np.logspace(start, stop, count, endpoint=endpoint, base=base), wanted)
    first, last = _ends("logspace", start, stop, wanted)
    exponents = _between(first, last, count, count - 1 if endpoint else count, axis, "logspace")
    return _cast(_core.apply("power", [_core.tensor(float(base), exponents.dtype), exponents]), wanted)


@operation("start", "stop")
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` values from start to stop at equal ratios.

    `y_i = start (stop / start)^(i / (num - 1))`

    Args:
        start: The first value, not 0: a number or a tensor.
        stop: The last value, of the same sign, which broadcasts with `start`.
        num: How many values.
        endpoint: Whether the last value is `stop`.
        dtype: The dtype; that of the arguments, if they are floats, by default.
        axis: Where the new axis is, if the arguments are tensors with axes.

    >>> import oxhorn as keras
    >>> keras.ops.geomspace(1, 8, 4).numpy().tolist()
    [1.0, 2.0, 4.0, 8.0]
    """
    count = _count("geomspace", num)
    wanted = _float_dtype(start, stop) if dtype is None else standardize_dtype(dtype)
    if _numbers(start, stop):
        return _as_constant(np.geomspace(start, stop, count, endpoint=endpoint), wanted)
    first, last = _ends("geomspace", start, stop, wanted)
    parts = count - 1 if endpoint else count
    ratio = _core.apply("log", [_core.apply("divide", [last, first])])
    powers = _between(_core.apply("zeros_like", [ratio]), ratio, count, parts, axis, "geomspace")
    place = one_axis("geomspace", axis, len(powers.shape))
    first = _core.apply("broadcast_like", [first, ratio])
    values = _core.apply(
        "multiply", [_core.apply("expand_dims", [first], {"axis": place}), _core.apply("exp", [powers])]
    )
    return _cast(values, wanted)


def _numbers(*xs: Any) -> bool:
    return all(isinstance(x, (int, float)) for x in xs)


def _count(owner: str, num: Any) -> int:
    count = value_of(owner, "num", num)
    if isinstance(count, bool) or not hasattr(count, "__index__") or count < 0:
        raise ValueError(f"{owner}: `num` must be a whole number of at least 0; got {num!r}.")
    return int(count)


def _float_dtype(*xs: Any) -> str:
    return result_type(*(weak_dtype(x) for x in xs), float)


def _ends(owner: str, start: Any, stop: Any, wanted: str) -> list[Any]:
    """Both ends as tensors of the dtype in which values of that dtype are computed."""
    first, last = (as_dtype(x, _computed(wanted)) for x in promoted(start, stop, floats=True))
    sizes = zip(reversed(first.shape), reversed(last.shape), strict=False)
    if any(a is not None and b is not None and a != b and 1 not in (a, b) for a, b in sizes):
        raise ValueError(
            f"{owner}: `start` and `stop` must broadcast; got shapes {tuple(first.shape)} and {tuple(last.shape)}."
        )
    return [first, last]


def _computed(wanted: str) -> str:
    """The dtype in which values of that dtype are computed."""
    return wanted if wanted.startswith("float") else config.floatx()


def _as_constant(values: Any, wanted: str) -> Any:
    # Whole numbers: floor, as NumPy does.
    return _core.tensor((np.floor(values) if "int" in wanted else values).astype(wanted))


def _cast(x: Any, wanted: str) -> Any:
    return as_dtype(_core.apply("floor", [x]) if "int" in wanted else x, wanted)


def _between(first: Any, last: Any, count: int, parts: int, axis: int, owner: str) -> Any:
    """The values first (1 - t) + last t for t = 0, 1 / parts, ...: exact at both ends."""
    spread = _core.apply("subtract", [last, first])
    place = one_axis(owner, axis, len(spread.shape) + 1)
    allowance.spend((count,), "float64", "linspace")
    steps = np.arange(count, dtype="float64") / max(parts, 1)
    t = constant(steps.reshape((count,) + (1,) * (len(spread.shape) - place)), first.dtype)
    first, last = (
        _core.apply("expand_dims", [_core.apply("broadcast_like", [x, spread])], {"axis": place})
        for x in (first, last)
    )
    weight = _core.apply("subtract", [1.0, t])
    return _core.apply("add", [_core.apply("multiply", [first, weight]), _core.apply("multiply", [last, t])])


# Windows -----------------------------------------------------------------------------------------


def _length(owner: str, x: Any) -> int:
    length = value_of(owner, "x", x)
    if not isinstance(length, (bool, int, float)) or int(length) != length:
        raise ValueError(f"{owner}: the length of a window must be a whole number; got {length!r}.")
    return int(length)


def bartlett(x: int) -> Any:
    """The Bartlett window of that length: a triangle that is 0 at both ends.

    `w_n = 1 - |2 n / (x - 1) - 1|`

    Args:
        x: The length.
    """
    return constant(np.bartlett(_length("bartlett", x)))


def blackman(x: int) -> Any:
    """The Blackman window of that length.

    `w_n = 0.42 - 0.5 cos(2 pi n / (x - 1)) + 0.08 cos(4 pi n / (x - 1))`

    Args:
        x: The length.
    """
    return constant(np.blackman(_length("blackman", x)))


def hamming(x: int) -> Any:
    """The Hamming window of that length.

    `w_n = 0.54 - 0.46 cos(2 pi n / (x - 1))`

    Args:
        x: The length.
    """
    return constant(np.hamming(_length("hamming", x)))


def hanning(x: int) -> Any:
    """The Hann window of that length.

    `w_n = 0.5 - 0.5 cos(2 pi n / (x - 1))`

    Args:
        x: The length.

    >>> import oxhorn as keras
    >>> keras.ops.hanning(3).numpy().tolist()
    [0.0, 1.0, 0.0]
    """
    return constant(np.hanning(_length("hanning", x)))


def kaiser(x: int, beta: float) -> Any:
    """The Kaiser window of that length.

    `w_n = I0(beta sqrt(1 - (2 n / (x - 1) - 1)^2)) / I0(beta)`, with the Bessel function I0

    Args:
        x: The length.
        beta: How narrow the window is.
    """
    return constant(np.kaiser(_length("kaiser", x), float(value_of("kaiser", "beta", beta))))
