"""Equalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.histograms import counts_of, rows_of_pixels
from oxhorn.layers.preprocessing.image.ranges import rescaled, value_range_of

__all__ = ["Equalization"]


class Equalization(ColorLayer):
    """Spread the values of each channel of an image in training, so that each occurs about as often as any other.

    `y = round((C(x) - C_min) 255 / (n - C_min))`, C(x) counts the pixels of the channel whose bin is that of x or a
    lower one, n is the number of its pixels, C_min that of its lowest bin

    Each image is spread by itself; a channel with a single bin stays as it is.

    Args:
        value_range: (low, high) of the pixels. Defaults to (0, 255). They are brought into [0, 255], and back.
        bins: How many bins there are. Defaults to 256.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: `bounding_box_format`, `name`, `dtype` and the other arguments of every layer.

    Call arguments:
        data: Images of rank 3 or 4, or a dict of images and what belongs to them.
        training: Whether to change anything. Defaults to True, and is False in `predict` and `evaluate`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`; channels come before with
        `data_format="channels_first"`.

    Output shape:
        The same.

    Returns:
        When called: what it was called with, changed; whole numbers have become floats.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.Equalization()
    >>> layer(np.array([[[10.0], [20.0], [30.0]]]), training=True).numpy().ravel().tolist()
    [0.0, 128.0, 255.0]
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.bins = arguments.integer(bins, "bins", "Equalization", low=2, high=2**16)
        self.value_range = value_range_of(value_range, "Equalization")

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Spread the values of a batch of images."""
        return super().transform_images(images, {}, training)

    def _recolored(self, images: Any, transformation: Any) -> Any:
        planes, rows = rows_of_pixels(rescaled(images, self.value_range, (0, 255)), self.channel_axis)
        bins = ops.clip(ops.cast(rows * ((self.bins - 1) / 255.0), "int32"), 0, self.bins - 1)
        counts = counts_of(bins, self.bins)
        up_to = ops.cumsum(counts, axis=-1)
        total = up_to[..., -1:]
        lowest = ops.min(ops.where(ops.greater(up_to, 0), up_to, total), axis=-1, keepdims=True)
        up_to, total, lowest = (ops.cast(x, images.dtype) for x in (up_to, total, lowest))
        varied = ops.greater(total, lowest)
        table = ops.round((up_to - lowest) * 255.0 / ops.where(varied, total - lowest, ops.ones_like(total)))
        spread = ops.take_along_axis(ops.clip(table, 0.0, 255.0), bins, axis=-1)
        spread = ops.reshape(ops.where(varied, spread, rows), ops.shape(planes))
        return rescaled(ops.moveaxis(spread, -3, self.channel_axis), (0, 255), self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "bins": self.bins, "value_range": self.value_range}
