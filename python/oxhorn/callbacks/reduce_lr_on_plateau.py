"""A smaller learning rate when a metric no longer improves."""

from __future__ import annotations

import numpy as np

from oxhorn.arguments import integer, number
from oxhorn.callbacks.callback import Logs
from oxhorn.callbacks.learning_rate import each_optimizer, log_learning_rates
from oxhorn.callbacks.monitor_callback import MonitorCallback
from oxhorn.utils.messages import print_message


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` when the monitored metric has not improved for `patience` epochs.

    `new_lr = max(lr * factor, min_lr)`. The learning rate of each epoch is added to the logs as `learning_rate`; each
    optimizer of a `MultiOptimizer` has its own, logged as `learning_rate_` and its name.

    Args:
        monitor: name of the metric in the logs. Defaults to `"val_loss"`.
        factor: what the learning rate is multiplied by, in (0, 1). Defaults to 0.1.
        patience: number of epochs without improvement before that. Defaults to 10.
        verbose: 1 prints a message when it happens. Defaults to 0.
        mode: `"min"`, `"max"` or `"auto"`. Defaults to `"auto"`.
        min_delta: least change that counts as an improvement. Defaults to 1e-4.
        cooldown: number of epochs after a reduction in which no further one is counted. Defaults to 0.
        min_lr: the learning rate does not go below it. Defaults to 0.

    Raises:
        ValueError: if `factor` is not in (0, 1), or `patience`, `cooldown` or `min_lr` is negative.

    Example:
        >>> import oxhorn as keras
        >>> reduce = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=5, min_lr=0.001)
        >>> reduce.factor
        0.2
    """

    _remembered = ("best", "cooldown_counter", "wait")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if not 0.0 < factor < 1.0:
            raise ValueError(
                f"ReduceLROnPlateau: expected 0 < factor < 1, got factor={factor}. It only reduces, so that it does "
                "not support a factor >= 1.0."
            )
        self.factor = factor
        self.min_lr = number(min_lr, "min_lr", "ReduceLROnPlateau", low=0.0)
        self.patience = integer(patience, "patience", "ReduceLROnPlateau", low=0)
        self.verbose = verbose
        self.cooldown = integer(cooldown, "cooldown", "ReduceLROnPlateau", low=0)
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {} if logs is None else logs
        log_learning_rates("ReduceLROnPlateau", self.model, logs)
        current = self.monitor_value(logs, "Learning rate reduction is conditioned on metric")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def in_cooldown(self) -> bool:
        """Whether the last reduction is so recent that epochs without improvement are not counted."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> None:
        for name, optimizer in each_optimizer("ReduceLROnPlateau", self.model):
            old = float(np.asarray(optimizer.learning_rate))
            if old <= np.float32(self.min_lr):  # the optimizer may hold its rate in float32
                continue
            new = max(old * self.factor, self.min_lr)
            optimizer.learning_rate = new
            if self.verbose > 0:
                of = f" {name}" if name else ""
                print_message(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing{of} learning rate to {new}.")
            self.cooldown_counter = self.cooldown
            self.wait = 0
