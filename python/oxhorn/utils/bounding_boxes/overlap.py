"""How far boxes overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from oxhorn.config import epsilon
from oxhorn.ops.comparisons import less, logical_or, where
from oxhorn.ops.conversions import convert_to_tensor
from oxhorn.ops.curves import arctan
from oxhorn.ops.elementwise import maximum, minimum, square
from oxhorn.ops.reductions import max as largest
from oxhorn.ops.shapes import expand_dims
from oxhorn.utils.bounding_boxes.formats import convert_format


def _corners(owner: str, boxes: Any, bounding_box_format: str, image_shape: Any) -> Any:
    if bounding_box_format.lower().startswith("rel") and image_shape is None:
        raise ValueError(
            f"{owner}: When using relative bounding box formats (e.g. `rel_yxyx`) the `image_shape` argument must "
            f"be provided. Received: bounding_box_format={bounding_box_format!r}, image_shape=None."
        )
    height, width = (None, None) if image_shape is None else (image_shape[0], image_shape[1])
    return convert_format(boxes, bounding_box_format, "xyxy", height, width)


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Sequence[int] | None = None,
) -> Any:
    """The shared part of every pair of boxes.

    `y[i, j] = area(b_i and c_j) / area(b_i or c_j)`

    Args:
        boxes1: A tensor of shape `(m, 4)` or `(batch, m, 4)`.
        boxes2: A tensor of shape `(n, 4)` or `(batch, n, 4)`.
        bounding_box_format: The format of both, as for `convert_format`.
        use_masking: Whether pairs with a box whose numbers are all below 0 get `mask_val`. Defaults to False.
        mask_val: The number for these. Defaults to -1.
        image_shape: `(height, width, channels)` of the image, for formats with `rel_`.

    Returns:
        A tensor of shape `(m, n)`, or `(batch, m, n)` if one of both has batches.

    Raises:
        ValueError: If a rank is another, or `image_shape` is missing.

    Example:
    >>> import oxhorn as keras
    >>> a, b = [[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0], [5.0, 5.0, 6.0, 6.0]]
    >>> keras.utils.bounding_boxes.compute_iou(a, b, "xyxy").numpy().round(4).tolist()
    [[0.33329999446868896, 0.0]]
    """
    owner = "compute_iou"
    boxes1, boxes2 = convert_to_tensor(boxes1), convert_to_tensor(boxes2)
    for name, given in (("boxes1", boxes1), ("boxes2", boxes2)):
        if len(given.shape) not in (2, 3):
            raise ValueError(
                f"{owner}: compute_iou() expects {name} to be batched, or to be unbatched: of rank 3 or 2. "
                f"Received: {name}.shape={tuple(given.shape)}."
            )
    first = expand_dims(_corners(owner, boxes1, bounding_box_format, image_shape), -2)
    second = expand_dims(_corners(owner, boxes2, bounding_box_format, image_shape), -3)
    shared = _intersection(first, second)
    union = _area(first) + _area(second) - shared
    result = shared / (union + epsilon())
    if not use_masking:
        return result
    empty = logical_or(less(largest(first, axis=-1), 0.0), less(largest(second, axis=-1), 0.0))
    return where(empty, mask_val, result)


def _area(boxes: Any) -> Any:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _intersection(a: Any, b: Any) -> Any:
    across = minimum(a[..., 2], b[..., 2]) - maximum(a[..., 0], b[..., 0])
    down = minimum(a[..., 3], b[..., 3]) - maximum(a[..., 1], b[..., 1])
    return maximum(across, 0.0) * maximum(down, 0.0)


def compute_ciou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Sequence[int] | None = None
) -> Any:
    """The complete IoU of boxes, one with one: it also tells how far apart boxes are, and how alike in shape.

    `y = iou - d^2 / c^2 - v^2 / (v - iou + 1)`: d is the distance of the centres, c the diagonal of the smallest box
    around both, `v = 4 / pi^2 (arctan(w_2 / h_2) - arctan(w_1 / h_1))^2`

    Args:
        boxes1: A tensor of shape `(..., 4)`.
        boxes2: A tensor that broadcasts with it.
        bounding_box_format: The format of both, as for `convert_format`.
        image_shape: `(height, width, channels)` of the image, for formats with `rel_`.

    Returns:
        A tensor of shape `(...)`, with numbers from -1.5 to 1.

    Raises:
        ValueError: If `image_shape` is missing.

    Example:
    >>> import oxhorn as keras
    >>> a, b = [[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]]
    >>> keras.utils.bounding_boxes.compute_ciou(a, b, "xyxy").numpy().round(3).tolist()
    [0.25600001215934753]

    Source: Zheng et al., 2020 (https://arxiv.org/abs/1911.08287).
    """
    owner, tiny = "compute_ciou", epsilon()
    a = _corners(owner, boxes1, bounding_box_format, image_shape)
    b = _corners(owner, boxes2, bounding_box_format, image_shape)
    w1, h1 = a[..., 2] - a[..., 0], a[..., 3] - a[..., 1] + tiny
    w2, h2 = b[..., 2] - b[..., 0], b[..., 3] - b[..., 1] + tiny
    shared = _intersection(a, b)
    iou = shared / (w1 * h1 + w2 * h2 - shared + 2.0 * tiny)
    around = square(maximum(a[..., 2], b[..., 2]) - minimum(a[..., 0], b[..., 0]))
    around = around + square(maximum(a[..., 3], b[..., 3]) - minimum(a[..., 1], b[..., 1])) + tiny
    apart = square((a[..., 0] + a[..., 2] - b[..., 0] - b[..., 2]) / 2.0)
    apart = apart + square((a[..., 1] + a[..., 3] - b[..., 1] - b[..., 3]) / 2.0)
    v = (4.0 / math.pi**2) * square(arctan(w2 / h2) - arctan(w1 / h1))
    return iou - (apart / around + v * v / (v - iou + (1.0 + tiny)))
