"""Symbolic tensors made by hand: arguments of every function and layer, but not of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import KerasTensor, ops

X = KerasTensor((None, 3))
Y = KerasTensor((2, 3))
CALLS: dict[str, tuple[Any, Any]] = {
    "number": (lambda: ops.add(X, 1), (None, 3)),
    "array": (lambda: ops.add(np.ones((2, 1, 3), "float32"), X), (2, None, 3)),
    "list": (lambda: ops.concatenate([X, X, np.ones((4, 3), "float32")], axis=0), (None, 3)),
    "stack": (lambda: ops.stack([Y, Y], axis=1), (2, 2, 3)),
    "operator": (lambda: X * 2 - Y, (2, 3)),
    "layer": (lambda: keras.layers.Dense(4)(X), (None, 4)),
    "merge": (lambda: keras.layers.Add()([X, Y]), (2, 3)),
    "sequential": (lambda: keras.Sequential([keras.layers.Dense(2)])(X), (None, 2)),
}


@pytest.mark.parametrize("name", CALLS)
def test_tensors_made_by_hand_have_shapes_and_dtypes(name: str) -> None:
    call, shape = CALLS[name]
    result = call()
    assert isinstance(result, KerasTensor)
    assert (result.shape, result.dtype) == (shape, "float32")


def test_several_outputs() -> None:
    assert [part.shape for part in ops.split(X, 3, axis=1)] == [(None, 1)] * 3


def test_a_model_needs_a_history() -> None:
    with pytest.raises(ValueError, match="no history"):
        _ = X.history
    with pytest.raises(ValueError, match="no history"):
        keras.Model(X, ops.exp(X))
    given = keras.Input((3,))
    with pytest.raises(ValueError, match="no history"):
        keras.Model(given, X + given)
