"""`DenseTranspose`: values, gradients, and a kernel that stays one through copies, configs and training."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.testing import check_gradients, check_layer
from oxhorn.testing.reference import layers as ref

L = keras.layers
X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
ROWS: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({}, (6, 3)),
    ({"activation": "sigmoid", "bias_initializer": "ones"}, (6, 3)),
    ({"use_bias": False, "activation": "softplus"}, (2, 5, 3)),
    ({"bias_regularizer": "l2", "bias_constraint": "non_neg", "activity_regularizer": "l1"}, (4, 3)),
]


@pytest.mark.parametrize(("arguments", "shape"), ROWS)
def test_the_battery(arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    coder = L.Dense(3, use_bias=False)
    coder.build((None, 5))
    layer = L.DenseTranspose(coder, **arguments)
    layer.build((None, *shape[1:]))

    def expected(x: Any, *weights: Any) -> Any:
        bias = weights[0] if arguments.get("use_bias", True) else None
        return ref.dense_transpose(x, weights[-1], bias, arguments.get("activation"))

    x = np.random.default_rng(1).normal(size=shape)
    # The kernel has the dtype of the layer that it belongs to: see the next test.
    results = check_layer(layer, x, expected=expected, skip=["float64", "gradients"])
    assert sum(result == "passed" for result in results.values()) >= 9, results


@pytest.mark.parametrize(("arguments", "shape"), ROWS)
def test_gradients_in_float64(arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    coder = L.Dense(3, use_bias=False, dtype="float64")
    coder.build((None, 5))
    check_gradients(
        L.DenseTranspose(coder, dtype="float64", **arguments), np.random.default_rng(1).normal(size=shape)
    )


def tied_autoencoder() -> keras.Sequential:
    coder = L.Dense(3, activation="relu")
    inside = keras.Sequential([keras.Input((4,)), coder])
    return keras.Sequential([inside, keras.Sequential([L.DenseTranspose(coder)])])


def functional_autoencoder() -> keras.Model:
    x, coder = keras.Input((4,)), L.Dense(3)
    return keras.Model(x, L.DenseTranspose(coder, activation="tanh")(coder(x)))


COPIES: list[Callable[[Any], Any]] = [
    keras.models.clone_model,
    copy.deepcopy,
    lambda model: pickle.loads(pickle.dumps(model)),
    lambda model: type(model).from_config(json.loads(json.dumps(model.get_config()))),
    lambda model: keras.models.model_from_json(model.to_json()),
]


@pytest.mark.parametrize("make", [tied_autoencoder, functional_autoencoder])
@pytest.mark.parametrize("copied", COPIES)
def test_copies_of_models_are_tied_too(make: Callable[[], Any], copied: Callable[[Any], Any]) -> None:
    model = make()
    again = copied(model)
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights] == [(4, 3), (3,), (4,)]
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert not any(a is b for a in again.weights for b in model.weights)
    model.compile("sgd", "mse")
    again.compile("sgd", "mse")
    for each in (model, again):
        each.fit(X, X, epochs=2, batch_size=6, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_both_ways_add_to_the_gradient_of_the_kernel() -> None:
    x = keras.Input((4,))
    coder = L.Dense(3, use_bias=False)
    model = keras.Model(x, L.DenseTranspose(coder, use_bias=False)(coder(x)))
    kernel = model.get_weights()[0].astype("float64")
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.fit(X, X, batch_size=6, epochs=1, verbose=0)
    # L = mean((x W W^T - x)^2),  dL/dW = x^T E W + E^T x W  with  E = 2 (x W W^T - x) / size
    error = 2.0 * (X @ kernel @ kernel.T - X) / X.size
    gradient = X.T @ error @ kernel + error.T @ X @ kernel
    np.testing.assert_allclose(kernel - model.get_weights()[0], gradient, rtol=1e-4, atol=1e-6)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="expected `tied_to` to be a Dense layer"):
        L.DenseTranspose(L.Flatten())
    with pytest.raises(ValueError, match="to be built, because its kernel"):
        L.DenseTranspose(L.Dense(3))(X)
    coder = L.Dense(3)
    coder.build((None, 4))
    with pytest.raises(ValueError, match="expected inputs of size 3 along the last axis"):
        L.DenseTranspose(coder)(X)
    with pytest.raises(ValueError, match="expected `tied_to` to be a Dense layer"):
        L.DenseTranspose.from_config({})
