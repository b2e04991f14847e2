"""A learning rate that is a function of the epoch."""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.callbacks.learning_rate import each_optimizer, log_learning_rates
from oxhorn.utils.messages import print_message


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch: `lr = schedule(epoch, lr)`.

    The learning rate of each epoch is added to the logs as `learning_rate`. Each optimizer of a `MultiOptimizer` gets
    its own, logged as `learning_rate_` and its name.

    Args:
        schedule: function of the epoch (from 0) and the current learning rate, or of the epoch alone, that returns
            the new learning rate. A `LearningRateSchedule` is one, of the epoch instead of the step.
        verbose: 1 prints a message every epoch. Defaults to 0.

    Raises:
        TypeError: if `schedule` cannot be called.
        ValueError: in training, if it returns anything but a finite number that is not negative.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer=keras.optimizers.SGD(learning_rate=1.0), loss="mse")
        >>> halve = keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr / 2)
        >>> history = model.fit(np.zeros((4, 3)), np.zeros(4), epochs=3, callbacks=[halve], verbose=0)
        >>> history.history["learning_rate"]
        [0.5, 0.25, 0.125]
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: expected schedule to be a function, got {schedule!r}.")
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for name, optimizer in each_optimizer("LearningRateScheduler", self.model):
            new = self._rate(epoch, float(np.asarray(optimizer.learning_rate)))
            optimizer.learning_rate = new
            if self.verbose > 0:
                of = f"{name} " if name else ""
                print_message(
                    f"\nEpoch {epoch + 1}: LearningRateScheduler setting {of}learning rate to {new}."
                )

    def _rate(self, epoch: int, current: float) -> float:
        new = self.schedule(epoch, current) if self._takes_rate else self.schedule(epoch)
        if isinstance(new, _core.Tensor) and new.ndim == 0 and not new.is_traced:
            new = new.item()
        number = isinstance(new, numbers.Real) and not isinstance(new, bool)
        if not number or not math.isfinite(new) or new < 0:
            raise ValueError(
                "LearningRateScheduler: expected the output of the `schedule` function to be a finite number, not "
                f"negative, got {new!r} for epoch {epoch}."
            )
        return float(new)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            log_learning_rates("LearningRateScheduler", self.model, logs)


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether a function can be called with two positional arguments."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions have none
        return True
    try:
        signature.bind(0, 0.0)
    except TypeError:
        return False
    return True
