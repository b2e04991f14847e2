"""RandomShear."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.affine_layer import AffineLayer, affine_rows
from oxhorn.layers.preprocessing.image.ranges import factor_range
from oxhorn.utils import bounding_boxes as boxes_of

__all__ = ["RandomShear"]


class RandomShear(AffineLayer):
    """Shear images in training: rows slide along each other, and columns.

    `y[i, j] = x[i + s v j, j + s u i]`, `u ~ U(x_factor)`, `v ~ U(y_factor)` and a sign s for each image

    Args:
        x_factor: Two numbers in [0, 1], or one number f for (-f, f). Defaults to 0.0.
        y_factor: Likewise.
        interpolation: `"bilinear"` or `"nearest"`. Defaults to `"bilinear"`; masks always take the nearest value.
        fill_mode: What lies outside of the images: `"reflect"`, `"wrap"`, `"constant"` or `"nearest"`, as in
            `ops.image.affine_transform`. Defaults to `"reflect"`.
        fill_value: The number for `"constant"`. Defaults to 0.0.
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
        NotImplementedError: For another word as `fill_mode` or `interpolation`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomShear(x_factor=0.2, y_factor=0.2)
    >>> layer(np.ones((2, 8, 8, 3)), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.x_factor = _bounds(x_factor, "x_factor")
        self.y_factor = _bounds(y_factor, "y_factor")
        self._set_filling(fill_mode, interpolation, fill_value)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw how far the rows and the columns of each image slide."""
        count, _, _ = self._sizes(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        sign = self._uniform((count, 1), (0.0, 1.0), seed)
        sign = ops.where(ops.greater(sign, 0.5), -ops.ones_like(sign), ops.ones_like(sign))
        down = self._uniform((count, 1), self.y_factor, seed)
        across = self._uniform((count, 1), self.x_factor, seed)
        factor = ops.concatenate([across, down], axis=1) * sign
        return {"shear_factor": factor, "input_shape": self._shape_of_images(data)}

    def _matrix(self, transformation: Any, height: Any, width: Any) -> Any:
        factor = ops.cast(transformation["shear_factor"], self._float_dtype_of_draws)
        return affine_rows(1.0, factor[:, 0], 0.0, factor[:, 1], 1.0, 0.0)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """The upright boxes around the sheared ones, in parts of the image's sizes."""
        if not training or transformation is None:
            return bounding_boxes
        height, width = (transformation["input_shape"][axis] for axis in (self.height_axis, self.width_axis))
        source, dtype = self.bounding_box_format, self._float_dtype_of_draws
        result = boxes_of.convert_format(bounding_boxes, source, "rel_xyxy", height, width, dtype)
        result["boxes"] = self._sheared(result["boxes"], ops.cast(transformation["shear_factor"], dtype))
        result = boxes_of.clip_to_image_size(result, bounding_box_format="rel_xyxy")
        return boxes_of.convert_format(result, "rel_xyxy", source, height, width, dtype)

    def _sheared(self, boxes: Any, factor: Any) -> Any:
        across, down = factor[:, :1], factor[:, 1:]
        x1, y1, x2, y2 = (boxes[..., i] for i in range(4))
        left, right = ops.less(across, 0.0), ops.greater(down, 0.0)
        x1, x2 = (
            ops.where(left, x1 - across * y1, x1 - across * y2),
            ops.where(left, x2 - across * y2, x2 - across * y1),
        )
        y1, y2 = (
            ops.where(right, y1 - down * x2, y1 - down * x1),
            ops.where(right, y2 - down * x1, y2 - down * x2),
        )
        return ops.stack([x1, y1, x2, y2], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "x_factor": self.x_factor,
            "y_factor": self.y_factor,
            "fill_mode": self.fill_mode,
            "interpolation": self.interpolation,
            "seed": self.seed,
            "fill_value": self.fill_value,
            "data_format": self.data_format,
        }
        return {**super().get_config(), **own}


def _bounds(factor: Any, name: str) -> tuple[float, float]:
    if isinstance(factor, (tuple, list)):
        # What a single number became is taken back from a config.
        return factor_range(factor, name, "RandomShear", (-1.0, 1.0))
    _, upper = factor_range(factor, name, "RandomShear", (0.0, 1.0))
    return -upper, upper
