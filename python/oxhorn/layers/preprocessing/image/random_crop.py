"""RandomCrop."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, config, ops
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from oxhorn.layers.preprocessing.image.windows import cut_out, fits, followed, is_known, proportional_window
from oxhorn.utils import bounding_boxes as boxes_of

__all__ = ["RandomCrop"]


class RandomCrop(BaseImagePreprocessingLayer):
    """Cut out a part of images at a random place in training, the same for all images of a batch.

    `y[i, j] = x[r + i, s + j]`, `r ~ U{0, ..., h - height}`, `s ~ U{0, ..., w - width}` for images of height h and
    width w

    At inference, and where images are smaller, the largest part in the middle that has the right proportions is
    brought to that size.

    Args:
        height: Height of the result.
        width: Width of the result.
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
        `(height, width, channels)` or `(batch, height, width, channels)` with the new sizes.

    Returns:
        When called: what it was called with, changed; whole numbers have become floats.

    Raises:
        ValueError: If a size is below 1, or a size of the images is unknown when a model is traced.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RandomCrop(2, 2, seed=1)
    >>> layer(np.arange(16.0).reshape(4, 4, 1), training=True).shape
    (2, 2, 1)
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        height: int,
        width: int,
        seed: Any = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, data_format=data_format, **kwargs)
        self.height = arguments.positive_integer(height, "height", "RandomCrop")
        self.width = arguments.positive_integer(width, "width", "RandomCrop")
        self._set_seed(config.next_seed() if seed is None else seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draw the place, and give the part that is cut out: (top, left, height, width, of height, of width)."""
        _, height, width = self._sizes(data)
        if not is_known(height, width):
            raise ValueError(
                "RandomCrop requires the input to have a fully defined height and width. "
                f"Received: images.shape={self._shape_of_images(data)}. Give them in the model's `Input`."
            )
        size, target = (height, width), (self.height, self.width)
        if not training or not fits(size, target):
            return (*proportional_window(size, target), *size)
        seed = self._seed_of(seed)
        # Numbers of U[0, n) cut off to whole ones.
        top, left = (
            ops.cast(self._uniform((), (0.0, float(have - want + 1)), seed), "int32")
            for have, want in zip(size, target, strict=True)
        )
        return (top, left, *target, *size)

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Cut the part out of a batch of images."""
        return self._transform_images(self._cast(images), transformation, "bilinear")

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Cut the part out of the masks of a batch."""
        return self._transform_images(ops.convert_to_tensor(segmentation_masks), transformation, "nearest")

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        target = self.height, self.width
        top, left, *window = transformation
        if not window or tuple(window[:2]) == target:
            return cut_out(images, (top, left), target, (self.height_axis, self.width_axis))
        return ops.image.resize(
            images, target, interpolation, crop_to_aspect_ratio=True, data_format=self.data_format
        )

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move the boxes of a batch, and cut off what is outside; labels stay."""
        target = self.height, self.width
        top, left, *window = transformation
        tall, wide, height, width = window or (*target, *target)
        source, dtype = self.bounding_box_format, self._float_dtype_of_draws
        result = boxes_of.convert_format(bounding_boxes, source, "xyxy", height, width, dtype)
        result["boxes"] = followed(result["boxes"], (top, left, tall, wide), target)
        return boxes_of.convert_format(result, "xyxy", source, *target, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "height": self.height,
            "width": self.width,
            "seed": self.seed,
            "data_format": self.data_format,
        }
        return {**super().get_config(), **own}
