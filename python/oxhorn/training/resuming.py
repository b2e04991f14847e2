"""A run of `fit` that keeps snapshots of itself, and goes on from one that is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from oxhorn.callbacks.callback_list import CallbackList
from oxhorn.callbacks.snapshot_keeper import SnapshotKeeper
from oxhorn.training.feeds import Feed
from oxhorn.training.programs import build_optimizer
from oxhorn.training.random_state import GeneratorsInUse
from oxhorn.training.run_state import Position, RunState
from oxhorn.training.snapshot import Snapshot
from oxhorn.training.snapshot_records import to_records
from oxhorn.training.steps import PythonSteps, Steps
from oxhorn.training.tracing import build_layers


def with_keeper(callbacks: Any, path: Any) -> Any:
    """The callbacks, and one that keeps the snapshot at `path`.

    Raises:
        TypeError: If `path` is no path.
    """
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise TypeError(f"fit: expected `resume` to be the path of a file, or None; got {path!r}.")
    keeper = SnapshotKeeper(os.fspath(path))
    if isinstance(callbacks, CallbackList):
        _only_one([*callbacks.callbacks, keeper])
        callbacks.append(keeper)
        return callbacks
    return [callbacks or [], keeper]


def _only_one(callbacks: list[Any]) -> SnapshotKeeper:
    keepers = [each for each in callbacks if isinstance(each, SnapshotKeeper)]
    if len(keepers) > 1:
        raise ValueError(
            f"fit: expected one keeper of snapshots; got {len(keepers)}. Pass `resume` or one BackupAndRestore."
        )
    return keepers[0]


class KeptRun:
    """One call of `fit` with what keeps its snapshots.

    Args:
        model: The model.
        feed: The training data.
        validation: The validation data, or `None`.
        callbacks: The callbacks, of which one keeps snapshots.
        class_weight: Weight for each class, or `None`.
        steps: How steps run.
        generators: Those that have drawn since `fit` was called.

    Raises:
        ValueError: If more than one keeps snapshots, or a model that only Python runs is not built.
    """

    def __init__(
        self,
        model: Any,
        feed: Feed,
        validation: Feed | None,
        callbacks: CallbackList,
        class_weight: Any,
        steps: Steps,
        generators: GeneratorsInUse,
    ) -> None:
        self._model = model
        self._feed = feed
        self._callbacks = callbacks
        self._keeper = _only_one(callbacks.callbacks)
        self._steps = steps
        self._found: Snapshot | None = None
        self._make_variables()
        self._state = RunState(model, feed, validation, callbacks, class_weight, generators)

    def _make_variables(self) -> None:
        """Where Python runs the steps, weights and slots would be made by the first of them."""
        model = self._model
        if not isinstance(self._steps, PythonSteps):
            return
        try:
            build_layers(model, self._feed.sample(), itself=False)
        except Exception as error:
            raise ValueError(
                f"fit: model {model.name!r} must be built before fit keeps snapshots of it, and its `call` cannot "
                "be traced. Call it on a batch of data first."
            ) from error
        if model.optimizer is not None:
            build_optimizer(model)

    def find(self) -> Snapshot | None:
        """The snapshot that the run goes on from, checked, and the data brought to where it was."""
        # What cannot be kept says so now, and not after an epoch.
        to_records(self._state.take(Position(0, step=1))["callbacks"], "The snapshot of this run")
        found = self._found = self._keeper._find(self._state)
        if found is None:
            return None
        before = None
        if isinstance(self._steps, PythonSteps) and found.needs_a_step(self._state):
            before = self._state.take(Position(0))
            rows = self._feed.sample()
            self._steps.run(rows, None, 0, rows.size, rows.size, 1, 0.0)
        try:
            found.check(self._state)
            found.place_feeds(self._state)
        except BaseException:
            if before is not None:
                self._state.put_back(before)
            raise
        return found

    def begin(self, initial_epoch: int, epochs: int) -> tuple[int, dict[str, Any]]:
        """The epoch to begin with, and the last logs; called when all callbacks have heard of the beginning."""
        found = self._found
        if found is None:
            if self._state.is_complete:
                self._keeper._write(Position(initial_epoch))
            return initial_epoch, {}
        position = found.position
        if not position.step or position.epoch >= epochs:
            # Within an epoch, its beginning comes first: callbacks hear of it, and what they do is undone by `put`.
            self.put()
            if self._model.stop_training:
                return epochs, position.logs
        return position.epoch, position.logs

    def put(self) -> None:
        """Makes everything as it was."""
        assert self._found is not None
        self._found.put(self._state)

    def steps_done(self, epoch: int) -> int | None:
        """The steps done in an epoch that is gone on with; `None` for a new one."""
        found = self._found
        if found is None or not found.position.step or found.position.epoch != epoch:
            return None
        return found.position.step

    def after_batches(self, epoch: int) -> Callable[[int, dict[str, Any]], None]:
        """What is called after some batches."""
        tell, keeper = self._callbacks.on_train_batch_end, self._keeper
        if not keeper._needs_batches("train"):
            return tell

        def tell_and_keep(batch: int, logs: dict[str, Any]) -> None:
            tell(batch, logs)
            keeper._after_batch(Position(epoch, batch + 1, logs, self._model.stop_training))

        return tell_and_keep

    def most_steps(self) -> Callable[[], int] | None:
        """How many steps may run before the next snapshot; `None` where others look at batches, too."""
        keeper = self._keeper
        others = (each for each in self._callbacks.callbacks if each is not keeper)
        if not keeper._needs_batches("train") or any(each._needs_batches("train") for each in others):
            return None
        return keeper._steps_left

    def logs_of(self, logs: dict[str, Any]) -> dict[str, Any]:
        """The logs of an epoch; `logs` are those of its steps, if any were run."""
        if self._feed.last_steps() is None and self._found is not None:
            return dict(self._found.position.logs)
        return logs

    def after_epoch(self, epoch: int, logs: dict[str, Any]) -> None:
        """All callbacks have heard of the end of an epoch."""
        self._keeper._after_epoch(Position(epoch + 1, 0, logs, self._model.stop_training))

    def ended(self) -> None:
        """The run came to its end."""
        self._keeper._ended()

    def released(self) -> None:
        """`fit` returns or raises."""
        self._keeper._released()
        if type(self._keeper) is SnapshotKeeper:
            # It came with `resume`, maybe into a list that is used again.
            self._callbacks.callbacks.remove(self._keeper)
