"""MaxNumBoundingBoxes."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer

__all__ = ["MaxNumBoundingBoxes"]


class MaxNumBoundingBoxes(BaseImagePreprocessingLayer):
    """Bring the boxes of every image to one number: what is more is left out, what is missing is filled up.

    Args:
        max_number: How many boxes each image has afterwards.
        fill_value: The number in boxes and labels that are filled up. Defaults to -1.
        **kwargs: `data_format`, `bounding_box_format`, `name`, `dtype` and the other arguments of every layer.

    Call arguments:
        data: Images of rank 3 or 4, or a dict of images and what belongs to them.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`; channels come before with
        `data_format="channels_first"`.

    Output shape:
        The same.

    Returns:
        When called: what it was called with, with other boxes.

    Raises:
        ValueError: If the number is below 1.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    >>> boxes = {"boxes": np.ones((1, 2, 4)), "labels": np.array([[5, 6]])}
    >>> layer({"images": np.ones((1, 8, 8, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"].numpy().tolist()
    [[5, 6, -1]]
    """

    _USE_BASE_FACTOR = False

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number = arguments.positive_integer(max_number, "max_number", "MaxNumBoundingBoxes")
        self.fill_value = arguments.integer(fill_value, "fill_value", "MaxNumBoundingBoxes")

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """The images as they are."""
        return images

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks as they are."""
        return segmentation_masks

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Leave out boxes of a batch, or fill them up."""
        names = ("boxes", "labels")
        return {**bounding_boxes, **{name: self._filled(bounding_boxes[name]) for name in names}}

    def _filled(self, x: Any) -> Any:
        x = ops.convert_to_tensor(x)
        rows = ops.zeros_like(x[:, :1]) + ops.cast(self.fill_value, x.dtype)
        return ops.concatenate([x, ops.repeat(rows, self.max_number, axis=1)], axis=1)[:, : self.max_number]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "max_number": self.max_number, "fill_value": self.fill_value}
