"""RandomInvert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.base import per_image
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import value_range_of

__all__ = ["RandomInvert"]


class RandomInvert(ColorLayer):
    """Turn some images into their negative in training.

    `y = high - x` with probability p, `p ~ U(factor)` for each image

    Args:
        factor: Two numbers in [0, 1], or one number f for (0, f). Defaults to 1.0; (1, 1) inverts every image.
        value_range: (low, high) of the pixels. Defaults to (0, 255).
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
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
    >>> layer = keras.layers.RandomInvert((1, 1))
    >>> layer(np.array([[[0.0, 255.0, 100.0]]]), training=True).numpy().tolist()
    [[[255.0, 0.0, 155.0]]]
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_range_of(value_range, "RandomInvert")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are inverted."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        return {"apply_inversion": self._chosen(count, self._seed_of(seed))}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        return ops.where(per_image(transformation["apply_inversion"]), self.value_range[1] - images, images)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **own}
