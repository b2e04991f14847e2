"""Rows of the NumPy-like functions of `oxhorn.ops` that take axes together, and of ranges; NumPy is the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.table import Row, apart, booleans, integers, positive, real

X, Y = real(3, 5), real(3, 5, seed=11)
Z = apart(3, 4, 5)
I, B = integers(-4, 5, 3, 5), booleans(3, 5)  # noqa: E741
BYTES = integers(100, 250, 3, 5, dtype="uint8")
W, V = positive(3, 5, seed=12), positive(3, seed=13)
LINE, SHORT = real(6, seed=14), real(3, seed=15)
GAPS = np.where(booleans(4, 6, seed=16), np.nan, apart(4, 6))
GAPS[2] = np.nan
SOME = np.where(np.isnan(GAPS), 0.5, GAPS)
SOME[0, 1] = SOME[2, 3] = np.nan


def last(name: str) -> Any:
    """The function of NumPy along the last axis."""
    return lambda x: getattr(np, name)(x, axis=-1)


def nan_place(name: str) -> Any:
    """As NumPy, but -1 where all are NaN."""

    def reference(x: Any) -> Any:
        nothing = np.isnan(x).all(-1)
        places = getattr(np, name)(np.where(nothing[:, None], 0.0, x), axis=-1)
        return np.where(nothing, -1, places).astype("int32")

    return reference


REDUCTIONS = [
    Row("amax", [Z], np.amax),
    Row("amin", [Z], lambda x: np.amin(x, (0, 2), keepdims=True), {"axis": (0, 2), "keepdims": True}),
    Row("ops.max", [Z], lambda x: np.max(x, 1, initial=0.7), {"axis": 1, "initial": 0.7}, smooth=False),
    Row("ops.min", [Z], lambda x: np.min(x, 1, initial=-0.7), {"axis": 1, "initial": -0.7}, smooth=False),
    Row("ops.max", [np.zeros((3, 0))], lambda x: np.full(3, -1.0), {"axis": 1, "initial": -1.0}, gradient=()),
    Row("ptp", [Z], lambda x: np.ptp(x, 1), {"axis": 1}),
    Row("ops.sum", [BYTES], lambda x: np.sum(x, 0, dtype="int32"), {"axis": 0}, note="bytes"),
    Row("ops.sum", [B], lambda x: np.sum(x, 0, dtype="int32"), {"axis": 0}, note="booleans"),
    Row("ops.prod", [X], lambda x: np.prod(x, 1), {"axis": 1}),
    Row("ops.any", [I], lambda x: np.any(x, 0), {"axis": 0}, note="numbers"),
    Row("ops.all", [I], lambda x: np.all(x, 0), {"axis": 0}, note="numbers"),
    Row("ops.count_nonzero", [I], lambda x: np.count_nonzero(x, (0, 1)), {"axis": (0, 1)}, note="numbers"),
]

NAN = [
    *(
        Row(name, [SOME], last(name), {"axis": -1}, gradient=())
        for name in ("nanmax", "nanmin", "nansum", "nanprod")
    ),
    *(Row(name, [SOME], last(name), {"axis": -1}, gradient=()) for name in ("nanmean", "nanvar", "nanstd")),
    *(
        Row(name, [X], last(name), {"axis": -1}, note="no NaN")
        for name in ("nansum", "nanprod", "nanmean", "nanvar")
    ),
    *(
        Row(name, [X], last(name), {"axis": -1}, note="no NaN", smooth=False)
        for name in ("nanmax", "nanmin", "nanstd")
    ),
    *(Row(name, [GAPS], nan_place(name), {"axis": -1}, gradient=()) for name in ("nanargmax", "nanargmin")),
    Row("nansum", [I], np.sum, note="whole numbers"),
    Row("nanmax", [I], np.max, note="whole numbers"),
]

STATISTICS = [
    Row("average", [X], lambda x: np.average(x, 1), {"axis": 1}),
    Row("corrcoef", [real(4, 7)], np.corrcoef, batch=False),
    *(
        Row("correlate", [LINE, SHORT], lambda a, b, m=m: np.correlate(a, b, m), {"mode": m}, batch=False)
        for m in ("valid", "same", "full")
    ),
    *(
        Row("correlate", [SHORT, LINE], lambda a, b, m=m: np.correlate(a, b, m), {"mode": m}, batch=False)
        for m in ("valid", "same", "full")
    ),
    Row("trapezoid", [X], lambda y: np.trapezoid(y, dx=0.5, axis=0), {"dx": 0.5, "axis": 0}),
    Row("trapezoid", [X, Y], np.trapezoid),
    Row("trapezoid", [X, V], lambda y, x: np.trapezoid(y, x, axis=0), {"axis": 0}),
]

RANGES = [
    Row("linspace", [X, Y], lambda a, b: np.linspace(a, b, 4), {"num": 4}),
    Row("linspace", [X, Y], lambda a, b: np.linspace(a, b, 4, endpoint=False, axis=-1),
        {"num": 4, "endpoint": False, "axis": -1}),
    Row("linspace", [X, Y], lambda a, b: list(np.linspace(a, b, 3, retstep=True)), {"num": 3, "retstep": True}),
    Row("logspace", [X, Y], lambda a, b: np.logspace(a, b, 4, base=2.0), {"num": 4, "base": 2.0}, loose=4),
    Row("geomspace", [W, W + 1], lambda a, b: np.geomspace(a, b, 4, axis=1), {"num": 4, "axis": 1}, loose=4),
]  # fmt: skip

ROWS = [*REDUCTIONS, *NAN, *STATISTICS, *RANGES]
