"""Roots, exponentials, logarithms, angles and other functions of one or two numbers, value by value."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import as_float, promoted
from oxhorn.ops.dispatch import float_binary, float_unary, operation

__all__ = [
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cbrt",
    "cos",
    "cosh",
    "deg2rad",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "rad2deg",
    "rsqrt",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
]

sqrt = float_unary("sqrt", "sqrt", "The square root.")
rsqrt = float_unary("rsqrt", "rsqrt", "1 / sqrt(x).")
cbrt = float_unary("cbrt", "cbrt", "The cube root.")
exp = float_unary("exp", "exp", "e^x.")
exp2 = float_unary("exp2", "exp2", "2^x.")
expm1 = float_unary("expm1", "expm1", "e^x - 1, exact for small x.")
log = float_unary("log", "log", "The natural logarithm.")
log1p = float_unary("log1p", "log1p", "ln(1 + x), exact for small x.")
log2 = float_unary("log2", "log2", "The logarithm to base 2.")
log10 = float_unary("log10", "log10", "The logarithm to base 10.")
sin = float_unary("sin", "sin", "The sine.")
cos = float_unary("cos", "cos", "The cosine.")
tan = float_unary("tan", "tan", "The tangent.")
arcsin = float_unary("arcsin", "arcsin", "The inverse sine.")
arccos = float_unary("arccos", "arccos", "The inverse cosine.")
arctan = float_unary("arctan", "arctan", "The inverse tangent.")
sinh = float_unary("sinh", "sinh", "The hyperbolic sine.")
cosh = float_unary("cosh", "cosh", "The hyperbolic cosine.")
tanh = float_unary("tanh", "tanh", "The hyperbolic tangent.")
arcsinh = float_unary("arcsinh", "arcsinh", "The inverse hyperbolic sine.")
arccosh = float_unary("arccosh", "arccosh", "The inverse hyperbolic cosine.")
arctanh = float_unary("arctanh", "arctanh", "The inverse hyperbolic tangent.")
erf = float_unary("erf", "erf", "The error function: 2 / sqrt(pi) times the integral of e^-t^2 from 0 to x.")
erfc = float_unary("erfc", "erfc", "1 - erf(x), exact for large x.")
erfinv = float_unary("erfinv", "erfinv", "The inverse of the error function.")

arctan2 = float_binary("arctan2", "arctan2", "The angle of the point (x2, x1), from -pi to pi.")
logaddexp = float_binary("logaddexp", "logaddexp", "ln(e^x1 + e^x2).")


@operation("x1", "x2")
def logaddexp2(x1: Any, x2: Any) -> Any:
    """The logarithm to base 2 of 2^x1 + 2^x2."""
    x1, x2 = (_scaled(x, math.log(2.0)) for x in promoted(x1, x2, floats=True))
    return _scaled(_core.apply("logaddexp", [x1, x2]), 1.0 / math.log(2.0))


@operation("x")
def deg2rad(x: Any) -> Any:
    """Degrees as radians: x * pi / 180."""
    return _scaled(as_float(x), math.pi / 180.0)


@operation("x")
def rad2deg(x: Any) -> Any:
    """Radians as degrees: x * 180 / pi."""
    return _scaled(as_float(x), 180.0 / math.pi)


@operation("x")
def angle(x: Any) -> Any:
    """The angle of x in the complex plane: 0 for positive numbers, pi for negative ones."""
    x = as_float(x)
    return _core.apply("arctan2", [_core.apply("zeros_like", [x]), x])


@operation("x")
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0.

    >>> import oxhorn as keras
    >>> keras.ops.sinc([0.0, 0.5]).numpy().round(4)
    array([1.    , 0.6366], dtype=float32)
    """
    x = as_float(x)
    at_zero = _core.apply("equal", [x, 0.0])
    # Away from 0 on both sides of the choice, so that no gradient is NaN; near 0 the curve is 1 - (pi x)^2 / 6.
    safe = _scaled(_core.apply("where", [at_zero, 1.0, x]), math.pi)
    curve = _core.apply("subtract", [1.0, _scaled(_core.apply("square", [x]), math.pi**2 / 6.0)])
    return _core.apply("where", [at_zero, curve, _core.apply("divide", [_core.apply("sin", [safe]), safe])])


def _scaled(x: Any, factor: float) -> Any:
    return _core.apply("multiply", [x, factor])
