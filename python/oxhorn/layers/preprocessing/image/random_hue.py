"""RandomHue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.base import per_image
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import rescaled, value_range_of

__all__ = ["RandomHue"]


class RandomHue(ColorLayer):
    """Turn the colours of images around the colour wheel in training.

    `hue -> (hue + s u / 2) mod 1`, `u ~ U(factor)` and a sign s for each image

    Args:
        factor: Two numbers in [0, 1], or one number f for (0, f). At 1 a colour may become any other.
        value_range: (low, high) of the pixels. Defaults to (0, 255).
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
    >>> layer = keras.layers.RandomHue((1, 1))  # half a turn: red becomes cyan
    >>> layer(np.array([[[255.0, 0.0, 0.0]]]), training=True).numpy().round(2).tolist()
    [[[0.0, 255.0, 255.0]]]
    """

    _FACTOR_BOUNDS = (0, 1)

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
        self.value_range = value_range_of(value_range, "RandomHue")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the part of a turn for each image."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        sign = ops.where(ops.greater(self._uniform((count,), (0.0, 1.0), seed), 0.5), -0.5, 0.5)
        return {
            "factor": ops.cast(sign, self._float_dtype_of_draws) * self._uniform((count,), self.factor, seed)
        }

    def _recolored(self, images: Any, transformation: Any) -> Any:
        images = ops.image.rgb_to_hsv(
            rescaled(images, self.value_range, (0, 1)), data_format=self.data_format
        )
        turn = per_image(ops.cast(transformation["factor"], images.dtype))
        hue, saturation, value = ops.split(images, 3, axis=self.channel_axis)
        hue = hue + turn
        hue = ops.where(ops.greater(hue, 1.0), hue - 1.0, hue)
        hue = ops.where(ops.less(hue, 0.0), hue + 1.0, hue)
        images = ops.concatenate([hue, saturation, value], axis=self.channel_axis)
        images = ops.clip(ops.image.hsv_to_rgb(images, data_format=self.data_format), 0.0, 1.0)
        return rescaled(images, (0, 1), self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **own}
