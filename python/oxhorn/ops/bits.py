"""Whole numbers bit by bit, their divisors, and the bytes behind a tensor. No gradients."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.engine.variable import standardize_dtype
from oxhorn.ops.arguments import as_tensor
from oxhorn.ops.dispatch import binary, operation, pair, unary

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "lcm",
    "left_shift",
    "right_shift",
    "view",
]

bitwise_and = binary(
    "bitwise_and", "bitwise_and", "The bits that both have; x and y are integers or booleans."
)
bitwise_or = binary("bitwise_or", "bitwise_or", "The bits that one has; x and y are integers or booleans.")
bitwise_xor = binary(
    "bitwise_xor", "bitwise_xor", "The bits that exactly one has; x and y are integers or booleans."
)
bitwise_not = unary("bitwise_not", "bitwise_not", "Every bit turned over: -x - 1 for signed integers.")
bitwise_invert = unary("bitwise_not", "bitwise_invert", "Every bit turned over: -x - 1 for signed integers.")


@operation("x", "y")
def left_shift(x: Any, y: Any) -> Any:
    """The bits moved up by y places: x * 2^y, without the bits that leave the dtype.

    Args:
        x: A tensor of integers.
        y: A tensor of integers, which broadcasts with `x`; 0 comes out where it is not in [0, width of the dtype).

    >>> import oxhorn as keras
    >>> keras.ops.left_shift([1, 3], 2).numpy().tolist()
    [4, 12]
    """
    return _core.apply("left_shift", pair(x, y))


@operation("x", "y")
def right_shift(x: Any, y: Any) -> Any:
    """The bits moved down by y places: floor(x / 2^y).

    Args:
        x: A tensor of integers.
        y: A tensor of integers, which broadcasts with `x`.

    >>> import oxhorn as keras
    >>> keras.ops.right_shift([9, -9], 1).numpy().tolist()
    [4, -5]
    """
    return _core.apply("right_shift", pair(x, y))


@operation("x", "y")
def bitwise_left_shift(x: Any, y: Any) -> Any:
    """The same as `left_shift`: x * 2^y."""
    return _core.apply("left_shift", pair(x, y))


@operation("x", "y")
def bitwise_right_shift(x: Any, y: Any) -> Any:
    """The same as `right_shift`: floor(x / 2^y)."""
    return _core.apply("right_shift", pair(x, y))


gcd = binary("gcd", "gcd", "The largest divisor of both integers; 0 for two zeros.")
lcm = binary("lcm", "lcm", "The smallest multiple of both integers; 0 where one is 0.")


@operation("x")
def view(x: Any, dtype: Any = None) -> Any:
    """The bytes of a tensor, read as another dtype.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` by default. Where its elements are smaller or larger, the last axis grows or
            shrinks.

    Raises:
        ValueError: If the bytes of the last axis make no whole elements, or for "bool".

    >>> import oxhorn as keras
    >>> keras.ops.view(keras.ops.array([1.0]), "int32").numpy().tolist()
    [1065353216]
    """
    x = as_tensor(x)
    return x if dtype is None else _core.apply("view", [x], {"dtype": standardize_dtype(dtype)})
