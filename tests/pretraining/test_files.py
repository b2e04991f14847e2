"""Models of pretraining in files: whole, and their weights; what is shared is shared again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.pretraining import (
    Corruption,
    CorruptionDetector,
    DeepBeliefNetwork,
    KLSparsity,
    MaxMarginPretraining,
    RestrictedBoltzmannMachine,
    StackedAutoencoder,
)

L = keras.layers
X = (np.random.default_rng(0).random((30, 8)) < 0.4).astype("float32")


def body() -> Any:
    return keras.Sequential([keras.Input((8,)), L.Dense(5, activation="relu")])


def autoencoder(tied: bool) -> Any:
    made = StackedAutoencoder(
        [6, 3], tied=tied, noise=0.2, code_regularizer=KLSparsity(0.1, 0.01), activation="sigmoid"
    )
    made.build((None, 8))
    return made


MODELS: dict[str, Callable[[], Any]] = {
    "autoencoder": lambda: autoencoder(False),
    "tied": lambda: autoencoder(True),
    "machine": lambda: RestrictedBoltzmannMachine(4, persistent_chains=5, seed=2),
    "gaussian": lambda: RestrictedBoltzmannMachine(4, "gaussian", kernel_regularizer="l2"),
    "detector": lambda: CorruptionDetector(body(), Corruption("swap", 0.2)),
    "margin": lambda: MaxMarginPretraining(body(), L.GaussianNoise(0.3), margin=0.5),
}


def results(name: str, model: Any) -> Any:
    return model.score(X).numpy() if name in ("detector", "margin") else model.predict(X, verbose=0)


@pytest.mark.parametrize("name", MODELS)
def test_whole_models(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = MODELS[name]()
    model.compile("adam", loss="mse" if "encoder" in name or name == "tied" else None)
    targets = X if model.loss else None
    model.fit(X, targets, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert type(again) is type(model)
    np.testing.assert_array_equal(results(name, again), results(name, model))
    for a, b in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    history = again.fit(X, targets, epochs=1, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    for coder, decoder in again.levels if name == "tied" else ():
        assert decoder.kernel is coder.kernel


@pytest.mark.parametrize("ending", [".weights.h5", ".safetensors"])
@pytest.mark.parametrize("name", MODELS)
def test_weights(name: str, ending: str, tmp_path: Path) -> None:
    model, other = MODELS[name](), MODELS[name]()
    for each in (model, other):
        if not each.built:
            each.build((None, 8))
    model.save_weights(tmp_path / f"weights{ending}")
    other.load_weights(tmp_path / f"weights{ending}")
    for a, b in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_network_of_machines(tmp_path: Path) -> None:
    network = DeepBeliefNetwork([5, 3])
    network.pretrain(X, epochs=1, verbose=0)
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), network.predict(X, verbose=0))
    again.pretrain(X, epochs=1, verbose=0)


def test_a_classifier_on_a_tied_encoder(tmp_path: Path) -> None:
    coder = autoencoder(True)
    model = keras.Sequential([coder.encoder, L.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, np.arange(30) % 3, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    np.testing.assert_array_equal(again.layers[0].layers[0].kernel.numpy(), coder.levels[0][0].kernel.numpy())
