"""RandomCrop."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, config, ops
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from oxhorn.layers.preprocessing.image.windows import cut_or_resized, followed, window_at
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
        ValueError: If a size is below 1.

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
        """Draw the place: (top, left, height of the images, width). At inference top and left are None."""
        _, *size = self._sizes(data)
        if not training:
            return None, None, *size
        seed = self._seed_of(seed)
        # Whole numbers below n, from U[0, 1).
        room = zip(size, (self.height, self.width), strict=True)
        places = [ops.maximum(ops.cast(have, "int32") - want + 1, 1) for have, want in room]
        drawn = [
            self._uniform((), (0.0, 1.0), seed) * ops.cast(n, self._float_dtype_of_draws) for n in places
        ]
        top, left = (ops.minimum(ops.cast(x, "int32"), n - 1) for x, n in zip(drawn, places, strict=True))
        return top, left, *size

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Cut the part out of a batch of images."""
        return self._transform_images(self._cast(images), transformation, "bilinear")

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Cut the part out of the masks of a batch."""
        return self._transform_images(ops.convert_to_tensor(segmentation_masks), transformation, "nearest")

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        place = _place(transformation)
        return cut_or_resized(images, place, (self.height, self.width), interpolation, self.data_format)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move the boxes of a batch, and cut off what is outside; labels stay."""
        target = self.height, self.width
        height, width = transformation[2:] or target
        source, dtype = self.bounding_box_format, self._float_dtype_of_draws
        result = boxes_of.convert_format(bounding_boxes, source, "xyxy", height, width, dtype)
        window = window_at(_place(transformation), (height, width), target)
        result["boxes"] = followed(result["boxes"], window, target)
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


def _place(transformation: Any) -> tuple[Any, Any] | None:
    top, left = transformation[:2]
    return None if top is None else (top, left)
