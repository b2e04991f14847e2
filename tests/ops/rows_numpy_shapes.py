"""Rows of the NumPy-like functions of `oxhorn.ops` that arrange values, and of products; NumPy is the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.table import Row, booleans, integers, real

X, Y = real(3, 5), real(3, 5, seed=11)
Z = real(3, 4, 5, seed=12)
I = integers(-4, 5, 3, 5)  # noqa: E741
LINE, SHORT = real(5, seed=13), real(3, seed=14)


def pieces(xs: Any) -> list[Any]:
    return list(xs)


def turned(x: Any) -> Any:
    """(3, 4, 6) -> (2, 3, 12): b (h p) w -> p b (h w)."""
    return x.reshape(3, 2, 2, 6).transpose(2, 0, 1, 3).reshape(2, 3, 12)


JOINING = [
    Row("ops.concatenate", [X, Y], lambda *xs: np.concatenate(xs, 1), {"axis": 1}, listed=True, note="list"),
    Row("ops.stack", [X, Y], lambda *xs: np.stack(xs, 1), {"axis": 1}, listed=True, note="list"),
    Row(
        "ops.concatenate",
        [I, X],
        lambda *xs: np.concatenate(xs),
        listed=True,
        batch=False,
        note="whole numbers",
    ),
    Row("append", [X, Y], np.append, batch=False),
    Row("append", [X, Y], lambda a, b: np.append(a, b, 1), {"axis": 1}),
    Row("hstack", [X, Y], lambda *xs: np.hstack(xs), listed=True),
    Row("hstack", [LINE, SHORT], lambda *xs: np.hstack(xs), listed=True, batch=False),
    Row("vstack", [X, Y], lambda *xs: np.vstack(xs), listed=True, batch=False),
    Row("vstack", [LINE, LINE + 1], lambda *xs: np.vstack(xs), listed=True),
    Row("dstack", [X, Y], lambda *xs: np.dstack(xs), listed=True),
    Row("dstack", [LINE, LINE + 1], lambda *xs: np.dstack(xs), listed=True),
    Row("dstack", [Z, Z + 1], lambda *xs: np.dstack(xs), listed=True),
    Row("array_split", [Z], lambda x: np.array_split(x, 3, 1), {"indices_or_sections": 3, "axis": 1}),
    Row("hsplit", [Z], lambda x: np.hsplit(x, 2), {"indices_or_sections": 2}),
    Row("hsplit", [LINE], lambda x: np.hsplit(x, [1, 3]), {"indices_or_sections": [1, 3]}),
    Row("vsplit", [Z], lambda x: np.vsplit(x, 3), {"indices_or_sections": 3}),
    Row("dsplit", [Z], lambda x: np.dsplit(x, [2, 3]), {"indices_or_sections": [2, 3]}),
    Row("unstack", [Z], lambda x: [x[:, i] for i in range(4)], {"axis": 1}),
]

MOVING = [
    Row("fliplr", [X], np.fliplr),
    Row("flipud", [Z], np.flipud),
    Row(
        "ops.roll", [Z], lambda x: np.roll(x, (1, 2), (0, 2)), {"shift": (1, 2), "axis": (0, 2)}, note="pairs"
    ),
    Row("ops.roll", [X], lambda x: np.roll(x, 4), {"shift": 4}, note="flat"),
    *(
        Row("rot90", [Z], lambda x, k=k: np.rot90(x, k, (2, 0)), {"k": k, "axes": (2, 0)})
        for k in range(-1, 3)
    ),
    Row(
        "ops.moveaxis",
        [Z],
        lambda x: np.moveaxis(x, (0, 1), (-1, 0)),
        {"source": (0, 1), "destination": (-1, 0)},
    ),
    Row("ops.expand_dims", [X], lambda x: np.expand_dims(x, (0, -1)), {"axis": (0, -1)}, note="several"),
    Row(
        "ops.repeat", [X], lambda x: np.repeat(x, [2, 0, 1, 3, 1], 1), {"repeats": [2, 0, 1, 3, 1], "axis": 1}
    ),
    Row("ops.tile", [X], lambda x: np.tile(x, (2, 1, 3)), {"repeats": (2, 1, 3)}, note="new axis"),
    Row(
        "ops.pad", [X], lambda x: np.pad(x, 1, constant_values=2.0), {"pad_width": 1, "constant_values": 2.0}
    ),
    Row("meshgrid", [LINE, SHORT], lambda a, b: pieces(np.meshgrid(a, b)), batch=False),
    Row(
        "meshgrid",
        [LINE, SHORT, LINE],
        lambda *xs: pieces(np.meshgrid(*xs, indexing="ij")),
        {"indexing": "ij"},
    ),
    Row("rearrange", [real(3, 4, 6)], turned, {"pattern": "b (h p) w -> p b (h w)", "p": 2}),
    Row("copy", [X], np.copy),
    Row("empty_like", [X], np.zeros_like, gradient=()),
    Row("ops.full_like", [X, SHORT[:1]], np.full_like, gradient=(1,), batch=False, note="a tensor"),
    Row("ops.full_like", [I], lambda x: np.full_like(x, 7), {"fill_value": 7}, note="whole numbers"),
    Row("size", [X], np.size, gradient=()),
]

DIAGONALS = [
    Row("ops.diag", [X], lambda x: np.diag(x, 1), {"k": 1}, note="of a matrix"),
    Row("ops.diag", [X], lambda x: np.diag(x, -1), {"k": -1}, note="of a matrix"),
    Row("ops.diag", [SHORT], lambda x: np.diag(x, -1), {"k": -1}, note="of a line"),
    Row("diagflat", [real(2, 2)], lambda x: np.diagflat(x, 1), {"k": 1}),
    Row("diagonal", [Z], np.diagonal),
    Row("diagonal", [Z], lambda x: np.diagonal(x, 2, 1, 2), {"offset": 2, "axis1": 1, "axis2": 2}),
    Row("diagonal", [Z], lambda x: np.diagonal(x, -1, 2, 0), {"offset": -1, "axis1": 2, "axis2": 0}),
    Row("trace", [Z], np.trace),
    Row("trace", [I], np.trace, note="whole numbers"),
    Row("vander", [LINE], lambda x: np.vander(x, 3), {"N": 3}),
    Row("vander", [LINE], lambda x: np.vander(x, increasing=True), {"increasing": True}, batch=False),
]

PRODUCTS = [
    Row("ops.matmul", [I, I.T.copy()], np.matmul, note="whole numbers", batch=False),
    Row("ops.matmul", [I.astype("int64"), I.T.astype("int64")], np.matmul, note="int64", batch=False),
    Row("ops.matmul", [booleans(3, 5), booleans(5, 2)], np.matmul, note="booleans", batch=False),
    Row("dot", [X, Y.T.copy()], np.dot, batch=False),
    Row("dot", [Z, real(2, 5, 3)], np.dot, batch=False),
    Row("dot", [LINE, LINE + 1], np.dot, batch=False),
    Row("vdot", [X, Y], np.vdot, batch=False),
    Row("inner", [Z, X], np.inner, batch=False),
    Row("outer", [X, LINE], np.outer),
    Row("ops.tensordot", [Z, real(5, 4, 2)], lambda a, b: np.tensordot(a, b, [[1, 2], [1, 0]]),
        {"axes": [[1, 2], [1, 0]]}, batch=False, note="pairs"),
    Row("ops.tensordot", [X, LINE], lambda a, b: np.tensordot(a, b, 0), {"axes": 0}, batch=False, note="none"),
    Row("kron", [X, real(2, 2, 2)], np.kron, batch=False),
    Row("cross", [real(4, 3), real(4, 3, seed=15)], np.cross),
    Row("cross", [real(4, 3), real(3)], lambda a, b: np.cross(a, b, axisc=0), {"axisc": 0}, batch=False),
    Row("cross", [real(3, 4), real(3, 4, seed=15)], lambda a, b: np.cross(a, b, axis=0), {"axis": 0}, batch=False),
]  # fmt: skip

ROWS = [*JOINING, *MOVING, *DIAGONALS, *PRODUCTS]
