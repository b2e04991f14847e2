"""A part of an image, cut out and brought to one size."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.ops.image.layout import axes_of

Window = tuple[Any, Any, Any, Any]


def is_known(*sizes: Any) -> bool:
    """Whether sizes are numbers, and not open in a trace."""
    return all(isinstance(size, int) for size in sizes)


def fits(size: tuple[Any, Any], target: tuple[int, int]) -> Any:
    """Whether an image is at least as large as the result: a bool, or a tensor for open sizes."""
    if is_known(*size):
        return size[0] >= target[0] and size[1] >= target[1]
    return ops.logical_and(ops.greater_equal(size[0], target[0]), ops.greater_equal(size[1], target[1]))


def proportional_window(size: tuple[Any, Any], target: tuple[int, int]) -> Window:
    """The largest part in the middle of an image that has the proportions of the result: (top, left, height, width)."""
    height, width = size
    if is_known(height, width):
        tall = max(min(height, int(float(width * target[0]) / target[1])), 1)
        wide = max(min(width, int(float(height * target[1]) / target[0])), 1)
        return int(float(height - tall) / 2), int(float(width - wide) / 2), tall, wide
    height, width = (ops.cast(x, "int32") for x in size)
    tall = ops.cast(ops.cast(width, "float32") * (target[0] / target[1]), "int32")
    wide = ops.cast(ops.cast(height, "float32") * (target[1] / target[0]), "int32")
    tall, wide = ops.clip(tall, 1, height), ops.clip(wide, 1, width)
    return (height - tall) // 2, (width - wide) // 2, tall, wide


def window_at(place: tuple[Any, Any] | None, size: tuple[Any, Any], target: tuple[int, int]) -> Window:
    """The part of the size of the result that begins at a place; without one, or room for it, the proportional part."""
    whole = proportional_window(size, target)
    large = place is not None and fits(size, target)
    if isinstance(large, bool):
        return (*place, *target) if large and place is not None else whole
    return tuple(ops.where(large, a, b) for a, b in zip((*(place or ()), *target), whole, strict=True))


def cut_or_resized(
    images: Any,
    place: tuple[Any, Any] | None,
    target: tuple[int, int],
    interpolation: str,
    data_format: str,
) -> Any:
    """The window of images, brought to the size of the result."""
    rows, columns, _ = axes_of(data_format, "cut_or_resized")
    shape = ops.shape(images)

    def cut() -> Any:
        return cut_out(images, place or (0, 0), target, (rows, columns))

    def resized() -> Any:
        return ops.image.resize(
            images, target, interpolation, crop_to_aspect_ratio=True, data_format=data_format
        )

    large = place is not None and fits((shape[rows], shape[columns]), target)
    if isinstance(large, bool):
        return cut() if large else resized()
    return ops.cond(large, cut, resized)


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
