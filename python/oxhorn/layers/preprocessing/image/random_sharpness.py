"""RandomSharpness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.base import per_image
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import value_range_of
from oxhorn.ops.image.filters import filtered
from oxhorn.ops.image.layout import channels_last, restored

__all__ = ["RandomSharpness"]


class RandomSharpness(ColorLayer):
    """Make images blurred or sharper in training.

    `y = x + (1 - 2 u) (s - x)`, `u ~ U(factor)` for each image, s the mean of a pixel (5 parts) and its neighbours (1
    each)

    Zeros lie around the images.

    Args:
        factor: Two numbers in [0, 1], or one number f for (0, f). At 0 images are blurred, at 0.5 they stay, at 1
            they are sharpened.
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
    >>> layer = keras.layers.RandomSharpness((0.5, 0.5))
    >>> bool((layer(np.ones((4, 4, 3)), training=True).numpy() == 1).all())
    True
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
        self.value_range = value_range_of(value_range, "RandomSharpness")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw how sharp each image becomes."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        return {"factor": self._uniform((count,), self.factor, self._seed_of(seed))}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        name = type(self).__name__
        ones = ops.ones((3,), images.dtype)
        around = filtered(channels_last(images, self.data_format, name), ones, ones, "same")
        around = restored(around, self.data_format, name, len(images.shape) == 3)
        # The sum of the 3 x 3 pixels around each, and the middle 4 times more: 13 parts.
        smooth = (around + 4.0 * images) / 13.0
        share = 1.0 - 2.0 * per_image(ops.cast(transformation["factor"], images.dtype))
        return ops.clip(images + share * (smooth - images), *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **own}
