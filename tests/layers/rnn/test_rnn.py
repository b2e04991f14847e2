"""`RNN` with built-in cells and cells of one's own against a loop in NumPy, in every way a layer runs."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing import check_gradients
from oxhorn.testing.reference import rnn as ref
from tests.layers.rnn.cells import Minimal, Plain, Running

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 5, 3))
MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], "bool")
CELLS = {
    "simple": (lambda: L.SimpleRNNCell(4), ref.simple_rnn_cell, 1),
    "simple-plain": (
        lambda: L.SimpleRNNCell(4, activation="relu", use_bias=False),
        partial(ref.simple_rnn_cell, activation="relu"),
        1,
    ),
    "lstm": (lambda: L.LSTMCell(4, bias_initializer="normal"), ref.lstm_cell, 2),
    "lstm-plain": (
        lambda: L.LSTMCell(4, activation="elu", recurrent_activation="hard_sigmoid", use_bias=False),
        partial(ref.lstm_cell, activation="elu", recurrent_activation="hard_sigmoid"),
        2,
    ),
    "gru": (lambda: L.GRUCell(4, bias_initializer="normal"), ref.gru_cell, 1),
    "gru-before": (
        lambda: L.GRUCell(4, reset_after=False, bias_initializer="normal"),
        partial(ref.gru_cell, reset_after=False),
        1,
    ),
    "gru-plain": (
        lambda: L.GRUCell(4, use_bias=False, activation=None),
        partial(ref.gru_cell, activation=None),
        1,
    ),
}
WAYS: list[dict[str, Any]] = [
    {},
    {"return_sequences": True},
    {"go_backwards": True, "return_state": True},
    {"return_sequences": True, "return_state": True, "go_backwards": True},
    {"return_sequences": True, "zero_output_for_mask": True},
]
every_cell = pytest.mark.parametrize("kind", CELLS)
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: "+".join(way) or "last")


def leaves(structure: Any) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in keras.tree.flatten(structure)]


def agree(got: Any, expected: Any, tolerance: float = 1e-5) -> None:
    got, expected = leaves(got), leaves(expected)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def weights64(layer: Any) -> list[np.ndarray]:
    return [w.astype("float64") for w in layer.get_weights()]


def model_of(layer: Any, steps: int | None = None, mask: bool = False) -> keras.Model:
    """The layer on sequences of any length; with a mask, as a second input."""
    x = keras.Input((steps, X.shape[-1]))
    if not mask:
        return keras.Model(x, layer(x))
    m = keras.Input((steps,), dtype="bool")
    return keras.Model([x, m], layer(x, mask=m))


@every_cell
@every_way
@pytest.mark.parametrize("masked", [False, True])
def test_values(kind: str, way: dict[str, Any], masked: bool) -> None:
    make, cell, states = CELLS[kind]
    layer = L.RNN(make(), **way)
    x = X.astype("float32")
    mask = MASK if masked else None
    got = layer(x, mask=mask)
    zeros = [np.zeros((len(X), 4))] * states
    weights = weights64(layer)
    expected = ref.rnn(X, lambda x, s: cell(x, s, *weights), zeros, mask, **way)
    agree(got, expected)
    given = [x, MASK] if masked else x
    agree(model_of(layer, mask=masked).predict(given, verbose=0, batch_size=3), expected)
    layer.unroll = True
    agree(layer(x, mask=mask), expected)
    agree(model_of(layer, 5, masked).predict(given, verbose=0, batch_size=3), expected)


@every_cell
def test_gradients(kind: str) -> None:
    for way in ({}, {"return_sequences": True, "go_backwards": True}):
        layer = L.RNN(CELLS[kind][0](), dtype="float64", **way)
        layer.cell.dtype_policy = "float64"
        check_gradients(layer, X)


@every_cell
def test_training_equals_a_loop_by_hand(kind: str) -> None:
    """The traced loop's gradients are those of the tape."""
    layer = L.RNN(CELLS[kind][0]())
    x, y = X.astype("float32"), np.ones((4, 4), "float32")
    model = model_of(layer, mask=True)
    start = layer.get_weights()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit([x, MASK], y, epochs=1, batch_size=4, verbose=0)
    traced = layer.get_weights()
    layer.set_weights(start)
    with keras.GradientTape() as tape:
        loss = ops.mean(ops.square(layer(x, mask=MASK) - y))
    gradients = tape.gradient(loss, layer.trainable_weights)
    for before, after, gradient in zip(start, traced, gradients, strict=True):
        np.testing.assert_allclose(before - 0.1 * gradient.numpy(), after, rtol=1e-5, atol=1e-6)


