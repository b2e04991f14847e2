"""Fans exact, moments within five standard errors, bounds kept, seeds repeat."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing.reference import initializers as ref

SHAPES = [(200, 300), (5, 5, 20, 40), (30000,), (7, 90, 60)]

RANDOM: list[tuple[str, dict[str, Any]]] = [
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 1.0, "stddev": 0.3}),
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": 1.0, "maxval": 3.0}),
    ("TruncatedNormal", {}),
    ("TruncatedNormal", {"mean": -1.0, "stddev": 0.5}),
    *[(name, {}) for name in ref.SCHEMES],
    *[
        ("VarianceScaling", {"scale": scale, "mode": mode, "distribution": distribution})
        for scale, mode in ((1.0, "fan_in"), (2.0, "fan_out"), (0.5, "fan_avg"))
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ],
]
OTHERS = ["Zeros", "Ones", "Constant", "Identity", "Orthogonal"]


def right(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> ref.Moments:
    if name in ref.SCHEMES:
        return ref.variance_scaling(shape, *ref.SCHEMES[name])
    if name == "VarianceScaling":
        return ref.variance_scaling(shape, **arguments)
    return {
        "RandomNormal": ref.normal,
        "RandomUniform": ref.uniform,
        "TruncatedNormal": ref.truncated_normal,
    }[name](**arguments)


def test_every_initializer_has_a_row() -> None:
    names = set(_core.initializer_names())
    assert len(names) >= 10
    assert sorted(names - {name for name, _ in RANDOM} - set(OTHERS)) == []


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("name", "arguments"), RANDOM, ids=str)
def test_moments(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    initializer = getattr(keras.initializers, name)(**arguments, seed=11)
    x = np.asarray(initializer(shape, dtype="float64"))
    assert x.shape == shape
    assert x.dtype == np.float64
    mean, stddev, low, high = right(name, arguments, shape)
    n = x.size
    assert abs(x.mean() - mean) < 5 * stddev / math.sqrt(n)
    assert abs(x.std() / stddev - 1) < 5 / math.sqrt(n)
    assert low <= x.min()
    assert x.max() <= high
    assert len(np.unique(x)) == n


@pytest.mark.parametrize(("name", "arguments"), RANDOM, ids=str)
def test_seeds_repeat(name: str, arguments: dict[str, Any]) -> None:
    kind = getattr(keras.initializers, name)
    a, b = (np.asarray(kind(**arguments, seed=5)((40, 30))) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert a.dtype == np.float32
    assert not np.array_equal(a, np.asarray(kind(**arguments, seed=6)((40, 30))))
    keras.utils.set_random_seed(3)
    a = np.asarray(kind(**arguments)((40, 30)))
    keras.utils.set_random_seed(3)
    b = np.asarray(kind(**arguments)((40, 30)))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, np.asarray(kind(**arguments)((40, 30))))


def test_neighbours_are_independent() -> None:
    x = np.asarray(keras.initializers.RandomNormal(seed=1)((300, 300), dtype="float64"))
    for a, b in ((x[1:], x[:-1]), (x[:, 1:], x[:, :-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / math.sqrt(a.size)


def test_constants() -> None:
    init = keras.initializers
    np.testing.assert_array_equal(np.asarray(init.Zeros()((2, 3))), np.zeros((2, 3)))
    np.testing.assert_array_equal(np.asarray(init.Ones()((2, 3))), np.ones((2, 3)))
    np.testing.assert_array_equal(np.asarray(init.Constant(2.5)((2, 3))), np.full((2, 3), 2.5))
    np.testing.assert_array_equal(np.asarray(init.Identity(2.0)((3, 4))), 2 * np.eye(3, 4))


@pytest.mark.parametrize("shape", [(6, 6), (8, 3), (3, 8), (3, 3, 4, 5)], ids=str)
def test_orthogonal(shape: tuple[int, ...]) -> None:
    q = np.asarray(keras.initializers.Orthogonal(gain=2.0, seed=1)(shape, dtype="float64")).reshape(
        -1, shape[-1]
    )
    product = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-10)


@pytest.mark.parametrize(("name", "arguments"), [*RANDOM, *((name, {}) for name in OTHERS)], ids=str)
def test_config_round_trip(name: str, arguments: dict[str, Any]) -> None:
    initializer = getattr(keras.initializers, name)(**arguments)
    config = initializer.get_config()
    assert type(initializer).from_config(config).get_config() == config
    revived = keras.initializers.deserialize(
        json.loads(json.dumps(keras.initializers.serialize(initializer)))
    )
    assert type(revived) is type(initializer)
    assert revived.get_config() == config
    assert type(keras.initializers.get(name)) is type(initializer)
