"""Rows of the ops that run a whole sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.reference import rnn as ref
from tests.ops.table import Row, booleans, real

_GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}


def _row(op: str, batch: int, steps: int, features: int, units: int, **attrs: Any) -> Row:
    """`bias`, `states` and `mask` say what follows the kernels among the inputs."""
    width, states = _GATES[op] * units, 2 if op == "lstm" else 1
    inputs: list[np.ndarray] = [
        real(batch, steps, features),
        real(features, width, seed=2),
        real(units, width, seed=3),
    ]
    if attrs.get("bias"):
        twice = op == "gru" and attrs.get("reset_after", True)
        inputs.append(real(*((2, width) if twice else (width,)), seed=4))
    if attrs.get("states"):
        inputs += [real(batch, units, seed=5 + i) for i in range(states)]
    floats = len(inputs)
    if attrs.get("mask"):
        inputs.append(booleans(batch, steps))
    how = {name: value for name, value in attrs.items() if name not in ("bias", "states", "mask")}

    def reference(x: np.ndarray, kernel: np.ndarray, recurrent_kernel: np.ndarray, *more: np.ndarray) -> Any:
        rest = list(more)
        options = dict(how)
        bias = {"bias": rest.pop(0)} if attrs.get("bias") else {}
        if attrs.get("mask"):
            options["mask"] = rest.pop()
        if rest:
            options["initial_state"] = rest
        return getattr(ref, op)(x, kernel, recurrent_kernel, **bias, **options, return_state=True)

    return Row(op, inputs, reference, attrs, gradient=range(floats), loose=32, batch=False)


RECURRENT = [
    *[
        _row(op, *sizes, **attrs)
        for op in ("lstm", "gru", "simple_rnn")
        for sizes, attrs in [
            ((2, 3, 2, 2), {}),
            ((2, 3, 2, 3), {"bias": True, "return_sequences": True}),
            ((3, 2, 1, 2), {"bias": True, "states": True, "go_backwards": True, "return_sequences": True}),
            ((2, 3, 2, 2), {"states": True, "mask": True}),
            ((2, 3, 1, 2), {"mask": True, "return_sequences": True, "zero_output_for_mask": True}),
            ((2, 3, 1, 2), {"mask": True, "return_sequences": True, "go_backwards": True, "bias": True}),
        ]
    ],
    _row("gru", 2, 3, 2, 2, bias=True, reset_after=False),
    _row("gru", 2, 3, 2, 2, states=True, mask=True, reset_after=False, return_sequences=True),
    _row("simple_rnn", 2, 3, 2, 2, bias=True, activation="sigmoid"),
    _row("simple_rnn", 2, 3, 2, 2, bias=True, activation="linear", states=True),
]
