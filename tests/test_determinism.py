"""A run repeats to the bit: twice in one process, in two processes, with any number of threads."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import oxhorn as keras
from tests.networks import blobs, cnn, images, mlp

ROOT = Path(__file__).resolve().parent.parent


def digest(model: keras.Model, history: keras.callbacks.History, predictions: np.ndarray) -> str:
    """A hash of every weight, every logged number and every prediction."""
    h = hashlib.sha256()
    for weight in model.weights:
        h.update(weight.numpy().tobytes())
    for name in sorted(history.history):
        h.update(name.encode() + np.asarray(history.history[name]).tobytes())
    h.update(predictions.tobytes())
    return h.hexdigest()


def run_mlp() -> str:
    """Shuffling, dropout, batch normalisation, validation split, Adam."""
    keras.utils.set_random_seed(42)
    x, y = blobs(203)
    model = mlp(dropout=0.3)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=16, epochs=3, validation_split=0.2, verbose=0)
    return digest(model, history, model.predict(x, verbose=0))


def run_wide() -> str:
    """Products large enough to be split among threads."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(512, 300)).astype("float32"), rng.integers(0, 10, 512)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((300,)), layers.Dense(257, activation="relu"), layers.Dropout(0.5), layers.Dense(10)]
    )
    model.compile(
        keras.optimizers.SGD(0.01, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    history = model.fit(x, y, batch_size=128, epochs=2, verbose=0)
    return digest(model, history, model.predict(x, verbose=0))


def run_cnn() -> str:
    """Convolution, pooling, batch normalisation, dropout."""
    keras.utils.set_random_seed(7)
    x, y = images(90)
    model = cnn()
    model.compile(keras.optimizers.RMSprop(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    return digest(model, history, model.predict(x, verbose=0))


RUNS = {"mlp": run_mlp, "wide": run_wide, "cnn": run_cnn}


def in_new_process(names: list[str], threads: int) -> list[str]:
    code = (
        "import oxhorn as keras\n"
        f"keras.config.set_num_threads({threads})\n"
        "from tests.test_determinism import RUNS\n"
        f"for name in {names!r}: print(RUNS[name]())\n"
    )
    path = os.pathsep.join([str(ROOT / "python"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("name", RUNS)
def test_twice_in_one_process(name: str) -> None:
    assert RUNS[name]() == RUNS[name]()


def test_other_seed_other_numbers() -> None:
    x, y = blobs()
    results = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        model = mlp()
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(x, y, epochs=1, verbose=0)
        results.append(model.predict(x, verbose=0))
    assert not np.array_equal(*results)


def test_other_processes_and_thread_counts() -> None:
    here = [RUNS[name]() for name in RUNS]
    assert in_new_process(list(RUNS), 1) == here
    assert in_new_process(list(RUNS), 2) == here
    assert in_new_process(list(RUNS), 5) == here


def test_steps_per_call_change_nothing() -> None:
    """A callback that watches every batch brings Python between the steps, and nothing else."""
    x, y = blobs(203)

    class Watch(keras.callbacks.Callback):
        batches = 0

        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            self.batches += 1

    weights = []
    for callbacks in ([], [Watch()]):
        keras.utils.set_random_seed(42)
        model = mlp(dropout=0.3)
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=callbacks)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)
