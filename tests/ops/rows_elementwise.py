"""Rows of the ops that work element by element."""

from __future__ import annotations

import math

import numpy as np

from oxhorn.testing.reference import activations as act
from oxhorn.testing.reference import ops as ref
from tests.ops.table import Row, booleans, integers, positive, real, unit

erf = np.vectorize(math.erf, otypes=[float])


def erfinv(y: np.ndarray) -> np.ndarray:
    """x with erf(x) = y, by Newton's method."""
    x = np.zeros_like(y)
    for _ in range(60):
        x = x - (erf(x) - y) * np.sqrt(np.pi) / 2 * np.exp(x * x)
    return x


X = real(3, 5)
P = positive(3, 5)
U = unit(3, 5)
# Around every kink of the piecewise activations, never on one.
K = np.linspace(-7.03, 7.05, 36).reshape(4, 9)
I = integers(-4, 5, 3, 5)  # noqa: E741
B = booleans(3, 5)

UNARY = [
    Row("negative", [X], np.negative),
    Row("abs", [X], np.abs),
    Row("absolute", [X], np.abs),
    Row("square", [X], np.square),
    Row("sqrt", [P], np.sqrt),
    Row("rsqrt", [P], lambda x: 1 / np.sqrt(x)),
    Row("reciprocal", [X], np.reciprocal),
    Row("exp", [X], np.exp, loose=4),
    Row("expm1", [X], np.expm1, loose=4),
    Row("log", [P], np.log, loose=4),
    Row("log1p", [P], np.log1p, loose=4),
    Row("log2", [P], np.log2, loose=4),
    Row("log10", [P], np.log10, loose=4),
    Row("sin", [X], np.sin),
    Row("cos", [X], np.cos),
    Row("tan", [U], np.tan, loose=4),
    Row("arcsin", [U], np.arcsin),
    Row("arccos", [U], np.arccos),
    Row("arctan", [X], np.arctan),
    Row("sinh", [X], np.sinh, loose=4),
    Row("cosh", [X], np.cosh, loose=4),
    Row("tanh", [X], np.tanh, loose=4),
    Row("arcsinh", [X], np.arcsinh, loose=4),
    Row("arccosh", [1.5 + P], np.arccosh, loose=4),
    Row("arctanh", [U], np.arctanh, loose=4),
    Row("erf", [X], erf, loose=4),
    Row("erfc", [X], lambda x: 1 - erf(x), loose=4),
    Row("floor", [X], np.floor, gradient=()),
    Row("ceil", [X], np.ceil, gradient=()),
    Row("round", [X], np.round, gradient=()),
    Row("trunc", [X], np.trunc, gradient=()),
    Row("sign", [X], np.sign, gradient=()),
    Row("zeros_like", [X], np.zeros_like, gradient=()),
    Row("ones_like", [X], np.ones_like, gradient=()),
    Row("stop_gradient", [X], lambda x: x, gradient=()),
    Row("identity", [X], lambda x: x),
    Row("isnan", [np.array([1.0, np.nan, np.inf])], np.isnan, gradient=(), batch=False),
    Row("isinf", [np.array([1.0, np.nan, np.inf, -np.inf])], np.isinf, gradient=(), batch=False),
    Row("isfinite", [np.array([1.0, np.nan, np.inf])], np.isfinite, gradient=(), batch=False),
    Row("logical_not", [B], np.logical_not, gradient=()),
    Row("negative", [I], np.negative, gradient=()),
    Row("abs", [I], np.abs, gradient=()),
    Row("square", [I], np.square, gradient=()),
    Row("sign", [I], np.sign, gradient=()),
    Row("exp2", [X], np.exp2, loose=4),
    Row("cbrt", [X], np.cbrt, loose=4),
    Row("erfinv", [U], erfinv, loose=16),
]

_BROADCASTS = [
    (X, real(3, 5, seed=9)),
    (X, real(5, seed=8)),
    (real(3, 1, seed=7), real(1, 5, seed=6)),
    (real(), X),
]
_PAIRS = [(a, b) for a, b in _BROADCASTS]

