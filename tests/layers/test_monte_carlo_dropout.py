"""Dropout that goes on in use: called with training=True in a functional model, in a loop, or as a subclass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras

RATE, UNITS = 0.4, 6
X = np.random.default_rng(0).normal(size=(7, UNITS)).astype("float32")
W = np.random.default_rng(1).normal(size=(UNITS, 1)).astype("float32")
# Of sum_i x_i w_i keep_i / (1 - rate), with keep_i ~ Bernoulli(1 - rate).
MEAN = X @ W
STD = np.sqrt((X**2 @ W**2) * RATE / (1 - RATE))


@keras.saving.register_keras_serializable("monte_carlo")
class MCDropout(keras.layers.Dropout):
    """Drops always."""

    def call(self, inputs: Any, training: Any = False) -> Any:
        return super().call(inputs, training=True)


def functional() -> Any:
    inputs = keras.Input((UNITS,))
    dropped = keras.layers.Dropout(RATE)(inputs, training=True)
    return keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(dropped))


def subclassed() -> Any:
    return keras.Sequential([keras.Input((UNITS,)), MCDropout(RATE), keras.layers.Dense(1, use_bias=False)])


def plain() -> Any:
    return keras.Sequential(
        [keras.Input((UNITS,)), keras.layers.Dropout(RATE), keras.layers.Dense(1, use_bias=False)]
    )


def replaced() -> Any:
    """A trained model's dropout layers, each replaced by one that drops always."""
    trained = plain()
    return keras.Sequential(
        [
            MCDropout(layer.rate) if isinstance(layer, keras.layers.Dropout) else layer
            for layer in trained.layers
        ]
    )


def cloned() -> Any:
    def clone(layer: Any) -> Any:
        cls = MCDropout if isinstance(layer, keras.layers.Dropout) else type(layer)
        return cls.from_config(layer.get_config())

    return keras.models.clone_model(plain(), clone_function=clone)


def by_predict(model: Any) -> Any:
    return model.predict(X, verbose=0)


def by_call(model: Any) -> Any:
    return model(X, training=True)


WAYS = [
    ("functional", functional, by_predict),
    ("subclass", subclassed, by_predict),
    ("replaced", replaced, by_predict),
    ("cloned", cloned, by_predict),
    ("call in a loop", plain, by_call),
    ("subclass called", subclassed, lambda model: model(X)),
]


@pytest.mark.parametrize(("make", "ask"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_samples_have_the_mean_and_the_spread_of_the_formula(make: Any, ask: Any) -> None:
    keras.utils.set_random_seed(7)
    model = make()
    if not model.built:
        model.build((None, UNITS))
    model.set_weights([W])
    samples = np.stack([np.asarray(ask(model)) for _ in range(1500)])
    assert (samples[0] != samples[1]).any()
    np.testing.assert_allclose(samples.mean(axis=0), MEAN, atol=5 * STD.max() / np.sqrt(1500))
    np.testing.assert_allclose(samples.std(axis=0), STD, rtol=0.1)
    # The same seed draws the same samples.
    keras.utils.set_random_seed(7)
    again = make()
    if not again.built:
        again.build((None, UNITS))
    again.set_weights([W])
    np.testing.assert_array_equal(np.asarray(ask(again)), samples[0])


@pytest.mark.parametrize("make", [functional, subclassed])
def test_it_trains_and_evaluates_with_dropout(make: Any) -> None:
    keras.utils.set_random_seed(0)
    model = make()
    model.compile("sgd", "mse")
    model.fit(X, MEAN, epochs=2, verbose=0)
    assert len({model.evaluate(X, MEAN, verbose=0) for _ in range(5)}) == 5
    revived = model.from_config(model.get_config())
    revived.set_weights(model.get_weights())
    assert (by_predict(revived) != by_predict(revived)).any()


def test_only_dropout_is_in_training_mode() -> None:
    inputs = keras.Input((UNITS,))
    normalized = keras.layers.BatchNormalization()
    model = keras.Model(inputs, keras.layers.Dropout(RATE)(normalized(inputs), training=True))
    kept = [w.numpy() for w in normalized.weights]
    first, second = by_predict(model), by_predict(model)
    assert (first != second).any()
    for now, then in zip(normalized.weights, kept, strict=True):
        np.testing.assert_array_equal(now.numpy(), then)
    drawn = first[first != 0] / np.broadcast_to(X, first.shape)[first != 0]
    np.testing.assert_allclose(drawn, 1 / (1 - RATE) / np.sqrt(1.001), rtol=1e-4)
