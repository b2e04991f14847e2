"""A run that the first version of the format began goes on in this one; `tools/make_golden_run.py` wrote it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

import oxhorn as keras

GOLDEN = Path(__file__).parent / "golden"


def make() -> keras.Model:
    """A model with all that snapshots have to keep of one."""
    L = keras.layers
    model = keras.Sequential(
        [keras.Input((3,)), L.Dense(4, "tanh"), L.BatchNormalization(), L.Dropout(0.2), L.Dense(1)]
    )
    rate = keras.optimizers.schedules.ExponentialDecay(0.05, 4, 0.9)
    model.compile(keras.optimizers.Adam(rate, use_ema=True), "mse", metrics=["mae"])
    return model


def train(path: Path, epochs: int) -> keras.Model:
    """The run, up to some epoch."""
    x = np.linspace(-1.0, 1.0, 60, dtype="float32").reshape(20, 3)
    keras.utils.set_random_seed(2)
    model = make()
    callbacks = [
        keras.callbacks.EarlyStopping("val_loss", patience=9, restore_best_weights=True),
        keras.callbacks.TerminateOnNaN(),
    ]
    model.fit(
        x,
        x[:, :1] ** 2,
        batch_size=6,
        epochs=epochs,
        validation_split=0.2,
        callbacks=callbacks,
        verbose=0,
        resume=path,
    )
    return model


def test_a_run_of_the_first_version_goes_on(tmp_path: Path) -> None:
    expected = json.loads((GOLDEN / "run_1.json").read_text())
    path = tmp_path / "run.snapshot"
    shutil.copyfile(GOLDEN / "run_1.snapshot", path)
    history = train(path, 4).history
    assert history.epoch == [0, 1, 2, 3]
    # What was done is as it was written; what is added may differ in the last bits from processor to processor.
    for name, values in expected.items():
        assert history.history[name][:2] == values[:2]
        np.testing.assert_allclose(history.history[name], values, rtol=1e-4)
