"""RandomContrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import value_range_of

__all__ = ["RandomContrast"]


class RandomContrast(ColorLayer):
    """Make the contrast of images larger or smaller in training.

    `y = min(max((x - m) c + m, low), high)`, `c ~ U(1 - lower, 1 + upper)` for each image, m the mean of a channel

    Args:
        factor: (lower, upper) in [0, 1]. One number f stands for (0, f): pass (f, f) to make the contrast smaller too.
        value_range: (low, high) of the pixels. Defaults to (0, 255).
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        **kwargs: `data_format`, `bounding_box_format`, `name`, `dtype` and the other arguments of every layer.

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
    >>> layer = keras.layers.RandomContrast((0.5, 0.5), seed=1)
    >>> y = layer(np.array([[[100.0], [200.0]]]), training=True).numpy()
    >>> float(y.mean()), bool(25 <= y[0, 1, 0] - 150 <= 75)
    (150.0, True)
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any, value_range: Sequence[float] = (0, 255), seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._set_factor(factor)
        self.value_range = value_range_of(value_range, "RandomContrast")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw how much larger the contrast of each image becomes."""
        shape = (*self._shape_of_images(data)[:-3], 1, 1, 1)
        if not training:
            return None
        lower, upper = self.factor
        return {"contrast_factor": self._uniform(shape, (1.0 - lower, 1.0 + upper), self._seed_of(seed))}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        mean = ops.mean(images, axis=(self.height_axis, self.width_axis), keepdims=True)
        factor = ops.cast(transformation["contrast_factor"], images.dtype)
        return ops.clip((images - mean) * factor + mean, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **own}
