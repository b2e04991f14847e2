"""Gamma, beta and binomial numbers, and the random functions' arguments: moments, NumPy's quantiles, keys, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core

N = 40000
Q = np.array([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
RNG = np.random.default_rng(0)

# name, parameters, mean, variance, as many numbers by NumPy
CONTINUOUS: list[tuple[str, tuple[float, ...], float, float, np.ndarray]] = [
    *(("gamma", (a,), a, a, RNG.gamma(a, size=10 * N)) for a in (0.3, 1.0, 4.5)),
    *(
        ("beta", (a, b), a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1)), RNG.beta(a, b, size=10 * N))
        for a, b in ((0.5, 0.7), (2.0, 3.0))
    ),
    *(("normal", (m, s), m, s * s, RNG.normal(m, s, 10 * N)) for m, s in ((0.0, 1.0), (-2.0, 3.0))),
    ("uniform", (-1.0, 3.0), 1.0, 16 / 12, RNG.uniform(-1, 3, 10 * N)),
]
COUNTS = [(1, 0.3), (12, 0.5), (30, 0.05), (200, 0.4), (5000, 0.9)]


def draw(name: str, parameters: tuple[Any, ...], **options: Any) -> np.ndarray:
    return getattr(keras.random, name)(
        (N,), *parameters, **{"seed": 7, "dtype": "float64", **options}
    ).numpy()


@pytest.mark.parametrize(("name", "parameters", "mean", "variance", "numpys"), CONTINUOUS)
def test_distribution(
    name: str, parameters: tuple[float, ...], mean: float, variance: float, numpys: np.ndarray
) -> None:
    x = draw(name, parameters)
    assert abs(x.mean() - mean) < 5 * np.sqrt(variance / N)
    fourth = np.mean((numpys - mean) ** 4)
    assert abs(np.mean((x - mean) ** 2) - variance) < 5 * np.sqrt((fourth - variance**2) / N)
    # The part of the numbers below NumPy's quantiles is that of the quantiles.
    below = (x[:, None] < np.quantile(numpys, Q)).mean(axis=0)
    assert (np.abs(below - Q) < 5 * np.sqrt(1.1 * Q * (1 - Q) / N)).all()


@pytest.mark.parametrize(("n", "p"), COUNTS)
def test_binomial(n: int, p: float) -> None:
    x = draw("binomial", (n, p))
    assert (x == np.round(x)).all()
    assert x.min() >= 0
    assert x.max() <= n
    assert abs(x.mean() - n * p) < 5 * np.sqrt(n * p * (1 - p) / N)
    numpys = RNG.binomial(n, p, 10 * N)
    edges = np.unique(np.quantile(numpys, Q))
    right = (numpys[:, None] <= edges).mean(axis=0)
    got = (x[:, None] <= edges).mean(axis=0)
    assert (np.abs(got - right) <= 5 * np.sqrt(1.1 * right * (1 - right) / N) + 1e-12).all()


@pytest.mark.parametrize(
    ("name", "parameters"), [("gamma", (0.4,)), ("beta", (2.0, 0.3)), ("binomial", (50, 0.3))]
)
def test_the_key_decides(name: str, parameters: tuple[float, ...]) -> None:
    x = draw(name, parameters)
    np.testing.assert_array_equal(x, draw(name, parameters))
    np.testing.assert_array_equal(x.astype("float32"), draw(name, parameters, dtype="float32"))
    assert abs(np.corrcoef(x, draw(name, parameters, seed=8))[0, 1]) < 5 / np.sqrt(N)
    assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 5 / np.sqrt(N)
    before = _core.get_num_threads()
    try:
        _core.set_num_threads(1)
        np.testing.assert_array_equal(x, draw(name, parameters))
    finally:
        _core.set_num_threads(before)


def test_parameters_broadcast() -> None:
    x = keras.random.gamma((2000, 3), alpha=[1.0, 10.0, 100.0], seed=1).numpy()
    np.testing.assert_allclose(x.mean(axis=0), [1, 10, 100], rtol=0.1)
    x = keras.random.normal((5000, 2), mean=keras.ops.array([0.0, 50.0]), stddev=[1.0, 0.0], seed=1).numpy()
    assert abs(x[:, 0].mean()) < 0.1
    assert (x[:, 1] == 50).all()
    x = keras.random.uniform((5000, 2), minval=[0.0, 5.0], maxval=[1.0, 7.0], seed=1).numpy()
    assert (x >= [0, 5]).all()
    assert (x < [1, 7]).all()


@pytest.mark.parametrize("name", ["gamma", "beta", "binomial"])
def test_traced(name: str) -> None:
    parameters = {"gamma": (2.0,), "beta": (2.0, 3.0), "binomial": (20.0, 0.4)}[name]
    eager = getattr(keras.random, name)((5,), *parameters, seed=3).numpy()
    graph = _core.Graph()
    with graph:
        inputs = [graph.input((), "float32") for _ in parameters]
        program = graph.compile([getattr(keras.random, name)((5,), *inputs, seed=3)])
    np.testing.assert_allclose(program.run([np.float32(p) for p in parameters])[0], eager, rtol=1e-6)


BAD: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("gamma", ((3,), -1.0), {}, "alpha above 0"),
    ("beta", ((3,), 1.0, 0.0), {}, "beta above 0"),
    ("binomial", ((3,), 2.5, 0.5), {}, "whole number"),
    ("binomial", ((3,), 2, 1.5), {}, r"in \[0, 1\]"),
    ("gamma", ((3,), [1.0, 2.0]), {}, r"\(3,\)"),
    ("normal", ((3, None),), {}, "`shape` to be known"),
    ("normal", ((3,),), {"dtype": "int32"}, "floating point `dtype`"),
    ("uniform", ((3,),), {"dtype": "int64"}, "`keras.random.uniform` requires a floating point `dtype`"),
    ("randint", ((3,), 0, 5), {"dtype": "float32"}, "`keras.random.randint` requires an integer `dtype`"),
    ("randint", ((3,), 5, 5), {}, "minval < maxval"),
    ("categorical", (np.ones(3), 2), {}, "2-D tensor"),
    ("normal", ((3,),), {"seed": "five"}, "Argument `seed` must be either an integer"),
    ("normal", ((3,),), {"seed": -1}, "Argument `seed`"),
]


@pytest.mark.parametrize(("name", "arguments", "options", "message"), BAD)
def test_bad_arguments(name: str, arguments: tuple[Any, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(keras.random, name)(*arguments, **options)


def test_seed_generator() -> None:
    with pytest.raises(ValueError, match="Argument `seed` must be an integer"):
        keras.random.SeedGenerator(seed="five")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Unrecognized keyword arguments"):
        keras.random.SeedGenerator(sead=5)
    generator = keras.random.SeedGenerator(seed=5, name="draws")
    a, b = (keras.random.normal((3,), seed=generator).numpy() for _ in range(2))
    assert not np.array_equal(a, b)
    again = keras.random.SeedGenerator.from_config(generator.get_config())
    assert again.name == "draws"
    np.testing.assert_array_equal(a, keras.random.normal((3,), seed=again).numpy())
    # A key that was drawn is a seed itself.
    key = again.next()
    np.testing.assert_array_equal(keras.random.normal((3,), seed=key), keras.random.normal((3,), seed=key))


def test_open_sizes() -> None:
    """A layer that draws as many numbers as there are samples."""

    class Noise(keras.layers.Layer):
        def call(self, x):
            shape = (keras.ops.shape(x)[0], 3)
            return [
                keras.random.normal(shape, seed=4),
                keras.random.gamma(shape, 2.0, seed=4),
                keras.ops.scatter([[0, 1]], [5.0], shape),
                keras.ops.slice(x, [0, 1], (keras.ops.shape(x)[0], 2)),
            ]

    inputs = keras.Input((4,))
    model = keras.Model(inputs, Noise()(inputs))
    x = np.arange(20, dtype="float32").reshape(5, 4)
    normal, gamma, scattered, cut = model.predict(x, verbose=0)
    np.testing.assert_array_equal(normal, keras.random.normal((5, 3), seed=4))
    np.testing.assert_array_equal(gamma, keras.random.gamma((5, 3), 2.0, seed=4))
    assert scattered.sum() == scattered[0, 1] == 5
    np.testing.assert_array_equal(cut, x[:, 1:3])
