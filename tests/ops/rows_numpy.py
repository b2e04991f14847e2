"""Rows of the NumPy-like functions of `oxhorn.ops` that work value by value; NumPy itself is the reference."""

from __future__ import annotations

import numpy as np

from tests.ops.table import Row, apart, booleans, integers, real

X, Y = real(3, 5), real(3, 5, seed=11)
I, J = integers(-4, 5, 3, 5), integers(1, 5, 3, 5, seed=13)  # noqa: E741
B, C = booleans(3, 5), booleans(3, 5, seed=14)
LINE = real(5, seed=15)
# NaN, infinities, zeros of both signs.
ODD = np.array([[np.nan, np.inf, -np.inf, 0.0], [-0.0, 1.5, -2.5, 3.0]])
ODD2 = np.array([[1.0, np.inf, 2.0, np.nan], [0.0, 1.5, np.nan, 3.0001]])

ARITHMETIC = [
    Row("fabs", [X], np.fabs),
    Row("true_divide", [X, Y], np.true_divide),
    Row("fmod", [X, Y], np.fmod, gradient=()),
    Row("fmod", [I, J], np.fmod, note="whole numbers"),
    Row("fmax", [apart(3, 5), apart(3, 5, seed=9)], np.fmax, smooth=False),
    Row("fmax", [ODD, ODD2], np.fmax, gradient=(), note="special values"),
    Row("fmin", [apart(3, 5), apart(3, 5, seed=9)], np.fmin, smooth=False),
    Row("fmin", [ODD, ODD2], np.fmin, gradient=(), note="special values"),
    Row("fmin", [I, J], np.fmin, note="whole numbers"),
    Row("hypot", [X, LINE], np.hypot),
    Row("hypot", [ODD, ODD2], np.hypot, gradient=(), note="special values"),
    Row("ldexp", [X, integers(-3, 4, 3, 5)], np.ldexp),
    Row("real", [X], np.real),
    Row("imag", [X], np.imag, gradient=()),
    Row("conj", [X], np.conj),
    Row("conjugate", [X], np.conjugate),
    Row("ops.add", [B, C], np.logical_or, note="booleans"),
    Row("ops.multiply", [B, C], np.logical_and, note="booleans"),
    Row("ops.maximum", [B, C], np.maximum, note="booleans"),
    Row("ops.minimum", [B, C], np.minimum, note="booleans"),
    Row("ops.absolute", [B], np.absolute, note="booleans"),
    Row("ops.add", [I, X], np.add),
    Row("nextafter", [X, Y], np.nextafter, gradient=()),
]

CURVES = [
    Row("angle", [X], np.angle, gradient=()),
    Row("deg2rad", [X], np.deg2rad),
    Row("rad2deg", [X], np.rad2deg),
    Row("sinc", [X], np.sinc, loose=4),
    Row("sinc", [np.array([0.0, 1e-3, -1e-3])], np.sinc, note="at 0"),
    Row("logaddexp2", [X, Y], np.logaddexp2, loose=4),
    Row("i0", [X], np.i0, loose=4),
    Row("i0", [np.array([-10.0, -7.9, 0.5, 7.9, 8.1, 10.0])], np.i0, loose=4, note="both formulas"),
]

COMPARISONS = [
    Row("isposinf", [ODD], np.isposinf, gradient=()),
    Row("isneginf", [ODD], np.isneginf, gradient=()),
    Row("isreal", [ODD], np.isreal, gradient=()),
    Row("signbit", [ODD[:, 1:]], np.signbit, gradient=()),
    Row("signbit", [I], np.signbit),
    Row("isclose", [ODD, ODD2], np.isclose, gradient=()),
    Row(
        "isclose", [ODD, ODD], lambda a, b: np.isclose(a, b, equal_nan=True), {"equal_nan": True}, gradient=()
    ),
    Row(
        "isclose",
        [X, X + 0.1],
        lambda a, b: np.isclose(a, b, 0.1, 0.02),
        {"rtol": 0.1, "atol": 0.02},
        gradient=(),
    ),
    Row("allclose", [X, X + 1e-9], np.allclose, gradient=()),
    Row("allclose", [X, Y], np.allclose, gradient=()),
    Row("ops.where", [I, X, Y], lambda c, a, b: np.where(c != 0, a, b), note="numbers as conditions"),
]

FILLED = {"nan": 7.0, "posinf": 8.0, "neginf": -9.0}
ROUNDING = [
    Row("ops.trunc", [I], np.trunc, note="whole numbers"),
    Row("ops.round", [100 * I], lambda x: np.round(x, -2), {"decimals": -2}, note="whole numbers"),
    Row("ops.clip", [X], lambda x: np.clip(x, -0.7, 1.2), {"x_min": -0.7, "x_max": 1.2}, smooth=False),
    Row("ops.clip", [X], lambda x: np.clip(x, None, 1.2), {"x_min": None, "x_max": 1.2}, smooth=False),
    Row("ops.clip", [I, J], lambda x, low: np.clip(x, low, 3), {"x_max": 3}, note="whole numbers"),
    Row("nan_to_num", [ODD], lambda x: np.nan_to_num(x, **FILLED), FILLED, gradient=()),
    Row("nan_to_num", [X], np.nan_to_num, smooth=False),
    Row("saturate_cast", [X], lambda x: np.clip(x, 0, 255).astype("uint8"), {"dtype": "uint8"}, gradient=()),
    Row("saturate_cast", [I], lambda x: np.clip(x, 0, 255).astype("uint8"), {"dtype": "uint8"}),
]

ROWS = [*ARITHMETIC, *CURVES, *COMPARISONS, *ROUNDING]
