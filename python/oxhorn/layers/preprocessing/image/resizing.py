"""Resizing."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from oxhorn.layers.preprocessing.image.ranges import fill_of
from oxhorn.ops.image.resizing import RESIZE_METHODS
from oxhorn.utils import bounding_boxes as boxes_of

__all__ = ["Resizing"]


class Resizing(BaseImagePreprocessingLayer):
    """Bring images to one size, in training and inference alike.

    `y = ops.image.resize(x, (height, width), ...)`

    Args:
        height: Height of the result.
        width: Width of the result.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`. Defaults to `"bilinear"`;
            masks always take the nearest value.
        crop_to_aspect_ratio: Whether images are first cut to the proportions of the result, around the middle.
            Defaults to False.
        pad_to_aspect_ratio: Whether images are first put in the middle of a frame of these proportions. Defaults to
            False.
        fill_mode: How the frame is filled: `"constant"`.
        fill_value: The number that fills it. Defaults to 0.0.
        antialias: Whether smaller images are means over all pixels that one of the result covers. Defaults to False.
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
        ValueError: If a size is below 1, a word is none of these, or images are to be both cut and padded.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.Resizing(2, 2)(np.arange(16.0).reshape(4, 4, 1)).numpy().ravel().tolist()
    [2.5, 4.5, 10.5, 12.5]
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height = arguments.positive_integer(height, "height", "Resizing")
        self.width = arguments.positive_integer(width, "width", "Resizing")
        self.interpolation = arguments.choice(interpolation, RESIZE_METHODS, "interpolation", "Resizing")
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = arguments.choice(fill_mode, ("constant",), "fill_mode", "Resizing")
        self.fill_value = fill_of(fill_value, "Resizing")
        self.antialias = bool(antialias)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The height and width of the images; nothing is random."""
        _, height, width = self._sizes(data)
        return height, width

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Resize a batch of images."""
        return self._transform_images(self._cast(images), transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Resize the masks of a batch."""
        return self._transform_images(ops.convert_to_tensor(segmentation_masks), transformation, "nearest")

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        return ops.image.resize(
            images,
            (self.height, self.width),
            interpolation=interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move the boxes of a batch; those that are all 0 or all -1 stand for none, and become 0."""
        height, width = transformation
        boxes, source, dtype = bounding_boxes["boxes"], self.bounding_box_format, self._float_dtype_of_draws
        none = ops.logical_or(ops.all(ops.equal(boxes, -1), axis=-1), ops.all(ops.equal(boxes, 0), axis=-1))
        result = boxes_of.convert_format(bounding_boxes, source, "xyxy", height, width, dtype)
        result["boxes"] = self._resized(result["boxes"], height, width)
        result = boxes_of.clip_to_image_size(result, self.height, self.width)
        result["boxes"] = ops.where(ops.expand_dims(none, -1), 0.0, result["boxes"])
        return boxes_of.convert_format(result, "xyxy", source, self.height, self.width, dtype)

    def _resized(self, boxes: Any, height: Any, width: Any) -> Any:
        """Boxes "xyxy" of the resized images."""
        height, width = (ops.cast(size, boxes.dtype) for size in (height, width))
        down, across = self.height / height, self.width / width
        left: Any = 0.0
        top: Any = 0.0
        if self.pad_to_aspect_ratio:
            # The images begin at a whole pixel of the frame.
            down = across = ops.minimum(down, across)
            left, top = _half(self.width - width * across), _half(self.height - height * down)
        elif self.crop_to_aspect_ratio:
            down = across = ops.maximum(down, across)
            left, top = -_half(width * across - self.width), -_half(height * down - self.height)
        x1, y1, x2, y2 = ops.split(boxes, 4, axis=-1)
        return ops.concatenate(
            [x1 * across + left, y1 * down + top, x2 * across + left, y2 * down + top], axis=-1
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
            "data_format": self.data_format,
        }
        return {**super().get_config(), **own}


def _half(rest: Any) -> Any:
    """Half of what is left over, in whole pixels."""
    return ops.floor(ops.maximum(rest, 0.0) / 2.0)
