"""Sequences with every step several times."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.core_layer import CoreLayer
from oxhorn.layers.reshaping.sides import times

__all__ = ["UpSampling1D"]


class UpSampling1D(CoreLayer):
    """Repeat every step of a sequence.

    `y[b, t] = x[b, floor(t / size)]`

    Args:
        size: How many times each step comes, a positive integer. Defaults to 2.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, steps, features)`.

    Output shape:
        `(batch, steps * size, features)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        TypeError: If the size is no integer.
        ValueError: If the size is below 1; when called, if the input has not three axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.UpSampling1D(3)(keras.Input(shape=(4, 3))).shape
    (None, 12, 3)
    """

    def __init__(
        self,
        size: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = times(size, "size", "UpSampling1D")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": self.size}
