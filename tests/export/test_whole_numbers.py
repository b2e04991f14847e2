"""Functions of whole numbers and booleans: onnxruntime gives the same, also for dtypes that its nodes do not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from oxhorn import _core, ops
from tests.export.runs import check_function

Function = Callable[..., Any]

# Two lines of each dtype, with zeros, and numbers that are the same or too large for narrower dtypes.
NUMBERS = {
    "uint8": ([3, 0, 1, 200, 5], [2, 1, 0, 100, 5]),
    "int32": ([-3, 0, 1, 7, 5], [2, -1, 0, -3, 5]),
    "int64": ([-3, 0, 1, 2**31 + 1, 5], [2, -1, 0, 2**20, 5]),
    "bool": ([True, False, True, True, False], [False, False, True, True, False]),
}
FUNCTIONS: dict[str, Function] = {
    "absolute": lambda x, y: ops.absolute(x),
    "add": ops.add,
    "all": lambda x, y: ops.all(x),
    "any": lambda x, y: ops.any(x),
    "arctan2": ops.arctan2,
    "argmax": lambda x, y: (ops.argmax(x), ops.argmax(ops.stack([x, y]), axis=0)),
    "argmin": lambda x, y: (ops.argmin(x), ops.argmin(ops.stack([x, y]), axis=0)),
    "argsort": lambda x, y: ops.argsort(x),
    "ceil": lambda x, y: ops.ceil(x),
    "clip": lambda x, y: ops.clip(x, 1, 3),
    "cumprod": lambda x, y: ops.cumprod(x),
    "cumsum": lambda x, y: ops.cumsum(x),
    "diag": lambda x, y: (ops.diag(x, 1), _core.apply("diag", [ops.outer(x, y)], {"k": -1})),
    "divide": lambda x, y: ops.divide(x, ops.ones_like(y)),
    "equal": ops.equal,
    "exp": lambda x, y: ops.exp(ops.cast(x, "bool")),
    "floor": lambda x, y: ops.floor(x),
    "floor_divide": ops.floor_divide,
    "greater_equal": ops.greater_equal,
    "isfinite": lambda x, y: (ops.isfinite(x), ops.isnan(x), ops.isinf(x)),
    "left_shift": lambda x, y: ops.left_shift(x, y % 4),
    "less": ops.less,
    "logical": lambda x, y: (ops.logical_and(x, y), ops.logical_xor(x, y), ops.logical_not(x)),
    "bitwise": lambda x, y: (ops.bitwise_and(x, y), ops.bitwise_or(x, y), ops.bitwise_not(x)),
    "matmul": lambda x, y: ops.matmul(ops.reshape(x, (1, 5)), ops.reshape(y, (5, 1))),
    "max": lambda x, y: (ops.max(x), ops.min(x), ops.maximum(x, y), ops.minimum(x, y)),
    "mean": lambda x, y: ops.mean(x),
    "mod": ops.mod,
    "multiply": ops.multiply,
    "negative": lambda x, y: ops.negative(x),
    "one_hot": lambda x, y: ops.one_hot(x, 4),
    "pad": lambda x, y: (ops.pad(x, ((1, 2),)), ops.pad(x, ((1, 2),), constant_values=1)),
    "power": lambda x, y: ops.power(x, 2),
    "prod": lambda x, y: ops.prod(y),
    "right_shift": lambda x, y: ops.right_shift(x, y % 4),
    "roll": lambda x, y: ops.roll(x, 2),
    "round": lambda x, y: _core.apply("round", [x]),
    "searchsorted": lambda x, y: ops.searchsorted(ops.sort(x), y),
    "segments": lambda x, y: [
        fold(x, [0, 1, 1, -1, 2], 4)
        for fold in (ops.segment_sum, ops.segment_prod, ops.segment_max, ops.segment_min)
    ],
    "sort": lambda x, y: ops.sort(x),
    "square": lambda x, y: ops.square(y),
    "subtract": lambda x, y: ops.subtract(ops.maximum(x, y), ops.minimum(x, y)),
    "sum": lambda x, y: ops.sum(x),
    "take_along_axis": lambda x, y: ops.take_along_axis(x, ops.argsort(x)),
    "top_k": lambda x, y: ops.top_k(x, 2),
    "triangles": lambda x, y: (ops.tril(ops.outer(x, y)), ops.triu(ops.outer(x, y))),
    "trunc": lambda x, y: _core.apply("trunc", [x]),
    "where": lambda x, y: ops.where(x > y, x, y),
}
# Shifts do not take booleans.
NOT_OF_BOOLEANS = {"left_shift", "right_shift"}
CASES = [
    (name, dtype) for name in FUNCTIONS for dtype in NUMBERS if dtype != "bool" or name not in NOT_OF_BOOLEANS
]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_function(name: str, dtype: str) -> None:
    check_function(FUNCTIONS[name], [np.array(line, dtype) for line in NUMBERS[dtype]])


SHIFTS = {
    "uint8": ([255, 128, 3, 4, 5], [7, 8, 0, 6, 1]),
    "int32": ([-255, 2**31 - 1, -(2**31), 4, 5], [31, 30, 31, 32, -1]),
    "int64": ([2**62, -(2**63), -1, 2**63 - 1, 7], [63, 63, 62, 64, -1]),
}


@pytest.mark.parametrize("dtype", SHIFTS)
def test_shifts_as_far_as_a_number_has_bits(dtype: str) -> None:
    lines = [np.array(line, dtype) for line in SHIFTS[dtype]]
    check_function(lambda x, n: (ops.left_shift(x, n), ops.right_shift(x, n)), lines)


def test_the_place_of_an_extreme_is_exact() -> None:
    line = np.array([[2**60, 2**60 + 1, 3], [-(2**60), 0, -(2**60) - 1]], "int64")
    check_function(
        lambda x: (ops.argmax(x, axis=1), ops.argmin(x, axis=1, keepdims=True), ops.argmax(x)), [line]
    )
