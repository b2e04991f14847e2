"""Rows of the functions of order: sorting, searching, running sums, quantiles."""

from __future__ import annotations

import numpy as np

from oxhorn.testing.reference import indexing as ref
from tests.ops.table import Row, apart, booleans, integers, real

X = apart(3, 4, 5)
N = np.where(np.arange(60).reshape(3, 4, 5) % 7 == 3, np.nan, X)
Z = np.where(np.arange(12).reshape(3, 4) % 5 == 1, 0.0, real(3, 4))
LINE = np.sort(integers(0, 20, 9))
METHODS = ("linear", "lower", "higher", "midpoint", "nearest")

SORT = [
    Row("sort", [X], lambda x: np.sort(x, 0), {"axis": 0}, smooth=False),
    Row("argsort", [X], lambda x: np.argsort(x, 1), {"axis": 1}, gradient=()),
    Row("argsort_rows", [integers(0, 3, 8, 3)], lambda x: np.lexsort(x.T[::-1])),
    Row("argpartition", [apart(7)], np.argsort, {"kth": 3}, gradient=()),
    Row("searchsorted", [LINE, integers(-2, 22, 3, 4)], np.searchsorted, batch=False),
    Row(
        "searchsorted",
        [LINE, integers(-2, 22, 7)],
        lambda a, v: np.searchsorted(a, v, "right"),
        {"right": True},
        batch=False,
    ),
    Row("digitize", [real(3, 4), np.array([-1.0, 0.0, 1.5])], np.digitize, gradient=(), batch=False),
    Row(
        "digitize",
        [real(3, 4), np.array([1.5, 0.0, -1.0])],
        np.digitize,
        gradient=(),
        batch=False,
        note="falling",
    ),
    Row("isin", [integers(0, 9, 3, 4), integers(0, 9, 5)], np.isin, batch=False),
    Row(
        "isin",
        [integers(0, 9, 3, 4), integers(0, 9, 5)],
        lambda a, b: ~np.isin(a, b),
        {"invert": True},
        batch=False,
    ),
    Row(
        "unique",
        [integers(0, 6, 12)],
        lambda x: ref.unique(x, 8, -1),
        {"return_counts": True, "size": 8, "fill_value": -1},
        gradient=(),
    ),
    Row(
        "unique",
        [integers(0, 9, 12)],
        lambda x: ref.unique(x, 3, -1),
        {"return_counts": True, "size": 3},
        gradient=(),
    ),
    Row(
        "histogram",
        [apart(30)],
        lambda x: np.histogram(x, 6),
        {"bins": 6},
        gradient=(),
        loose=4,
    ),
    Row(
        "histogram",
        [real(30)],
        lambda x: np.histogram(x, 5, (-1.0, 2.0)),
        {"bins": 5, "range": (-1.0, 2.0)},
        gradient=(),
    ),
]

RUN = [
    Row("cumsum", [X], lambda x: np.cumsum(x).astype(x.dtype), batch=False, loose=8, note="flat"),
    Row("cumsum", [booleans(3, 4)], lambda x: np.cumsum(x, 1), {"axis": 1}, note="booleans"),
    Row("cumprod", [Z], lambda x: np.cumprod(x, 1), {"axis": 1}, loose=4, note="zeros"),
    Row("cumprod", [Z], lambda x: np.cumprod(x, 0), {"axis": 0}, loose=4, note="zeros"),
    Row("prod", [Z], lambda x: np.prod(x, 1), {"axis": 1}, loose=4, note="zeros"),
    Row("prod", [Z], np.prod, loose=4, note="zeros"),
    Row("prod", [real(2, 3, 2)], lambda x: np.prod(x, (0, 2)), {"axis": [0, 2]}, loose=4, note="smooth"),
    Row("nancumsum", [N], lambda x: np.nancumsum(x, 1), {"axis": 1}, loose=4, gradient=()),
    Row("nancumprod", [N], lambda x: np.nancumprod(x, 1), {"axis": 1}, loose=4, gradient=()),
    Row("diff", [real(3, 5)], np.diff, loose=4),
    Row("diff", [real(5, 3)], lambda x: np.diff(x, 2, 0), {"n": 2, "axis": 0}, loose=4),
    Row("diff", [booleans(3, 5)], np.diff),
]

_Q = np.array([0.0, 0.3, 0.5, 1.0])
QUANTILES = [
    *(
        Row(
            "quantile",
            [apart(3, 7)],
            lambda x, m=method: np.quantile(x, _Q, axis=1, method=m),
            {"q": _Q, "axis": 1, "method": method},
            smooth=False,
            loose=4,
        )
        for method in METHODS
    ),
    Row("quantile", [X], lambda x: np.quantile(x, 0.3), {"q": 0.3}, smooth=False, batch=False, loose=4),
    Row(
        "quantile",
        [X],
        lambda x: np.quantile(x, 0.3, (0, 2), keepdims=True),
        {"q": 0.3, "axis": (0, 2), "keepdims": True},
        smooth=False,
        loose=4,
    ),
    Row(
        "quantile",
        [N],
        lambda x: np.quantile(x, _Q, 2),
        {"q": _Q, "axis": 2},
        gradient=(),
        loose=4,
        note="nan",
    ),
    Row(
        "percentile",
        [X],
        lambda x: np.percentile(x, [10, 60], 1),
        {"q": [10, 60], "axis": 1},
        smooth=False,
        loose=8,
    ),
    Row("median", [X], lambda x: np.median(x, 1), {"axis": 1}, smooth=False, loose=4),
    Row("median", [integers(0, 9, 3, 4)], lambda x: np.median(x, 1), {"axis": 1}),
    Row("nanquantile", [N], lambda x: np.nanquantile(x, _Q, 1), {"q": _Q, "axis": 1}, gradient=(), loose=4),
    Row(
        "nanpercentile",
        [N],
        lambda x: np.nanpercentile(x, 40, (0, 2)),
        {"q": 40, "axis": (0, 2)},
        gradient=(),
        loose=4,
    ),
    Row(
        "nanmedian",
        [N],
        lambda x: np.nanmedian(x, 0, keepdims=True),
        {"axis": 0, "keepdims": True},
        gradient=(),
        loose=4,
    ),
]

ROWS = SORT + RUN + QUANTILES
