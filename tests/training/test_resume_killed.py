"""Processes that are killed at any moment, and started again until they end: the bits of one that was left alone."""

from __future__ import annotations

import functools
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Prints a digest of weights, slots and history at its end. Epochs take long enough to be killed in.
SCRIPT = """
    import hashlib, os, signal, sys, time
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
    import numpy as np
    import oxhorn as keras
    way, path, epochs, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    keras.config.set_num_threads(int(sys.argv[5]))
    keras.utils.set_random_seed(11)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 6)).astype("float32")
    y = x[:, :1] * 2 + 0.5
    L = keras.layers
    model = keras.Sequential([
        keras.Input((6,)), L.Dense(16, "relu"), L.BatchNormalization(), L.Dropout(0.3), L.Dense(1),
    ])
    rate = keras.optimizers.schedules.CosineDecay(0.02, 200)
    model.compile(keras.optimizers.AdamW(rate, use_ema=True), "mse", metrics=["mae"])

    class Slowly(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            time.sleep(pause)
        def on_epoch_begin(self, epoch, logs=None):
            print("epoch", epoch, flush=True)

    callbacks = [
        Slowly(),
        keras.callbacks.EarlyStopping("val_loss", patience=50, restore_best_weights=True),
        keras.callbacks.CSVLogger(path + ".csv"),
    ]
    options = {}
    if way == "epochs":
        options["resume"] = path
    elif way == "batches":
        callbacks.insert(0, keras.callbacks.BackupAndRestore(path, save_freq=2, double_checkpoint=True))
    history = model.fit(
        x, y, batch_size=16, epochs=epochs, validation_split=0.2, verbose=0, callbacks=callbacks, **options
    )
    digest = hashlib.sha256()
    for variable in [*model.variables, *model.optimizer.variables]:
        digest.update(variable.numpy().tobytes())
    digest.update(repr(sorted(history.history.items())).encode())
    digest.update(open(path + ".csv", "rb").read())
    print("done", digest.hexdigest(), flush=True)
"""


def start(way: str, path: Path, epochs: int, pause: float, threads: int = 1) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(SCRIPT),
            way,
            str(path),
            str(epochs),
            str(pause),
            str(threads),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
    )


def result(process: subprocess.Popen[str]) -> str | None:
    """What the process printed at its end; `None` if it was killed before."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0 or process.returncode == -signal.SIGKILL, err
    lines = out.splitlines()
    return lines[-1] if lines and lines[-1].startswith("done") else None


@functools.cache
def straight(epochs: int) -> str | None:
    """The result of a process that nobody kills, and that keeps nothing."""
    with tempfile.TemporaryDirectory() as folder:
        return result(start("plain", Path(folder) / "plain", epochs, 0.0))


def first_line(process: subprocess.Popen[str]) -> str:
    """Waits until the first epoch begins, or the process ends."""
    assert process.stdout is not None
    return process.stdout.readline()


def killed_until_done(
    way: str, path: Path, epochs: int, pause: float, longest: float, seed: int
) -> tuple[str, int]:
    """The result, and how often the process was killed, after up to `longest` seconds of training each."""
    rng = random.Random(seed)
    for kills in range(400):
        process = start(way, path, epochs, pause, threads=1 + kills % 2)
        first = first_line(process)
        try:
            process.wait(timeout=rng.uniform(0.0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
        # A run that was killed behind its last snapshot has no epoch left.
        line = result(process) or (first.strip() if first.startswith("done") else None)
        if line is not None:
            return line, kills
    raise AssertionError("it never came to an end")


@pytest.mark.parametrize("way", ["epochs", "batches"])
def test_killed_until_it_ends(way: str, tmp_path: Path) -> None:
    line, kills = killed_until_done(way, tmp_path / "run", 5, 0.008, 0.3, seed=1)
    assert kills >= 1
    assert line == straight(5)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("way", ["epochs", "batches"])
def test_killed_many_times(way: str, seed: int, tmp_path: Path) -> None:
    line, kills = killed_until_done(way, tmp_path / "run", 30, 0.002, 0.25, seed)
    assert kills >= 2
    assert line == straight(30)


def test_ctrl_c_and_again(tmp_path: Path) -> None:
    process = start("batches", tmp_path / "run", 5, 0.01)
    assert first_line(process).startswith("epoch 0")
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    assert (tmp_path / "run" / "latest.snapshot").exists()
    assert result(start("batches", tmp_path / "run", 5, 0.0)) == straight(5)
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_finished(tmp_path: Path) -> None:
    assert result(start("epochs", tmp_path / "run", 5, 0.0)) == straight(5)
    # Once more, it is there at once; and with more epochs it trains on.
    out, err = start("epochs", tmp_path / "run", 5, 0.0).communicate(timeout=60)
    assert out.strip() == straight(5), err
    assert result(start("epochs", tmp_path / "run", 7, 0.0)) == straight(7)
