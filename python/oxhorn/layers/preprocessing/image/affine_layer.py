"""`AffineLayer`: a layer that moves the pixels of an image as a linear map says."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from oxhorn.layers.preprocessing.image.ranges import choice_of, fill_of
from oxhorn.utils import bounding_boxes as boxes_of

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


class AffineLayer(BaseImagePreprocessingLayer):
    """Puts images through `ops.image.affine_transform`. Subclasses define `_matrix` and `_moved`."""

    _USE_BASE_FACTOR = False

    def _set_filling(self, fill_mode: str, interpolation: str, fill_value: float) -> None:
        owner = type(self).__name__
        self.fill_mode = choice_of(fill_mode, "fill_mode", owner, FILL_MODES)
        self.interpolation = choice_of(interpolation, "interpolation", owner, INTERPOLATIONS)
        self.fill_value = fill_of(fill_value, owner)

    def _matrix(self, transformation: Any, height: Any, width: Any) -> Any:
        """The map from places of the result to places of the image, (batch, 8)."""
        raise NotImplementedError

    def _moved(self, boxes: Any, transformation: Any, height: Any, width: Any) -> Any:
        """Boxes "xyxy" that follow the images."""
        raise NotImplementedError

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        shape = self._shape(images)
        return ops.image.affine_transform(
            images,
            self._matrix(transformation, shape[self.height_axis], shape[self.width_axis]),
            interpolation=interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Move the boxes of a batch as `transformation` says."""
        if not training or transformation is None:
            return bounding_boxes
        height, width = (transformation["input_shape"][axis] for axis in (self.height_axis, self.width_axis))
        return followed(
            bounding_boxes,
            self.bounding_box_format,
            (height, width),
            lambda boxes: self._moved(boxes, transformation, height, width),
            self._float_dtype_of_draws,
        )


def followed(bounding_boxes: Any, box_format: Any, size: tuple[Any, Any], move: Any, dtype: str) -> Any:
    """Boxes brought to "xyxy", moved, cut off at the image's ends, and brought back."""
    height, width = size
    result = boxes_of.convert_format(bounding_boxes, box_format, "xyxy", height, width, dtype)
    result["boxes"] = move(result["boxes"])
    result = boxes_of.clip_to_image_size(result, height, width)
    return boxes_of.convert_format(result, "xyxy", box_format, height, width, dtype)


def affine_rows(a0: Any, a1: Any, a2: Any, b0: Any, b1: Any, b2: Any) -> Any:
    """Maps (a0, a1, a2, b0, b1, b2, 0, 0) from tensors of shape (batch,) and numbers."""
    like = next(x for x in (a0, a1, a2, b0, b1, b2) if not isinstance(x, (int, float)))
    zero = ops.zeros_like(like)
    entries = [zero + x if isinstance(x, (int, float)) else x for x in (a0, a1, a2, b0, b1, b2)]
    return ops.stack([*entries, zero, zero], axis=-1)


def last_place(size: Any, dtype: str) -> Any:
    """The last place on an axis of this size, as a float."""
    return ops.cast(size, dtype) - 1.0
