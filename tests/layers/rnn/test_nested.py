"""Structures of tensors as inputs, outputs and states of a cell."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.layers.rnn.cells import Nested

L = keras.layers
RNG = np.random.default_rng(0)
ONE, TWO = RNG.normal(size=(6, 4, 3)).astype("float32"), RNG.normal(size=(6, 4, 2, 5)).astype("float32")
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0]], "bool")


def expected(layer: Any, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Running sums: the states, and the outputs of all steps."""
    kernel, other = (w.astype("float64") for w in layer.get_weights())
    there = np.ones((6, 4)) if mask is None else mask
    one = np.cumsum(there[..., None] * (ONE @ kernel), axis=1)
    two = np.cumsum(there[..., None, None] * np.einsum("btij,ijkl->btkl", TWO, other), axis=1)
    return one, two


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("as_dict", [False, True])
@pytest.mark.parametrize("unroll", [False, True])
def test_values(masked: bool, as_dict: bool, unroll: bool) -> None:
    def structure(a: Any, b: Any) -> Any:
        return {"a": a, "b": b} if as_dict else (a, b)

    mask = MASK if masked else None
    layer = L.RNN(Nested(3, 2, 4), return_sequences=True, return_state=True, unroll=unroll)
    (one, two), total, grid = layer(structure(ONE, TWO), mask=mask)
    right = expected(layer, mask)
    steps = 4 if unroll else None
    inputs = [keras.Input((steps, 3)), keras.Input((steps, 2, 5))]
    given = [ONE, TWO]
    more = {}
    if masked:
        more["mask"] = keras.Input((steps,), dtype="bool")
    symbolic = layer(structure(*inputs), **more)
    assert [tuple(t.shape) for t in keras.tree.flatten(symbolic)] == [
        (None, steps, 3), (None, steps, 2, 4), (None, 3), (None, 2, 4)
    ]  # fmt: skip
    model = keras.Model([*inputs, *more.values()], symbolic)
    traced = keras.tree.flatten(model.predict([*given, MASK] if masked else given, verbose=0, batch_size=4))
    for results in ([one, two, total, grid], traced):
        for got, want in zip(results, [*right, right[0][:, -1], right[1][:, -1]], strict=True):
            np.testing.assert_allclose(np.asarray(got), want, rtol=1e-4, atol=1e-5)


def test_in_fit() -> None:
    inputs = keras.Input((None, 3)), keras.Input((None, 2, 5))
    model = keras.Model(list(inputs), L.RNN(Nested(3, 2, 4))(inputs))
    model.compile("adam", "mse")
    targets = [np.ones((6, 3)), np.ones((6, 2, 4))]
    losses = model.fit([ONE, TWO], targets, epochs=5, batch_size=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    again = keras.Model.from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    for a, b in zip(again.predict([ONE, TWO], verbose=0), model.predict([ONE, TWO], verbose=0), strict=True):
        np.testing.assert_array_equal(a, b)


def test_states_with_several_axes() -> None:
    layer = L.RNN(Nested(3, 2, 4), return_state=True)
    _, total, grid = layer((ONE, TWO))
    _, twice, doubled = layer((ONE, TWO), initial_state=[total, grid])
    np.testing.assert_allclose(twice.numpy(), 2 * total.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(doubled.numpy(), 2 * grid.numpy(), rtol=1e-5, atol=1e-6)
    kept = L.RNN(layer.cell, stateful=True, return_state=True)
    kept((ONE, TWO))
    np.testing.assert_allclose(kept((ONE, TWO))[2].numpy(), doubled.numpy(), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"state 1 of `initial_state` to have the shape \(6, 2, 4\)"):
        layer((ONE, TWO), initial_state=[total, total])
