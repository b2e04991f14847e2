"""Runs that are interrupted and go on, beside runs that are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

L = keras.layers
RNG = np.random.default_rng(8)
X = RNG.normal(size=(22, 4)).astype("float32")
Y = (X @ RNG.normal(size=(4, 1)) + 0.1).astype("float32")
LABELS = RNG.integers(0, 3, 22)


@dataclass
class Run:
    """A model and what `fit` is called with; made anew for every call of `fit`."""

    model: Any
    options: dict[str, Any] = field(default_factory=dict)
    callbacks: list[Any] = field(default_factory=list)

    def fit(self, **options: Any) -> Any:
        callbacks = [*self.callbacks, *options.pop("callbacks", ())]
        given = {"x": X, "y": Y, "batch_size": 4, "epochs": 4, "verbose": 0, **self.options, **options}
        return self.model.fit(callbacks=callbacks, **given)


Make = Callable[[], Run]


class Interrupted(Exception):
    """The power failed."""


class Interrupt(keras.callbacks.Callback):
    """Raises in an epoch: at its beginning, or after so many batches."""

    def __init__(self, epoch: int, batch: int | None = None) -> None:
        super().__init__()
        self.epoch, self.batch = epoch, batch
        self.now = -1
        if batch is None:
            self.on_epoch_begin = self.begin  # type: ignore[method-assign]
        else:
            self.on_epoch_begin = self.note  # type: ignore[method-assign]
            self.on_train_batch_end = self.end  # type: ignore[method-assign]

    def begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            raise Interrupted

    def note(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch

    def end(self, batch: int, logs: Any = None) -> None:
        if self.now == self.epoch and batch >= (self.batch or 0):
            raise Interrupted


def made(make: Make) -> Run:
    # As in a new process: names begin anew, too.
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(3)
    return make()


def outcome(run: Run, history: Any) -> dict[str, Any]:
    """All that two runs have to have in common, as plain data and arrays."""
    optimizers = [each for each in vars(run.model).values() if isinstance(each, keras.optimizers.Optimizer)]
    return {
        "variables": [v.numpy() for v in run.model.variables],
        "optimizers": [[v.numpy() for v in each.variables] for each in optimizers],
        "settings": [
            {k: v for k, v in each.get_config().items() if isinstance(v, float)}
            for each in optimizers
            if not hasattr(each, "optimizers")
        ],
        "history": history.history,
        "epochs": history.epoch,
        "callbacks": [c.get_state() for c in run.callbacks if not isinstance(c, keras.callbacks.CSVLogger)],
        "next": float(keras.random.uniform(())) + float(np.random.rand()),
    }


def assert_equal(a: Any, b: Any, place: str = "") -> None:
    """Equal to the bit."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), place
        for key in a:
            assert_equal(a[key], b[key], f"{place}/{key}")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), place
        for i, (p, q) in enumerate(zip(a, b, strict=True)):
            assert_equal(p, q, f"{place}/{i}")
    elif isinstance(a, (np.ndarray, float)):
        p, q = np.asarray(a), np.asarray(b)
        assert (p.dtype, p.shape) == (q.dtype, q.shape), place
        assert p.tobytes() == q.tobytes(), f"{place}: {a} and {b}"
    else:
        assert a == b, place


def straight(make: Make) -> dict[str, Any]:
    """The outcome of a run that nobody interrupts, and nobody keeps."""
    run = made(make)
    return outcome(run, run.fit())


def leave(run: Run) -> None:
    """The end of a process closes its files."""
    for callback in run.callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger) and callback.csv_file is not None:
            callback.csv_file.close()


def by_epochs(make: Make, folder: Path, epoch: int = 2) -> dict[str, Any]:
    """The same, interrupted at the beginning of an epoch, with `fit(resume=...)`."""
    path = folder / "run.snapshot"
    first = made(make)
    with pytest.raises(Interrupted):
        first.fit(resume=path, callbacks=[Interrupt(epoch)])
    leave(first)
    second = made(make)
    return outcome(second, second.fit(resume=path))


def by_batches(make: Make, folder: Path, every: int = 2, epoch: int = 1, batch: int = 2) -> dict[str, Any]:
    """The same, interrupted within an epoch, with `BackupAndRestore`."""

    def keeper() -> Any:
        return keras.callbacks.BackupAndRestore(folder / "backup", save_freq=every)

    first = made(make)
    with pytest.raises(Interrupted):
        first.fit(callbacks=[keeper(), Interrupt(epoch, batch)])
    leave(first)
    second = made(make)
    result = outcome(second, second.fit(callbacks=[keeper()]))
    assert not (folder / "backup").exists()
    return result
