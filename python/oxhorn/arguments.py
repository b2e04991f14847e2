"""Checks of what a person typed: every message names who, what was expected, what came, and what to do."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "boolean",
    "choice",
    "data_format",
    "describe",
    "integer",
    "integer_or_integers",
    "integers",
    "number",
    "positive_integer",
    "probability",
    "seed",
    "unsupported",
]

# Sizes above this cannot be a layer anyone means to build; the limit keeps every product of two sizes exact.
LARGEST_SIZE = 2**31 - 1


def describe(value: object) -> str:
    """A value as a message shows it: shortened, with its type."""
    text = repr(value)
    if len(text) > 80:
        text = text[:77] + "..."
    return f"{text} (of type {type(value).__name__})"


def _as_integer(value: object) -> int | None:
    """The integer a value is, or None: NumPy integers count, booleans and floats do not."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def integer(
    value: object, name: str, owner: str, *, low: int | None = None, high: int | None = LARGEST_SIZE
) -> int:
    """Return `value` as an int in `[low, high]`.

    Args:
        value: What was typed.
        name: The argument's name.
        owner: The class or function whose argument it is.
        low: Smallest value allowed, or None.
        high: Largest value allowed, or None.

    Returns:
        The value as a Python int.

    Raises:
        ValueError: If the value is no integer (booleans are none) or out of range.
    """
    number_ = _as_integer(value)
    expected = "an integer"
    if low is not None and low == 1:
        expected = "a positive integer"
    elif low is not None and low == 0:
        expected = "an integer of at least 0"
    elif low is not None:
        expected = f"an integer of at least {low}"
    if number_ is None or (low is not None and number_ < low):
        raise ValueError(
            f"{owner}: expected `{name}` to be {expected}. Received: {name}={describe(value)}. "
            f"Pass {'one such as ' + name + '=' + str(max(low or 1, 1))}."
        )
    if high is not None and number_ > high:
        raise ValueError(
            f"{owner}: expected `{name}` to be {expected} of at most {high}. "
            f"Received: {name}={describe(value)}. Pass a smaller number."
        )
    return number_


def positive_integer(value: object, name: str, owner: str) -> int:
    """Return `value` as an int of at least 1, or raise ValueError."""
    return integer(value, name, owner, low=1)


def integers(value: object, count: int, name: str, owner: str, *, low: int | None = 1) -> tuple[int, ...]:
    """Return `count` integers: one integer stands for all of them.

    Args:
        value: An integer, or a sequence of `count` integers.
        count: How many are wanted.
        name: The argument's name.
        owner: The class or function whose argument it is.
        low: Smallest value allowed for each, or None.

    Returns:
        A tuple of `count` ints.

    Raises:
        ValueError: If the value is neither, or an entry is out of range.
    """
    single = _as_integer(value)
    if single is not None:
        return (integer(value, name, owner, low=low),) * count
    at_least = "" if low is None else f" of at least {low}"
    several = "" if count == 1 else "s"
    message = (
        f"{owner}: expected `{name}` to be an integer or a tuple of {count} integer{several}{at_least}. "
        f"Received: {name}={describe(value)}. Pass one integer, or one for each dimension."
    )
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        if not hasattr(value, "tolist"):
            raise ValueError(message)
        value = value.tolist()
        if not isinstance(value, list):
            raise ValueError(message)
    entries = [_as_integer(entry) for entry in value]
    if len(entries) != count or any(
        entry is None or (low is not None and entry < low) or entry > LARGEST_SIZE for entry in entries
    ):
        raise ValueError(message)
    return tuple(entry for entry in entries if entry is not None)


def integer_or_integers(value: object, name: str, owner: str) -> int | list[int]:
    """Return an axis (an int) or a list of axes; ValueError for anything else."""
    single = _as_integer(value)
    if single is not None:
        return single
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        entries = [_as_integer(entry) for entry in value]
        if all(entry is not None for entry in entries):
            return [entry for entry in entries if entry is not None]
    raise ValueError(
        f"{owner}: expected `{name}` to be an integer or a list of integers. "
        f"Received: {name}={describe(value)}. Pass an axis such as {name}=-1."
    )


