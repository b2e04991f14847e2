"""CenterCrop."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from oxhorn.layers.preprocessing.image.windows import cut_out, fits, followed, is_known, proportional_window
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

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        target, axes = (self.height, self.width), (self.height_axis, self.width_axis)
        shape = self._shape(images)
        size = shape[axes[0]], shape[axes[1]]

        def cut() -> Any:
            start = (size[0] - self.height) // 2, (size[1] - self.width) // 2
            return cut_out(images, start, target, axes)

        def resized() -> Any:
            return ops.image.resize(
                images, target, interpolation, crop_to_aspect_ratio=True, data_format=self.data_format
            )

        large = fits(size, target)
        if isinstance(large, bool):
            return cut() if large else resized()
        return ops.cond(large, cut, resized)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move the boxes of a batch, and cut off what is outside."""
        shape = transformation["input_shape"]
        height, width = shape[self.height_axis], shape[self.width_axis]
        if not is_known(height, width):
            raise ValueError(
                "CenterCrop: expected images of known height and width, for bounding boxes. "
                f"Received: images.shape={tuple(shape)}. Give them in the model's `Input`."
            )
        target = self.height, self.width
        window: Any = ((height - self.height) // 2, (width - self.width) // 2, *target)
        if not fits((height, width), target):
            window = proportional_window((height, width), target)
        source, dtype = self.bounding_box_format, self._float_dtype_of_draws
        result = boxes_of.convert_format(bounding_boxes, source, "xyxy", height, width, dtype)
        result["boxes"] = followed(result["boxes"], window, target)
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
