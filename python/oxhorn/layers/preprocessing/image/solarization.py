"""Solarization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.color_layer import ColorLayer
from oxhorn.layers.preprocessing.image.ranges import factor_range, rescaled, value_range_of

__all__ = ["Solarization"]


class Solarization(ColorLayer):
    """Turn the bright parts of images into their negative in training.

    `z = min(max(x + a, 0), 255)`, `y = z` where `z < t`, else `255 - z`; a and t are drawn for each image

    Args:
        addition_factor: Two numbers in [0, 1], or one number f for (0, f): a is 255 times a number from there.
            Defaults to 0.
        threshold_factor: Likewise for t. Defaults to 0: all values are turned.
        value_range: (low, high) of the pixels. Defaults to (0, 255). They are brought into [0, 255], and back.
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
    >>> layer = keras.layers.Solarization(threshold_factor=(0.5, 0.5))
    >>> layer(np.array([[[10, 200, 255]]], "uint8"), training=True).numpy().tolist()
    [[[10.0, 55.0, 0.0]]]
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set_seed(seed)
        self.addition_factor = self._part(addition_factor, "addition_factor")
        self.threshold_factor = self._part(threshold_factor, "threshold_factor")
        self.value_range = value_range_of(value_range, "Solarization")

    @staticmethod
    def _part(factor: Any, name: str) -> tuple[float, float]:
        return factor_range(factor, name, "Solarization", (0, 1), mirrored=False)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw a and t for each image."""
        shape = (*self._shape_of_images(data)[:-3], 1, 1, 1)
        if not training:
            return None
        seed = self._seed_of(seed)
        drawn = [
            self._uniform(shape, (low * 255.0, high * 255.0), seed)
            for low, high in (self.addition_factor, self.threshold_factor)
        ]
        return {"additions": drawn[0], "thresholds": drawn[1]}

    def _recolored(self, images: Any, transformation: Any) -> Any:
        additions, thresholds = (
            ops.cast(transformation[k], images.dtype) for k in ("additions", "thresholds")
        )
        images = ops.clip(rescaled(images, self.value_range, (0, 255)) + additions, 0, 255)
        images = ops.where(ops.less(images, thresholds), images, 255.0 - images)
        return rescaled(images, (0, 255), self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "value_range": self.value_range,
            "addition_factor": self.addition_factor,
            "threshold_factor": self.threshold_factor,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}
