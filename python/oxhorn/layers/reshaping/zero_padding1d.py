"""Zeros around a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["ZeroPadding1D"]


class ZeroPadding1D(CoreLayer):
    """Add zeros before and after each sequence.

    `y[b, t] = x[b, t - left]` inside, 0 outside

    Args:
        padding: A number of steps for both ends, or a pair `(left, right)`. Defaults to 1.
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, steps, features)`, or `(batch, features, steps)` with channels first.

    Output shape:
        The same with `left + steps + right` steps.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the padding is negative or no pair; when called, if the input has not three axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.ZeroPadding1D((1, 2))(keras.Input(shape=(4, 3))).shape
    (None, 7, 3)
    """

    def __init__(
        self, padding: int | Sequence[int] = 1, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.padding = arguments.integers(padding, 2, "padding", "ZeroPadding1D", low=0)
        self.data_format = arguments.data_format(data_format, "ZeroPadding1D")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}
