"""CenterCrop."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from oxhorn.layers.preprocessing.image.windows import cut_or_resized, followed, window_at
from oxhorn.utils import bounding_boxes as boxes_of

__all__ = ["CenterCrop"]


class CenterCrop(BaseImagePreprocessingLayer):
    """Cut out the middle of images, in training and inference alike.

    `y[i, j] = x[(h - height) // 2 + i, (w - width) // 2 + j]`

    Images that are smaller are resized: the largest part in the middle that has the right proportions is brought to
    that size.

    Args:
        height: Height of the result.
        width: Width of the result.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: `bounding_box_format`, `name`, `dtype` and the other arguments of every layer.

    Call arguments:
        data: Images of rank 3 or 4, or a dict of images and what belongs to them.

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
    >>> keras.layers.CenterCrop(2, 2)(np.arange(16.0).reshape(4, 4, 1)).numpy().ravel().tolist()
    [5.0, 6.0, 9.0, 10.0]
    """

    _USE_BASE_FACTOR = False

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height = arguments.positive_integer(height, "height", "CenterCrop")
        self.width = arguments.positive_integer(width, "width", "CenterCrop")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The shape of the images; nothing is random."""
        return {"input_shape": self._shape_of_images(data)}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Cut out the middle of a batch of images."""
        return self._transform_images(self._cast(images), transformation, "bilinear")

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Cut out the middle of the masks of a batch."""
        return self._transform_images(ops.convert_to_tensor(segmentation_masks), transformation, "nearest")

    def _place(self, shape: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """Where the middle begins, and the size of the images."""
        height, width = shape[self.height_axis], shape[self.width_axis]
        return ((height - self.height) // 2, (width - self.width) // 2), (height, width)

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        place, _ = self._place(self._shape(images))
        return cut_or_resized(images, place, (self.height, self.width), interpolation, self.data_format)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move the boxes of a batch, and cut off what is outside."""
        target = self.height, self.width
        place, size = self._place(transformation["input_shape"])
        source, dtype = self.bounding_box_format, self._float_dtype_of_draws
        result = boxes_of.convert_format(bounding_boxes, source, "xyxy", *size, dtype)
        result["boxes"] = followed(result["boxes"], window_at(place, size, target), target)
        result = boxes_of.clip_to_image_size(result, *target)
        return boxes_of.convert_format(result, "xyxy", source, *target, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "height": self.height,
            "width": self.width,
            "data_format": self.data_format,
        }
        return {**super().get_config(), **own}
