"""Rows of the functions of whole numbers: bits, divisors, and Python's signs."""

from __future__ import annotations

import numpy as np

from tests.ops.table import Row, booleans, integers, real

A, B = integers(-9, 9, 3, 5), integers(-9, 9, 3, 5, seed=8)
WIDE = [integers(-(2**40), 2**40, 3, 5, dtype="int64"), integers(-(2**40), 2**40, 5, dtype="int64", seed=8)]
SMALL = [integers(0, 256, 3, 5, dtype="uint8"), integers(0, 256, 3, 5, dtype="uint8", seed=8)]
D = np.where(B == 0, 4, B)

_PAIRS = {
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "gcd": np.gcd,
    "lcm": np.lcm,
}

ROWS = [
    *(Row(name, [A, B], f) for name, f in _PAIRS.items()),
    *(Row(name, WIDE, f, batch=False, note="int64") for name, f in _PAIRS.items() if name != "lcm"),
    *(Row(name, SMALL, f, note="uint8") for name, f in _PAIRS.items()),
    *(Row(name, [booleans(3, 4), booleans(3, 4, seed=9)], _PAIRS[name]) for name in list(_PAIRS)[:3]),
    Row("bitwise_not", [A], np.bitwise_not),
    Row("bitwise_not", [booleans(3, 4)], np.bitwise_not),
    Row("bitwise_invert", [SMALL[0]], np.bitwise_not),
    Row("left_shift", [A, integers(0, 20, 3, 5)], np.left_shift),
    Row("right_shift", [A, integers(0, 20, 3, 5)], np.right_shift),
    Row("left_shift", [A, integers(32, 90, 3, 5)], lambda a, b: np.zeros_like(a), note="beyond"),
    Row("bitwise_left_shift", [A, integers(0, 20, 5)], np.left_shift, batch=False),
    Row("bitwise_right_shift", [SMALL[0], integers(0, 8, 5, dtype="uint8")], np.right_shift, batch=False),
    Row(
        "view",
        [real(3, 4).astype("float32")],
        lambda x: x.astype("float32").view("int32"),
        {"dtype": "int32"},
    ),
    Row("view", [A], lambda x: x.view("uint8"), {"dtype": "uint8"}),
    Row("view", [SMALL[0].reshape(5, 3)[:4].reshape(3, 4)], lambda x: x.view("int32"), {"dtype": "int32"}),
    Row("floor_divide", [A, D], np.floor_divide, note="signs"),
    Row("mod", [A, D], np.mod, note="signs"),
    Row("power", [A, integers(0, 5, 3, 5)], np.power, note="signs"),
]
