"""What is added to, or cut off, both ends of each axis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from oxhorn import arguments

__all__ = ["CROPPING_RULE", "enough_to_crop", "sides", "times"]

CROPPING_RULE = (
    "Values in `cropping` argument should be smaller than the corresponding spatial dimension of the input."
)


@contextmanager
def enough_to_crop(rule: str) -> Iterator[None]:
    """Adds the layer's rule to the core's message about a cropping that leaves nothing."""
    try:
        yield
    except ValueError as error:
        if "less cut off than there is" not in str(error):
            raise
        raise ValueError(f"{error}. {rule}") from None


def sides(value: Any, rank: int, name: str, owner: str) -> tuple[tuple[int, ...], ...]:
    """A pair (before, behind) for each of `rank` axes.

    Args:
        value: A number for all ends, a number for each axis, or a pair for each axis.
        rank: How many axes there are.
        name: The argument's name.
        owner: The class whose argument it is.

    Raises:
        ValueError: If the value is of another form or a number is negative.
    """
    if isinstance(value, (tuple, list)):
        if len(value) != rank:
            raise ValueError(
                f"{owner}: expected `{name}` to be a number, or {rank} numbers or pairs, one for each axis. "
                f"Received: {name}={value!r} of length {len(value)}."
            )
        return tuple(arguments.integers(one, 2, name, owner, low=0) for one in value)
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        raise ValueError(f"{owner}: `{name}` cannot be negative. Received: {name}={value}.")
    return (arguments.integers(arguments.integer(value, name, owner, low=0), 2, name, owner, low=0),) * rank


def times(value: Any, name: str, owner: str) -> int:
    """How often something is repeated: a positive integer.

    Args:
        value: The number.
        name: The argument's name.
        owner: The class whose argument it is.

    Raises:
        TypeError: If the value is no integer.
        ValueError: If it is below 1.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(
            f"{owner}: Expected an integer value for `{name}`, got {type(value)}. "
            f"Received: {name}={arguments.describe(value)}. Pass one such as {name}=2."
        )
    try:
        return arguments.positive_integer(value, name, owner)
    except ValueError as error:
        raise ValueError(f"{error} Argument `{name}` should be a positive integer.") from None
