"""Rows of convolutions of all kinds, pools of a given output size, patches and blocks."""

from __future__ import annotations

import numpy as np

from oxhorn.testing.reference import ops as ref
from oxhorn.testing.reference import windows as win
from tests.ops.table import Row, apart, integers, real

_FIRST = {"data_format": "channels_first"}


def _transposed(x, kernel, **attrs):
    return Row(
        "conv_transpose",
        [real(*x), real(*kernel, seed=9)],
        lambda v, k: win.conv_transpose(v, k, **attrs),
        attrs,
        loose=16,
    )


TRANSPOSED = [
    _transposed((2, 4, 3), (3, 2, 3)),
    _transposed((2, 4, 3), (2, 2, 3), strides=3),
    _transposed((2, 4, 3), (3, 2, 3), strides=2, padding="same"),
    _transposed((2, 4, 3), (1, 2, 3), strides=3, padding="same"),
    _transposed((2, 4, 3), (4, 2, 3), strides=2, output_padding=1),
    _transposed((2, 4, 3), (4, 2, 3), strides=2, padding="same", output_padding=1),
    _transposed((2, 4, 3), (3, 2, 3), strides=2, padding="same", output_padding=0),
    _transposed((2, 3, 4, 3), (3, 2, 2, 3), strides=[2, 1], padding="same"),
    _transposed((2, 3, 4, 2), (2, 3, 5, 2), dilation_rate=2),
    _transposed((2, 2, 3, 4), (3, 3, 5, 2), strides=2, padding="same", **_FIRST),
    _transposed((1, 2, 3, 2, 2), (2, 3, 2, 3, 2), strides=2, padding="same"),
]


def _depthwise(x, kernel, **attrs):
    return Row(
        "depthwise_conv",
        [real(*x), real(*kernel, seed=9)],
        lambda v, k: win.depthwise_conv(v, k, **attrs),
        attrs,
        loose=8,
    )


def _separable(x, depthwise, pointwise, **attrs):
    return Row(
        "separable_conv",
        [real(*x), real(*depthwise, seed=9), real(*pointwise, seed=8)],
        lambda v, d, p: win.separable_conv(v, d, p, **attrs),
        attrs,
        loose=16,
    )


SEPARATE = [
    _depthwise((2, 7, 3), (3, 3, 1)),
    _depthwise((2, 7, 3), (3, 3, 2), strides=2, padding="same"),
    _depthwise((2, 6, 5, 3), (3, 2, 3, 2), padding="same"),
    _depthwise((2, 3, 6, 5), (3, 2, 3, 1), dilation_rate=2, **_FIRST),
    _depthwise((1, 3, 4, 3, 2), (2, 2, 2, 2, 2)),
    _separable((2, 7, 3), (3, 3, 2), (1, 6, 4), padding="same"),
    _separable((2, 6, 5, 3), (3, 2, 3, 1), (1, 1, 3, 4), strides=2),
    _separable((2, 3, 6, 5), (3, 3, 3, 2), (1, 1, 6, 2), padding="same", **_FIRST),
    Row(
        "conv",
        [real(1, 4, 5, 3, 2), real(2, 3, 2, 2, 3, seed=9)],
        lambda v, k: ref.conv(v, k, 2, "same"),
        {"strides": 2, "padding": "same"},
        loose=8,
        note="volumes",
    ),
]


def _adaptive(name, reference, x, size, **attrs):
    return Row(
        name,
        [apart(*x)],
        lambda v: reference(v, size, **attrs),
        {"output_size": size, **attrs},
        smooth=name == "adaptive_average_pool",
        loose=4,
    )


POOLS = [
    row
    for name, reference in (
        ("adaptive_average_pool", win.adaptive_average_pool),
        ("adaptive_max_pool", win.adaptive_max_pool),
    )
    for row in (
        _adaptive(name, reference, (2, 7, 3), 3),
        _adaptive(name, reference, (2, 3, 2), 5),
        _adaptive(name, reference, (2, 6, 5, 3), [2, 4]),
        _adaptive(name, reference, (2, 3, 6, 5), 1, **_FIRST),
        _adaptive(name, reference, (1, 3, 4, 5, 2), [2, 3, 2]),
    )
] + [
    Row(
        "adaptive_max",
        [apart(2, 7, 3)],
        lambda v: win.adaptive(np.max, v, 1, 4),
        {"axis": 1, "size": 4},
        smooth=False,
    ),
    Row(
        "max_pool",
        [apart(1, 4, 5, 6, 2)],
        lambda v: ref.max_pool(v, (2, 3, 2)),
        {"pool_size": [2, 3, 2]},
        smooth=False,
        note="volumes",
    ),
]


