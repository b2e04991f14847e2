"""What happens to boxes when their image is cut, padded or turned."""

from __future__ import annotations

import math
from typing import Any

from oxhorn.config import floatx
from oxhorn.ops.comparisons import greater, where
from oxhorn.ops.conversions import cast, convert_to_tensor
from oxhorn.ops.curves import cos, sin, tan
from oxhorn.ops.elementwise import maximum, minimum
from oxhorn.ops.joining import concatenate, split, stack
from oxhorn.ops.reductions import max as largest
from oxhorn.ops.reductions import min as smallest
from oxhorn.ops.shapes import reshape


def _floats(x: Any) -> Any:
    x = convert_to_tensor(x)
    return x if str(x.dtype).startswith("float") else cast(x, floatx())


def _must_be_corners(owner: str, bounding_box_format: str) -> None:
    if bounding_box_format != "xyxy":
        raise NotImplementedError(
            f"{owner}: expected boxes in the format 'xyxy'. Received: bounding_box_format={bounding_box_format!r}. "
            "Bring them there with convert_format(boxes, source, 'xyxy', height, width)."
        )


def _clipped(boxes: Any, width: Any, height: Any) -> Any:
    """Corners brought into [0, width] and [0, height]."""
    x1, y1, x2, y2 = split(boxes, 4, axis=-1)

    def inside(x: Any, end: Any) -> Any:
        return minimum(maximum(x, 0.0), end)

    return concatenate(
        [inside(x1, width), inside(y1, height), inside(x2, width), inside(y2, height)], axis=-1
    )


