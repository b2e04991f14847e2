"""Sizes that are open in the file: what is calculated from them there, and what needs to know them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from oxhorn import _core, layers, ops
from tests.export.runs import check_function, made, traced_function
from tests.ops.test_open_sizes import FUNCTIONS as OF_SIZES

Function = Callable[[Any], Any]
Shape = tuple[int | None, ...]


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("name", OF_SIZES)
def test_function_of_sizes(name: str) -> None:
    batches = [[random(rows, 6)] for rows in (1, 2, 5)]
    check_function(
        lambda x: ops.convert_to_tensor(OF_SIZES[name](x)), *batches, specs=[((None, 6), "float32")]
    )


def convolved(x: Any) -> Any:
    """A map that lies with its channels first in the file."""
    return ops.conv(x, np.ones((1, 1, 2, 3), "float32"))


MAP: Shape = (None, None, None, 2)
# The function, the shape that the file knows, and two that it is run on.
OPEN: dict[str, tuple[Function, Shape, list[tuple[int, ...]]]] = {
    "cast of a map": (lambda x: ops.cast(convolved(x), "float64"), MAP, [(2, 3, 4, 2), (1, 5, 4, 2)]),
    "diagonal": (lambda x: ops.diag(x, 1), (None,), [(3,), (1,)]),
    "edge": (lambda x: ops.pad(x, ((1, 1), (0, 2)), mode="edge"), (None, 6), [(4, 6), (1, 6)]),
    "layer normalization": (
        lambda x: _core.apply("layer_normalization", [x], {"epsilon": 1e-3}),
        (None, None),
        [(4, 6), (1, 3)],
    ),
    "matrices": (
        lambda x: (ops.matmul(x, ops.transpose(x)), ops.matmul(ops.transpose(x), x)),
        (None, None),
        [(4, 6), (1, 3)],
    ),
    "nothing to do": (
        lambda x: (ops.concatenate([x]), ops.mean(x, axis=()), x[:], ops.expand_dims(x, ())),
        (None, 6),
        [(4, 6), (1, 6)],
    ),
    "sizes of 0": (
        lambda x: (layers.Flatten()(x), layers.Reshape((0, 5))(x)),
        (None, 2, 0),
        [(3, 2, 0), (0, 2, 0)],
    ),
    "rows of 0": (layers.Flatten(), (None, 2, 3), [(3, 2, 3), (0, 2, 3)]),
    "rank of 0": (lambda x: ops.slice_update(x, [], ops.exp(x)), (), [(), ()]),
    "reflect": (lambda x: ops.pad(x, ((1, 1), (0, 0)), mode="reflect"), (None, 6), [(4, 6), (2, 6)]),
    "running product": (lambda x: ops.cumprod(x, axis=0), (None, 6), [(4, 6), (1, 6)]),
    "shape of a map": (lambda x: ops.zeros_like(convolved(x)), MAP, [(2, 3, 4, 2), (1, 5, 4, 2)]),
    "sizes of 1": (
        lambda x: ops.squeeze(ops.sum(x, axis=2, keepdims=True), 2),
        MAP,
        [(2, 3, 4, 2), (1, 1, 1, 2)],
    ),
    "all sizes of 1": (ops.squeeze, (1, 6, 1), [(1, 6, 1)]),
    "slice of a map": (lambda x: convolved(x)[:, 1:3, ::-1], MAP, [(2, 3, 4, 2), (1, 5, 4, 2)]),
    "softmax of a map": (lambda x: ops.softmax(convolved(x), axis=1), MAP, [(2, 3, 4, 2), (1, 5, 4, 2)]),
    "steps without inputs": (
        lambda x: ops.scan(lambda c, _: (c * 2, c), x, None, length=3),
        (None, 6),
        [(4, 6), (1, 6)],
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_open(name: str) -> None:
    fn, shape, given = OPEN[name]
    check_function(fn, *([random(*one)] for one in given), specs=[(shape, "float32")])


def image_resize(x: Any, **how: bool) -> Any:
    return ops.image.resize(x, (3, 2), **how)


# What has to know a size: the function, the shape, and what the error says.
REFUSED: dict[str, tuple[Function, Shape, str]] = {
    "pad": (
        lambda x: ops.pad(x, ((1, 1), (0, 0)), mode="symmetric"),
        (None, 6),
        r"op 'pad' pads an axis of open size in the mode 'symmetric'\. Give the input a known size along that axis",
    ),
    "segments": (
        lambda x: ops.segment_sum(x, ops.cast(x > 0, "int32")),
        (None,),
        r"op 'sum_at' has as many rows as its ids say, which only data can tell\. Give it `num_segments`",
    ),
    "resize": (
        image_resize,
        (1, None, 5, 2),
        r"op 'resample' needs the size of axis 1, which is open\. Give the input",
    ),
    "resize, cut": (
        lambda x: image_resize(x, crop_to_aspect_ratio=True),
        (1, None, 5, 2),
        r"op 'fit_aspect' looks at the proportions of images of open size\. Give the input a known size",
    ),
    "rfft": (
        ops.rfft,
        (2, None),
        r"op 'rfft' needs the length of its signals, which is open\. Give the input",
    ),
    "istft": (
        lambda x: ops.istft((x, x), 4, 2, 4),
        (None, 3),
        r"op 'overlap_add' needs the number of its windows, which is open\. Give the input a known length",
    ),
    "adaptive": (
        lambda x: ops.adaptive_max_pool(x, 2),
        (1, None, 2),
        r"op 'adaptive_max' needs the size of axis 1, which is open",
    ),
    "patches": (
        lambda x: ops.image.extract_patches(x, 2),
        (1, None, 4, 2),
        r"op 'patches' needs the size of axis 1, which is open",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    fn, shape, text = REFUSED[name]
    with pytest.raises(NotImplementedError, match=text):
        made(traced_function(fn, [(shape, "float32")]))
