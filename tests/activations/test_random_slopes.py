"""PReLU and RReLU: slopes given, learned and drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.testing import check_gradients
from oxhorn.testing.reference import activations as act

A = keras.activations
X = np.linspace(-3.03, 3.05, 24).reshape(4, 6)


def test_prelu_with_slopes_given() -> None:
    slopes = np.linspace(0.1, 0.6, 6)
    np.testing.assert_allclose(A.prelu(X, slopes).numpy(), np.where(X >= 0, X, slopes * X), rtol=1e-12)
    np.testing.assert_allclose(A.prelu(X).numpy(), np.where(X >= 0, X, 0.25 * X), rtol=1e-12)
    check_gradients(lambda pair: A.prelu(*pair), [X, slopes])
    with pytest.raises(ValueError, match="alpha"):
        A.prelu(X, float("nan"))


def test_the_mean_slope_in_use() -> None:
    np.testing.assert_allclose(A.rrelu(X).numpy(), act.rrelu(X), rtol=1e-12)
    np.testing.assert_allclose(A.rrelu(X, 0.2, 0.4).numpy(), act.rrelu(X, 0.2, 0.4), rtol=1e-12)
    check_gradients(lambda x: A.rrelu(x, 0.2, 0.4), X)


def test_random_slopes_in_training() -> None:
    x = np.full((200, 100), -1.0)
    slopes = -A.rrelu(x, 0.1, 0.5, training=True, seed=3).numpy()
    n = slopes.size
    assert slopes.min() >= 0.1
    assert slopes.max() < 0.5
    # Five standard errors of the mean and the variance of a uniform distribution of width 0.4.
    z = (slopes - 0.3) / (0.4 / np.sqrt(12))
    assert abs(z.mean()) < 5 / np.sqrt(n)
    assert abs(z.var() - 1) < 5 * np.sqrt(0.8 / n)
    np.testing.assert_array_equal(A.rrelu(-x, training=True, seed=3).numpy(), -x)
    np.testing.assert_array_equal(slopes, -A.rrelu(x, 0.1, 0.5, training=True, seed=3).numpy())
    # The gradient is that of the slopes drawn.
    check_gradients(lambda v: A.rrelu(v, training=True, seed=5), X)


def test_a_layer_draws_anew_at_each_step_and_repeats_with_its_seed() -> None:
    x = np.full((8, 5), -1.0, "float32")
    one, two = (keras.layers.RReLU(seed=7) for _ in range(2))
    first = one(x, training=True).numpy()
    assert not np.array_equal(first, one(x, training=True).numpy())
    np.testing.assert_array_equal(first, two(x, training=True).numpy())
    np.testing.assert_allclose(one(x).numpy(), (0.125 + 1 / 3) / 2 * x, rtol=1e-6)
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(4), keras.layers.RReLU(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    model.fit(x, np.ones((8, 1)), epochs=2, verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    "arguments",
    [{"lower": 0.5, "upper": 0.1}, {"lower": "a"}, {"upper": float("nan")}, {"seed": 1.5}],
    ids=str,
)
def test_bad_slopes(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="RReLU: expected"):
        keras.layers.RReLU(**arguments)


@pytest.mark.parametrize("name", ["prelu", "rrelu"])
def test_by_name(name: str) -> None:
    function = A.get(name)
    assert function is getattr(A, name)
    assert A.serialize(function) == name
    assert A.deserialize(name) is function
    layer = keras.layers.Dense(3, activation=name, dtype="float64")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.activation is function
    y = keras.layers.Activation(name, dtype="float64")(X)
    np.testing.assert_array_equal(y.numpy(), function(X).numpy())
    x = keras.Input((6,), dtype="float64")
    model = keras.Model(x, again(x))
    expected = function(X @ again.kernel.numpy() + again.bias.numpy()).numpy()
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-12)
    symbolic = keras.Model(x, function(x))
    np.testing.assert_allclose(symbolic.predict(X, verbose=0), function(X).numpy(), rtol=1e-12)
