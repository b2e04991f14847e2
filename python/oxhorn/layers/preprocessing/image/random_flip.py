"""RandomFlip."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops, random
from oxhorn.layers.preprocessing.image.affine_layer import followed
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer

__all__ = ["RandomFlip"]


class RandomFlip(BaseImagePreprocessingLayer):
    """Mirror some images in training.

    `y[i, j] = x[i, w - 1 - j]` (horizontal), `x[h - 1 - i, j]` (vertical) or `x[h - 1 - i, w - 1 - j]` (both) with
    probability 1/2 for each image of height h and width w

    Args:
        mode: `"horizontal"`, `"vertical"` or `"horizontal_and_vertical"`, the default.
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
        ValueError: If the mode is none of these.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomFlip("horizontal", seed=1)
    >>> y = layer(np.tile([[[1.0], [2.0]]], (100, 1, 1, 1)), training=True).numpy()
    >>> sorted(set(map(tuple, y.reshape(100, 2).tolist())))
    [(1.0, 2.0), (2.0, 1.0)]
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_seed(seed)
        modes = ("horizontal", "vertical", "horizontal_and_vertical")
        self.mode = arguments.choice(mode, modes, "mode", "RandomFlip")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw which images are mirrored."""
        shape = self._shape_of_images(data)
        if not training:
            return None
        drawn = random.uniform(shape=(*shape[:-3], 1, 1, 1), seed=self._seed_of(seed))
        return {"flips": ops.less_equal(drawn, 0.5), "input_shape": shape}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        batch = images if self._is_batched(images) else ops.expand_dims(images, 0)
        axes = [self.width_axis] if self.mode == "horizontal" else [self.height_axis]
        if self.mode == "horizontal_and_vertical":
            axes = [self.height_axis, self.width_axis]
        result = ops.where(transformation["flips"], ops.flip(batch, axes), batch)
        return result if batch is images else ops.squeeze(result, 0)

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Mirror the images of a batch."""
        images = self._cast(images)
        return self._transform_images(images, transformation, "nearest") if training else images

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Mirror the boxes of a batch."""
        if not training or transformation is None:
            return bounding_boxes
        height, width = (transformation["input_shape"][axis] for axis in (self.height_axis, self.width_axis))
        flips = ops.squeeze(ops.convert_to_tensor(transformation["flips"]), -1)

        def move(boxes: Any) -> Any:
            x1, y1, x2, y2 = ops.split(boxes, 4, axis=-1)
            wide, tall = (ops.cast(size, boxes.dtype) for size in (width, height))
            if "horizontal" in self.mode:
                x1, x2 = wide - x2, wide - x1
            if "vertical" in self.mode:
                y1, y2 = tall - y2, tall - y1
            return ops.where(flips, ops.concatenate([x1, y1, x2, y2], axis=-1), boxes)

        dtype = self._float_dtype_of_draws
        return followed(bounding_boxes, self.bounding_box_format, (height, width), move, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "seed": self.seed,
            "mode": self.mode,
            "data_format": self.data_format,
        }
        return {**super().get_config(), **own}