def _patches(x, size, **attrs):
    return Row("patches", [real(*x)], lambda v: win.patches(v, size, **attrs), {"size": size, **attrs})


def _unfold(x, kernel, **attrs):
    return Row(
        "unfold", [real(*x)], lambda v: win.unfold(v, kernel, **attrs), {"kernel_size": kernel, **attrs}
    )


def _fold(x, size, kernel, **attrs):
    return Row(
        "fold",
        [real(*x)],
        lambda v: win.fold(v, size, kernel, **attrs),
        {"output_size": size, "kernel_size": kernel, **attrs},
        loose=4,
    )


def _fold_last(p):
    """`fold` for channels last: (batch, 3 * 4 windows, (2 * 2 places, 3 channels)) to images of 4 x 5."""
    columns = p.reshape(2, 12, 4, 3).transpose(0, 3, 2, 1).reshape(2, 12, 12)
    return win.fold(columns, (4, 5), 2).transpose(0, 2, 3, 1)


BLOCKS = [
    _patches((2, 7, 3), 3),
    _patches((2, 5, 6, 2), [2, 3], strides=2, padding="same"),
    _patches((2, 5, 6, 2), 2, dilation_rate=[2, 3]),
    _patches((1, 4, 4, 5, 2), 2, strides=[2, 1, 3]),
    Row("patches", [integers(0, 9, 2, 4, 5, 3)], lambda v: win.patches(v, 2), {"size": 2}),
    Row(
        "fold_patches",
        [real(2, 3, 4, 12)],
        _fold_last,
        {"output_size": [4, 5], "options": {"size": 2}},
        loose=4,
    ),
    _unfold((2, 3, 4, 5), 2),
    _unfold((2, 3, 5, 6), [2, 3], dilation=[2, 1], padding=[1, 2], stride=2),
    _fold((2, 12, 12), [4, 5], 2),
    _fold((1, 18, 16), 7, 3, padding=1, stride=2),
    _fold((2, 8, 16), 4, 2, dilation=2, padding=1),
    *(
        Row(name, [real(*x)], lambda v, f=f, b=b, d=d: f(v, b, d), {"block_size": b, "data_format": d})
        for name, f, x, b, d in (
            ("depth_to_space", win.depth_to_space, (2, 3, 2, 8), 2, "channels_last"),
            ("depth_to_space", win.depth_to_space, (2, 18, 2, 3), 3, "channels_first"),
            ("space_to_depth", win.space_to_depth, (2, 6, 3, 2), 3, "channels_last"),
            ("space_to_depth", win.space_to_depth, (2, 3, 4, 6), 2, "channels_first"),
        )
    ),
    Row(
        "space_to_depth",
        [integers(0, 9, 2, 4, 4, 3)],
        lambda v: win.space_to_depth(v, 2),
        {"block_size": 2},
    ),
]


def _rows(x, index):
    return np.stack([rows[places] for rows, places in zip(x, index, strict=True)])


def _extent(x, axis, size, **attrs):
    return Row(
        "extent",
        [real(*x)],
        lambda v: win.extent(v, axis, size, **attrs),
        {"axis": axis, "size": size, **attrs},
    )


PLACES = [
    Row("take_rows", [real(2, 5, 3), integers(0, 5, 2, 7)], _rows),
    Row("take_rows", [integers(0, 99, 2, 5, 3), integers(-5, 5, 2, 4)], _rows),
    Row("arange_along", [real(2, 5, 3)], lambda v: np.arange(5, dtype="int32"), {"axis": 1}, gradient=()),
    _extent((2, 5, 3), 1, 9, before=3),
    _extent((2, 5, 3), 1, 9, behind=1),
    _extent((2, 5, 3), -1, 1, before=-1),
    _extent((2, 5, 3), 1, 2, behind=-2),
]

ROWS = TRANSPOSED + SEPARATE + POOLS + BLOCKS + PLACES
