"""Stacked autoencoders: levels, tied weights, and codes that are kept for the next level."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.pretraining import Corruption, KLSparsity, StackedAutoencoder

L = keras.layers


def digits() -> Any:
    (x, _), _ = keras.datasets.digits.load_data()
    return x.reshape(-1, 64).astype("float32") / 16.0


X = digits()


def sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))


@pytest.mark.parametrize("tied", [False, True])
def test_the_formula(tied: bool) -> None:
    coder = StackedAutoencoder([20, 7], None, "tanh", "sigmoid", tied)
    made = coder(X[:5]).numpy()
    (f1, g1), (f2, g2) = coder.levels
    h1 = np.tanh(X[:5] @ f1.kernel.numpy() + f1.bias.numpy())
    h2 = np.tanh(h1 @ f2.kernel.numpy() + f2.bias.numpy())
    back2, back1 = ((f.kernel.numpy().T if tied else g.kernel.numpy()) for f, g in ((f2, g2), (f1, g1)))
    r1 = np.tanh(h2 @ back2 + g2.bias.numpy())
    np.testing.assert_allclose(made, sigmoid(r1 @ back1 + g1.bias.numpy()), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(coder.encode(X[:5]), h2, rtol=1e-5, atol=1e-6)
    assert len(coder.weights) == (6 if tied else 8)


@pytest.mark.parametrize("tied", [False, True])
def test_levels_are_trained_one_after_the_other(tied: bool) -> None:
    keras.utils.set_random_seed(0)
    coder = StackedAutoencoder([32, 16], activation="sigmoid", output_activation="sigmoid", tied=tied)
    coder.build((None, 64))
    before = float(np.mean((coder.reconstruct(X) - X) ** 2))
    seen: dict[int, list[Any]] = {}

    class Look(keras.callbacks.Callback):
        def on_train_end(self, logs: Any = None) -> None:
            seen[len(seen)] = [copy.copy(f.get_weights()) for f, _ in coder.levels]

    start = [f.get_weights() for f, _ in coder.levels]
    first, second = coder.pretrain(X, epochs=[12, 8], verbose=0, callbacks=[Look()], validation_data=X[:50])
    assert len(first.history["loss"]) == len(first.history["val_loss"]) == 12
    assert len(second.history["loss"]) == 8
    for history in (first, second):
        assert history.history["loss"][-1] < 0.6 * history.history["loss"][0]
    # The second level rests while the first is trained, and the first while the second is.
    np.testing.assert_array_equal(seen[0][1][0], start[1][0])
    np.testing.assert_array_equal(seen[1][0][0], seen[0][0][0])
    assert not np.array_equal(seen[0][0][0], start[0][0])
    assert float(np.mean((coder.reconstruct(X) - X) ** 2)) < 0.6 * before
    coder.compile("adam", "mse")
    whole = coder.fit(X, X, epochs=5, verbose=0).history["loss"]
    assert whole[-1] < whole[0]


def test_tied_weights_stay_tied(tmp_path: Path) -> None:
    coder = StackedAutoencoder([12, 5], tied=True)
    coder.pretrain(X[:100], epochs=1, verbose=0)
    coder.compile("adam", "mse")
    coder.fit(X[:100], X[:100], epochs=1, verbose=0)
    for f, g in coder.levels:
        assert g.kernel is f.kernel
    coder.save_weights(tmp_path / "coder.safetensors")
    other = StackedAutoencoder([12, 5], tied=True)
    other.build((None, 64))
    other.load_weights(tmp_path / "coder.safetensors")
    np.testing.assert_array_equal(other.reconstruct(X[:9]), coder.reconstruct(X[:9]))
    for f, g in other.levels:
        assert g.kernel is f.kernel
    f, g = other.levels[0]
    f.kernel.assign(np.zeros(f.kernel.shape))
    np.testing.assert_array_equal(g(np.ones((1, 12), "float32")).numpy()[0], g.bias.numpy())


def test_noise_hits_the_input_and_not_the_target() -> None:
    coder = StackedAutoencoder([8], noise=1.0)
    assert isinstance(coder.noise, Corruption)
    quiet = coder(X[:3]).numpy()
    assert np.ptp(quiet, axis=0).any()
    # All is set to zero: every row of a batch in training has the same code.
    assert not np.ptp(coder(X[:3], training=True).numpy(), axis=0).any()
    keras.utils.set_random_seed(0)
    coder = StackedAutoencoder([32], output_activation="sigmoid", noise=L.GaussianNoise(0.2, seed=1))
    coder.pretrain(X, epochs=15, verbose=0)
    noisy = X + np.random.default_rng(0).normal(0.0, 0.2, X.shape).astype("float32")
    assert np.mean((coder.reconstruct(noisy) - X) ** 2) < 0.7 * np.mean((noisy - X) ** 2)


def test_layers_of_other_kinds() -> None:
    images = X[:64].reshape(-1, 8, 8, 1)
    coder = StackedAutoencoder(
        [L.Conv2D(4, 3, strides=2, padding="same", activation="relu"), L.Conv2D(2, 3, activation="relu")],
        [L.Conv2DTranspose(1, 3, strides=2, padding="same"), L.Conv2DTranspose(4, 3, activation="relu")],
    )
    histories = coder.pretrain(images, epochs=2, verbose=0)
    assert len(histories) == 2
    assert coder.reconstruct(images).shape == images.shape
    assert coder.encode(images).shape == (64, 2, 2, 2)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(coder)))
    again = keras.saving.deserialize_keras_object(config)
    again.set_weights(coder.get_weights())
    np.testing.assert_array_equal(again.reconstruct(images), coder.reconstruct(images))


COPIES: list[Callable[[Any], Any]] = [
    copy.deepcopy,
    lambda model: keras.saving.deserialize_keras_object(
        json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    ),
]


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("tied", [False, True])
def test_configs_and_copies(copied: Callable[[Any], Any], tied: bool) -> None:
    coder = StackedAutoencoder(
        [L.Dense(9, "elu", name="low"), 4],
        activation="sigmoid",
        tied=tied,
        noise=Corruption("swap", 0.2, seed=1),
        code_regularizer=KLSparsity(),
        name="coder",
    )
    coder.build((None, 64))
    again = copied(coder)
    assert again.name == "coder"
    again.set_weights(coder.get_weights())
    np.testing.assert_array_equal(again.reconstruct(X[:4]), coder.reconstruct(X[:4]))
    assert json.loads(json.dumps(again.get_config())) == json.loads(json.dumps(coder.get_config()))
    assert len(again.weights) == len(coder.weights)


def test_one_seed_one_result() -> None:
    def trained() -> Any:
        keras.utils.set_random_seed(4)
        coder = StackedAutoencoder([8, 4], noise=0.3, tied=True)
        coder.pretrain(X[:64], epochs=2, verbose=0)
        return coder.get_weights()

    for a, b in zip(trained(), trained(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_optimizer_is_copied_for_each_level() -> None:
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    StackedAutoencoder([8, 4]).pretrain(X[:64], epochs=2, optimizer=optimizer, verbose=0)
    assert not optimizer.built


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"encoder_layers": []}, "`encoder_layers` to be a list"),
        ({"encoder_layers": 8}, "`encoder_layers` to be a list"),
        ({"encoder_layers": [8, 0]}, "`encoder_layers` to be a positive integer"),
        ({"encoder_layers": [L.Flatten()]}, r"expected `decoder_layers` where.*Flatten"),
        ({"decoder_layers": [L.Dense(64), L.Dense(8)]}, "one layer for each of the 1 levels"),
        ({"decoder_layers": [3]}, "one layer for each"),
        ({"decoder_layers": [L.Dense(64)], "tied": True}, "either `tied` or `decoder_layers`"),
        ({"tied": "yes"}, "`tied`"),
        ({"noise": "much"}, "`noise`"),
        ({"noise": 1.5}, "`noise`"),
        ({"activation": "nonesuch"}, "nonesuch"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        StackedAutoencoder(**{"encoder_layers": [8], **arguments})


def test_refusals() -> None:
    coder = StackedAutoencoder([8])
    with pytest.raises(ValueError, match="is not built, so its decoder"):
        _ = coder.levels
    for bad in (np.zeros((0, 4)), np.zeros(4), np.array([["a"]])):
        with pytest.raises(ValueError, match="expected `x` to be an array of numbers"):
            coder.pretrain(bad)
    for epochs in (-1, 0, [0], [1, 2], 1.5, "many"):
        with pytest.raises(ValueError, match="`epochs`"):
            coder.pretrain(X, epochs=epochs)
    with pytest.raises(ValueError, match=r"a reconstruction of the shape of the input, \(None, 64\); got"):
        StackedAutoencoder([8], [L.Dense(63)]).build((None, 64))
