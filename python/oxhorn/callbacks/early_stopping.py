"""Stopping when a metric no longer improves."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import integer, number
from oxhorn.callbacks.callback import Logs
from oxhorn.callbacks.monitor_callback import MonitorCallback
from oxhorn.utils.messages import print_message


class EarlyStopping(MonitorCallback):
    """Stops training when the monitored metric has not improved for `patience` epochs.

    With `restore_best_weights=True` the model has, after `fit`, the weights of its best epoch: whether training was
    stopped here, elsewhere, or ran through all epochs. Epochs whose value is NaN are never the best. An instance
    may be used again: every `fit` starts afresh.

    Args:
        monitor: name of the metric in the logs. Defaults to `"val_loss"`.
        min_delta: least change that counts as an improvement. Defaults to 0.
        patience: number of epochs without improvement after which training stops. Defaults to 0.
        verbose: 1 prints a message when training is stopped or weights are restored. Defaults to 0.
        mode: `"min"`, `"max"` or `"auto"`. Defaults to `"auto"`.
        baseline: a value that must be improved on for an epoch to count; the best epoch is found regardless of it.
            Defaults to `None`.
        restore_best_weights: whether to go back to the best epoch's weights when training ends. Defaults to `False`.
        start_from_epoch: number of epochs at the beginning that are not looked at. Defaults to 0.

    Raises:
        ValueError: if `patience` or `start_from_epoch` is negative; in training, if `mode="auto"` knows nothing of
            `monitor`.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.0), loss="mse")
        >>> stop = keras.callbacks.EarlyStopping(monitor="loss", patience=3)
        >>> history = model.fit(np.ones((5, 20)), np.zeros(5), epochs=10, callbacks=[stop], verbose=0)
        >>> len(history.history["loss"])
        4
    """

    _remembered = ("best", "wait", "stopped_epoch", "best_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = integer(patience, "patience", "EarlyStopping", low=0)
        self.verbose = verbose
        self.baseline = None if baseline is None else number(baseline, "baseline", "EarlyStopping")
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = integer(start_from_epoch, "start_from_epoch", "EarlyStopping", low=0)
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.monitor_value(logs, "Early stopping conditioned on metric")
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.is_improvement(current, self.best):
            self.best = current
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_improvement(current, self.baseline):
                self.wait = 0
            return
        # The very first epoch has nothing to be compared with.
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_message(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print_message(
                    f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)
