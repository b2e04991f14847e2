"""Rows of the ops that reduce, reshape, select and join."""

from __future__ import annotations

import numpy as np

from oxhorn.testing.reference import ops as ref
from tests.ops.table import Row, apart, booleans, integers, positive, real

X = real(3, 4, 5)
A = apart(3, 4, 5)
I = integers(-9, 9, 3, 4)  # noqa: E741

_AXES = [(None, False), (1, False), (-1, True), ((0, 2), False), ((0, 1, 2), True)]


def _reductions(name, function, x, **options):
    return [
        Row(
            name,
            [x],
            lambda v, axis=axis, keepdims=keepdims: function(v, axis=axis, keepdims=keepdims),
            {"axis": list(axis) if isinstance(axis, tuple) else axis, "keepdims": keepdims},
            loose=4,
            **options,
        )
        for axis, keepdims in _AXES
    ]


REDUCE = [
    *_reductions("sum", np.sum, X),
    *_reductions("mean", np.mean, X),
    *_reductions("max", np.max, A, smooth=False),
    *_reductions("min", np.min, A, smooth=False),
    *_reductions("prod", np.prod, real(2, 3, 2), smooth=False),
    *_reductions("var", np.var, X),
    *_reductions("std", np.std, X),
    *_reductions("logsumexp", ref.logsumexp, X),
    *_reductions("any", np.any, booleans(3, 4, 5), gradient=()),
    *_reductions("all", np.all, booleans(3, 4, 5), gradient=()),
    *_reductions("sum", np.sum, integers(-5, 9, 3, 4, 5, dtype="int64"), gradient=()),
    *_reductions("max", np.max, integers(-5, 9, 3, 4, 5), gradient=()),
    Row("sum", [real(7, 300)], lambda x: np.sum(x, 1), {"axis": 1}, loose=8, note="long"),
    Row("sum", [real(0, 3)], lambda x: np.sum(x, 0), {"axis": 0}, batch=False, note="empty"),
    Row("argmax", [A], lambda x: np.argmax(x, -1), {"axis": -1}, gradient=()),
    Row("argmax", [A], lambda x: np.argmax(x, 1), {"axis": 1}, gradient=()),
    Row("argmin", [A], lambda x: np.argmin(x, -1), {"axis": -1}, gradient=()),
    Row("cumsum", [X], lambda x: np.cumsum(x, 1), {"axis": 1}, loose=4),
    Row("cumprod", [real(2, 4)], lambda x: np.cumprod(x, 1), {"axis": 1}, loose=4),
    Row("count_nonzero", [I], lambda x: np.count_nonzero(x, 1), {"axis": 1}, gradient=()),
]

