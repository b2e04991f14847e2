"""Volumes made larger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["UpSampling3D"]


class UpSampling3D(CoreLayer):
    """Make a volume larger by whole numbers.

    `y[b, i, j, k, c] = x[b, floor(i / depth), floor(j / rows), floor(k / columns), c]`

    Args:
        size: How many times larger on each axis: one positive integer for all, or three. Defaults to (2, 2, 2).
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or with the channels second with channels first.

    Output shape:
        The same with `size` times as many depth, rows and columns.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range or a name is unknown; when called, if the input has another number
            of axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.UpSampling3D(2)(keras.Input(shape=(8, 9, 7, 3))).shape
    (None, 16, 18, 14, 3)
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2, 2),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = arguments.integers(size, 3, "size", "UpSampling3D")
        self.data_format = arguments.data_format(data_format, "UpSampling3D")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}
