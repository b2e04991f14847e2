"""Good samples and damaged ones, told apart or ranked; and the body that is left over."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.pretraining import Corruption, CorruptionDetector, MaxMarginPretraining, pretrain_on_corrupted
from oxhorn.testing.reference import pretraining as ref

L = keras.layers
RNG = np.random.default_rng(0)
# Both halves are the same: what is swapped in from another sample shows.
X = np.repeat(RNG.normal(size=(400, 5)), 2, axis=1).reshape(400, 5, 2).transpose(0, 2, 1).reshape(400, 10)
X = X.astype("float32")


def body_of(dtype: str | None = None) -> keras.Sequential:
    layers = [L.Dense(32, activation="relu", dtype=dtype), L.Dense(16, activation="relu", dtype=dtype)]
    return keras.Sequential([keras.Input((10,), dtype=dtype), *layers], name="body")


@pytest.mark.parametrize("margin", [None, 0.5, 2.0])
def test_the_formula(margin: float | None) -> None:
    corruption = Corruption("swap", 0.5, seed=1)
    kind = CorruptionDetector if margin is None else MaxMarginPretraining
    arguments = {} if margin is None else {"margin": margin}
    model = kind(body_of("float64"), corruption, dtype="float64", **arguments)
    model.compile("sgd")
    x = X[:40].astype("float64")
    scores = model(x).numpy()
    assert scores.shape == (40, 2)
    np.testing.assert_allclose(scores[:, 0], model.score(x).numpy(), rtol=1e-12)
    twin = Corruption("swap", 0.5, seed=1)
    twin(x, training=True)
    bad = model.score(twin(x, training=True)).numpy()  # the damage of the second call
    seen = model.evaluate(x, batch_size=40, verbose=0, return_dict=True)
    good = scores[:, 0]
    right = ref.detection(good, bad) if margin is None else ref.max_margin(good, bad, margin)
    assert seen["loss"] == pytest.approx(right, rel=1e-5)
    assert seen["ranked"] == pytest.approx((good > bad).mean(), abs=1e-6)
    if margin is None:
        assert seen["accuracy"] == pytest.approx(((good > 0).mean() + (bad <= 0).mean()) / 2, abs=1e-6)


@pytest.mark.parametrize("margin", [None, 1.0])
def test_the_task_is_learnt(margin: float | None) -> None:
    keras.utils.set_random_seed(0)
    body = body_of()
    before = body.get_weights()
    history = pretrain_on_corrupted(
        body, X, Corruption("swap", 0.5), margin, epochs=25, validation_data=X[:100], verbose=0
    ).history
    assert history["ranked"][-1] > 0.9 > history["ranked"][0]
    assert history["val_ranked"][-1] > 0.9
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    for a, b in zip(before, body.get_weights(), strict=True):
        assert not np.array_equal(a, b)


def test_weights_of_samples_and_eager_steps() -> None:
    weights = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(1)
        model = MaxMarginPretraining(body_of())
        model.compile("sgd", run_eagerly=eagerly)
        model.fit(X, epochs=1, shuffle=False, sample_weight=np.arange(400.0) / 400.0, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_any_body_and_any_noise() -> None:
    images = RNG.random((32, 8, 8, 1)).astype("float32")
    stack = [L.Conv2D(4, 3), L.BatchNormalization(), L.ReLU(), L.GlobalAveragePooling2D()]
    body = keras.Sequential([keras.Input((8, 8, 1)), *stack])
    pretrain_on_corrupted(body, images, L.GaussianNoise(0.5), epochs=1, verbose=0)
    pretrain_on_corrupted(L.Dense(4), X, L.Dropout(0.5), margin=1.0, epochs=1, verbose=0)
    words = RNG.integers(1, 50, (64, 9)).astype("int32")
    text = keras.Sequential([keras.Input((9,), dtype="int32"), L.Embedding(50, 8), L.Flatten()])
    pretrain_on_corrupted(text, words, Corruption("swap", 0.1), margin=1.0, epochs=1, verbose=0)


@pytest.mark.parametrize("kind", [CorruptionDetector, MaxMarginPretraining])
def test_configs_and_copies(kind: Any) -> None:
    model = kind(body_of(), Corruption("swap", 0.3, seed=1))
    model.compile("adam")
    model.fit(X, epochs=1, verbose=0)
    config = json.loads(json.dumps(model.get_config()))
    again = kind.from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    again.build((None, 10))
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.score(X).numpy(), model.score(X).numpy())
    np.testing.assert_array_equal(copy.deepcopy(model).score(X).numpy(), model.score(X).numpy())


def test_refusals() -> None:
    with pytest.raises(ValueError, match="expected `body` to be a model or layer"):
        CorruptionDetector("dense")
    with pytest.raises(ValueError, match="expected `corruption` to be a layer"):
        MaxMarginPretraining(L.Dense(2), "swap")
    for margin in (0.0, -1.0, float("nan"), "1"):
        with pytest.raises(ValueError, match="`margin`"):
            MaxMarginPretraining(L.Dense(2), margin=margin)
    with pytest.raises(ValueError, match=r"features of shape \(batch, features\).*Flatten"):
        CorruptionDetector(L.Dense(2))(np.ones((3, 4, 5), "float32"))
