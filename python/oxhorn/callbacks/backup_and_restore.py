"""Training that goes on after an interruption."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from oxhorn.callbacks.callback import Logs
from oxhorn.callbacks.snapshot_keeper import SnapshotKeeper

if TYPE_CHECKING:
    from oxhorn.training.run_state import Position, RunState
    from oxhorn.training.snapshot import Snapshot


class BackupAndRestore(SnapshotKeeper):
    """Keeps a snapshot of the training, from which the same `fit`, started again, goes on to the same weights.

    At the start of `fit`, after each epoch or every so many batches, all that the rest of the run depends on is
    written to one file in `backup_dir`: weights, the optimizer's slots, random numbers, the place in the data, the
    history, and what the callbacks remember. A run that was killed at any moment and is started again with the same
    model and the same arguments goes on from there, and ends with the weights and the history of a run that was never
    interrupted, to the bit. `fit(resume=path)` does the same with a file of your choice, and keeps it.

    Snapshots are written beside the old one, which they replace at the end, so that there is always a whole one. That
    takes a millisecond or two for a small model, and about a second for a gigabyte of weights and slots.
    A file that is damaged, or of another run, is an error, and changes nothing.

    - Data: arrays and `PyDataset`s are entered at the right batch, while batches of generators and other iterables are
      drawn and thrown away up to there. All have to be as they were at the start of the run: make generators anew.
      The hooks for epochs of a `PyDataset` are called again for epochs that are over. If that is not enough, give the
      data methods `get_state` (what they remember, as plain data) and `set_state`.
    - The model: all variables, and the states of stateful recurrent layers. Plain attributes that a
      `train_step` of your own changes are not kept: make them variables. Such a step may be run once, on the first
      batch, to make what the snapshot has values for.
    - Random numbers: those of the library, also of layers in `Dataset.map` and in a `PyDataset` and of
      `SeedGenerator`s in callbacks, of `np.random` and of `random`. NumPy's generators are yours to keep.
    - Callbacks: those of the library; for your own, see `Callback.get_state`.

    Args:
        backup_dir: The folder, made if it is not there. Each run needs its own.
        save_freq: `"epoch"`, or a number of batches; `False` writes nothing, and only restores. Defaults to `"epoch"`.
        double_checkpoint: Keep the snapshot before the last one, too, and go on from it, with a warning, where the
            last one is damaged. Defaults to `False`.
        delete_checkpoint: Delete the snapshots when training has come to its end. Defaults to `True`.

    Raises:
        ValueError: If an argument is none of these; in training, if the snapshot is damaged or of another run, or the
            model is not built and can only be built by running it.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> backup = pathlib.Path(tempfile.mkdtemp()) / "backup"
        >>> x = np.linspace(-1.0, 1.0, 64).reshape(-1, 1)
        >>> def train(*callbacks):
        ...     keras.utils.set_random_seed(7)
        ...     model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)])
        ...     model.compile("adam", "mse")
        ...     history = model.fit(x, x**2, epochs=5, callbacks=list(callbacks), verbose=0)
        ...     return model, history
        >>> def pull_the_plug(epoch, logs):
        ...     if epoch == 3:
        ...         raise RuntimeError("no current")
        >>> plug = keras.callbacks.LambdaCallback(on_epoch_begin=pull_the_plug)
        >>> train(keras.callbacks.BackupAndRestore(backup), plug)
        Traceback (most recent call last):
        RuntimeError: no current
        >>> resumed, history = train(keras.callbacks.BackupAndRestore(backup))
        >>> straight, _ = train()
        >>> all(np.array_equal(a, b) for a, b in zip(resumed.get_weights(), straight.get_weights()))
        True
        >>> len(history.history["loss"])
        5

    Source: Keras 3, where the weights, the optimizer and the number of the epoch are kept.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        if not backup_dir:
            raise ValueError(
                "BackupAndRestore: Empty `backup_dir` argument passed; expected the name of a folder, got "
                f"{backup_dir!r}."
            )
        by_batches = isinstance(save_freq, int) and save_freq is not True and save_freq >= 0
        if save_freq != "epoch" and not (by_batches and (save_freq or save_freq is False)):
            raise ValueError(
                "BackupAndRestore: Invalid value for argument `save_freq`: expected 'epoch', a positive number of "
                f"batches, or False. Received: save_freq={save_freq!r}."
            )
        super().__init__(Path(os.fspath(backup_dir)) / "latest.snapshot")
        self.backup_dir = backup_dir
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._previous = self._path.with_name("previous.snapshot")
        self._batches_seen_since_last_saving = 0
        self._last_batch_seen = 0
        self._current_epoch = 0
        # Steps done in this epoch, and whether a snapshot is to be written when all callbacks have heard of them.
        self._steps_done = 0
        self._due = False

    def _needs_batches(self, phase: str) -> bool:
        return phase == "train" and self.save_freq not in ("epoch", False)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._needs_batches("train"):
            return
        # Several steps may run between two calls: count the batches, not the calls.
        self._batches_seen_since_last_saving += batch + 1 - self._steps_done
        self._last_batch_seen, self._steps_done = batch, batch + 1
        if self._batches_seen_since_last_saving >= int(self.save_freq):
            self._batches_seen_since_last_saving = 0
            self._due = True

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._current_epoch = epoch + 1
        self._last_batch_seen = self._steps_done = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._run is None:
            raise RuntimeError(
                "BackupAndRestore works inside fit, whose data and callbacks it keeps too; got on_train_begin from a "
                "loop of another kind. Use save_weights and load_weights there."
            )

    def _find(self, run: RunState) -> Snapshot | None:
        from oxhorn.training.snapshot import DamagedSnapshotError

        self._run = run
        self._batches_seen_since_last_saving = self._last_batch_seen = self._current_epoch = (
            self._steps_done
        ) = 0
        self._due = False
        self._sweep()
        found = None
        try:
            if self._path.exists():
                found = self._read(self._path)
        except (DamagedSnapshotError, OSError) as error:
            if not self._previous.exists():
                raise
            warnings.warn(f"BackupAndRestore goes on from {str(self._previous)!r}: {error}", stacklevel=2)
        if found is None and self._previous.exists():
            found = self._read(self._previous)
        if found is not None:
            self._current_epoch = found.position.epoch
            self._steps_done = found.position.step
            self._last_batch_seen = max(self._steps_done - 1, 0)
        return found

    def _write(self, position: Position) -> None:
        if self.save_freq is False:
            return
        if self.double_checkpoint and self._path.exists():
            self._keep_previous()
        super()._write(position)

    def _keep_previous(self) -> None:
        """Gives the last snapshot another name, too."""
        # Named like what is written of a snapshot, so that it is swept up with it.
        copy = self._path.with_name(f".{self._path.name}.previous.part")
        copy.unlink(missing_ok=True)
        try:
            # What takes the place of the last snapshot is another file, so that this one stays as it is.
            os.link(self._path, copy)
        except OSError:
            shutil.copyfile(self._path, copy)
        copy.replace(self._previous)

    def _after_epoch(self, position: Position) -> None:
        if self.save_freq == "epoch":
            self._write(position)

    def _steps_left(self) -> int:
        return max(int(self.save_freq) - self._batches_seen_since_last_saving, 1)

    def _after_batch(self, position: Position) -> None:
        if self._due:
            self._due = False
            self._write(position)

    def _ended(self) -> None:
        if not self.delete_checkpoint:
            return
        for path in (self._path, self._previous):
            path.unlink(missing_ok=True)
        if self._path.parent.is_dir() and not any(self._path.parent.iterdir()):
            self._path.parent.rmdir()
