"""Rows of the functions that read, write and fold at places."""

from __future__ import annotations

import numpy as np

from oxhorn.testing.reference import indexing as ref
from tests.ops.table import Row, apart, booleans, integers, real

X = real(3, 4, 5)
# Two rows name one entry; one counts from the end.
AT = np.array([[0, 1], [2, 3], [0, 1], [-1, 0]], "int32")
ENTRIES = real(4, 5, seed=7)
IDS = np.array([0, 2, -1, 2, 0, 3], "int32")

READ = [
    Row("gather_at", [X, AT], lambda x, i: x[tuple(i.T)], batch=False),
    Row("gather_at", [X, AT[:, :1]], lambda x, i: x[i[:, 0]], batch=False, note="rows"),
    Row(
        "take",
        [X, integers(-5, 5, 2, 3)],
        lambda x, i: np.take(x, i, -1),
        {"axis": -1},
        batch=False,
        note="end",
    ),
    Row("take", [X, integers(0, 60, 7)], lambda x, i: np.take(x, i), batch=False, note="flat"),
    Row(
        "take_along_axis",
        [real(3, 1, 5), integers(0, 5, 3, 4, 2)],
        lambda x, i: np.take_along_axis(np.broadcast_to(x, (3, 4, 5)), i, 2),
        {"axis": 2},
        batch=False,
        note="broadcast",
    ),
    Row(
        "take_along_axis",
        [X, integers(0, 5, 1, 4, 2)],
        lambda x, i: np.take_along_axis(x, np.broadcast_to(i, (3, 4, 2)), 2),
        {"axis": 2},
        batch=False,
        note="broadcast indices",
    ),
    Row(
        "slice_at",
        [X, np.array([1, 0, 2])],
        lambda x, _: x[1:3, 0:4, 2:5],
        {"shape": [2, 4, 3]},
        batch=False,
    ),
    Row(
        "unravel_index",
        [integers(0, 24, 5)],
        lambda i: np.unravel_index(i, (2, 3, 4)),
        {"shape": (2, 3, 4)},
        gradient=(),
    ),
]

_I, _J = np.array([0, 2]), np.array([[1], [3]])
_KEYS = {
    "integers and slices": np.s_[1, ::-1, 1:4:2],
    "new axes": np.s_[..., None, 2],
    "negative steps": np.s_[::-2, 3:0:-2],
    "rows": np.s_[_I],
    "columns": np.s_[:, _I],
    "two arrays": np.s_[_I, _J],
    "arrays apart": np.s_[_I, :, _J],
    "array and integer": np.s_[:, 0, _I],
    "integer and array apart": np.s_[0, :, _I],
    "list": np.s_[:, [1, -1], None],
    "mask": np.s_[:, np.array([True, False, True, True])],
    "mask of two axes": np.s_[np.arange(12).reshape(3, 4) % 5 == 0],
    "nothing": np.s_[:0],
}
GET = [
    Row("get_item", [X], lambda x, k=key: x[k], {"key": key}, batch=False, note=n) for n, key in _KEYS.items()
]

WRITE = [
    Row(
        "scatter",
        [AT % 3, ENTRIES],
        lambda i, v: ref.scatter(i, v, (4, 3, 5)),
        {"shape": [4, 3, 5]},
        batch=False,
    ),
    Row(
        "scatter",
        [AT % 3, integers(0, 9, 4)],
        lambda i, v: ref.scatter(i, v, (3, 3)),
        {"shape": [3, 3]},
        batch=False,
    ),
    Row("scatter_update", [X, AT, ENTRIES], ref.scatter_update, gradient=(0, 2), batch=False),
    *(
        Row(
            "scatter_update",
            [apart(3, 4), AT, 0.7 * apart(4, seed=9)],
            lambda x, i, u, r=reduction: ref.scatter_update(x, i, u, r),
            {"reduction": reduction},
            gradient=(0, 2),
            smooth=reduction in ("add", "mul"),
            batch=False,
        )
        for reduction in ("add", "mul", "max", "min")
    ),
    Row(
        "scatter_update",
        [integers(0, 9, 5), np.array([[1], [3]]), integers(0, 9, 2)],
        ref.scatter_update,
        batch=False,
    ),
    Row(
        "slice_update",
        [X, np.array([1, 0, 2]), real(2, 4, 3, seed=8)],
        ref.slice_update,
        gradient=(0, 2),
        batch=False,
    ),
]

_FOLDS = {"sum": ref.segment_sum, "prod": ref.segment_prod, "max": ref.segment_max, "min": ref.segment_min}
SEGMENT = [
    *(
        Row(
            f"segment_{fold}",
            [apart(6, 2), IDS if fold in ("sum", "prod") else np.array([0, 2, 1, 2, -1, 0], "int32")],
            lambda x, s, f=function, n=count: f(x, s, n),
            {"num_segments": count},
            smooth=fold in ("sum", "prod"),
            batch=False,
        )
        for (fold, function), count in zip(_FOLDS.items(), (5, 5, 3, 3), strict=True)
    ),
    Row(
        "segment_sum",
        [integers(0, 9, 6, 2), IDS],
        lambda x, s: ref.segment_sum(x, s, 4),
        {"num_segments": 4},
        batch=False,
    ),
]

CODE = [
    Row(
        "one_hot",
        [integers(-1, 5, 6)],
        lambda i: (i[:, None] == np.arange(4)).astype(float),
        {"num_classes": 4},
        gradient=(),
        note="outside",
    ),
    Row("multi_hot", [integers(0, 6, 4, 3)], lambda i: ref.multi_hot(i, 6), {"num_classes": 6}, gradient=()),
    Row(
        "bincount", [integers(0, 6, 20)], lambda x: np.bincount(x, minlength=8), {"minlength": 8}, gradient=()
    ),
    Row(
        "bincount",
        [integers(0, 6, 20), real(20)],
        lambda x, w: np.bincount(x, w, 8),
        {"minlength": 8},
        batch=False,
        loose=4,
    ),
    Row(
        "bincount",
        [integers(0, 6, 3, 20)],
        lambda x: np.stack([np.bincount(line, minlength=8) for line in x]),
        {"minlength": 8},
        gradient=(),
    ),
    Row("where", [booleans(3, 4), real(3, 4), real(4)], np.where, note="broadcast", batch=False),
]

ROWS = READ + GET + WRITE + SEGMENT + CODE
