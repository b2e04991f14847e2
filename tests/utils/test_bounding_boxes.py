"""Boxes: formats there and back, what happens to them, overlaps counted pixel by pixel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.utils import bounding_boxes as boxes_of

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
# The box from (10, 20) to (30, 60) in an image 100 high and 50 wide.
SAME = {
    "xyxy": [10, 20, 30, 60],
    "yxyx": [20, 10, 60, 30],
    "xywh": [10, 20, 20, 40],
    "center_xywh": [20, 40, 20, 40],
    "center_yxhw": [40, 20, 40, 20],
    "rel_xyxy": [0.2, 0.2, 0.6, 0.6],
    "rel_yxyx": [0.2, 0.2, 0.6, 0.6],
    "rel_xywh": [0.2, 0.2, 0.4, 0.4],
    "rel_center_xywh": [0.4, 0.4, 0.4, 0.4],
}


def some_boxes(count: int, seed: int = 0, *batch: int) -> np.ndarray:
    """Boxes "xyxy" with whole numbers within (40, 40)."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 25, (*batch, count, 2))
    return np.concatenate([start, start + rng.integers(1, 15, start.shape)], axis=-1).astype("float32")


@pytest.mark.parametrize(("source", "target"), list(itertools.product(FORMATS, FORMATS)))
def test_formats(source: str, target: str) -> None:
    given = np.array([SAME[source]], "float32")
    got = boxes_of.convert_format(given, source, target, height=100, width=50)
    np.testing.assert_allclose(got.numpy(), [SAME[target]], rtol=1e-5)
    boxes = some_boxes(5, 1, 2)
    there = boxes_of.convert_format(boxes, "xyxy", target, height=100, width=50, dtype="float64")
    back = boxes_of.convert_format(there, target.upper(), "xyxy", height=100, width=50, dtype="float64")
    assert back.dtype == "float64"
    np.testing.assert_allclose(back.numpy(), boxes, rtol=1e-9, atol=1e-9)


def test_formats_of_dicts_and_symbols() -> None:
    given = {"boxes": np.array([SAME["xyxy"]]), "labels": np.array([3])}
    out = boxes_of.convert_format(given, "xyxy", "xywh")
    assert out["labels"] is given["labels"]
    assert given["boxes"].tolist() == [SAME["xyxy"]]
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, boxes_of.convert_format(inputs, "xyxy", "center_xywh"))
    np.testing.assert_array_equal(
        model.predict(np.array([[SAME["xyxy"]]], "float32"), verbose=0), [[SAME["center_xywh"]]]
    )


def test_wrong_formats() -> None:
    box = np.array([SAME["xyxy"]])
    with pytest.raises(ValueError, match="Invalid source or target format"):
        boxes_of.convert_format(box, "xyxy", "polar")
    with pytest.raises(ValueError, match=r"must receive `height` and `width`"):
        boxes_of.convert_format(box, "xyxy", "rel_xyxy", height=3)
    with pytest.raises(ValueError, match="last dimension of 4"):
        boxes_of.convert_format(np.ones((2, 5)), "xyxy", "xywh")
    with pytest.raises(NotImplementedError, match="convert_format"):
        boxes_of.crop(box, 0, 0, 3, 3, bounding_box_format="xywh")
    with pytest.raises(NotImplementedError, match="'xyxy' or 'rel_xyxy'"):
        boxes_of.clip_to_image_size({"boxes": box}, 3, 3, bounding_box_format="xywh")
    with pytest.raises(ValueError, match="`height` and `width` must be set"):
        boxes_of.clip_to_image_size({"boxes": box})
    with pytest.raises(ValueError, match="length 4"):
        boxes_of.encode_box_to_deltas(box, box, "xyxy", "xyxy", variance=[1.0, 2.0])
    with pytest.raises(ValueError, match="`encoding_format` should be"):
        boxes_of.encode_box_to_deltas(box, box, "xyxy", "xyxy", encoding_format="xyxy")
    with pytest.raises(ValueError, match="expects boxes2"):
        boxes_of.compute_iou(box, np.ones(4), "xyxy")
    with pytest.raises(ValueError, match="`image_shape` argument must be provided"):
        boxes_of.compute_iou(box, box, "rel_xyxy")


def filled(box: np.ndarray) -> np.ndarray:
    """The pixels of a box with whole numbers."""
    plane = np.zeros((40, 40), bool)
    x1, y1, x2, y2 = box.astype(int)
    plane[y1:y2, x1:x2] = True
    return plane