def clip_to_image_size(
    bounding_boxes: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Cut off what lies outside of the image; a box of which nothing is left gets the label -1.

    `x -> min(max(x, 0), width)`, `y -> min(max(y, 0), height)`; for `rel_xyxy` both ends are 0 and 1

    Args:
        bounding_boxes: A dict with `"boxes"` of shape `(boxes, 4)` or `(batch, boxes, 4)`, and perhaps `"labels"`
            without the last axis.
        height: Height of the image.
        width: Width of the image.
        bounding_box_format: `"xyxy"` or `"rel_xyxy"`. Defaults to `"xyxy"`.

    Returns:
        A new dict.

    Raises:
        NotImplementedError: For another format.
        ValueError: If a size is missing.

    Example:
    >>> import oxhorn as keras
    >>> boxes = {"boxes": [[-10.0, 5.0, 20.0, 90.0], [70.0, 0.0, 80.0, 9.0]], "labels": [3, 4]}
    >>> inside = keras.utils.bounding_boxes.clip_to_image_size(boxes, height=60, width=50)
    >>> inside["boxes"].numpy().tolist(), inside["labels"].numpy().tolist()
    ([[0.0, 5.0, 20.0, 60.0], [50.0, 0.0, 50.0, 9.0]], [3, -1])
    """
    if bounding_box_format not in ("xyxy", "rel_xyxy"):
        raise NotImplementedError(
            "clip_to_image_size: expected the format 'xyxy' or 'rel_xyxy'. "
            f"Received: bounding_box_format={bounding_box_format!r}. Use convert_format before."
        )
    if bounding_box_format == "xyxy" and (height is None or width is None):
        raise ValueError(
            "clip_to_image_size: `height` and `width` must be set if `format='xyxy'`. "
            f"Received: height={height}, width={width}."
        )
    boxes = _floats(bounding_boxes["boxes"])
    if bounding_box_format == "rel_xyxy":
        boxes = _clipped(boxes, 1.0, 1.0)
    else:
        boxes = _clipped(boxes, cast(width, boxes.dtype), cast(height, boxes.dtype))
    result = {**bounding_boxes, "boxes": boxes}
    if bounding_boxes.get("labels") is not None:
        area = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
        result["labels"] = where(greater(area, 0.0), convert_to_tensor(bounding_boxes["labels"]), -1)
    return result


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """The boxes of a part of an image.

    `x -> min(max(x - left, 0), width)`, `y -> min(max(y - top, 0), height)`

    Args:
        boxes: A tensor of shape `(..., 4)`.
        top: First row of the part.
        left: First column of the part.
        height: Height of the part.
        width: Width of the part.
        bounding_box_format: `"xyxy"`.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: For another format.

    Example:
    >>> import oxhorn as keras
    >>> keras.utils.bounding_boxes.crop([[10.0, 20.0, 50.0, 60.0]], 10, 20, 40, 30).numpy().tolist()
    [[0.0, 10.0, 30.0, 40.0]]
    """
    _must_be_corners("crop", bounding_box_format)
    boxes = _floats(boxes)
    return _clipped(_shifted(boxes, -1.0 * left, -1.0 * top), width, height)


def pad(
    boxes: Any,
    top: Any,
    left: Any,
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """The boxes of an image that has got a border.

    `x -> x + left`, `y -> y + top`

    Args:
        boxes: A tensor of shape `(..., 4)`.
        top: Rows that were added above.
        left: Columns that were added on the left.
        height: Not needed.
        width: Not needed.
        bounding_box_format: `"xyxy"`.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: For another format.

    Example:
    >>> import oxhorn as keras
    >>> keras.utils.bounding_boxes.pad([[1.0, 2.0, 3.0, 4.0]], top=10, left=20).numpy().tolist()
    [[21.0, 12.0, 23.0, 14.0]]
    """
    _must_be_corners("pad", bounding_box_format)
    return _shifted(_floats(boxes), left, top)


def _shifted(boxes: Any, x: Any, y: Any) -> Any:
    x1, y1, x2, y2 = split(boxes, 4, axis=-1)
    return concatenate([x1 + x, y1 + y, x2 + x, y2 + y], axis=-1)


def affine_transform(
    boxes: Any,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: Any = None,
    center_y: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """The smallest upright boxes around boxes that were turned, moved, scaled and sheared with their image.

    With c the centre, t the shift, R the rotation by `-angle` and S the shear by the negative angles: each corner p
    goes to `c + scale * (R S)^-1 (p - c - t)`.

    Args:
        boxes: A tensor of shape `(batch, boxes, 4)`.
        angle: Degrees, one for each image, shape `(batch,)`; the other numbers are of this shape too.
        translate_x: Shift to the left, as a part of the width.
        translate_y: Shift upwards, as a part of the height.
        scale: How much larger the boxes become.
        shear_x: Degrees.
        shear_y: Degrees.
        height: Height of the images.
        width: Width of the images.
        center_x: The centre, as a part of the width. Defaults to 0.5.
        center_y: The centre, as a part of the height. Defaults to 0.5.
        bounding_box_format: `"xyxy"`.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: For another format.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> zero, one = np.zeros(1), np.ones(1)
    >>> turned = keras.utils.bounding_boxes.affine_transform(
    ...     np.array([[[0.0, 0.0, 2.0, 1.0]]]), 180 * one, zero, zero, one, zero, zero, height=5, width=5
    ... )
    >>> turned.numpy().round(3).tolist()
    [[[2.0, 3.0, 4.0, 4.0]]]
    """
    _must_be_corners("affine_transform", bounding_box_format)
    angle = _floats(angle)
    dtype = str(angle.dtype)
    shift_x, shift_y, scale, shear_x, shear_y, height, width = (
        cast(x, dtype) for x in (translate_x, translate_y, scale, shear_x, shear_y, height, width)
    )
    turn, lean_x, lean_y = (x * (-math.pi / 180.0) for x in (angle, shear_x, shear_y))
    cx = (0.5 if center_x is None else center_x) * (width - 1.0)
    cy = (0.5 if center_y is None else center_y) * (height - 1.0)
    # [[a, b], [c, d]] = R S has determinant 1.
    a = cos(turn - lean_y) / cos(lean_y)
    b = a * tan(lean_x) + sin(turn)
    c = -1.0 * sin(turn - lean_y) / cos(lean_y)
    d = cos(turn) - c * tan(lean_x)
    from_x, from_y = cx - shift_x * (width - 1.0), cy - shift_y * (height - 1.0)

    def each(x: Any) -> Any:
        return reshape(x, (-1, 1, 1))

    x1, y1, x2, y2 = split(cast(boxes, dtype), 4, axis=-1)
    corners_x = concatenate([x1, x2, x2, x1], axis=-1) - each(from_x)
    corners_y = concatenate([y1, y1, y2, y2], axis=-1) - each(from_y)
    x = each(cx + 0.0 * turn) + each(scale) * (each(d) * corners_x - each(b) * corners_y)
    y = each(cy + 0.0 * turn) + each(scale) * (each(a) * corners_y - each(c) * corners_x)
    ends = [smallest(x, axis=-1), smallest(y, axis=-1), largest(x, axis=-1), largest(y, axis=-1)]
    return stack(ends, axis=-1)
