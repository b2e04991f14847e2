"""Repeating a vector."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.core_layer import CoreLayer
from oxhorn.layers.reshaping.sides import times

__all__ = ["RepeatVector"]


class RepeatVector(CoreLayer):
    """Repeat each vector, as so many steps of a sequence.

    `y[b, t] = x[b]` for `t = 0, ..., n - 1`

    Args:
        n: How often, a positive integer.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, features)`.

    Output shape:
        `(batch, n, features)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        TypeError: If `n` is no integer.
        ValueError: If `n` is below 1; when called, if the input has not two axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.RepeatVector(3)(keras.Input(shape=(32,))).shape
    (None, 3, 32)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = times(n, "n", "RepeatVector")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "n": self.n}
