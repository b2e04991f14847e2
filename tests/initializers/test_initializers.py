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
OTHERS = ["Zeros", "Ones", "Constant", "Identity", "Orthogonal", "Dirac", "STFT"]


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


# The fourth standardised moment, E[(x - mean)^4] / variance^2, and its own eighth one for the width of the estimate.
# A normal variable cut at two deviations: E z^k over [-2, 2], by recurrence E z^k = (k - 1) E z^(k-2) - 2 2^(k-1) c.
def cut_moments() -> tuple[float, float]:
    density, mass = math.exp(-2.0) / math.sqrt(2.0 * math.pi), math.erf(math.sqrt(2.0))
    moments = {0: 1.0}
    for k in (2, 4, 6, 8):
        moments[k] = (k - 1) * moments[k - 2] - 2.0 * 2.0 ** (k - 1) * density / mass
    return moments[4] / moments[2] ** 2, moments[8] / moments[2] ** 4


FOURTH = {"normal": (3.0, 105.0), "uniform": (9.0 / 5.0, 9.0), "truncated": cut_moments()}


def shape_of(name: str, arguments: dict[str, Any]) -> str:
    distribution = ref.SCHEMES[name][2] if name in ref.SCHEMES else arguments.get("distribution", name)
    return {
        "RandomNormal": "normal",
        "untruncated_normal": "normal",
        "RandomUniform": "uniform",
        "uniform": "uniform",
        "TruncatedNormal": "truncated",
        "truncated_normal": "truncated",
    }[distribution]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("name", "arguments"), RANDOM, ids=str)
def test_moments(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    """Within five standard errors of each estimate: chance breaks one in two million, and the seed is fixed."""
    initializer = getattr(keras.initializers, name)(**arguments, seed=11)
    x = np.asarray(initializer(shape, dtype="float64"))
    assert x.shape == shape
    assert x.dtype == np.float64
    mean, stddev, low, high = right(name, arguments, shape)
    fourth, eighth = FOURTH[shape_of(name, arguments)]
    n = x.size
    z = (x - mean) / stddev
    assert abs(z.mean()) < 5 / math.sqrt(n)
    assert abs(np.mean(z**2) - 1) < 5 * math.sqrt((fourth - 1) / n)
    assert abs(np.mean(z**3)) < 5 * math.sqrt(15 / n)
    assert abs(np.mean(z**4) - fourth) < 5 * math.sqrt((eighth - fourth**2) / n)
    assert low <= x.min()
    assert x.max() <= high
    if math.isfinite(low):
        # The ends are reached: what lies within a thousandth of them has a share of at least 1e-4.
        assert x.min() < low + 0.001 * (high - low) + 0.01 * stddev
        assert x.max() > high - 0.001 * (high - low) - 0.01 * stddev
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


def test_every_public_initializer_is_tested() -> None:
    base = keras.initializers.Initializer
    names = {
        c.__name__
        for c in (getattr(keras.initializers, name) for name in keras.initializers.__all__)
        if isinstance(c, type) and issubclass(c, base)
    }
    assert sorted(names - {"Initializer"} - {name for name, _ in RANDOM} - set(OTHERS)) == []


def test_an_initializer_without_a_seed_repeats_itself() -> None:
    """As in Keras: one object gives the same numbers at every call, unless its seed is a generator."""
    for seed in (None, 7):
        one = keras.initializers.HeNormal(seed=seed)
        np.testing.assert_array_equal(np.asarray(one((4, 3))), np.asarray(one((4, 3))))
    one = keras.initializers.HeNormal(seed=keras.random.SeedGenerator(7))
    assert not np.array_equal(np.asarray(one((4, 3))), np.asarray(one((4, 3))))
    a, b = (np.asarray(keras.initializers.HeNormal()((4, 3))) for _ in range(2))
    assert not np.array_equal(a, b)
    copy = keras.initializers.HeNormal(seed=7).clone()
    np.testing.assert_array_equal(
        np.asarray(copy((4, 3))), np.asarray(keras.initializers.HeNormal(seed=7)((4, 3)))
    )


def test_layers_that_share_an_initializer_without_a_seed_begin_apart() -> None:
    """A name makes a new initializer for each weight."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])
    assert not np.array_equal(*(layer.kernel.numpy() for layer in model.layers))
    shared = keras.initializers.GlorotUniform(seed=3)
    layers = [keras.layers.Dense(4, kernel_initializer=shared) for _ in range(2)]
    for layer in layers:
        layer.build((None, 4))
    np.testing.assert_array_equal(*(layer.kernel.numpy() for layer in layers))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("xavier_uniform", "GlorotUniform"),
        ("xavier_normal", "GlorotNormal"),
        ("kaiming_normal", "HeNormal"),
        ("kaiming_uniform", "HeUniform"),
        ("stft", "STFT"),
        ("STFTInitializer", "STFT"),
        ("dirac", "Dirac"),
        ("normal", "RandomNormal"),
        ("one", "Ones"),
        ("IdentityInitializer", "Identity"),
    ],
)
def test_other_names(name: str, kind: str) -> None:
    assert type(keras.initializers.get(name)).__name__ == kind


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda i: i.Identity()((3, 3, 3)), r"can only be used for 2D matrices.*shape=\(3, 3, 3\) of rank 3"),
        (lambda i: i.Orthogonal()((3,)), r"at least two-dimensional.*shape=\(3,\) of rank 1"),
        (lambda i: i.VarianceScaling(scale=0), "`scale` must be positive"),
        (lambda i: i.VarianceScaling(mode="fan"), "Invalid `mode` argument"),
        (lambda i: i.VarianceScaling(distribution="cauchy"), "Invalid `distribution` argument"),
        (lambda i: i.RandomNormal(stddev=-1.0), "`stddev`.*>= 0"),
        (lambda i: i.RandomUniform(1.0, 0.0), "`minval` <= `maxval`"),
        (lambda i: i.HeNormal(seed=1.5), "`seed`"),
        (
            lambda i: i.get("he_norml"),
            r"Could not interpret initializer identifier.*Did you mean 'he_normal'",
        ),
        (lambda i: i.get(3), "Could not interpret initializer identifier"),
        (lambda i: i.Constant("a"), "`value`"),
        (lambda i: i.Constant([1.0, 2.0])((3, 3)), "broadcasts"),
        (lambda i: i.Zeros()((-1, 2)), "at least 0"),
    ],
)
def test_messages(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(keras.initializers)