BINARY = [
    *[Row("add", p, np.add, batch=False) for p in _PAIRS],
    *[Row("subtract", p, np.subtract, batch=False) for p in _PAIRS],
    *[Row("multiply", p, np.multiply, batch=False) for p in _PAIRS],
    *[Row("divide", p, np.divide, batch=False) for p in _PAIRS],
    *[Row("maximum", p, np.maximum, batch=False) for p in _PAIRS],
    *[Row("minimum", p, np.minimum, batch=False) for p in _PAIRS],
    *[Row("power", (np.abs(a), b), np.power, batch=False, loose=8) for a, b in _PAIRS],
    Row("add", [X, real(3, 5, seed=9)], np.add, note="batch"),
    Row("true_divide", [X, P], np.true_divide),
    Row("divide_no_nan", [X, np.where(B, P, 0.0)], ref.divide_no_nan, gradient=[0], smooth=False),
    Row("divide_no_nan", [X, P], ref.divide_no_nan),
    Row("squared_difference", [X, real(3, 5, seed=9)], lambda a, b: (a - b) ** 2),
    Row("heaviside", [X, P], np.heaviside, gradient=()),
    Row("clip", [X, np.array(-1.0), np.array(0.7)], np.clip, gradient=[0], smooth=False),
    Row("clip", [X, -P, P], np.clip, gradient=[0], smooth=False),
    Row("floor_divide", [X, P], np.floor_divide, gradient=()),
    Row("mod", [X, P], np.mod, loose=4),
    Row("arctan2", [X, P], np.arctan2),
    Row("logaddexp", [X, real(3, 5, seed=9)], np.logaddexp, loose=4),
    Row("add", [I, integers(-4, 5, 3, 5, seed=11)], np.add, gradient=()),
    Row("multiply", [I.astype("int64"), integers(-4, 5, 5, dtype="int64")], np.multiply, gradient=()),
    Row("subtract", [I, integers(-4, 5, 1, dtype="int32")], np.subtract, gradient=(), batch=False),
    Row("maximum", [I, integers(-4, 5, 3, 5, seed=11)], np.maximum, gradient=()),
    Row("minimum", [I, integers(-4, 5, 3, 5, seed=11)], np.minimum, gradient=()),
    Row("floor_divide", [I, integers(1, 4, 3, 5)], np.floor_divide, gradient=()),
    Row("mod", [I, integers(1, 4, 3, 5)], np.mod, gradient=()),
    Row("logical_and", [B, booleans(3, 5, seed=16)], np.logical_and, gradient=()),
    Row("logical_or", [B, booleans(3, 5, seed=16)], np.logical_or, gradient=()),
    Row("logical_xor", [B, booleans(3, 5, seed=16)], np.logical_xor, gradient=()),
    Row("where", [B, X, P], np.where),
    Row("where", [B, X, real(5)], np.where, batch=False),
    Row("where", [booleans(3, 1), real(5), real(3, 5)], np.where, batch=False),
]

_SAME = np.where(B, X, real(3, 5, seed=9))
COMPARE = [
    Row(name, pair, getattr(np, name), gradient=(), batch=False)
    for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
    for pair in ((X, _SAME), (X, real(5)), (I, integers(-4, 5, 3, 5, seed=11)))
]

ACTIVATIONS = [
    Row("relu", [K], act.relu, smooth=False),
    Row("relu6", [K], act.relu6, smooth=False),
    Row("leaky_relu", [K], act.leaky_relu, smooth=False),
    Row("leaky_relu", [K], lambda x: act.leaky_relu(x, 0.05), {"negative_slope": 0.05}, smooth=False),
    Row("elu", [K], act.elu, loose=4),
    Row("elu", [K], lambda x: act.elu(x, 0.5), {"alpha": 0.5}, loose=4),
    Row("celu", [K], lambda x: act.celu(x, 1.5), {"alpha": 1.5}, loose=4),
    Row("selu", [K], act.selu, loose=4),
    Row("exponential", [X], act.exponential, loose=4),
    Row("linear", [K], act.linear),
    Row("sigmoid", [K], act.sigmoid, loose=4),
    Row("hard_sigmoid", [K], act.hard_sigmoid, smooth=False),
    Row("log_sigmoid", [K], act.log_sigmoid, loose=4),
    Row("sparse_sigmoid", [K], act.sparse_sigmoid, smooth=False),
    Row("softplus", [K], act.softplus, loose=4),
    Row("sparse_plus", [K], act.sparse_plus),
    Row("squareplus", [K], act.squareplus),
    Row("squareplus", [K], lambda x: act.squareplus(x, 2.0), {"b": 2.0}),
    Row("softsign", [K], act.softsign),
    Row("soft_shrink", [K], act.soft_shrink, smooth=False),
    Row("soft_shrink", [K], lambda x: act.soft_shrink(x, 1.3), {"threshold": 1.3}, smooth=False),
    Row("hard_shrink", [K], act.hard_shrink, smooth=False),
    Row(
        "threshold",
        [K],
        lambda x: act.threshold(x, 0.5, 2.0),
        {"threshold": 0.5, "default_value": 2.0},
        smooth=False,
    ),
    Row("tanh_shrink", [K], act.tanh_shrink, loose=4),
    Row("hard_tanh", [K], act.hard_tanh, smooth=False),
    Row("silu", [K], act.silu, loose=4),
    Row("hard_silu", [K], act.hard_silu, smooth=False),
    Row("gelu", [K], act.gelu, loose=8),
    Row("gelu", [K], lambda x: act.gelu(x, True), {"approximate": True}, loose=8),
    Row("mish", [K], act.mish, loose=8),
    Row("glu", [real(3, 6)], act.glu),
    Row("glu", [real(4, 3)], lambda x: act.glu(x, 0), {"axis": 0}, batch=False),
    Row("softmax", [real(3, 5)], act.softmax, loose=4),
    Row("softmax", [real(3, 5, 2)], lambda x: act.softmax(x, 1), {"axis": 1}, loose=4),
    Row("log_softmax", [real(3, 5)], act.log_softmax, loose=4),
    Row("log_softmax", [real(3, 5, 2)], lambda x: act.log_softmax(x, 0), {"axis": 0}, loose=4, batch=False),
    Row("sparsemax", [real(3, 5)], act.sparsemax, smooth=False),
]

ROWS = UNARY + BINARY + COMPARE + ACTIVATIONS
