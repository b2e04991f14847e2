"""One instance of every callback in two fits: the second is as if it were new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import callbacks as cb

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X @ np.array([[1.0], [-2.0], [0.5]], "float32")
NAMES = [name for name in cb.__all__ if name not in ("Callback", "CallbackList")]

MAKE: dict[str, Callable[[Path], Any]] = {
    "BackupAndRestore": lambda path: cb.BackupAndRestore(path / "backup"),
    "CSVLogger": lambda path: cb.CSVLogger(path / "log.csv"),
    "EarlyStopping": lambda path: cb.EarlyStopping(
        "loss", patience=1, min_delta=0.2, restore_best_weights=True
    ),
    "GradualUnfreezing": lambda path: cb.GradualUnfreezing({2: 0, 4: None}),
    "History": lambda path: cb.History(),
    "LambdaCallback": lambda path: cb.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    "LearningRateFinder": lambda path: cb.LearningRateFinder(num_steps=20),
    "LearningRateScheduler": lambda path: cb.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch)),
    "ModelCheckpoint": lambda path: cb.ModelCheckpoint(
        path / "{epoch}.weights.safetensors", save_weights_only=True, monitor="loss"
    ),
    "OneCycleScheduler": lambda path: cb.OneCycleScheduler(0.1),
    "ProgbarLogger": lambda path: cb.ProgbarLogger(),
    "ReduceLROnPlateau": lambda path: cb.ReduceLROnPlateau("loss", patience=1, min_delta=0.3, cooldown=1),
    "StochasticWeightAveraging": lambda path: cb.StochasticWeightAveraging(start_epoch=2, learning_rate=0.01),
    "SwapEMAWeights": lambda path: cb.SwapEMAWeights(swap_on_epoch=True),
    "TerminateOnNaN": lambda path: cb.TerminateOnNaN(),
    "TrainingMonitor": lambda path: cb.TrainingMonitor(),
}


def train(callback: Any) -> tuple[list[np.ndarray], dict[str, list[float]], int]:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, use_ema=True), "mse")
    extra = cb.History()
    model.fit(X, Y, batch_size=8, epochs=6, callbacks=[callback, extra], verbose=0)
    return model.get_weights(), extra.history, len(extra.epoch)


def test_every_callback_has_a_row() -> None:
    assert len(NAMES) >= 13
    assert sorted(set(NAMES) - set(MAKE)) == []


@pytest.mark.parametrize("name", sorted(MAKE))
def test_used_twice(name: str, tmp_path: Path) -> None:
    callback = MAKE[name](tmp_path)
    first, second = train(callback), train(callback)
    for a, b in zip(first[0], second[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert first[1] == second[1]
    assert first[2] == second[2]


def test_what_is_left_of_the_first_fit(tmp_path: Path) -> None:
    csv = cb.CSVLogger(tmp_path / "log.csv")
    train(csv)
    once = (tmp_path / "log.csv").read_text()
    train(csv)
    assert (tmp_path / "log.csv").read_text() == once
    # The best value of a checkpoint lives on, as in Keras: a worse second fit overwrites nothing.
    keep = cb.ModelCheckpoint(
        tmp_path / "best.weights.safetensors", save_weights_only=True, save_best_only=True, monitor="loss"
    )
    train(keep)
    best, written = keep.best, (tmp_path / "best.weights.safetensors").read_bytes()
    train(keep)
    assert keep.best == best
    assert (tmp_path / "best.weights.safetensors").read_bytes() == written
