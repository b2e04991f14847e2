"""Rectangles in images, at random places."""

from __future__ import annotations

from typing import Any

from oxhorn import ops


def drawn_side(size: Any, part: Any, place: Any) -> tuple[Any, Any]:
    """Where a side begins and ends.

    Args:
        size: The size of the axis.
        part: For each image the part of the axis that the side takes.
        place: For each image a number in [0, 1]: at 0 the side begins with the axis, at 1 both end together.
    """
    size = ops.cast(size, part.dtype)
    length = part * size
    start = place * (size - length)
    return start, start + length


def rectangle(height: Any, width: Any, corners: tuple[Any, Any, Any, Any], data_format: str) -> Any:
    """Whether a pixel is in a rectangle: (batch, height, width, 1), or (batch, 1, height, width).

    Args:
        height: The height of the images.
        width: Their width.
        corners: For each image x0, x1 (not in it), y0, y1 (not in it).
        data_format: "channels_last" or "channels_first".
    """
    x0, x1, y0, y1 = (ops.reshape(place, (-1, 1, 1)) for place in corners)
    across = ops.cast(ops.reshape(ops.arange(width, dtype="int32"), (1, 1, -1)), x0.dtype)
    down = ops.cast(ops.reshape(ops.arange(height, dtype="int32"), (1, -1, 1)), x0.dtype)
    columns = ops.logical_and(ops.greater_equal(across, x0), ops.less(across, x1))
    rows = ops.logical_and(ops.greater_equal(down, y0), ops.less(down, y1))
    return ops.expand_dims(ops.logical_and(columns, rows), -1 if data_format == "channels_last" else 1)
