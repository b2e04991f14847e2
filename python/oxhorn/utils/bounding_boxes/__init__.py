"""Boxes around things in images: their formats, what happens to them with an image, and how far they overlap."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.utils.bounding_boxes.deltas import decode_deltas_to_boxes, encode_box_to_deltas
    from oxhorn.utils.bounding_boxes.formats import convert_format
    from oxhorn.utils.bounding_boxes.moves import affine_transform, clip_to_image_size, crop, pad
    from oxhorn.utils.bounding_boxes.overlap import compute_ciou, compute_iou
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.utils.bounding_boxes.deltas": "decode_deltas_to_boxes, encode_box_to_deltas",
            "oxhorn.utils.bounding_boxes.formats": "convert_format",
            "oxhorn.utils.bounding_boxes.moves": "affine_transform, clip_to_image_size, crop, pad",
            "oxhorn.utils.bounding_boxes.overlap": "compute_ciou, compute_iou",
        },
    )

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]
