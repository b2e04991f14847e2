"""Rows of einsum."""

from __future__ import annotations

import numpy as np

from tests.ops.table import Row, integers, real

_CASES = [
    ("ij,jk->ik", [(3, 4), (4, 2)]),
    ("ij,jk", [(3, 4), (4, 2)]),
    ("abc,cd->abd", [(3, 2, 4), (4, 5)]),
    ("ab,bcd->acd", [(3, 4), (4, 2, 3)]),
    ("abcd,cde->abe", [(3, 2, 2, 2), (2, 2, 4)]),
    ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 5, 2, 4)]),
    ("bhqk,bkhd->bqhd", [(2, 2, 3, 5), (2, 5, 2, 4)]),
    ("abcde,abfce->abdcf", [(2, 2, 3, 2, 4), (2, 2, 5, 3, 4)]),
    ("ij,ij->i", [(3, 4), (3, 4)]),
    ("i,i", [(5,), (5,)]),
    ("i,j->ji", [(3,), (4,)]),
    ("ij,j->i", [(3, 4), (4,)]),
    (",ij->ji", [(), (3, 4)]),
    ("ii", [(3, 3)]),
    ("ii->i", [(3, 3)]),
    ("iij->ji", [(3, 3, 2)]),
    ("abc->ca", [(2, 3, 4)]),
    ("...ij,...jk", [(2, 1, 3, 4), (5, 4, 2)]),
    ("i...,j...k->...ijk", [(2, 3, 4), (3, 3, 4, 2)]),
    ("i...->...", [(3, 2, 2)]),
    ("ij,jk,kl->il", [(3, 4), (4, 2), (2, 3)]),
    ("bi,bij,bj->b", [(2, 3), (2, 3, 4), (2, 4)]),
]


def _row(subscripts: str, shapes: list[tuple[int, ...]]) -> Row:
    inputs = [real(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    return Row(
        "einsum",
        inputs,
        lambda *xs: np.einsum(subscripts, *xs),
        {"subscripts": subscripts},
        batch=subscripts[0] in "ab" and len(shapes[0]) > 2,
        loose=8,
    )


ROWS = [
    *(_row(subscripts, shapes) for subscripts, shapes in _CASES),
    Row(
        "einsum",
        [integers(-4, 5, 3, 4), integers(-4, 5, 4, 2)],
        lambda a, b: np.einsum("ij,jk", a, b),
        {"subscripts": "ij,jk"},
        batch=False,
        note="integers",
    ),
]
