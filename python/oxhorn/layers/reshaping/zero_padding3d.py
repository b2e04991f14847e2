"""Zeros around a volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer
from oxhorn.layers.reshaping.sides import sides

__all__ = ["ZeroPadding3D"]


class ZeroPadding3D(CoreLayer):
    """Add planes of zeros around each volume.

    `y[b, i, j, k] = x[b, i - front, j - top, k - left]` inside, 0 outside

    Args:
        padding: A number for all six sides, three numbers each for both sides of an axis, or
            `((front, back), (top, bottom), (left, right))`. Defaults to ((1, 1), (1, 1), (1, 1)).
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or with the channels second with channels first.

    Output shape:
        The same with more depth, rows and columns.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If a number is negative or the form is another; when called, if the input has not five axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.ZeroPadding3D((1, 2, 0))(keras.Input(shape=(4, 5, 6, 3))).shape
    (None, 6, 9, 6, 3)
    """

    def __init__(
        self,
        padding: int | Sequence[int] | Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.padding = sides(padding, 3, "padding", "ZeroPadding3D")
        self.data_format = arguments.data_format(data_format, "ZeroPadding3D")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}
