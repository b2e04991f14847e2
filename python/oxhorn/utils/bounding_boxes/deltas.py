"""Boxes as differences from anchors: what a detector predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.config import epsilon
from oxhorn.ops.conversions import convert_to_tensor
from oxhorn.ops.curves import exp, log
from oxhorn.ops.elementwise import maximum
from oxhorn.ops.joining import concatenate
from oxhorn.utils.bounding_boxes.formats import convert_format


def _checked(owner: str, name: str, encoding: str, variance: Any, image_shape: Any) -> tuple[Any, Any, Any]:
    """(variance as a tensor or None, height, width)."""
    if variance is not None:
        variance = convert_to_tensor(variance, "float32")
        if tuple(variance.shape[-1:]) != (4,):
            raise ValueError(f"{owner}: `variance` must be length 4, got {variance}.")
    if encoding not in ("center_xywh", "center_yxhw"):
        raise ValueError(
            f"{owner}: `{name}` should be one of 'center_xywh' or 'center_yxhw', got {encoding!r}."
        )
    if image_shape is None:
        return variance, None, None
    if len(image_shape) != 3:
        raise ValueError(
            f"{owner}: expected `image_shape` to be (height, width, channels). Received: {image_shape}."
        )
    return variance, image_shape[0], image_shape[1]


def encode_box_to_deltas(
    anchors: Any,
    boxes: Any,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Sequence[float] | None = None,
    image_shape: Sequence[int] | None = None,
) -> Any:
    """Write boxes as differences from anchors.

    `delta = ((centre(box) - centre(anchor)) / size(anchor), log(size(box) / size(anchor))) / variance`

    Args:
        anchors: A tensor of shape `(n, 4)`.
        boxes: A tensor of shape `(n, 4)` or `(batch, n, 4)`.
        anchor_format: The format of the anchors, as for `convert_format`.
        box_format: The format of the boxes.
        encoding_format: `"center_yxhw"` or `"center_xywh"`: the order of the four numbers of the result.
        variance: Four numbers that the differences are divided by, or None for ones.
        image_shape: `(height, width, channels)` of the image, for formats with `rel_`.

    Returns:
        A tensor of the shape of the boxes.

    Raises:
        ValueError: If there are not four variances, or a format is another.

    Example:
    >>> import oxhorn as keras
    >>> anchor, box = [[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]]
    >>> keras.utils.bounding_boxes.encode_box_to_deltas(anchor, box, "xyxy", "xyxy").numpy().tolist()
    [[0.0, 0.5, 0.0, 0.0]]

    Source: Girshick et al., 2014, appendix C (https://arxiv.org/abs/1311.2524).
    """
    variance, height, width = _checked(
        "encode_box_to_deltas", "encoding_format", encoding_format, variance, image_shape
    )
    anchors = convert_format(anchors, anchor_format, encoding_format, height, width)
    boxes = convert_format(boxes, box_format, encoding_format, height, width)
    size = maximum(anchors[..., 2:], epsilon())
    delta = concatenate(
        [(boxes[..., :2] - anchors[..., :2]) / size, log(maximum(boxes[..., 2:], epsilon()) / size)], axis=-1
    )
    return delta if variance is None else delta / variance


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Sequence[float] | None = None,
    image_shape: Sequence[int] | None = None,
) -> Any:
    """Turn differences from anchors into boxes: the inverse of `encode_box_to_deltas`.

    `centre(box) = centre(anchor) + d_1 size(anchor)`, `size(box) = exp(d_2) size(anchor)`, `(d_1, d_2) = delta *
    variance`

    Args:
        anchors: A tensor of shape `(n, 4)`, or a dict of them.
        boxes_delta: A tensor of shape `(n, 4)` or `(batch, n, 4)`, or a dict of them with the same keys.
        anchor_format: The format of the anchors, as for `convert_format`.
        box_format: The format of the result.
        encoded_format: `"center_yxhw"` or `"center_xywh"`: the order of the four numbers of a difference.
        variance: Four numbers that the differences are multiplied by, or None for ones.
        image_shape: `(height, width, channels)` of the image, for formats with `rel_`.

    Returns:
        A tensor of the shape of the differences, or a dict of them.

    Raises:
        ValueError: If there are not four variances, or a format is another.

    Example:
    >>> import oxhorn as keras
    >>> anchor, delta = [[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.5, 0.0, 0.0]]
    >>> keras.utils.bounding_boxes.decode_deltas_to_boxes(anchor, delta, "xyxy", "xyxy").numpy().tolist()
    [[1.0, 0.0, 3.0, 2.0]]
    """
    scale, height, width = _checked(
        "decode_deltas_to_boxes", "encoded_format", encoded_format, variance, image_shape
    )

    def decoded(anchor: Any, delta: Any) -> Any:
        anchor = convert_format(anchor, anchor_format, encoded_format, height, width)
        delta = convert_to_tensor(delta)
        if scale is not None:
            delta = delta * scale
        place = delta[..., :2] * anchor[..., 2:] + anchor[..., :2]
        box = concatenate([place, exp(delta[..., 2:]) * anchor[..., 2:]], axis=-1)
        return convert_format(box, encoded_format, box_format, height, width)

    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        return {level: decoded(anchor, boxes_delta[level]) for level, anchor in anchors.items()}
    return decoded(anchors, boxes_delta)
