"""The mean of weights, against means made by hand; and the statistics that belong to it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

SWA = keras.callbacks.StochasticWeightAveraging
X = np.random.default_rng(0).normal(size=(50, 3))
Y = np.sin(X).sum(axis=1, keepdims=True)


def make(normalized: bool = False, optimizer: Any = None) -> Any:
    keras.utils.set_random_seed(0)
    middle = [keras.layers.BatchNormalization(momentum=0.9, dtype="float64")] if normalized else []
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            keras.layers.Dense(5, activation="tanh", dtype="float64"),
            *middle,
            keras.layers.Dense(1, dtype="float64"),
        ]
    )
    model.compile(optimizer or keras.optimizers.SGD(0.05, momentum=0.5), loss="mse")
    return model


class Keep(keras.callbacks.Callback):
    """The trainable weights after each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[list[np.ndarray]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.weights.append([v.numpy() for v in self.model.trainable_variables])


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize(
    ("arguments", "epochs", "counted"),
    [
        ({}, 8, [6, 7]),
        ({"start_epoch": 0}, 4, [0, 1, 2, 3]),
        ({"start_epoch": 1, "frequency": 3}, 8, [1, 4, 7]),
        ({"start_epoch": 5, "frequency": 4}, 6, [5]),
    ],
)
def test_the_mean_by_hand(
    arguments: dict[str, Any], epochs: int, counted: list[int], normalized: bool
) -> None:
    model, keep, swa = make(normalized), Keep(), SWA(**arguments)
    model.fit(X, Y, batch_size=10, epochs=epochs, callbacks=[swa, keep], verbose=0)
    assert swa.averaged == len(counted)
    for i, variable in enumerate(model.trainable_variables):
        right = np.mean([keep.weights[epoch][i] for epoch in counted], axis=0)
        np.testing.assert_allclose(variable.numpy(), right, rtol=1e-12)


@pytest.mark.parametrize("shuffle", [False, True])
def test_statistics_of_the_mean(shuffle: bool) -> None:
    """The averages over all batches of their means and (biased) variances, with the weights that were averaged."""
    model = make(normalized=True)
    model.fit(X, Y, batch_size=10, epochs=4, shuffle=shuffle, callbacks=[SWA(start_epoch=1)], verbose=0)
    dense, norm = model.layers[0], model.layers[1]
    hidden = np.tanh(X @ dense.kernel.numpy() + dense.bias.numpy())
    np.testing.assert_allclose(norm.moving_mean.numpy(), hidden.mean(0), rtol=1e-9, atol=1e-12)
    if not shuffle:
        variance = hidden.reshape(5, 10, -1).var(axis=1).mean(0)
        np.testing.assert_allclose(norm.moving_variance.numpy(), variance, rtol=1e-9)
    assert norm.momentum == 0.9
    # Training goes on as ever afterwards.
    before = norm.moving_mean.numpy()
    model.fit(X, Y, batch_size=50, epochs=1, verbose=0)
    np.testing.assert_allclose(norm.moving_mean.numpy(), 0.9 * before + 0.1 * hidden.mean(0), rtol=1e-6)


def test_statistics_may_be_left_alone() -> None:
    moving = []
    for callbacks in ([], [SWA(start_epoch=1, update_statistics=False)]):
        model = make(normalized=True)
        model.fit(X, Y, batch_size=10, epochs=3, shuffle=False, callbacks=callbacks, verbose=0)
        moving.append(model.layers[1].moving_mean.numpy())
    np.testing.assert_array_equal(*moving)
    frozen = make(normalized=True)
    frozen.layers[1].trainable = False
    frozen.compile("sgd", loss="mse")
    frozen.fit(X, Y, epochs=2, callbacks=[SWA(start_epoch=0)], verbose=0)
    assert not frozen.layers[1].moving_mean.numpy().any()


def test_the_learning_rate() -> None:
    model = make(optimizer=keras.optimizers.SGD(0.1))
    swa = SWA(start_epoch=2, learning_rate=0.02, anneal_epochs=4)
    rates = model.fit(X, Y, epochs=8, callbacks=[swa], verbose=0).history["learning_rate"]
    right = [0.1 - 0.08 * (1 - math.cos(math.pi * min(k / 4, 1))) / 2 for k in range(1, 7)]
    np.testing.assert_allclose(rates, right, rtol=1e-6)
    with pytest.raises(TypeError, match="ExponentialDecay"):
        make(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))).fit(
            X, Y, callbacks=[swa], verbose=0
        )


def test_training_that_ends_early() -> None:
    class Stop(Keep):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, logs)
            self.model.stop_training = epoch == 3

    model, stop, swa = make(), Stop(), SWA(start_epoch=2)
    model.fit(X, Y, epochs=20, callbacks=[stop, swa], verbose=0)
    assert swa.averaged == 2
    right = np.mean([stop.weights[2][0], stop.weights[3][0]], axis=0)
    np.testing.assert_allclose(model.trainable_variables[0].numpy(), right, rtol=1e-12)
    # The same callback again begins anew.
    with pytest.warns(UserWarning, match="training ended before epoch 2"):
        model.fit(X, Y, epochs=1, callbacks=[swa], verbose=0)
    assert swa.averaged == 0


def test_data_that_come_in_batches() -> None:
    class Rows(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, i: int) -> Any:
            return X[10 * i : 10 * i + 10], Y[10 * i : 10 * i + 10]

    model = make(normalized=True)
    model.fit(Rows(), epochs=3, shuffle=False, callbacks=[SWA(start_epoch=0)], verbose=0)
    dense, norm = model.layers[0], model.layers[1]
    hidden = np.tanh(X @ dense.kernel.numpy() + dense.bias.numpy())
    np.testing.assert_allclose(norm.moving_mean.numpy(), hidden.mean(0), rtol=1e-9, atol=1e-12)
    model = make(normalized=True)
    with pytest.warns(UserWarning, match="can be read only once"):
        model.fit(((X, Y) for _ in range(2)), callbacks=[SWA(start_epoch=0)], verbose=0)
    assert model.layers[1].moving_mean.numpy().any()


def test_a_message(capsys: Any) -> None:
    make(normalized=True).fit(X, Y, batch_size=10, epochs=4, callbacks=[SWA(verbose=1)], verbose=0)
    assert "the mean of 1 epochs' weights, statistics of 5 batches" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_epoch": -1},
        {"start_epoch": 1.5},
        {"learning_rate": -0.1},
        {"learning_rate": float("nan")},
        {"anneal_epochs": 0},
        {"frequency": 0},
        {"update_statistics": "yes"},
    ],
    ids=str,
)
def test_arguments_out_of_range(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        SWA(**arguments)
