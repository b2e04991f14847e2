"""RandomTranslation."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.affine_layer import AffineLayer, affine_rows
from oxhorn.layers.preprocessing.image.ranges import factor_range

__all__ = ["RandomTranslation"]


class RandomTranslation(AffineLayer):
    """Move images up or down, left or right in training.

    `y[i, j] = x[i - u height, j - v width]`, `u ~ U(height_factor)` and `v ~ U(width_factor)` for each image

    Args:
        height_factor: Two numbers in [-1, 1], or one number f for (-f, f). Positive numbers move images down.
        width_factor: Likewise. Positive numbers move images to the right.
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
    >>> layer = keras.layers.RandomTranslation(0, (0.25, 0.25), fill_mode="constant")
    >>> layer(np.array([[[1.0], [2.0], [3.0], [4.0]]]), training=True).numpy().ravel().tolist()
    [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height_factor = height_factor
        self.height_lower, self.height_upper = _bounds(height_factor, "height_factor")
        self.width_factor = width_factor
        self.width_lower, self.width_upper = _bounds(width_factor, "width_factor")
        self._set_filling(fill_mode, interpolation, fill_value)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw how far each image moves, in pixels: to the right, and down."""
        count, height, width = self._sizes(data)
        if not training:
            return None
        seed = self._seed_of(seed)
        down = self._uniform((count, 1), (self.height_lower, self.height_upper), seed)
        across = self._uniform((count, 1), (self.width_lower, self.width_upper), seed)
        moves = [across * ops.cast(width, across.dtype), down * ops.cast(height, down.dtype)]
        return {"translations": ops.concatenate(moves, axis=1), "input_shape": self._shape_of_images(data)}

    def _matrix(self, transformation: Any, height: Any, width: Any) -> Any:
        moves = ops.cast(transformation["translations"], self._float_dtype_of_draws)
        return affine_rows(1.0, 0.0, -moves[:, 0], 0.0, 1.0, -moves[:, 1])

    def _moved(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        moves = ops.cast(transformation["translations"], boxes.dtype)
        moves = ops.concatenate([moves, moves], axis=-1)
        return boxes + (ops.expand_dims(moves, 1) if len(boxes.shape) == 3 else moves)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "height_factor": self.height_factor,
            "width_factor": self.width_factor,
            "fill_mode": self.fill_mode,
            "interpolation": self.interpolation,
            "seed": self.seed,
            "fill_value": self.fill_value,
            "data_format": self.data_format,
        }
        return {**super().get_config(), **own}


def _bounds(factor: Any, name: str) -> tuple[float, float]:
    return factor_range(factor, name, "RandomTranslation", (-1.0, 1.0))