def test_overlaps_are_those_of_pixels() -> None:
    first, second = some_boxes(6, 2), some_boxes(7, 3)
    expected = [
        [(filled(a) & filled(b)).sum() / (filled(a) | filled(b)).sum() for b in second] for a in first
    ]
    assert np.count_nonzero(expected) > 5
    np.testing.assert_allclose(boxes_of.compute_iou(first, second, "xyxy").numpy(), expected, atol=1e-6)
    batch = np.stack([second, second[::-1]])
    got = boxes_of.compute_iou(first, batch, "xyxy").numpy()
    np.testing.assert_allclose(got, np.stack([expected, np.array(expected)[:, ::-1]]), atol=1e-6)
    relative = boxes_of.convert_format(first, "xyxy", "rel_yxyx", 40, 40)
    other = boxes_of.convert_format(second, "xyxy", "rel_yxyx", 40, 40)
    got = boxes_of.compute_iou(relative, other, "rel_yxyx", image_shape=(40, 40, 3)).numpy()
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_masked_overlaps() -> None:
    boxes = np.array([[0, 0, 2, 2], [-1, -1, -1, -1]], "float32")
    got = boxes_of.compute_iou(boxes, boxes, "xyxy", use_masking=True, mask_val=-5).numpy()
    np.testing.assert_allclose(got, [[1, -5], [-5, -5]], atol=1e-6)


def test_complete_overlaps() -> None:
    boxes, other = some_boxes(8, 4), some_boxes(8, 5)
    np.testing.assert_allclose(boxes_of.compute_ciou(boxes, boxes, "xyxy").numpy(), 1.0, atol=1e-5)
    got = boxes_of.compute_ciou(boxes, other, "xyxy").numpy()
    for a, b, y in zip(boxes, other, got, strict=True):
        iou = (filled(a) & filled(b)).sum() / (filled(a) | filled(b)).sum()
        apart = ((a[:2] + a[2:] - b[:2] - b[2:]) ** 2).sum() / 4
        around = ((np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2])) ** 2).sum()
        angle = np.arctan2(*(a[2:] - a[:2])) - np.arctan2(*(b[2:] - b[:2]))
        v = 4 / np.pi**2 * angle**2
        assert y == pytest.approx(iou - apart / around - v**2 / (v - iou + 1), abs=1e-5)


@pytest.mark.parametrize("encoding", ["center_xywh", "center_yxhw"])
def test_deltas_there_and_back(encoding: str) -> None:
    anchors, boxes = some_boxes(5, 6), some_boxes(5, 7, 2)
    options = {"variance": [0.1, 0.1, 0.2, 0.2], "image_shape": (40, 40, 3)}
    deltas = boxes_of.encode_box_to_deltas(anchors, boxes, "xyxy", "xyxy", encoding, **options)
    assert deltas.shape == (2, 5, 4)
    back = boxes_of.decode_deltas_to_boxes(anchors, deltas, "xyxy", "rel_xyxy", encoding, **options)
    np.testing.assert_allclose(back.numpy() * 40, boxes, rtol=1e-4, atol=1e-4)
    levels = boxes_of.decode_deltas_to_boxes(
        {"a": anchors}, {"a": deltas}, "xyxy", "rel_xyxy", encoding, **options
    )
    np.testing.assert_array_equal(levels["a"].numpy(), back.numpy())


def test_cut_and_padded() -> None:
    boxes = some_boxes(6, 8)
    padded = boxes_of.pad(boxes, top=3, left=5)
    np.testing.assert_array_equal(boxes_of.crop(padded, 3, 5, 40, 40).numpy(), boxes)
    part = boxes_of.crop(boxes, 4, 6, 10, 12).numpy()
    for box, got in zip(boxes, part, strict=True):
        expected = filled(box)[4:14, 6:18].sum()
        assert (got[2] - got[0]) * (got[3] - got[1]) == expected


@pytest.mark.parametrize("angle", [90.0, -90.0, 180.0])
def test_turned_boxes_are_those_of_turned_images(angle: float) -> None:
    boxes = some_boxes(4, 9)[np.newaxis]
    zero, one = np.zeros(1), np.ones(1)
    turned = boxes_of.affine_transform(boxes, angle * one, zero, zero, one, zero, zero, 41, 41).numpy()
    for box, got in zip(boxes[0], turned[0], strict=True):
        # Corners are points of a grid that begins at 0.
        plane = np.zeros((41, 41))
        x1, y1, x2, y2 = box.astype(int)
        plane[y1 : y2 + 1, x1 : x2 + 1] = 1
        rows, columns = np.nonzero(np.rot90(plane, int(angle // 90)))
        expected = [columns.min(), rows.min(), columns.max(), rows.max()]
        np.testing.assert_allclose(got, expected, atol=1e-3)
