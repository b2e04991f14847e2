"""RandomRotation."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.affine_layer import AffineLayer, affine_rows, last_place
from oxhorn.utils import bounding_boxes as boxes_of

__all__ = ["RandomRotation"]


class RandomRotation(AffineLayer):
    """Turn images around their middle in training.

    `(x, y) -> c + R(t) ((x, y) - c)` from the places of the result to those of the image, `t ~ 2 pi U(factor)` for each

    Args:
        factor: Two numbers in [-1, 1], parts of a full turn, or one number f for (-f, f). Positive numbers turn
            against the clock.
        fill_mode: What lies outside of the images: `"reflect"`, `"wrap"`, `"constant"` or `"nearest"`, as in
            `ops.image.affine_transform`. Defaults to `"reflect"`.
        interpolation: `"bilinear"` or `"nearest"`. Defaults to `"bilinear"`; masks always take the nearest value.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        fill_value: The number for `"constant"`. Defaults to 0.0.
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
        NotImplementedError: For another word as `fill_mode` or `interpolation`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomRotation((0.5, 0.5))
    >>> layer(np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), training=True).numpy().round(3).ravel().tolist()
    [4.0, 3.0, 2.0, 1.0]
    """

    _USE_BASE_FACTOR = True

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, data_format=data_format, **kwargs)
        self._set_seed(seed)
        self._set_filling(fill_mode, interpolation, fill_value)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the angle of each image, in degrees."""
        count, height, width = self._sizes(data)
        if not training:
            return None
        angle = self._uniform((count,), (self.factor[0] * 360.0, self.factor[1] * 360.0), self._seed_of(seed))
        return {
            "angle": angle,
            "rotation_matrix": _rotation(angle, height, width),
            "image_height": height,
            "image_width": width,
            "batch_size": count,
            "input_shape": self._shape_of_images(data),
        }

    def _matrix(self, transformation: Any, height: Any, width: Any) -> Any:
        return transformation["rotation_matrix"]

    def _moved(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        angle = transformation["angle"]
        zero = ops.zeros_like(angle)
        return boxes_of.affine_transform(boxes, angle, zero, zero, zero + 1.0, zero, zero, height, width)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "factor": self.factor,
            "data_format": self.data_format,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "interpolation": self.interpolation,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}


def _rotation(angle: Any, height: Any, width: Any) -> Any:
    """The map that turns around the middle."""
    turn = angle * (math.pi / 180.0)
    x, y = (last_place(size, angle.dtype) / 2.0 for size in (width, height))
    cos, sin = ops.cos(turn), ops.sin(turn)
    return affine_rows(cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos)
