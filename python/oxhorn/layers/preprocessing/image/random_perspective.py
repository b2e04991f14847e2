"""RandomPerspective."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.affine_layer import INTERPOLATIONS, followed, last_place
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer, per_image
from oxhorn.layers.preprocessing.image.ranges import choice_of, fill_of
from oxhorn.ops.image.warping import homography

__all__ = ["RandomPerspective"]


class RandomPerspective(BaseImagePreprocessingLayer):
    """Show some images from another side in training: their corners move.

    `y = ops.image.perspective_transform(x, p, p + p u)` with probability q, p the corners, `u ~ U(-scale / 2, scale /
    2)` for each number of them, `q ~ U(factor)` for each image

    Args:
        factor: Two numbers in [0, 1], or one number f for (0, f). Defaults to 1.0; (1, 1) changes every image.
        scale: How far corners move, in [0, 1]. Defaults to 1.0.
        interpolation: `"bilinear"` or `"nearest"`. Defaults to `"bilinear"`; masks always take the nearest value.
        fill_value: What lies outside of the images. Defaults to 0.0.
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
        NotImplementedError: For another word as `interpolation`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomPerspective((1, 1), scale=0.5)
    >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
    (2, 8, 8, 3)
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.scale = arguments.number(scale, "scale", "RandomPerspective", low=0.0, high=1.0)
        self.interpolation = choice_of(interpolation, "interpolation", "RandomPerspective", INTERPOLATIONS)
        self.fill_value = fill_of(fill_value, "RandomPerspective")
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are changed, and where their corners go."""
        count, height, width = self._sizes(data)
        if not training:
            return None
        seed, dtype = self._seed_of(seed), self._float_dtype_of_draws
        chosen = self._chosen(count, seed)
        moves = self._uniform((count, 4, 2), (-0.5 * self.scale, 0.5 * self.scale), seed)
        right, bottom = (ops.convert_to_tensor(last_place(size, dtype)) for size in (width, height))
        zero = ops.zeros_like(right)
        corners = ops.stack([zero, zero, right, zero, zero, bottom, right, bottom])
        start = ops.reshape(corners, (1, 4, 2)) + ops.zeros_like(moves)
        return {
            "apply_perspective": chosen,
            "start_points": start,
            "end_points": start + start * moves,
            "input_shape": self._shape_of_images(data),
        }

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        batch = images if self._is_batched(images) else ops.expand_dims(images, 0)
        moved = ops.image.perspective_transform(
            batch,
            transformation["start_points"],
            transformation["end_points"],
            interpolation=interpolation,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )
        # Four corners on one line, as those of a single row, fix no map: such an image stays.
        chosen = ops.logical_and(per_image(transformation["apply_perspective"]), ops.isfinite(moved))
        moved = ops.where(chosen, moved, batch)
        return moved if batch is images else ops.squeeze(moved, 0)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """The upright boxes around the moved ones."""
        if not training or transformation is None:
            return bounding_boxes
        size = tuple(transformation["input_shape"][axis] for axis in (self.height_axis, self.width_axis))

        def move(boxes: Any) -> Any:
            chosen = ops.reshape(ops.convert_to_tensor(transformation["apply_perspective"]), (-1, 1, 1))
            moved = _around(boxes, transformation)
            return ops.where(ops.logical_and(chosen, ops.isfinite(moved)), moved, boxes)

        dtype = self._float_dtype_of_draws
        return followed(bounding_boxes, self.bounding_box_format, size, move, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "factor": self.factor,
            "scale": self.scale,
            "interpolation": self.interpolation,
            "fill_value": self.fill_value,
            "seed": self.seed,
        }
        return {**super().get_config(), **own}


def _around(boxes: Any, transformation: Any) -> Any:
    """The smallest upright boxes around boxes "xyxy" whose corners have moved with their images."""
    ends = (ops.cast(transformation[name], "float64") for name in ("end_points", "start_points"))
    matrix = ops.cast(homography(*ends), boxes.dtype)
    a0, a1, a2, b0, b1, b2, c0, c1 = (ops.reshape(matrix[:, i], (-1, 1, 1)) for i in range(8))
    x1, y1, x2, y2 = ops.split(boxes, 4, axis=-1)
    x = ops.concatenate([x1, x2, x1, x2], axis=-1)
    y = ops.concatenate([y1, y2, y2, y1], axis=-1)
    k = c0 * x + c1 * y + 1.0
    x, y = (a0 * x + a1 * y + a2) / k, (b0 * x + b1 * y + b2) / k
    return ops.stack([ops.min(x, -1), ops.min(y, -1), ops.max(x, -1), ops.max(y, -1)], axis=-1)
