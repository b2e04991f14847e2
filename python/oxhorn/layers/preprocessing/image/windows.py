"""A part of an image, cut out and brought to one size."""

from __future__ import annotations

from typing import Any

from oxhorn import ops

Window = tuple[Any, Any, Any, Any]


def is_known(*sizes: Any) -> bool:
    """Whether sizes are numbers, and not open in a trace."""
    return all(isinstance(size, int) for size in sizes)


def fits(size: tuple[Any, Any], target: tuple[int, int]) -> Any:
    """Whether an image is at least as large as the result: a bool, or a tensor for open sizes."""
    if is_known(*size):
        return size[0] >= target[0] and size[1] >= target[1]
    return ops.logical_and(ops.greater_equal(size[0], target[0]), ops.greater_equal(size[1], target[1]))


def proportional_window(size: tuple[int, int], target: tuple[int, int]) -> Window:
    """The largest part in the middle of an image that has the proportions of the result: (top, left, height, width)."""
    height, width = size
    tall = max(min(height, int(float(width * target[0]) / target[1])), 1)
    wide = max(min(width, int(float(height * target[1]) / target[0])), 1)
    return int(float(height - tall) / 2), int(float(width - wide) / 2), tall, wide


def cut_out(images: Any, place: tuple[Any, Any], target: tuple[int, int], axes: tuple[int, int]) -> Any:
    """The part of the size of the result that begins at a row and a column, which may be tensors."""
    for axis, start, size in zip(axes, place, target, strict=True):
        places = ops.cast(start, "int32") + ops.arange(size, dtype="int32")
        images = ops.take(images, places, axis=axis)
    return images


def followed(boxes: Any, window: Window, target: tuple[int, int]) -> Any:
    """Boxes "xyxy" cut off at the window's ends, in pixels of the result."""
    top, left, tall, wide = (ops.cast(x, boxes.dtype) for x in window)
    x1, y1, x2, y2 = ops.split(boxes, 4, axis=-1)
    x1, x2 = (ops.minimum(ops.maximum(x - left, 0.0), wide) * (target[1] / wide) for x in (x1, x2))
    y1, y2 = (ops.minimum(ops.maximum(y - top, 0.0), tall) * (target[0] / tall) for y in (y1, y2))
    return ops.concatenate([x1, y1, x2, y2], axis=-1)
