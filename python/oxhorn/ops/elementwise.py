"""Arithmetic, value by value."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import as_float, as_number, as_tensor, promoted
from oxhorn.ops.dispatch import arithmetic, binary, float_binary, float_unary, operation, unary

__all__ = [
    "abs",
    "absolute",
    "add",
    "conj",
    "conjugate",
    "divide",
    "divide_no_nan",
    "fabs",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "hypot",
    "imag",
    "ldexp",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "power",
    "real",
    "reciprocal",
    "sign",
    "square",
    "subtract",
    "true_divide",
]

negative = unary("negative", "negative", "-x.")
sign = unary("sign", "sign", "-1, 0 or 1.")
square = unary("square", "square", "x^2.")
reciprocal = float_unary("reciprocal", "reciprocal", "1 / x.")
fabs = float_unary("absolute", "fabs", "|x| as floats.")

add = arithmetic("add", "add", "x1 + x2.", "logical_or")
multiply = arithmetic("multiply", "multiply", "x1 * x2.", "logical_and")
maximum = arithmetic("maximum", "maximum", "The larger of both; NaN if one is NaN.", "logical_or")
minimum = arithmetic("minimum", "minimum", "The smaller of both; NaN if one is NaN.", "logical_and")
subtract = binary("subtract", "subtract", "x1 - x2.")
floor_divide = binary("floor_divide", "floor_divide", "floor(x1 / x2).")
mod = binary("mod", "mod", "x1 - x2 * floor(x1 / x2): the remainder with the sign of x2.")
power = binary("power", "power", "x1^x2.")
divide = float_binary("divide", "divide", "x1 / x2.")
true_divide = float_binary("divide", "true_divide", "x1 / x2.")
divide_no_nan = float_binary("divide_no_nan", "divide_no_nan", "x1 / x2, and 0 where x2 is 0.")


@operation("x")
def absolute(x: Any) -> Any:
    """|x|."""
    x = as_tensor(x)
    return x if x.dtype == "bool" else _core.apply("absolute", [x])


@operation("x")
def abs(x: Any) -> Any:
    """|x|."""
    return absolute(x)


@operation("x")
def real(x: Any) -> Any:
    """The real part: x itself, for there are no complex tensors here."""
    return as_tensor(x)


@operation("x")
def imag(x: Any) -> Any:
    """The imaginary part: zeros, for there are no complex tensors here."""
    return _core.apply("zeros_like", [as_tensor(x)])


@operation("x")
def conj(x: Any) -> Any:
    """The complex conjugate: x itself, for there are no complex tensors here."""
    return as_tensor(x)


@operation("x")
def conjugate(x: Any) -> Any:
    """The complex conjugate: x itself, for there are no complex tensors here."""
    return as_tensor(x)


@operation("x1", "x2")
def heaviside(x1: Any, x2: Any) -> Any:
    """0 where x1 < 0, x2 where x1 = 0, 1 where x1 > 0."""
    return _core.apply("heaviside", promoted(x1, x2, floats=True))


@operation("x1", "x2")
def fmod(x1: Any, x2: Any) -> Any:
    """The remainder of x1 / x2 with the sign of x1.

    `sign(x1) * (|x1| mod |x2|)`
    """
    x1, x2 = (as_number(x) for x in promoted(x1, x2))
    return multiply(sign(x1), mod(absolute(x1), absolute(x2)))


@operation("x1", "x2")
def fmax(x1: Any, x2: Any) -> Any:
    """The larger of both; where one is NaN, the other."""
    return _ignoring_nan(maximum, x1, x2)


@operation("x1", "x2")
def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of both; where one is NaN, the other."""
    return _ignoring_nan(minimum, x1, x2)


def _ignoring_nan(function: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = promoted(x1, x2)
    chosen = function(x1, x2)
    if x1.dtype[0] != "f":
        return chosen
    chosen = _core.apply("where", [_core.apply("isnan", [x1]), x2, chosen])
    return _core.apply("where", [_core.apply("isnan", [x2]), x1, chosen])


@operation("x1", "x2")
def hypot(x1: Any, x2: Any) -> Any:
    """The hypotenuse of a triangle with a right angle between the sides x1 and x2.

    `sqrt(x1^2 + x2^2)`, with the longer side taken out of the root, so that no square overflows.

    >>> import oxhorn as keras
    >>> float(keras.ops.hypot(3.0, 4.0))
    5.0
    """
    x1, x2 = (absolute(x) for x in promoted(x1, x2, floats=True))
    long, short = maximum(x1, x2), minimum(x1, x2)
    ratio = divide_no_nan(short, long)
    result = multiply(long, _core.apply("sqrt", [add(square(ratio), 1.0)]))
    infinite = _core.apply("logical_or", [_core.apply("isinf", [x1]), _core.apply("isinf", [x2])])
    return _core.apply("where", [infinite, float("inf"), result])


@operation("x1", "x2")
def ldexp(x1: Any, x2: Any) -> Any:
    """x1 * 2^x2.

    Args:
        x1: Floats.
        x2: Whole numbers.

    Raises:
        TypeError: If `x2` is not of an integer dtype.

    >>> import oxhorn as keras
    >>> float(keras.ops.ldexp(0.75, 4))
    12.0
    """
    x1, x2 = as_float(x1), as_tensor(x2)
    if "int" not in x2.dtype:
        raise TypeError(
            f"ldexp: the exponent must be of an integer type, such as int32; got x2 of dtype {x2.dtype}. Cast it."
        )
    # In two steps: 2^x2 alone overflows where the product does not.
    half = floor_divide(x2, 2)
    two = as_tensor(2.0) if x1.dtype == "float32" else _core.tensor(2.0, "float64")
    first = multiply(x1, power(two, _core.apply("cast", [half], {"dtype": x1.dtype})))
    return multiply(first, power(two, _core.apply("cast", [subtract(x2, half)], {"dtype": x1.dtype})))
