"""RandomColorDegeneration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import value_range_of

__all__ = ["RandomColorDegeneration"]


class RandomColorDegeneration(ColorLayer):
    """Mix images with their own grey picture in training.

    `y = x + u (grey(x) - x)`, `u ~ U(factor)` for each image

    Args:
        factor: Two numbers in [-1, 1], or one number f for (-f, f): pass (0, f) to make colours only paler. At 0 images
            stay, at 1 they become grey, at -1 colours are twice as strong.
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
    >>> layer = keras.layers.RandomColorDegeneration((1, 1))
    >>> layer(np.array([[[100.0, 0.0, 0.0]]]), training=True).numpy().round(2).tolist()
    [[[29.889999389648438, 29.889999389648438, 29.889999389648438]]]
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
        self.value_range = value_range_of(value_range, "RandomColorDegeneration")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw how grey each image becomes."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        return {"factor": self._uniform((count, 1, 1, 1), self.factor, self._seed_of(seed))}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        factor = ops.cast(transformation["factor"], images.dtype)
        return ops.clip(images + factor * (grey - images), *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **own}
