"""Functions that work value by value."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.ops.dispatch import binary, operation, unary

abs = unary("absolute", "abs", "|x|.")
absolute = unary("absolute", "absolute", "|x|.")
negative = unary("negative", "negative", "-x.")
sign = unary("sign", "sign", "-1, 0 or 1.")
square = unary("square", "square", "x^2.")
sqrt = unary("sqrt", "sqrt", "The square root.")
rsqrt = unary("rsqrt", "rsqrt", "1 / sqrt(x).")
reciprocal = unary("reciprocal", "reciprocal", "1 / x.")
exp = unary("exp", "exp", "e^x.")
expm1 = unary("expm1", "expm1", "e^x - 1, exact for small x.")
log = unary("log", "log", "The natural logarithm.")
log1p = unary("log1p", "log1p", "ln(1 + x), exact for small x.")
log2 = unary("log2", "log2", "The logarithm to base 2.")
log10 = unary("log10", "log10", "The logarithm to base 10.")
sin = unary("sin", "sin", "The sine.")
cos = unary("cos", "cos", "The cosine.")
tan = unary("tan", "tan", "The tangent.")
arcsin = unary("arcsin", "arcsin", "The inverse sine.")
arccos = unary("arccos", "arccos", "The inverse cosine.")
arctan = unary("arctan", "arctan", "The inverse tangent.")
sinh = unary("sinh", "sinh", "The hyperbolic sine.")
cosh = unary("cosh", "cosh", "The hyperbolic cosine.")
tanh = unary("tanh", "tanh", "The hyperbolic tangent.")
erf = unary("erf", "erf", "The error function.")
floor = unary("floor", "floor", "The largest whole number that is not above x.")
ceil = unary("ceil", "ceil", "The smallest whole number that is not below x.")
isnan = unary("isnan", "isnan", "Whether x is not a number.")
isinf = unary("isinf", "isinf", "Whether x is infinite.")
isfinite = unary("isfinite", "isfinite", "Whether x is a finite number.")
logical_not = unary("logical_not", "logical_not", "Whether x is false.")

add = binary("add", "add", "x1 + x2.")
subtract = binary("subtract", "subtract", "x1 - x2.")
multiply = binary("multiply", "multiply", "x1 * x2.")
divide = binary("divide", "divide", "x1 / x2.")
true_divide = binary("divide", "true_divide", "x1 / x2.")
divide_no_nan = binary("divide_no_nan", "divide_no_nan", "x1 / x2, and 0 where x2 is 0.")
floor_divide = binary("floor_divide", "floor_divide", "floor(x1 / x2).")
mod = binary("mod", "mod", "x1 - x2 * floor(x1 / x2).")
power = binary("power", "power", "x1^x2.")
maximum = binary("maximum", "maximum", "The larger of both.")
minimum = binary("minimum", "minimum", "The smaller of both.")
equal = binary("equal", "equal", "Whether x1 = x2.")
not_equal = binary("not_equal", "not_equal", "Whether x1 and x2 differ.")
less = binary("less", "less", "Whether x1 < x2.")
less_equal = binary("less_equal", "less_equal", "Whether x1 <= x2.")
greater = binary("greater", "greater", "Whether x1 > x2.")
greater_equal = binary("greater_equal", "greater_equal", "Whether x1 >= x2.")
logical_and = binary("logical_and", "logical_and", "Whether both are true.")
logical_or = binary("logical_or", "logical_or", "Whether one is true.")
logical_xor = binary("logical_xor", "logical_xor", "Whether exactly one is true.")


@operation("x")
def round(x: Any, decimals: int = 0) -> Any:
    """The nearest number with that many decimals; halves go to the even one."""
    return _core.apply("round", [x], {"decimals": decimals})


@operation("x")
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """min(max(x, x_min), x_max)."""
    return _core.apply("minimum", [_core.apply("maximum", [x, x_min]), x_max])


@operation("condition", "x1", "x2")
def where(condition: Any, x1: Any, x2: Any) -> Any:
    """x1 where the condition holds, x2 elsewhere."""
    return _core.apply("where", [condition, x1, x2])
