"""After the first step a step asks the allocator for no tensor memory, and nothing grows."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxhorn import _core
from tests.networks import blobs, cnn, images, mlp


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_the_counter_counts() -> None:
    # In a process of its own, which keeps no buffers for reuse yet.
    code = (
        "import numpy as np; from oxhorn import _core; before = _core.allocations();"
        "tensors = [_core.tensor(np.zeros(123457)) for _ in range(10)];"
        "print(_core.allocations() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(done.stdout) == 10


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_training_allocates_nothing(kind: str) -> None:
    """Inside one epoch and from epoch to epoch: twice the steps, the same number of allocations."""
    x, y = blobs(640) if kind == "mlp" else images(640)
    model = mlp(dropout=0.2) if kind == "mlp" else cnn()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:64], y[:64], batch_size=32, epochs=1, verbose=0)

    def allocated(rows: int) -> int:
        before = _core.allocations()
        model.fit(x[:rows], y[:rows], batch_size=32, epochs=1, verbose=0)
        return _core.allocations() - before

    allocated(64)
    few, many = allocated(64), allocated(640)
    assert many == few, f"2 steps allocate {few} buffers, 20 steps {many}"


def test_evaluate_allocates_nothing_more() -> None:
    x, y = blobs(640)
    model = mlp()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.evaluate(x[:64], y[:64], batch_size=32, verbose=0)

    def allocated(rows: int) -> int:
        before = _core.allocations()
        model.evaluate(x[:rows], y[:rows], batch_size=32, verbose=0)
        return _core.allocations() - before

    allocated(64)
    assert allocated(640) == allocated(64)


def growth(action: Any, times: int) -> int:
    for _ in range(times // 4):
        action()
    gc.collect()
    before = resident()
    for _ in range(times):
        action()
    gc.collect()
    return resident() - before


def test_predict_does_not_grow() -> None:
    model, x = cnn(), images(4)[0]
    assert growth(lambda: model.predict(x, verbose=0), 2000) < 2 << 20


def test_calls_and_train_on_batch_do_not_grow() -> None:
    x, y = blobs(16)
    model = mlp(dropout=0.2)
    model.compile("adam", "sparse_categorical_crossentropy")

    def step() -> None:
        model(x)
        model.train_on_batch(x, y)

    assert growth(step, 600) < 2 << 20


def test_building_models_does_not_grow() -> None:
    x, y = blobs(16)

    def build() -> None:
        model = mlp()
        model.compile("adam", "sparse_categorical_crossentropy")
        model.train_on_batch(x, y)

    assert growth(build, 120) < 6 << 20


def test_large_batch_leaves_no_large_pool() -> None:
    """One large predict must not hold its memory for ever more than once."""
    model = cnn()
    small, large = images(4)[0], np.zeros((4096, 12, 12, 1), "float32")
    model.predict(large, batch_size=4096, verbose=0)
    before = resident()
    for _ in range(5):
        model.predict(large, batch_size=4096, verbose=0)
        model.predict(small, verbose=0)
    assert resident() - before < 64 << 20