def number(
    value: object,
    name: str,
    owner: str,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """Return `value` as a finite float in the range asked for.

    Args:
        value: What was typed.
        name: The argument's name.
        owner: The class or function whose argument it is.
        low: Smallest value allowed, or None.
        high: Largest value allowed, or None.
        above: The value must be greater than this, or None.
        below: The value must be less than this, or None.

    Returns:
        The value as a Python float.

    Raises:
        ValueError: If the value is no finite number (booleans are none) or out of range.
    """
    bounds = []
    if low is not None:
        bounds.append(f">= {low:g}")
    if above is not None:
        bounds.append(f"> {above:g}")
    if high is not None:
        bounds.append(f"<= {high:g}")
    if below is not None:
        bounds.append(f"< {below:g}")
    expected = "a finite number" + (" " + " and ".join(bounds) if bounds else "")
    result = _as_float(value)
    if (
        result is None
        or not math.isfinite(result)
        or (low is not None and result < low)
        or (high is not None and result > high)
        or (above is not None and result <= above)
        or (below is not None and result >= below)
    ):
        raise ValueError(
            f"{owner}: expected `{name}` to be {expected}. Received: {name}={describe(value)}. "
            f"Pass a number in that range."
        )
    return result


def _as_float(value: object) -> float | None:
    if isinstance(value, (str, bytes, bool)) or value is None:
        return None
    if getattr(value, "shape", ()) != ():
        return None
    if getattr(getattr(value, "dtype", None), "kind", "f") not in "fiu":
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def probability(value: object, name: str, owner: str) -> float:
    """Return `value` as a float in [0, 1], or raise ValueError."""
    return number(value, name, owner, low=0.0, high=1.0)


def boolean(value: object, name: str, owner: str) -> bool:
    """Return `value` as a bool; True, False and NumPy's booleans count, other values do not."""
    if isinstance(value, bool):
        return value
    if type(value).__name__ in ("bool_", "bool") or _as_integer(value) in (0, 1):
        return bool(value)
    raise ValueError(
        f"{owner}: expected `{name}` to be True or False. Received: {name}={describe(value)}. Pass a bool."
    )


def choice(value: object, allowed: Sequence[str], name: str, owner: str) -> str:
    """Return `value`, in lower case, if it is one of the words allowed; ValueError otherwise."""
    word = value.lower() if isinstance(value, str) else value
    if isinstance(word, str) and word in allowed:
        return word
    words = ", ".join(repr(entry) for entry in allowed)
    raise ValueError(
        f"{owner}: Invalid `{name}` argument: expected `{name}` to be one of {words}. "
        f"Received: {name}={describe(value)}. Pass one of these words."
    )


def data_format(value: object, owner: str) -> str:
    """Return "channels_last" or "channels_first"; None means the configured default."""
    if value is None:
        from oxhorn.config import image_data_format

        value = image_data_format()
    return choice(value, ("channels_last", "channels_first"), "data_format", owner)


def seed(value: Any, owner: str) -> Any:
    """Return a seed that is None, an int or a SeedGenerator; ValueError for anything else."""
    from oxhorn.engine.seed_generator import SeedGenerator

    if value is None or isinstance(value, SeedGenerator):
        return value
    if _as_integer(value) is None:
        raise ValueError(
            f"{owner}: expected `seed` to be None, an integer or a `keras.random.SeedGenerator`. "
            f"Received: seed={describe(value)}. Pass an integer such as seed=42."
        )
    return integer(value, "seed", owner, low=0, high=2**63 - 1)


def unsupported(owner: str, **values: object) -> None:
    """Raise ValueError for each argument that is known but not supported, unless it is None."""
    for name, value in values.items():
        if value is not None:
            raise ValueError(
                f"{owner}: `{name}` is not supported. Received: {name}={describe(value)}. Leave it out."
            )
