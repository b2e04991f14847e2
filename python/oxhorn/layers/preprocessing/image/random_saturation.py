"""RandomSaturation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.config import epsilon
from oxhorn.layers.preprocessing.image.base import per_image
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import value_range_of

__all__ = ["RandomSaturation"]


class RandomSaturation(ColorLayer):
    """Make the colours of images paler or stronger in training.

    `saturation -> min(saturation u / (1 - u), high)`, `u ~ U(factor)` for each image

    Args:
        factor: Two numbers in [-1, 1], or one number f for (-f, f): pass two to choose. At 0 and below images become
            grey, at 0.5 they stay, at 1 colours are as strong as can be.
        value_range: (low, high): the saturation, as `ops.image.rgb_to_hsv` finds it, is cut off there. Defaults to
            (0, 255); pass (0, 1) for images in [0, 1].
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
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
    >>> layer = keras.layers.RandomSaturation((0, 0), value_range=(0, 1))
    >>> layer(np.array([[[1.0, 0.5, 0.0]]]), training=True).numpy().tolist()
    [[[1.0, 1.0, 1.0]]]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_range_of(value_range, "RandomSaturation")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw what the saturation of each image is multiplied by."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        factor = self._uniform((count,), self.factor, self._seed_of(seed))
        return {"factor": factor / (1.0 - factor + epsilon())}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        images = ops.image.rgb_to_hsv(images, data_format=self.data_format)
        hue, saturation, value = ops.split(images, 3, axis=self.channel_axis)
        factor = per_image(ops.cast(transformation["factor"], images.dtype))
        saturation = ops.clip(saturation * factor, *self.value_range)
        images = ops.concatenate([hue, saturation, value], axis=self.channel_axis)
        return ops.image.hsv_to_rgb(images, data_format=self.data_format)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **own}
