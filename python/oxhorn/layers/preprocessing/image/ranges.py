"""Checks of the ranges that random numbers are drawn from, and of the values that pixels take."""

from __future__ import annotations

import math
from typing import Any

from oxhorn.arguments import describe, number

Bounds = tuple[float, float]


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value)


def factor_range(
    value: Any,
    name: str,
    owner: str,
    bounds: Bounds,
    *,
    open_low: bool = False,
    mirrored: bool = True,
) -> tuple[Any, Any]:
    """A factor as (lower, upper).

    A number f stands for (-|f|, |f|), cut off at the lower bound; two numbers are put in order.

    Args:
        value: What was typed: a number, or a tuple or list of two.
        name: The argument's name.
        owner: The layer.
        bounds: The smallest and the largest number allowed.
        open_low: Whether the smallest number itself is refused.
        mirrored: Whether a single number stands for both directions; else its lower end is the lower bound.

    Raises:
        ValueError: If the value is none of these.
    """
    low, high = bounds
    pair = list(value) if isinstance(value, (tuple, list)) else [value]
    two = isinstance(value, (tuple, list))
    fits = len(pair) == (2 if two else 1) and all(
        _is_number(x) and low <= x <= high and not (open_low and x == low) for x in pair
    )
    if not fits:
        raise ValueError(
            f"{owner}: The `{name}` argument should be a number (or a list of two numbers) in the range "
            f"{'(' if open_low else '['}{low}, {high}]. Received: {name}={describe(value)}. "
            f"Pass one such as {name}={1 if low >= 1 else 0.2}."
        )
    if two:
        lower, upper = sorted(pair)
        return lower, upper
    size = abs(pair[0])
    return (max(-size, low), size) if mirrored else (low, size)


def value_range_of(value: Any, owner: str) -> list[float]:
    """The smallest and the largest value of pixels, in order.

    Raises:
        ValueError: If it is not two different numbers.
    """
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(_is_number(x) for x in value):
        raise ValueError(
            f"{owner}: The `value_range` argument should be a list of two numbers. "
            f"Received: value_range={describe(value)}. Pass (0, 255) or (0, 1)."
        )
    if value[0] == value[1]:
        raise ValueError(
            f"{owner}: The `value_range` argument should be a list of two numbers that differ. "
            f"Received: value_range={describe(value)}. Pass (0, 255) or (0, 1)."
        )
    return sorted(value)


def choice_of(value: Any, name: str, owner: str, allowed: tuple[str, ...]) -> str:
    """`value` if it is one of the words allowed.

    Raises:
        NotImplementedError: For anything else.
    """
    if value not in allowed:
        raise NotImplementedError(
            f"{owner}: Unknown `{name}` {value!r}. Expected of one {allowed}. Pass one of these words."
        )
    return str(value)


def fill_of(value: Any, owner: str) -> float:
    """A finite number for what lies outside of the images."""
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool)
        else number(value, "fill_value", owner)
    )


def rescaled(images: Any, source: Any, target: Any) -> Any:
    """Values of one range brought into another: `(x - s_0) / (s_1 - s_0) (t_1 - t_0) + t_0`."""
    (s0, s1), (t0, t1) = source, target
    if (s0, s1) == (t0, t1):
        return images
    return (images - float(s0)) / (float(s1) - float(s0)) * (float(t1) - float(t0)) + float(t0)