def test_own_cell() -> None:
    layer = L.RNN(Minimal(4), return_sequences=True)
    x = X.astype("float32")
    y = layer(x)
    kernel, recurrent = weights64(layer)
    expected = ref.rnn(
        X, lambda x, s: ref.simple_rnn_cell(x, s, kernel, recurrent, activation=None), [np.zeros((4, 4))],
        return_sequences=True,
    )  # fmt: skip
    agree(y, expected)
    assert [w.path for w in layer.weights] == [
        f"{layer.name}/{layer.cell.name}/{name}" for name in ("kernel", "recurrent_kernel")
    ]
    model = keras.Sequential([keras.Input((None, 3)), layer, L.GlobalAveragePooling1D(), L.Dense(1)])
    model.compile("sgd", "mse")
    for steps in (5, 2, 9):
        model.fit(np.ones((7, steps, 3)), np.ones((7, 1)), batch_size=3, epochs=2, verbose=0)
        assert model.predict(np.ones((2, steps, 3)), verbose=0).shape == (2, 1)
    assert model.history.history["loss"][-1] < 1.0
    again = keras.Sequential.from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@every_way
def test_own_cell_whose_output_is_no_state(way: dict[str, Any]) -> None:
    layer = L.RNN(Running(), **way)
    x = X.astype("float32")
    got = layer(x, mask=MASK)
    kernel, bias = weights64(layer)
    assert kernel.shape == (3, 3)

    def cell(x: Any, states: Any) -> Any:
        sums = x @ kernel + bias + states[1]
        total = states[0] + sums.sum(-1, keepdims=True)
        return np.concatenate([total, sums], -1)[:, 1:] * 2.0, [total, sums]

    expected = ref.rnn(X, cell, [np.zeros((4, 2)), np.zeros((4, 3))], MASK, **way)
    agree(got, expected)
    agree(model_of(layer, mask=True).predict([x, MASK], verbose=0), expected)
    symbolic = layer(keras.Input((None, 3)))
    assert [t.shape[1:] for t in keras.tree.flatten(symbolic)] == [
        (None, *a.shape[2:]) if i == 0 and way.get("return_sequences") else a.shape[1:]
        for i, a in enumerate(leaves(expected))
    ]


def test_cell_takes_training() -> None:
    layer = L.RNN(Running())
    x = X.astype("float32")
    np.testing.assert_allclose(layer(x, training=True).numpy() * 2.0, layer(x).numpy(), rtol=1e-6)


def test_cell_that_is_no_layer() -> None:
    layer = L.RNN(Plain(), return_sequences=True, return_state=True)
    x = RNG.normal(size=(2, 4, 5)).astype("float32")
    outputs, state = layer(x)
    np.testing.assert_allclose(outputs.numpy(), np.cumsum(x, axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state.numpy(), x.sum(1), rtol=1e-5, atol=1e-6)
    inputs = keras.Input((None, 5))
    predicted = keras.Model(inputs, layer(inputs)).predict(x, verbose=0)
    np.testing.assert_allclose(predicted[0], np.cumsum(x, axis=1), rtol=1e-5, atol=1e-6)
