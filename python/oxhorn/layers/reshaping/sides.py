"""What is added to, or cut off, both ends of each axis."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments

__all__ = ["sides"]


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
