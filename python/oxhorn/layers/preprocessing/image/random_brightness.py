"""RandomBrightness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import value_range_of

__all__ = ["RandomBrightness"]


class RandomBrightness(ColorLayer):
    """Make images brighter or darker in training.

    `y = min(max(x + u (high - low), low), high)`, `u ~ U(factor)` for each image

    Args:
        factor: Two numbers in [-1, 1], or one number f for (-f, f). At -1 images become black, at 1 white.
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
    >>> layer = keras.layers.RandomBrightness((0.1, 0.1))
    >>> layer(np.full((2, 2, 1), 100, "uint8"), training=True).numpy().ravel().tolist()
    [125.5, 125.5, 125.5, 125.5]
    """

    def __init__(
        self, factor: Any, value_range: Sequence[float] = (0, 255), seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(factor=factor, **kwargs)
        self._set_seed(seed)
        self.value_range = value_range_of(value_range, "RandomBrightness")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw how much brighter each image becomes."""
        shape = (*self._shape_of_images(data)[:-3], 1, 1, 1)
        if not training:
            return None
        delta = self._uniform(shape, self.factor, self._seed_of(seed))
        return {"rgb_delta": delta * (self.value_range[1] - self.value_range[0])}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        return ops.clip(images + ops.cast(transformation["rgb_delta"], images.dtype), *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **own}
