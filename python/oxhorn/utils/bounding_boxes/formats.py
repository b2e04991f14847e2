"""Ways to write a box as four numbers."""

from __future__ import annotations

from typing import Any

from oxhorn.ops.conversions import cast, convert_to_tensor
from oxhorn.ops.joining import concatenate, split

FORMATS = (
    "xyxy",
    "yxyx",
    "xywh",
    "center_xywh",
    "center_yxhw",
    "rel_xyxy",
    "rel_yxyx",
    "rel_xywh",
    "rel_center_xywh",
)


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: str = "float32"
) -> Any:
    """Write boxes in another format.

    `xyxy` is (left, top, right, bottom), `xywh` (left, top, width, height), `center_xywh` (middle, middle, width,
    height); `yxyx` and `center_yxhw` have x and y in the other order. In formats with `rel_`, x is divided by the
    width of the image and y by its height.

    Args:
        boxes: A tensor of shape `(..., 4)`, or a dict with such a tensor as `"boxes"`; what else it has is kept.
        source: The format of the boxes, in capitals or not.
        target: The format of the result.
        height: Height of the image, for conversions between `rel_` and other formats; it may be a tensor that
            broadcasts with the boxes.
        width: Width of the image, likewise.
        dtype: The dtype of the result. Defaults to `"float32"`.

    Returns:
        A tensor of the shape of the boxes, or a dict with it.

    Raises:
        ValueError: If a format is none of these, the last axis has another size, or a size of the image is missing.

    Example:
    >>> import oxhorn as keras
    >>> boxes = [[10, 20, 30, 60]]
    >>> keras.utils.bounding_boxes.convert_format(boxes, "xyxy", "xywh").numpy().tolist()
    [[10.0, 20.0, 20.0, 40.0]]
    """
    if isinstance(boxes, dict):
        converted = convert_format(boxes["boxes"], source, target, height, width, dtype)
        return {**boxes, "boxes": converted}
    boxes = convert_to_tensor(boxes)
    if len(boxes.shape) == 0 or boxes.shape[-1] != 4:
        raise ValueError(
            "convert_format: `boxes` must be a tensor with the last dimension of 4: four numbers for each box. "
            f"Received: boxes.shape={tuple(boxes.shape)}."
        )
    source, target = _format(source, "source"), _format(target, "target")
    relative = source.startswith("rel_"), target.startswith("rel_")
    if any(relative) and (height is None or width is None):
        raise ValueError(
            "convert_format: expected `height` and `width` when transforming between relative and absolute formats: "
            "convert_format() must receive `height` and `width` of the image. "
            f"Received: source={source!r}, target={target!r}, height={height}, width={width}."
        )
    boxes = cast(boxes, dtype)
    if source == target:
        return boxes
    corners = _to_corners(boxes, source.removeprefix("rel_"))
    if relative[0] != relative[1]:
        w, h = cast(width, dtype), cast(height, dtype)
        x1, y1, x2, y2 = corners
        corners = (x1 / w, y1 / h, x2 / w, y2 / h) if relative[1] else (x1 * w, y1 * h, x2 * w, y2 * h)
    return concatenate(_from_corners(*corners, target.removeprefix("rel_")), axis=-1)


def _format(name: Any, argument: str) -> str:
    word = name.lower() if isinstance(name, str) else name
    if word not in FORMATS:
        raise ValueError(
            f"convert_format: Invalid source or target format: expected `{argument}` to be one of "
            f"{', '.join(map(repr, FORMATS))}. Received: {argument}={name!r}."
        )
    return str(word)


def _to_corners(boxes: Any, layout: str) -> tuple[Any, Any, Any, Any]:
    """(left, top, right, bottom), each with a last axis of size 1."""
    a, b, c, d = split(boxes, 4, axis=-1)
    if layout.removeprefix("center_").startswith("y"):
        a, b, c, d = b, a, d, c
    if layout.startswith("center_"):
        return a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0
    if layout == "xywh":
        return a, b, a + c, b + d
    return a, b, c, d


def _from_corners(x1: Any, y1: Any, x2: Any, y2: Any, layout: str) -> list[Any]:
    first, second = (x1, y1), (x2, y2)
    if layout not in ("xyxy", "yxyx"):
        second = (x2 - x1, y2 - y1)
        if layout.startswith("center_"):
            first = (x1 + second[0] / 2.0, y1 + second[1] / 2.0)
    if layout.removeprefix("center_").startswith("y"):
        first, second = first[::-1], second[::-1]
    return [*first, *second]
