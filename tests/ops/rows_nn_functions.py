"""Rows of the public functions of `ops.nn`: activations under their names there, cross-entropies, normalisations,
attention, sequences of labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.reference import activations as act
from oxhorn.testing.reference import losses
from oxhorn.testing.reference import networks as ref
from oxhorn.testing.reference import ops as ref_ops
from oxhorn.testing.reference.activations import softmax
from tests.ops.table import Row, apart, booleans, integers, positive, real, unit

# Curves with a bend: their second derivative is that of the pieces.
_PIECES = ("relu", "relu6", "sparse_sigmoid", "hard_sigmoid", "hard_silu", "hard_tanh", "sparse_plus", "selu")
_PLAIN = (
    *_PIECES,
    "sigmoid",
    "softplus",
    "softsign",
    "silu",
    "log_sigmoid",
    "tanh_shrink",
)
_SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 1.5}),
    ("gelu", {"approximate": True}),
    ("gelu", {"approximate": False}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("hard_shrink", {"threshold": 0.7}),
    ("soft_shrink", {"threshold": 0.7}),
    ("threshold", {"threshold": 0.3, "default_value": -1.0}),
    ("squareplus", {"b": 2.0}),
    ("glu", {"axis": -1}),
    ("glu", {"axis": 0}),
    ("softmax", {"axis": 0}),
    ("log_softmax", {"axis": 1}),
    ("sparsemax", {"axis": -1}),
]


def _over_axes(function: Any, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """A function of the last axis, over several axes as if they were one."""
    rest = [i for i in range(x.ndim) if i not in axes]
    moved = np.transpose(x, [*rest, *axes])
    y = function(moved.reshape(*[x.shape[i] for i in rest], -1)).reshape(moved.shape)
    return np.transpose(y, np.argsort([*rest, *axes]))


def _activation(name: str, **attrs: Any) -> Row:
    function = act.ALL[name]
    # Halves of the batch are sizes that must be known.
    batch = not (name == "glu" and attrs.get("axis") == 0)
    return Row(
        f"nn.{name}",
        [real(4, 3, 6)],
        lambda x: function(x, **attrs),
        attrs,
        batch=batch,
        loose=8,
        smooth=name != "celu",
    )


ACTIVATIONS = [
    *[_activation(name) for name in _PLAIN],
    *[_activation(name, **attrs) for name, attrs in _SETTINGS],
    *[
        Row(f"nn.{name}", [real(4, 3, 6)], lambda x, f=f: _over_axes(f, x, (0, 2)), {"axis": (0, 2)}, loose=8)
        for name, f in (("softmax", act.softmax), ("log_softmax", act.log_softmax))
    ],
    Row(
        "nn.softmax", [real(4, 3)], lambda x: act.softmax(x.ravel()).reshape(x.shape), {"axis": None}, loose=8
    ),
]

_SHARES = softmax(real(5, 4))
CROSSENTROPIES = [
    Row("nn.binary_crossentropy", [np.abs(unit(5, 4)), positive(5, 4) / 4], ref.binary_crossentropy, loose=8),
    Row(
        "nn.binary_crossentropy",
        [np.abs(unit(5, 4)), real(5, 4)],
        lambda t, p: ref.binary_crossentropy(t, p, from_logits=True),
        {"from_logits": True},
        loose=8,
    ),
    Row(
        "nn.categorical_crossentropy",
        [softmax(unit(5, 4)), _SHARES],
        losses.categorical_crossentropy,
        loose=8,
    ),
    *[
        Row(
            "nn.categorical_crossentropy",
            [softmax(unit(5, 4)), real(5, 4)],
            lambda t, p, axis=axis: losses.categorical_crossentropy(t, p, from_logits=True, axis=axis),
            {"from_logits": True, "axis": axis},
            loose=8,
            gradient=(1,),
        )
        for axis in (-1, 0)
    ],
    Row(
        "nn.sparse_categorical_crossentropy",
        [integers(0, 4, 5), _SHARES],
        losses.sparse_categorical_crossentropy,
        loose=8,
    ),
    Row(
        "nn.sparse_categorical_crossentropy",
        [integers(0, 3, 5, 4), real(5, 3, 4)],
        lambda t, p: losses.sparse_categorical_crossentropy(t, p, from_logits=True, axis=1),
        {"from_logits": True, "axis": 1},
        loose=8,
    ),
]


NORMALISATIONS = [
    Row("nn.moments", [real(5, 3, 4)], lambda x: ref_ops.moments(x, 0), {"axes": [0]}, loose=8),
    Row("nn.moments", [real(5, 3, 4)], lambda x: ref_ops.moments(x, (1, 2)), {"axes": [1, -1]}, loose=8),
    Row(
        "nn.moments",
        [real(5, 3, 4)],
        lambda x: ref_ops.moments(x, (0, 1), keepdims=True),
        {"axes": (0, 1), "keepdims": True},
        loose=8,
    ),
    *[
        Row(
            "nn.batch_normalization",
            [real(5, 3, 4), real(size), positive(size), real(size, seed=7), real(size, seed=8)],
            lambda x, m, v, b, g, axis=axis: ref_ops.batch_normalization(x, m, v, axis, b, g, 1e-3),
            {"axis": axis},
            loose=8,
            names=("x", "mean", "variance", "offset", "scale"),
        )
        for axis, size in ((-1, 4), (1, 3))
    ],
    Row(
        "nn.batch_normalization",
        [real(5, 3), real(3), positive(3)],
        lambda x, m, v: ref_ops.batch_normalization(x, m, v, -1, None, None, 0.1),
        {"axis": -1, "epsilon": 0.1},
        loose=8,
    ),
    Row(
        "nn.layer_normalization",
        [real(5, 3, 4), real(4), real(4, seed=7)],
        lambda x, g, b: ref_ops.layer_normalization(x, g, b, 2, 1e-3),
        {"epsilon": 1e-3},
        loose=16,
    ),
    Row(
        "nn.layer_normalization",
        [real(5, 3, 4), real(3, 4), real(3, 4, seed=7)],
        lambda x, g, b: ref_ops.layer_normalization(x, g, b, (1, 2), 1e-3),
        {"axis": [-1, 1], "epsilon": 1e-3},
        loose=16,
    ),
    Row(
        "nn.layer_normalization",
        [real(5, 3, 4), real(3), real(3, seed=7)],
        lambda x, g, b: ref_ops.layer_normalization(x, g, b, 1, 1e-3),
        {"axis": 1, "epsilon": 1e-3},
        loose=16,
    ),
    Row("nn.rms_normalization", [real(5, 3, 4)], ref.rms_normalization, loose=8),
    Row(
        "nn.rms_normalization",
        [real(5, 3, 4), real(4)],
        lambda x, s: ref.rms_normalization(x, s, (1, 2), 0.1),
        {"axis": (1, 2), "epsilon": 0.1},
        loose=8,
    ),
    *[
        Row(
            "nn.normalize",
            [real(5, 3, 4)],
            lambda x, axis=axis, order=order: ref.normalize(x, axis, order),
            {"axis": axis, "order": order},
            loose=8,
        )
        for axis, order in ((-1, 2), (1, 1), ((1, 2), 3), (None, 2))
    ],
    Row("nn.normalize", [1e-3 * real(5, 4)], lambda x: x / 0.1, {"epsilon": 0.1}, loose=8),
    Row(
        "nn.psnr",
        [real(5, 4), real(5, 4, seed=7)],
        lambda a, b: ref.psnr(a, b, 2.0),
        {"max_val": 2.0},
        loose=8,
    ),
]

_MASK = booleans(2, 1, 3, 5)
_MASK[..., 0] = True


def _attention(q: tuple[int, ...], k: tuple[int, ...], *more: tuple[str, np.ndarray], **attrs: Any) -> Row:
    names = ["query", "key", "value", *[name for name, _ in more]]
    arrays = [real(*q), real(*k, seed=7), real(*k, seed=8), *[array for _, array in more]]
    return Row(
        "nn.dot_product_attention",
        arrays,
        lambda *x: ref.dot_product_attention(**dict(zip(names, x, strict=True)), **attrs),
        attrs,
        loose=16,
        names=names,
        note="+".join(names[3:]),
    )


ATTENTION = [
    _attention((2, 3, 4, 6), (2, 5, 4, 6)),
    _attention((2, 3, 4, 6), (2, 5, 2, 6)),
    _attention((2, 3, 4, 6), (2, 5, 1, 6), scale=0.3),
    _attention((2, 3, 4, 6), (2, 5, 4, 6), ("mask", _MASK)),
    _attention((2, 3, 4, 6), (2, 5, 4, 6), ("bias", real(2, 4, 3, 5)), ("mask", _MASK), is_causal=True),
    _attention((2, 3, 4, 6), (2, 3, 2, 6), is_causal=True),
    # The core's op itself: the scale is always given, and which of bias and mask follow.
    Row(
        "dot_product_attention",
        [
            real(2, 3, 4, 6),
            real(2, 5, 2, 6, seed=7),
            real(2, 5, 2, 6, seed=8),
            real(2, 4, 3, 5, seed=9),
            _MASK,
        ],
        lambda *x: ref.dot_product_attention(*x, scale=0.3),
        {"scale": 0.3, "bias": True, "mask": True},
        loose=16,
    ),
]

_SPEECH = (integers(1, 3, 2, 3), real(2, 5, 3), np.array([2, 1]), np.array([5, 4]))
SEQUENCES = [
    Row("ctc_loss", list(_SPEECH), ref.ctc_loss, smooth=False, loose=8),
    Row(
        "nn.ctc_loss",
        [np.array([[0, 0, 1], [1, 0, 1]]), *_SPEECH[1:3], np.array([5, 5])],
        lambda *x: ref.ctc_loss(*x, mask_index=2),
        {"mask_index": 2},
        smooth=False,
        loose=8,
    ),
    *[
        Row(
            "nn.ctc_decode",
            [apart(2, 6, 4), np.array([6, 4])],
            lambda x, n, merge=merge: ref.ctc_decode(x, n, merge_repeated=merge, mask_index=1),
            {"merge_repeated": merge, "mask_index": 1},
            gradient=(),
            loose=8,
        )
        for merge in (True, False)
    ],
    Row(
        "nn.ctc_decode",
        [4.0 * unit(2, 5, 3), np.array([5, 3])],
        lambda x, n: ref.ctc_decode(x, n, "beam_search", top_paths=3),
        {"strategy": "beam_search", "beam_width": 50, "top_paths": 3},
        gradient=(),
        loose=8,
    ),
    Row(
        "ctc_beam_search",
        [4.0 * unit(2, 5, 3), np.array([5, 3])],
        lambda x, n: ref.ctc_decode(x, n, "beam_search", top_paths=2, mask_index=2),
        {"beam_width": 50, "top_paths": 2, "mask_index": 2},
        gradient=(),
        loose=8,
    ),
]

ROWS = [*ACTIVATIONS, *CROSSENTROPIES, *NORMALISATIONS, *ATTENTION, *SEQUENCES]
