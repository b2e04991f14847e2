"""Models made from configs that nobody has checked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from oxhorn.engine import allowance


@contextlib.contextmanager
def making_a_model(label: str, stored: int | None = None) -> Iterator[None]:
    """Inside, what a config asks for is limited, and what classes make of nonsense becomes a `ValueError`.

    Args:
        label: The file, for errors.
        stored: The bytes of the weights in it; `None` where there are none, so that memory is not limited.

    Raises:
        ValueError: If the config asks for too much, or has numbers and types that a class does not expect.
    """
    try:
        with allowance.of(stored, label):
            yield
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError) as error:
        raise ValueError(
            f"{label}: the model could not be made from its config: {type(error).__name__}: {error}"
        ) from error
