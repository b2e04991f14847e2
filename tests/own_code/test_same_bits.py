"""A layer written with ops against the built-in one it copies: the same bits, in training too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

L = keras.layers
RNG = np.random.default_rng(0)
FLAT = RNG.normal(size=(16, 6)).astype("float32")
IMAGES = RNG.normal(size=(8, 7, 6, 3)).astype("float32")


class OwnDense(L.Layer):
    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], 5), initializer="glorot_uniform")
        self.bias = self.add_weight(shape=(5,), initializer="zeros")

    def call(self, x: Any) -> Any:
        return ops.relu(ops.matmul(x, self.kernel) + self.bias)


class OwnConv(L.Layer):
    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(3, 3, input_shape[-1], 4), initializer="glorot_uniform")
        self.bias = self.add_weight(shape=(4,), initializer="zeros")

    def call(self, x: Any) -> Any:
        return ops.conv(x, self.kernel, strides=2, padding="same") + self.bias


class OwnDropout(L.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.generator = keras.random.SeedGenerator(11)

    def call(self, x: Any, training: bool = False) -> Any:
        return keras.random.dropout(x, 0.4, seed=self.generator) if training else x


class OwnBatchNorm(L.Layer):
    def build(self, input_shape: Any) -> None:
        n = (input_shape[-1],)
        self.gamma = self.add_weight(shape=n, initializer="ones")
        self.beta = self.add_weight(shape=n, initializer="zeros")
        self.mean = self.add_weight(shape=n, initializer="zeros", trainable=False)
        self.variance = self.add_weight(shape=n, initializer="ones", trainable=False)

    def call(self, x: Any, training: bool = False) -> Any:
        mean, variance = self.mean, self.variance
        if training:
            mean, variance = ops.moments(x, axes=[0])
            for moving, now in ((self.mean, mean), (self.variance, variance)):
                moving.assign(moving * 0.99 + now * (1.0 - 0.99))
        return ops.batch_normalization(x, mean, variance, -1, self.beta, self.gamma, 1e-3)


PAIRS: list[tuple[str, Any, Any, np.ndarray[Any, Any], float]] = [
    ("Dense", OwnDense, lambda: L.Dense(5, activation="relu"), FLAT, 0.0),
    ("Conv2D", OwnConv, lambda: L.Conv2D(4, 3, strides=2, padding="same"), IMAGES, 0.0),
    ("Dropout", OwnDropout, lambda: L.Dropout(0.4, seed=11), FLAT, 0.0),
    # The built-in one sums in one pass over the batch; composed of ops, the last bit may differ.
    ("BatchNormalization", OwnBatchNorm, L.BatchNormalization, FLAT, 3e-6),
]


def model_of(layer: Any, x: Any) -> Any:
    keras.utils.set_random_seed(2)
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, L.Dense(1)(L.Flatten()(layer()(inputs))))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


@pytest.mark.parametrize(
    ("own", "built_in", "x", "tolerance"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS]
)
def test_own_layer_against_the_built_in_one(own: Any, built_in: Any, x: Any, tolerance: float) -> None:
    a, b = model_of(built_in, x), model_of(own, x)
    y = RNG.normal(size=(len(x), 1)).astype("float32")
    options: dict[str, Any] = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0}
    ha, hb = a.fit(x, y, **options), b.fit(x, y, **options)

    def compare(one: Any, other: Any) -> None:
        if tolerance:
            np.testing.assert_allclose(one, other, rtol=tolerance * 10, atol=tolerance)
        else:
            np.testing.assert_array_equal(one, other)

    compare(ha.history["loss"], hb.history["loss"])
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        compare(one, other)
    compare(a.predict(x, verbose=0), b.predict(x, verbose=0))
    for flag in (False, True):
        compare(a(x, training=flag).numpy(), b(x, training=flag).numpy())
