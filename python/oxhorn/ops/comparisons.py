"""Comparisons, logic, tests for special values, and choices by them, value by value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import as_float, as_tensor, promoted
from oxhorn.ops.dispatch import binary, operation, unary

__all__ = [
    "allclose",
    "equal",
    "greater",
    "greater_equal",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "select",
    "signbit",
    "where",
]

equal = binary("equal", "equal", "Whether x1 = x2.")
not_equal = binary("not_equal", "not_equal", "Whether x1 and x2 differ.")
less = binary("less", "less", "Whether x1 < x2.")
less_equal = binary("less_equal", "less_equal", "Whether x1 <= x2.")
greater = binary("greater", "greater", "Whether x1 > x2.")
greater_equal = binary("greater_equal", "greater_equal", "Whether x1 >= x2.")
logical_and = binary("logical_and", "logical_and", "Whether both are true.")
logical_or = binary("logical_or", "logical_or", "Whether one is true.")
logical_xor = binary("logical_xor", "logical_xor", "Whether exactly one is true.")
logical_not = unary("logical_not", "logical_not", "Whether x is false.")
isnan = unary("isnan", "isnan", "Whether x is not a number.")
isinf = unary("isinf", "isinf", "Whether x is infinite.")
isfinite = unary("isfinite", "isfinite", "Whether x is a finite number.")


@operation("x")
def isposinf(x: Any) -> Any:
    """Whether x is positive infinity."""
    return _core.apply("equal", [as_float(x), float("inf")])


@operation("x")
def isneginf(x: Any) -> Any:
    """Whether x is negative infinity."""
    return _core.apply("equal", [as_float(x), float("-inf")])


@operation("x")
def isreal(x: Any) -> Any:
    """Whether x is real: always, for there are no complex tensors here."""
    return _core.apply("ones_like", [as_tensor(x)], {"dtype": "bool"})


@operation("x")
def signbit(x: Any) -> Any:
    """Whether the sign bit is set: for negative numbers and -0."""
    x = as_tensor(x)
    if x.dtype[0] != "f":
        return less(x, 0)
    # 1 / -0 is -inf.
    return less(
        _core.apply("where", [_core.apply("equal", [x, 0.0]), _core.apply("reciprocal", [x]), x]), 0.0
    )


@operation("x1", "x2")
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |x1 - x2| <= atol + rtol * |x2|; infinities are close to themselves.

    Args:
        x1: A tensor.
        x2: A tensor, the measure of closeness.
        rtol: The part of |x2| that counts as close.
        atol: What counts as close next to 0.
        equal_nan: Whether two NaN are close.
    """
    x1, x2 = promoted(x1, x2, floats=True)
    distance = _core.apply("absolute", [_core.apply("subtract", [x1, x2])])
    allowed = _core.apply("add", [_core.apply("multiply", [_core.apply("absolute", [x2]), rtol]), atol])
    finite = logical_and(isfinite(x1), isfinite(x2))
    close = _core.apply("where", [finite, less_equal(distance, allowed), equal(x1, x2)])
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


@operation("x1", "x2")
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether `isclose` holds for all values: one boolean."""
    return _core.apply("all", [isclose(x1, x2, rtol, atol, equal_nan)])


@operation("condition", "x1", "x2")
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; without both, the places where it holds.

    Args:
        condition: Booleans.
        x1: A tensor, which broadcasts with the others.
        x2: Likewise.

    Raises:
        ValueError: If only one of `x1` and `x2` is given.

    >>> import oxhorn as keras
    >>> keras.ops.where([True, False], 1.0, [5.0, 6.0]).numpy().tolist()
    [1.0, 6.0]
    """
    if x1 is None and x2 is None:
        from oxhorn import ops

        return getattr(ops, "nonzero")(condition)  # noqa: B009
    if x1 is None or x2 is None:
        given = "x1" if x2 is None else "x2"
        raise ValueError(
            f"where: `x1` and `x2` either both should be `None`, or both be given; got {given} alone. Pass the other "
            "one too, or the condition alone."
        )
    x1, x2 = promoted(x1, x2)
    condition = as_tensor(condition)
    if condition.dtype != "bool":
        condition = _core.apply("cast", [condition], {"dtype": "bool"})
    return _core.apply("where", [condition, x1, x2])


@operation("condlist", "choicelist", "default")
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """At each place the choice whose condition is the first to hold; the default where none holds.

    Args:
        condlist: Tensors of booleans.
        choicelist: As many tensors.
        default: A tensor or number.

    Raises:
        ValueError: If there are not as many choices as conditions, or none.

    >>> import oxhorn as keras
    >>> x = keras.ops.array([1, 5, 9])
    >>> keras.ops.select([x < 3, x < 7], [x, 10 * x], 0).numpy().tolist()
    [1, 50, 0]
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"select: expected as many choices as conditions, at least one; got {len(condlist)} conditions and "
            f"{len(choicelist)} choices."
        )
    *choices, result = promoted(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = where(condition, choice, result)
    return result
