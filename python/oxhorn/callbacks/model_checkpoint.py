"""Saving models, or their weights, while training."""

from __future__ import annotations

import os
from pathlib import Path

from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.callbacks.monitor_callback import MonitorCallback
from oxhorn.utils.messages import print_message

WEIGHT_ENDINGS = (".weights.h5", ".safetensors")
MODEL_ENDINGS = (".keras", ".h5", ".hdf5")


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after each epoch, after a number of batches, or when it is the best so far.

    The file name may hold format fields: `{epoch}` (counted from 1), `{batch}` (from 1, with a number as `save_freq`)
    and any name in the logs, such as `{val_loss:.2f}`. Folders that do not exist are made.

    A whole model is read back with `saving.load_model(path)`, weights with `model.load_weights(path)`.

    Args:
        filepath: where to save, with or without format fields: a name that ends in `.keras` (or `.h5`) for the whole
            model, in `.weights.h5` or `.safetensors` for the weights.
        monitor: name of the metric that tells what is best. Defaults to `"val_loss"`.
        verbose: 1 prints a message for each decision. Defaults to 0.
        save_best_only: save only when the monitored metric improved. Defaults to `False`.
        save_weights_only: save the weights and not the whole model. Defaults to `False`.
        mode: `"min"`, `"max"` or `"auto"`. Defaults to `"auto"`.
        save_freq: `"epoch"`, or a number of batches. Defaults to `"epoch"`.
        initial_value_threshold: with `save_best_only`, the value that the first save must improve on.
            Defaults to `None`.

    Raises:
        ValueError: for a `save_freq` or a file name that is none of the above.

    Example:
        >>> import oxhorn as keras
        >>> keep = keras.callbacks.ModelCheckpoint("runs/{epoch:02d}-{val_loss:.3f}.keras", save_best_only=True)
        >>> keep.file_path(epoch=4, batch=None, logs={"val_loss": 0.1234})
        'runs/05-0.123.keras'
    """

    _remembered = ("best", "_unsaved_batches", "_last_batch")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.verbose = verbose
        self.filepath = os.fspath(filepath)
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._epoch = 0
        self._unsaved_batches = 0
        self._last_batch: int | None = None

        by_batches = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not by_batches:
            raise ValueError(
                f"ModelCheckpoint: expected save_freq to be 'epoch' or a positive number of batches, got {save_freq!r}."
            )
        endings = WEIGHT_ENDINGS if save_weights_only else MODEL_ENDINGS
        if not self.filepath.endswith(endings):
            kind = (
                "in `.weights.h5` with save_weights_only=True"
                if save_weights_only
                else "in `.keras` for whole models"
            )
            raise ValueError(
                f"ModelCheckpoint: the filepath provided must end {kind} (or in {', '.join(endings[1:])}); got "
                f"filepath={self.filepath!r}."
            )

    def _batch_base(self) -> type[Callback]:
        return ModelCheckpoint if self.save_freq == "epoch" else Callback

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.save_freq, int) and self._is_due(batch, self.save_freq):
            self._save(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def file_path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        """The file name for an epoch (from 0), a batch (from 0, or `None`) and the logs."""
        fields = {"epoch": epoch + 1, **logs}
        if batch is not None:
            fields.setdefault("batch", batch + 1)
        try:
            return self.filepath.format(**fields)
        except (KeyError, IndexError) as error:
            raise KeyError(
                f"ModelCheckpoint: filepath {self.filepath!r} has a field {error} that is not there. "
                f"There are: {', '.join(fields)}."
            ) from None

    def _is_due(self, batch: int, every: int) -> bool:
        # Several steps may run between two calls: count the batches, not the calls.
        new_epoch = self._last_batch is None or batch <= self._last_batch
        self._unsaved_batches += batch + 1 if new_epoch else batch - (self._last_batch or 0)
        self._last_batch = batch
        if self._unsaved_batches < every:
            return False
        self._unsaved_batches = 0
        return True

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self.file_path(epoch, batch, logs)
        if not self._should_save(epoch, logs, path):
            return
        if Path(path).is_dir():
            raise IsADirectoryError(f"ModelCheckpoint: expected the name of a file, got the folder {path!r}.")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _should_save(self, epoch: int, logs: Logs, path: str) -> bool:
        if not self.save_best_only:
            if self.verbose > 0:
                print_message(f"\nEpoch {epoch + 1}: saving model to {path}")
            return True
        current = self.monitor_value(logs, "Saving although save_best_only=True, which depends on metric")
        if current is None:
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self.is_improvement(current, self.best):
            if self.verbose > 0:
                print_message(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {best}")
            return False
        if self.verbose > 0:
            print_message(
                f"\nEpoch {epoch + 1}: {self.monitor} improved from {best} to {current:.5f}, saving model to {path}"
            )
        self.best = current
        return True
