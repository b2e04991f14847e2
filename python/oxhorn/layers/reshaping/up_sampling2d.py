"""Images made larger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["UpSampling2D"]

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


class UpSampling2D(CoreLayer):
    """Make an image larger by whole numbers.

    `y[b, i, j, c] = x[b, floor(i / rows), floor(j / columns), c]`, or with what lies between the pixels

    Args:
        size: How many times larger on each axis: one positive integer for both, or a pair. Defaults to (2, 2).
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5". Defaults to "nearest".
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, rows, columns, channels)`, or with the channels second with channels first.

    Output shape:
        The same with `size` times as many rows and columns.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range or a name is unknown; when called, if the input has another number
            of axes.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.UpSampling2D((2, 3))(keras.Input(shape=(8, 9, 3))).shape
    (None, 16, 27, 3)
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = arguments.integers(size, 2, "size", "UpSampling2D")
        self.data_format = arguments.data_format(data_format, "UpSampling2D")
        self.interpolation = arguments.choice(interpolation, INTERPOLATIONS, "interpolation", "UpSampling2D")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "size": self.size,
            "data_format": self.data_format,
            "interpolation": self.interpolation,
        }
