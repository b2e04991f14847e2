"""Boxes around things in images: their formats, what happens to them with an image, and how far they overlap."""

from oxhorn.utils.bounding_boxes.deltas import decode_deltas_to_boxes, encode_box_to_deltas
from oxhorn.utils.bounding_boxes.formats import convert_format
from oxhorn.utils.bounding_boxes.moves import affine_transform, clip_to_image_size, crop, pad
from oxhorn.utils.bounding_boxes.overlap import compute_ciou, compute_iou

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
