"""`TimeDistributed` against the layer inside, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing import check_gradients, check_layer
from oxhorn.testing.reference import rnn as ref

L = keras.layers
RNG = np.random.default_rng(0)


class Centred(keras.Layer):
    """A layer that looks at all samples."""

    def call(self, x: Any) -> Any:
        return x - ops.mean(x, axis=0, keepdims=True)


INNER = {
    "dense": (lambda: L.Dense(3, activation="tanh"), (5, 4)),
    "conv": (lambda: L.Conv2D(2, 3, strides=2), (5, 7, 6, 1)),
    "norm": (lambda: L.BatchNormalization(), (5, 4)),
    "rnn": (lambda: L.RNN(L.GRUCell(3), return_sequences=True), (5, 4, 2)),
    "again": (lambda: L.TimeDistributed(L.Dense(2)), (5, 4, 3)),
    "model": (lambda: keras.Sequential([L.Dense(3), L.LayerNormalization(), L.Dense(2)]), (5, 4)),
    "own": (Centred, (5, 4)),
    "lambda": (lambda: L.Lambda(lambda x: ops.flip(x, axis=0) * 2.0), (5, 4)),
}


@pytest.mark.parametrize("kind", INNER)
def test_values(kind: str) -> None:
    make, shape = INNER[kind]
    inner = make()
    layer = L.TimeDistributed(inner)
    x = RNG.normal(size=(3, *shape)).astype("float32")
    y = layer(x)
    expected = ref.time_distributed(x, lambda step: inner(step).numpy())
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-5, atol=1e-6)
    for steps in (5, None):
        inputs = keras.Input((steps, *shape[1:]))
        outputs = layer(inputs)
        assert outputs.shape == (None, steps, *expected.shape[2:])
        predicted = keras.Model(inputs, outputs).predict(x, verbose=0, batch_size=3)
        np.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["dense", "conv", "rnn"])
def test_battery(kind: str) -> None:
    make, shape = INNER[kind]
    # The layer inside keeps its own dtype.
    x = RNG.normal(size=(4, *shape)).astype("float32")
    results = check_layer(L.TimeDistributed(make()), x, skip=["gradients", "float64"], rtol=1e-4)
    assert sum(result == "passed" for result in results.values()) >= 8, results


@pytest.mark.parametrize("kind", ["dense", "norm", "rnn", "own"])
def test_gradients(kind: str) -> None:
    make, shape = INNER[kind]
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        check_gradients(L.TimeDistributed(make()), RNG.normal(size=(3, *shape)))
    finally:
        keras.config.set_floatx(before)


def test_statistics_of_each_step() -> None:
    """Normalization inside sees the samples of one step at a time, and its moving averages move at each."""
    x = RNG.normal(size=(8, 3, 2)).astype("float32") * [1.0, 5.0] + [0.0, 3.0]
    inner = L.BatchNormalization(momentum=0.5, epsilon=0.0)
    y = L.TimeDistributed(inner)(x, training=True).numpy()
    np.testing.assert_allclose(y.mean(0), np.zeros((3, 2)), atol=1e-5)
    np.testing.assert_allclose(y.std(0), np.ones((3, 2)), rtol=1e-4)
    mean = np.zeros(2)
    for t in range(3):
        mean = 0.5 * mean + 0.5 * x[:, t].mean(0)
    np.testing.assert_allclose(inner.moving_mean.numpy(), mean, rtol=1e-5, atol=1e-6)
    inputs = keras.Input((None, 2))
    traced = L.BatchNormalization(momentum=0.5, epsilon=0.0)
    model = keras.Model(inputs, L.TimeDistributed(traced)(inputs))
    model.compile("sgd", "mse")
    model.fit(x, y, batch_size=8, verbose=0)
    np.testing.assert_allclose(traced.moving_mean.numpy(), mean, rtol=1e-5, atol=1e-6)


def test_losses_inside_are_added() -> None:
    x = RNG.normal(size=(4, 3, 2)).astype("float32")

    class Penalized(keras.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(ops.mean(ops.square(x)))
            return x

    inputs = keras.Input((None, 2))
    model = keras.Model(inputs, L.TimeDistributed(Penalized())(inputs))
    model.compile("sgd", "mse")
    assert model.evaluate(x, x, verbose=0) == pytest.approx((x**2).mean(), rel=1e-5)
    regular = L.TimeDistributed(L.Dense(2, activity_regularizer=keras.regularizers.L2(0.5)))
    y = regular(x).numpy()
    assert float(regular.losses[0]) == pytest.approx(0.5 * (y**2).sum() / 12, rel=1e-5)


def test_mask_reaches_the_layer_and_goes_on() -> None:
    class Zeroed(keras.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            return x if mask is None else x * ops.cast(ops.expand_dims(mask, -1), x.dtype)

    x = RNG.normal(size=(3, 2, 4)).astype("float32")
    mask = np.array([[False, True], [True, False], [True, True]])
    layer = L.TimeDistributed(Zeroed())
    np.testing.assert_allclose(layer(x, mask=mask).numpy(), x * mask[..., None], rtol=1e-6)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    ids = np.array([[1, 2, 0], [3, 0, 0]])
    y = L.TimeDistributed(L.Dense(2))(L.Embedding(4, 3, mask_zero=True)(ids))
    np.testing.assert_array_equal(y._keras_mask.numpy(), ids != 0)


def test_masks_of_sentences_of_words() -> None:
    """A mask of words inside sentences: the layer of words uses it, that of sentences gets one of its own."""
    ids = np.array([[[1, 2, 0], [3, 0, 0], [0, 0, 0]], [[4, 1, 2], [0, 0, 0], [0, 0, 0]]])
    words = L.Embedding(5, 3, mask_zero=True)
    rnn = L.RNN(L.GRUCell(4))
    sentences = L.TimeDistributed(rnn)(words(ids))
    np.testing.assert_array_equal(sentences._keras_mask.numpy(), (ids != 0).any(-1))
    one = rnn(words(ids[:, 0]))
    np.testing.assert_allclose(sentences.numpy()[:, 0], one.numpy(), rtol=1e-5, atol=1e-6)
    inputs = keras.Input((None, None))
    outputs = L.RNN(L.GRUCell(2))(L.TimeDistributed(rnn)(words(inputs)))
    model = keras.Model(inputs, outputs)
    longer = np.concatenate([ids, np.zeros((2, 1, 3), int)], axis=1)
    np.testing.assert_allclose(
        model.predict(ids, verbose=0), model.predict(longer, verbose=0), rtol=1e-5, atol=1e-6
    )
    inner = L.TimeDistributed(L.RNN(L.GRUCell(4), return_sequences=True))(words(ids))
    np.testing.assert_array_equal(inner._keras_mask.numpy(), ids != 0)


def test_several_inputs() -> None:
    class Both(keras.Layer):
        def call(self, inputs: Any) -> Any:
            return {"sum": inputs[0] + inputs[1], "first": inputs[0]}

    x, z = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3, 4))
    y = L.TimeDistributed(Both())([x, z])
    np.testing.assert_allclose(y["sum"].numpy(), x + z, rtol=1e-5)
    np.testing.assert_allclose(y["first"].numpy(), x, rtol=1e-5)


def test_training_and_serialization() -> None:
    layer = L.TimeDistributed(L.Dropout(0.5, seed=1))
    x = np.ones((2, 3, 40), "float32")
    np.testing.assert_array_equal(layer(x).numpy(), x)
    y = layer(x, training=True).numpy()
    assert set(np.unique(y)) == {0.0, 2.0}
    assert (y[:, 0] != y[:, 1]).any()
    layer = L.TimeDistributed(L.Dense(3), name="steps")
    again = L.TimeDistributed.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    again(x)
    assert [w.path for w in again.weights] == [
        f"steps/{again.layer.name}/{name}" for name in ("kernel", "bias")
    ]


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"initialize `TimeDistributed`.*Received: 'Dense'"):
        L.TimeDistributed("Dense")
    layer = L.TimeDistributed(L.Dense(2))
    with pytest.raises(ValueError, match=r"at least 3 dimensions.*received: \(2, 3\)"):
        layer(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"The `mask` passed.*has a shape \(4, 6\).*\(4, 5\)"):
        layer(np.ones((4, 5, 3)), mask=np.ones((4, 6), bool))
    with pytest.raises(ValueError, match=r"must be at least 2D.*1 dimension"):
        layer(np.ones((4, 5, 3)), mask=np.ones(4, bool))
