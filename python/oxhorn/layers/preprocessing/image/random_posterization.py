"""RandomPosterization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops, random
from oxhorn.layers.preprocessing.image.base import per_image
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import rescaled, value_range_of

__all__ = ["RandomPosterization"]


class RandomPosterization(ColorLayer):
    """Leave only the first bits of each value in training, so that few shades remain.

    `y = floor(x / 2^(8 - b)) 2^(8 - b)` for bytes x, b bits drawn for each image

    Args:
        factor: Whole numbers (lower, upper) from 1 to 8: b is drawn from lower to upper - 1, or is lower if both are
            equal. One number f stands for (1, f).
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
    >>> layer = keras.layers.RandomPosterization((1, 1))
    >>> layer(np.array([[[128.0, 235.0, 87.0]]]), training=True).numpy().tolist()
    [[[128.0, 128.0, 0.0]]]
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (1, 8)

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
        for bits in self.factor:
            arguments.integer(bits, "factor", "RandomPosterization", low=1, high=8)
        self.value_range = value_range_of(value_range, "RandomPosterization")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw how many bits each image loses."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        lower, upper = self.factor
        if lower == upper:
            bits = lower * ops.ones((count,), "int32")
        else:
            bits = random.randint((count,), lower, upper, seed=self._seed_of(seed))
        return {"shift_factor": 8 - bits}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        images = ops.floor(ops.clip(rescaled(images, self.value_range, (0, 255)), 0, 255))
        shift = ops.cast(transformation["shift_factor"], "int32")
        step = per_image(ops.cast(ops.left_shift(ops.ones_like(shift), shift), images.dtype))
        return rescaled(ops.floor(images / step) * step, (0, 255), self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **own}
