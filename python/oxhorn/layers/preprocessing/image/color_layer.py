"""`ColorLayer`: a layer that changes the values of pixels, and leaves them where they are."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.layers.preprocessing.image.base import BaseImagePreprocessingLayer


class ColorLayer(BaseImagePreprocessingLayer):
    """Changes values in training only; labels, boxes and masks stay. Subclasses define `_recolored`."""

    # Whether the layer does its work outside of training too.
    _ALWAYS = False

    def _recolored(self, images: Any, transformation: Any) -> Any:
        """A batch of floats with other values."""
        raise NotImplementedError

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """Change the values of a batch of images as `transformation` says."""
        images = self._cast(images)
        if not self._ALWAYS and (not training or transformation is None):
            return images
        floats = images if str(images.dtype).startswith("float") else ops.cast(images, "float32")
        return self._in_own_dtype(self._recolored(floats, transformation))

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes as they are."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks as they are."""
        return segmentation_masks