SHAPE = [
    Row(
        "shaped",
        [X],
        lambda x: np.zeros((len(x) * 2, 4), "uint8"),
        {"sizes": [{"input": 0, "axis": 0, "times": 2}, 4]},
        gradient=(),
    ),
    Row(
        "axis_size",
        [X],
        lambda x: np.int32((len(x) + 3) // 2),
        {"size": {"input": 0, "axis": 0, "plus": 3, "over": 2}},
        gradient=(),
    ),
    Row("reshape", [X], lambda x: x.reshape(6, 10), {"newshape": [6, 10]}, batch=False),
    Row("reshape", [X], lambda x: x.reshape(-1, 20), {"newshape": [-1, 20]}),
    Row("transpose", [X], np.transpose, batch=False),
    Row("transpose", [X], lambda x: np.transpose(x, (0, 2, 1)), {"axes": [0, 2, 1]}),
    Row("transpose", [X], lambda x: np.transpose(x, (2, 0, 1)), {"axes": [2, 0, 1]}),
    Row("swapaxes", [X], lambda x: np.swapaxes(x, 0, 2), {"axis1": 0, "axis2": 2}),
    Row("moveaxis", [X], lambda x: np.moveaxis(x, 0, -1), {"source": 0, "destination": -1}),
    Row("expand_dims", [X], lambda x: x[:, None], {"axis": 1}),
    Row("expand_dims", [X], lambda x: x[..., None], {"axis": -1}),
    Row("squeeze", [real(3, 1, 4)], lambda x: x[:, 0], {"axis": 1}),
    Row("squeeze", [real(3, 4, 1)], lambda x: x[..., 0], {"axis": -1}),
    Row(
        "broadcast_to",
        [real(4, 1)],
        lambda x: np.broadcast_to(x, (3, 4, 5)),
        {"shape": [3, 4, 5]},
        batch=False,
    ),
    Row("tile", [real(3, 2)], lambda x: np.tile(x, (1, 3)), {"repeats": [1, 3]}),
    Row("repeat", [real(3, 2)], lambda x: np.repeat(x, 3, 1), {"repeats": 3, "axis": 1}),
    Row("flip", [X], lambda x: np.flip(x, 1), {"axis": 1}),
    Row("roll", [X], lambda x: np.roll(x, 2, 1), {"shift": 2, "axis": 1}),
    Row("pad", [real(3, 4)], lambda x: np.pad(x, ((0, 0), (1, 2))), {"pad_width": [[0, 0], [1, 2]]}),
    Row(
        "pad",
        [real(3, 4)],
        lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=1.5),
        {"pad_width": [[1, 0], [0, 2]], "constant_values": 1.5},
    ),
    *(
        Row(
            "pad",
            [real(rows, 4)],
            lambda x, mode=mode: np.pad(x, ((0, 0), (3, 2)), mode=mode),
            {"pad_width": [[0, 0], [3, 2]], "mode": mode},
        )
        for mode in ("reflect", "symmetric", "edge")
        for rows in (3, 0)
    ),
    Row("concatenate", [X, real(3, 2, 5)], lambda *x: np.concatenate(x, 1), {"axis": 1}),
    Row("concatenate", [real(2, 3), real(4, 3), real(1, 3)], lambda *x: np.concatenate(x, 0), {"axis": 0}),
    Row("stack", [X, real(3, 4, 5, seed=9)], lambda *x: np.stack(x, 1), {"axis": 1}),
    Row("stack", [X, real(3, 4, 5, seed=9)], lambda *x: np.stack(x, -1), {"axis": -1}),
    Row("split", [real(3, 6)], lambda x: np.split(x, 3, 1), {"indices": [2, 4], "axis": 1}),
    Row("split", [real(3, 6)], lambda x: np.split(x, [1, 4], 1), {"indices": [1, 4], "axis": 1}),
    Row(
        "slice",
        [X],
        lambda x: x[1:3, 0:4, 2:5],
        {"start_indices": [1, 0, 2], "shape": [2, 4, 3]},
        batch=False,
    ),
    Row(
        "strided_slice",
        [X],
        lambda x: x[:, 3:0:-2, 1:],
        {"begin": [None, 3, 1], "end": [None, 0, None], "strides": [1, -2, 1]},
    ),
    Row(
        "strided_slice",
        [X],
        lambda x: x[1:3, :, -2:],
        {"begin": [1, None, -2], "end": [3, None, None], "strides": [1, 1, 1]},
        batch=False,
    ),
    Row("unstack", [X], lambda x: [x[:, i] for i in range(4)], {"axis": 1}),
    Row("ravel", [X], np.ravel, batch=False),
    Row("reshape_like", [X, real(6, 10)], lambda x, y: x.reshape(6, 10), gradient=[0], batch=False),
    Row("tril", [real(3, 4, 4)], np.tril),
    Row("triu", [real(3, 4, 4)], lambda x: np.triu(x, 1), {"k": 1}),
    Row("diag", [real(4)], np.diag, batch=False),
    Row("cast", [X], lambda x: x.astype("int32"), {"dtype": "int32"}, gradient=()),
    Row("cast", [I], lambda x: x.astype("float64"), {"dtype": "float64"}, gradient=()),
    Row("cast", [booleans(3, 4)], lambda x: x.astype("uint8"), {"dtype": "uint8"}, gradient=()),
]

INDEX = [
    Row("take", [X, integers(0, 5, 2, 3)], lambda x, i: np.take(x, i, -1), {"axis": -1}, batch=False),
    Row("take", [X, integers(0, 3, 4)], lambda x, i: np.take(x, i, 0), {"axis": 0}),
    Row(
        "take",
        [X, integers(0, 3, 4, dtype="int64")],
        lambda x, i: np.take(x, i, 0),
        {"axis": 0},
        note="int64",
    ),
    Row(
        "take_along_axis",
        [X, integers(0, 5, 3, 4, 2)],
        lambda x, i: np.take_along_axis(x, i, -1),
        {"axis": -1},
        batch=False,
    ),
    Row("one_hot", [integers(0, 4, 6)], lambda i: ref.one_hot(i, 4), {"num_classes": 4}, gradient=()),
    Row(
        "one_hot",
        [integers(0, 4, 2, 3)],
        lambda i: ref.one_hot(i, 4, 1),
        {"num_classes": 4, "axis": 1},
        gradient=(),
    ),
    Row(
        "in_top_k",
        [integers(0, 5, 6), apart(6, 5)],
        lambda t, p: ref.in_top_k(t, p, 2),
        {"k": 2},
        gradient=(),
    ),
    Row(
        "top_k",
        [apart(4, 6)],
        lambda x: ref.top_k(x, 3),
        {"k": 3},
        smooth=False,
    ),
    Row("sort", [A], lambda x: np.sort(x, -1), {"axis": -1}, smooth=False),
    Row("argsort", [A], lambda x: np.argsort(x, -1), {"axis": -1}, gradient=()),
    Row("embedding", [integers(0, 7, 2, 3), real(7, 4)], lambda i, t: t[i], batch=False),
]

LIKE = [
    Row("full_like", [positive(2, 3)], lambda x: np.full_like(x, 1.5), {"value": 1.5}, gradient=()),
    Row(
        "sum_to_like",
        [X, real(4, 1)],
        lambda x, y: x.sum((0, 2))[:, None],
        gradient=[0],
        batch=False,
        loose=8,
    ),
    Row(
        "broadcast_like", [real(4, 1), X], lambda x, y: np.broadcast_to(x, y.shape), gradient=[0], batch=False
    ),
]

ROWS = REDUCE + SHAPE + INDEX + LIKE
