"""Noise and dropout by their statistics and seeds; losses that layers, models and functions add."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing.reference import layers as ref

L = keras.layers
N = 200_000
X = np.random.default_rng(0).normal(size=(400, 500)).astype("float32")
LAYERS: list[Any] = [
    L.Dropout,
    L.GaussianDropout,
    L.GaussianNoise,
    L.AlphaDropout,
    L.SpatialDropout1D,
    L.SpatialDropout2D,
    L.SpatialDropout3D,
]


def shape_for(layer: Any) -> tuple[int, ...]:
    extra = next((int(c) for c in layer.__name__ if c.isdigit()), None)
    return (6, 8) if extra is None else (6, *(2,) * extra, 8)


# Statistics: within five standard errors, with seeds that are fixed ------------------------------------------


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_share_and_the_mean(rate: float) -> None:
    y = L.Dropout(rate, seed=1)(X, training=True).numpy()
    kept = y != 0
    assert abs(kept.mean() - (1 - rate)) < 5 * math.sqrt(rate * (1 - rate) / N)
    np.testing.assert_allclose(y[kept], X[kept] / np.float32(1 - rate), rtol=1e-6)
    ones = L.Dropout(rate, seed=2)(np.ones_like(X), training=True).numpy()
    assert abs(ones.mean() - 1) < 5 * math.sqrt(rate / (1 - rate) / N)
    # Neighbours are chosen one by one.
    for a, b in ((kept[1:], kept[:-1]), (kept[:, 1:], kept[:, :-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / math.sqrt(a.size)


def test_the_ends_of_the_rate() -> None:
    np.testing.assert_array_equal(L.Dropout(0.0)(X, training=True).numpy(), X)
    np.testing.assert_array_equal(L.Dropout(1.0)(X, training=True).numpy(), np.zeros_like(X))


def test_what_shares_a_choice() -> None:
    y = L.Dropout(0.5, noise_shape=(None, 1), seed=1)(np.ones((400, 30), "float32"), training=True).numpy()
    assert (y == y[:, :1]).all()
    assert abs((y[:, 0] != 0).mean() - 0.5) < 5 * 0.5 / math.sqrt(400)


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (L.SpatialDropout1D, (300, 3, 40), (1,)),
        (L.SpatialDropout2D, (300, 2, 3, 40), (1, 2)),
        (L.SpatialDropout3D, (300, 2, 1, 3, 40), (1, 2, 3)),
    ],
)
def test_whole_maps_are_dropped(layer: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    y = layer(0.3, seed=4)(np.ones(shape, "float32"), training=True).numpy()
    assert (y.max(axes) == y.min(axes)).all()
    kept = y.max(axes) != 0
    assert abs(kept.mean() - 0.7) < 5 * math.sqrt(0.21 / kept.size)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_gaussian_dropout_has_the_variance_of_dropout(rate: float) -> None:
    y = L.GaussianDropout(rate, seed=1)(np.ones_like(X), training=True).numpy().astype("float64")
    variance = rate / (1 - rate)
    assert abs(y.mean() - 1) < 5 * math.sqrt(variance / N)
    assert abs(y.var() / variance - 1) < 5 * math.sqrt(2 / N)
    assert abs(np.mean((y - 1) ** 4) / variance**2 - 3) < 5 * math.sqrt(96 / N)


def test_gaussian_noise_is_added() -> None:
    noise = L.GaussianNoise(0.3, seed=1)(X, training=True).numpy().astype("float64") - X
    assert abs(noise.mean()) < 5 * 0.3 / math.sqrt(N)
    assert abs(noise.var() / 0.09 - 1) < 5 * math.sqrt(2 / N)
    assert abs(np.corrcoef(noise.ravel(), X.ravel())[0, 1]) < 5 / math.sqrt(N)


@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_alpha_dropout_keeps_mean_variance_and_the_values(rate: float) -> None:
    y = L.AlphaDropout(rate, seed=2)(X, training=True).numpy()
    kept = ~np.isclose(y, ref.alpha_dropout(X, False, rate), atol=1e-5)
    assert abs(kept.mean() - (1 - rate)) < 5 * math.sqrt(rate * (1 - rate) / N)
    np.testing.assert_allclose(y, ref.alpha_dropout(X, kept, rate), rtol=1e-5, atol=1e-5)
    # Three times the error of plain moments: what is dropped has the heavy tail of one value.
    assert abs(y.mean()) < 15 / math.sqrt(N)
    assert abs(y.var() - 1) < 15 * math.sqrt(2 / N)


# Seeds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
def test_seeds(layer: Any) -> None:
    x = np.random.default_rng(1).normal(size=shape_for(layer)).astype("float32")
    one, two, other = layer(0.5, seed=3), layer(0.5, seed=3), layer(0.5, seed=4)
    first = one(x, training=True).numpy()
    np.testing.assert_array_equal(first, two(x, training=True).numpy())
    assert not np.array_equal(first, one(x, training=True).numpy())
    assert not np.array_equal(first, other(x, training=True).numpy())
    np.testing.assert_array_equal(one(x).numpy(), x)
    np.testing.assert_array_equal(one(x, training=False).numpy(), x)
    drawn = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        drawn.append(layer(0.5)(x, training=True).numpy())
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
def test_many_forward_passes_in_training_mode(layer: Any) -> None:
    """Monte-Carlo dropout: the spread of predictions, and predictions in use without one."""
    shape = shape_for(layer)
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    inputs = keras.Input(shape[1:])
    model = keras.Model(inputs, layer(0.5, seed=3)(inputs))
    runs = np.stack([model(x, training=True).numpy() for _ in range(50)])
    assert runs.std(0).mean() > 0.1
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


# Losses that are added ----------------------------------------------------------------------------------------------


class Adds(L.Layer):
    """Adds the mean of its input, and a tenth of the sum, as a list."""

    def call(self, x: Any) -> Any:
        self.add_loss(ops.mean(x))
        self.add_loss([ops.sum(x) * 0.1])
        return 2.0 * x


class Model(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(2, kernel_initializer="ones", kernel_regularizer="l2", activity_regularizer="l1")
        self.adds = Adds()

    def call(self, x: Any) -> Any:
        y = self.adds(self.dense(x))
        self.add_loss(ops.sum(y) * 0.01)
        return y


SMALL = np.random.default_rng(2).uniform(0.1, 1.0, size=(6, 4)).astype("float32")


def added(x: np.ndarray) -> float:
    """What `Model` adds with weights of ones: l2, l1 of the outputs for each sample, and the three terms."""
    y = x.sum(-1, keepdims=True).repeat(2, -1)
    return 0.01 * 8 + 0.01 * np.abs(y).sum() / len(x) + y.mean() + 0.1 * y.sum() + 0.01 * (2 * y).sum()


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("kind", ["subclassed", "functional"])
def test_added_losses_join_the_loss(kind: str, eagerly: bool) -> None:
    model = Model()
    if kind == "functional":
        x = keras.Input((4,))
        model = keras.Model(x, model(x))
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=eagerly)
    target = np.zeros((6, 2))
    error = np.mean((2 * SMALL.sum(-1)) ** 2)
    expected = error + added(SMALL)
    assert model.fit(SMALL, target, batch_size=6, verbose=0).history["loss"][0] == pytest.approx(
        expected, rel=1e-5
    )
    assert model.evaluate(SMALL, target, batch_size=6, verbose=0) == pytest.approx(expected, rel=1e-5)
    model(SMALL)
    assert float(sum(float(loss) for loss in model.losses)) == pytest.approx(added(SMALL), rel=1e-5)
    # Terms of an earlier call do not stay.
    model(SMALL)
    assert len(model.losses) == 5


def test_an_added_loss_has_a_gradient() -> None:
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(1, kernel_initializer="ones", use_bias=False), Adds()]
    )
    model.compile(loss=lambda y, p: ops.zeros_like(ops.sum(p, axis=-1)))
    gradient = next(iter(model.gradients(SMALL, np.zeros((6, 1))).values()))
    np.testing.assert_allclose(gradient[:, 0], SMALL.mean(0) + 0.1 * SMALL.sum(0), rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (np.zeros(3), r"shape \(3,\)"),
        ("1", "add_loss"),
        (keras.KerasTensor(()), r"inside `build\(\)` or `call\(\)`"),
    ],
    ids=str,
)
def test_losses_that_are_none(loss: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        L.Layer().add_loss(loss)


class Half(keras.regularizers.Regularizer):
    def __init__(self, factor: float = 0.5) -> None:
        self.factor = factor

    def __call__(self, w: Any) -> Any:
        return self.factor * ops.sum(ops.abs(w))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor}


@pytest.mark.parametrize(
    "penalty", [Half(0.25), lambda w: 0.25 * ops.sum(ops.abs(w))], ids=["class", "function"]
)
def test_penalties_of_your_own(penalty: Any) -> None:
    for where in ("kernel_regularizer", "bias_regularizer", "activity_regularizer"):
        layer = L.Dense(3, kernel_initializer="ones", bias_initializer="ones", **{where: penalty})
        y = layer(SMALL).numpy()
        right = {"kernel": 12.0, "bias": 3.0, "activity": np.abs(y).sum() / 6}[where.split("_")[0]]
        assert float(layer.losses[0]) == pytest.approx(0.25 * right, rel=1e-5)
    config = L.Dense(3, kernel_regularizer=Half(0.125)).get_config()
    with keras.saving.custom_object_scope({"Half": Half}):
        assert L.Dense.from_config(config).kernel_regularizer.factor == 0.125


def test_activity_regularisation() -> None:
    layer = L.ActivityRegularization(l1=0.1, l2=0.2)
    layer(SMALL)
    right = (0.1 * np.abs(SMALL).sum() + 0.2 * np.square(SMALL).sum()) / len(SMALL)
    assert float(layer.losses[0]) == pytest.approx(float(right), rel=1e-5)
