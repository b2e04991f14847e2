"""Rows of products, convolutions, poolings, normalisations and the fused losses."""

from __future__ import annotations

import numpy as np

from oxhorn.testing.reference import activations as act
from oxhorn.testing.reference import layers, losses
from oxhorn.testing.reference import ops as ref
from oxhorn.testing.reference.activations import softmax
from oxhorn.testing.reference.metrics import confusion
from tests.ops.table import Row, apart, booleans, integers, positive, real, unit

_MATMUL = [
    ((3, 4), (4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((2, 3, 4), (4, 5)),
    ((2, 1, 3, 4), (3, 4, 5)),
    ((33, 17), (17, 9)),
    ((1, 1), (1, 1)),
]

PRODUCTS = [
    *[
        Row("matmul", [real(*a), real(*b, seed=9)], np.matmul, loose=8, batch=len(a) == 2 and len(b) == 2)
        for a, b in _MATMUL
    ],
    Row(
        "tensordot", [real(2, 3, 4), real(3, 4, 5)], lambda a, b: np.tensordot(a, b, 2), {"axes": 2}, loose=8
    ),
    Row("dense", [real(3, 4), real(4, 5), real(5)], layers.dense, loose=8),
    Row("dense", [real(2, 3, 4), real(4, 5), real(5)], layers.dense, loose=8),
]


def _conv(x, kernel, **attrs):
    spec = {"strides": 1, "padding": "valid", "dilation_rate": 1, "data_format": "channels_last", **attrs}
    groups = x[3 if len(x) == 4 else 2] // kernel[-2]
    if attrs.get("data_format") == "channels_first":
        groups = x[1] // kernel[-2]
    return Row(
        "conv",
        [real(*x), real(*kernel, seed=9)],
        lambda v, k: ref.conv(v, k, groups=groups, **spec),
        spec,
        loose=8,
    )


CONVOLUTIONS = [
    _conv((2, 9, 3), (3, 3, 4)),
    _conv((2, 9, 3), (3, 3, 4), strides=2, padding="same"),
    _conv((2, 9, 4), (3, 2, 6), padding="same"),
    _conv((2, 9, 3), (2, 3, 4), dilation_rate=3),
    _conv((2, 7, 6, 3), (3, 2, 3, 4)),
    _conv((2, 7, 6, 3), (3, 3, 3, 4), padding="same"),
    _conv((2, 7, 6, 3), (3, 3, 3, 4), strides=2, padding="same"),
    _conv((2, 7, 6, 3), (2, 2, 3, 17), strides=[2, 1]),
    _conv((2, 7, 8, 2), (3, 2, 2, 3), dilation_rate=[2, 3]),
    _conv((2, 5, 6, 4), (3, 3, 2, 6), padding="same"),
    _conv((2, 5, 6, 4), (1, 1, 4, 3)),
    _conv((2, 4, 4, 2), (4, 4, 2, 3)),
    _conv((2, 3, 7, 6), (3, 3, 3, 4), padding="same", data_format="channels_first"),
]


def _pool(name, reference, x, size, **attrs):
    spec = {"pool_size": size, "strides": None, "padding": "valid", "data_format": "channels_last", **attrs}
    return Row(name, [apart(*x)], lambda v: reference(v, **spec), spec, smooth=False, loose=4)


POOLINGS = [
    row
    for name, reference in (("max_pool", ref.max_pool), ("average_pool", ref.average_pool))
    for row in (
        _pool(name, reference, (2, 9, 3), 2),
        _pool(name, reference, (2, 9, 3), 3, strides=2, padding="same"),
        _pool(name, reference, (2, 6, 7, 3), [2, 3]),
        _pool(name, reference, (2, 6, 7, 3), 3, strides=1, padding="same"),
        _pool(name, reference, (2, 7, 7, 2), 3, strides=2),
        _pool(name, reference, (2, 7, 7, 2), 3, strides=2, padding="same"),
        _pool(name, reference, (2, 3, 6, 7), 2, data_format="channels_first"),
    )
]

_BOTH = {"axis": -1, "scale": True, "offset": True}


def _trained(axis):
    """Output, mean and variance of the batch."""

    def reference(x, gamma=None, beta=None):
        mean, variance = ref.moments(x, [a for a in range(x.ndim) if a != axis % x.ndim])
        return ref.batch_normalization(x, mean, variance, axis, beta, gamma), mean, variance

    return reference


NORMALISATIONS = [
    Row(
        "batch_normalization",
        [real(4, 3, 5), real(5), positive(5), real(5, seed=8), positive(5, seed=9)],
        lambda x, m, v, b, g: ref.batch_normalization(x, m, v, -1, b, g),
        {"axis": -1, "epsilon": 1e-3, "scale": True, "offset": True},
        loose=8,
    ),
    Row(
        "batch_normalization",
        [real(4, 3, 5), real(3), positive(3), real(3, seed=8), positive(3, seed=9)],
        lambda x, m, v, b, g: ref.batch_normalization(x, m, v, 1, b, g, 1e-2),
        {"axis": 1, "epsilon": 1e-2, "scale": True, "offset": True},
        loose=8,
    ),
    Row(
        "layer_normalization",
        [real(4, 3, 5), real(5), real(5, seed=8)],
        lambda x, g, b: ref.layer_normalization(x, g, b),
        {"axis": -1, "epsilon": 1e-3, "scale": True, "offset": True},
        loose=8,
    ),
    Row(
        "layer_normalization",
        [real(4, 17)],
        ref.layer_normalization,
        {"epsilon": 1e-3},
        loose=8,
    ),
    Row(
        "batch_normalization_training",
        [real(6, 5), positive(5), real(5, seed=8)],
        _trained(-1),
        _BOTH,
        through=1,
        loose=8,
        batch=False,
    ),
    Row(
        "batch_normalization_training",
        [real(4, 3, 2, 5), positive(3), real(3, seed=8)],
        _trained(1),
        {**_BOTH, "axis": 1},
        through=1,
        loose=8,
        batch=False,
    ),
    Row(
        "batch_normalization_training",
        [real(9, 17)],
        _trained(-1),
        {"axis": -1},
        through=1,
        loose=8,
        batch=False,
    ),
]

_T = softmax(real(6, 4, seed=9))


def _sparse(t, p):
    return losses.sparse_categorical_crossentropy(t, p, True)


def _soft(t, p):
    return losses.categorical_crossentropy(t, p, True)


def _sigmoid(t, p):
    return -t * act.log_sigmoid(p) - (1 - t) * act.log_sigmoid(-p)


LOSSES = [
    Row("sparse_softmax_crossentropy", [integers(0, 4, 6), real(6, 4)], _sparse, gradient=[1], loose=8),
    Row(
        "sparse_softmax_crossentropy",
        [integers(0, 4, 2, 3, dtype="int64"), real(2, 3, 4)],
        _sparse,
        gradient=[1],
        loose=8,
    ),
    Row("softmax_crossentropy", [_T, real(6, 4)], _soft, {"axis": -1}, gradient=[1], loose=8),
    Row(
        "softmax_crossentropy",
        [softmax(real(6, 4, 2), 1), real(6, 4, 2)],
        lambda t, p: losses.categorical_crossentropy(t, p, True, axis=1),
        {"axis": 1},
        gradient=[1],
        loose=8,
    ),
    Row("sigmoid_crossentropy", [unit(6, 4) / 2 + 0.5, real(6, 4)], _sigmoid, gradient=[1], loose=8),
]

_CUTS = [-0.5, 0.2, 1.1]

COUNTS = [
    Row(
        "confusion_counts",
        [booleans(6, 4), real(6, 4), positive(6, 4)],
        lambda t, p, w: np.stack(confusion(t, p, _CUTS, w)),
        {"thresholds": _CUTS},
        gradient=(),
        loose=8,
    ),
]

ROWS = PRODUCTS + CONVOLUTIONS + POOLINGS + NORMALISATIONS + LOSSES + COUNTS
