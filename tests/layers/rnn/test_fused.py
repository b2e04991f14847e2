"""Cells whose loop is one op: the same results as step by step, and no op for what takes other steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.layers.rnn import fused
from tests.layers.rnn.test_rnn import MASK, WAYS, X, agree, model_of

L = keras.layers
X32 = X.astype("float32")


class OwnLSTM(L.LSTMCell):
    """The same steps, in a class that no op knows."""


class OwnGRU(L.GRUCell):
    """The same steps, in a class that no op knows."""


class OwnSimple(L.SimpleRNNCell):
    """The same steps, in a class that no op knows."""


PAIRS = {
    "lstm": (lambda: L.LSTMCell(4), lambda: OwnLSTM(4)),
    "gru": (lambda: L.GRUCell(4), lambda: OwnGRU(4)),
    "simple": (lambda: L.SimpleRNNCell(4, activation="relu"), lambda: OwnSimple(4, activation="relu")),
    "stack": (
        lambda: [L.LSTMCell(3), L.GRUCell(4, reset_after=False), L.SimpleRNNCell(2)],
        lambda: [L.LSTMCell(3), OwnGRU(4, reset_after=False), L.SimpleRNNCell(2)],
    ),
}


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: "+".join(way) or "last")
@pytest.mark.parametrize("masked", [False, True])
def test_as_step_by_step(kind: str, way: dict[str, Any], masked: bool) -> None:
    one, other = (L.RNN(make(), **way) for make in PAIRS[kind])
    mask = MASK if masked else None
    one(X32)
    agree(other(X32), other(X32))
    other.set_weights(one.get_weights())
    assert fused.op_of(other.cell, False) is None
    agree(one(X32, mask=mask), other(X32, mask=mask))
    given = [X32, MASK] if masked else X32
    agree(model_of(one, mask=masked).predict(given, verbose=0), other(X32, mask=mask))
    if way.get("return_state"):
        *_, last = keras.tree.flatten(one(X32))
        states = one(X32)[1:]
        agree(one(X32, initial_state=list(states)), other(X32, initial_state=list(states)))
        assert last.shape[0] == 4


@pytest.mark.parametrize("kind", PAIRS)
def test_gradients_as_step_by_step(kind: str) -> None:
    results = []
    for make in PAIRS[kind]:
        layer = L.RNN(make(), return_sequences=True)
        layer(X32)
        layer.set_weights([np.cos(np.arange(w.size)).reshape(w.shape) * 0.5 for w in layer.get_weights()])
        with keras.GradientTape() as tape:
            loss = ops.sum(ops.square(layer(X32, mask=MASK)))
        results.append([g.numpy() for g in tape.gradient(loss, layer.trainable_weights)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_what_has_no_op() -> None:
    assert fused.op_of(L.LSTMCell(3), False) == ("lstm", {})
    assert fused.op_of(L.GRUCell(3, reset_after=False), True) == ("gru", {"reset_after": False})
    assert fused.op_of(L.SimpleRNNCell(3, dropout=0.5), True) == ("simple_rnn", {"activation": "tanh"})
    for cell in (
        OwnLSTM(3),
        L.LSTMCell(3, activation="relu"),
        L.GRUCell(3, recurrent_activation="hard_sigmoid"),
        L.SimpleRNNCell(3, activation=lambda x: x),
        L.SimpleRNNCell(3, activation="elu"),
        L.GRUCell(3, recurrent_dropout=0.5),
    ):
        assert fused.op_of(cell, True) is None


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_whole_numbers(name: str) -> None:
    layer = getattr(L, name)(3)
    x = np.arange(12).reshape(2, 3, 2)
    np.testing.assert_array_equal(layer(x).numpy(), layer(x.astype("float32")).numpy())
