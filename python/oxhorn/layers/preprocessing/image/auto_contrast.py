"""AutoContrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import value_range_of

__all__ = ["AutoContrast"]


class AutoContrast(ColorLayer):
    """Stretch each channel of an image over the whole range of values, in training and inference alike.

    `y = (x - min x) / (max x - min x) (high - low) + low`; a channel of one value stays as it is

    Args:
        value_range: (low, high) of the pixels. Defaults to (0, 255).
        **kwargs: `data_format`, `bounding_box_format`, `name`, `dtype` and the other arguments of every layer.

    Call arguments:
        data: Images of rank 3 or 4, or a dict of images and what belongs to them.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`; channels come before with
        `data_format="channels_first"`.

    Output shape:
        The same.

    Returns:
        When called: what it was called with, changed; whole numbers have become floats.

    Raises:
        ValueError: If `value_range` is not two numbers.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.AutoContrast()(np.array([[[50], [100], [75]]], "uint8")).numpy().ravel().tolist()
    [0.0, 255.0, 127.5]
    """

    _USE_BASE_FACTOR = False
    _ALWAYS = True

    def __init__(self, value_range: Sequence[float] = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = value_range_of(value_range, "AutoContrast")

    def _recolored(self, images: Any, transformation: Any) -> Any:
        axes = (self.height_axis, self.width_axis)
        least, most = ops.min(images, axis=axes, keepdims=True), ops.max(images, axis=axes, keepdims=True)
        low, high = self.value_range
        varied = ops.greater(most, least)
        extent = ops.where(varied, most - least, ops.ones_like(most))
        stretched = ops.clip((images - least) / extent * (high - low) + low, low, high)
        return ops.where(varied, stretched, images)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "value_range": self.value_range}
