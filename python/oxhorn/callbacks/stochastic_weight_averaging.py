"""The mean of the weights at the ends of the last epochs."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from oxhorn.arguments import boolean, integer, number
from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.callbacks.learning_rate import get_learning_rate, set_learning_rate
from oxhorn.utils.messages import print_message

_WHO = "StochasticWeightAveraging"


class StochasticWeightAveraging(Callback):
    """Gives the model, at the end of training, the mean of its weights over the last epochs.

    From epoch `start_epoch` on, after every `frequency` epochs,

        `mean <- mean + (w - mean) / n`        for the n-th time

    while training goes on with the weights `w`, best with a high, constant `learning_rate`: it goes around a wide
    minimum, and the mean is nearer to its middle. The learning rate reaches its value within `anneal_epochs` epochs,
    along half a cosine.

    Moving statistics of batch normalisation belong to the weights they were gathered with. So at the end one pass over
    the training data gathers new ones for the mean: the averages over all batches of each batch's mean and variance.

    Metrics of the epochs, and of their validation, are those of `w`; call `evaluate` after training for those of the
    mean. Training that ends earlier, by `EarlyStopping` or Ctrl-C, leaves the mean of the epochs so far.

    An addition to Keras's callbacks.

    Args:
        start_epoch: the first epoch (from 0) whose weights count. Defaults to `None`, three quarters of all epochs.
        learning_rate: the learning rate from that epoch on. Defaults to `None`, which leaves it alone.
        anneal_epochs: number of epochs in which the learning rate gets there. Defaults to 1, at once.
        frequency: epochs from one weights that count to the next. Defaults to 1.
        update_statistics: whether to gather the statistics of batch normalisation anew. Defaults to `True`.
        verbose: 1 prints a message at the end. Defaults to 0.

    Attributes:
        averaged: how many times weights went into the mean.

    Raises:
        ValueError: if an argument is out of its range; in training, if there is a `learning_rate` to set, and the
            optimizer has none that can be set.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        >>> swa = keras.callbacks.StochasticWeightAveraging(start_epoch=2, learning_rate=0.05)
        >>> history = model.fit(np.eye(3), np.ones(3), epochs=6, callbacks=[swa], verbose=0)
        >>> swa.averaged
        4

    Source: P. Izmailov et al., Averaging weights leads to wider optima and better generalization, 2018.
    """

    _remembered = ("averaged", "_first_rate", "_means")

    def __init__(
        self,
        start_epoch: int | None = None,
        learning_rate: float | None = None,
        anneal_epochs: int = 1,
        frequency: int = 1,
        update_statistics: bool = True,
        verbose: int = 0,
    ) -> None:
        super().__init__()
        self.start_epoch = None if start_epoch is None else integer(start_epoch, "start_epoch", _WHO, low=0)
        self.learning_rate = (
            None if learning_rate is None else number(learning_rate, "learning_rate", _WHO, low=0.0)
        )
        self.anneal_epochs = integer(anneal_epochs, "anneal_epochs", _WHO, low=1)
        self.frequency = integer(frequency, "frequency", _WHO, low=1)
        self.update_statistics = boolean(update_statistics, "update_statistics", _WHO)
        self.verbose = verbose
        self.averaged = 0
        self._start = 0
        self._first_rate = 0.0
        self._means: list[np.ndarray[Any, Any]] = []
        self._feed: Any = None

    def _set_feed(self, feed: Any) -> None:
        self._feed = feed

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.averaged = 0
        self._means = []
        epochs = (self.params or {}).get("epochs") or 1
        self._start = int(0.75 * epochs) if self.start_epoch is None else self.start_epoch
        if self.learning_rate is not None:
            # A schedule refuses now, and not after the first epochs.
            set_learning_rate(self.model, get_learning_rate(_WHO, self.model))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.learning_rate is None or epoch < self._start:
            return
        if epoch == self._start:
            self._first_rate = get_learning_rate(_WHO, self.model)
        part = min((epoch - self._start + 1) / self.anneal_epochs, 1.0)
        share = (1 - math.cos(math.pi * part)) / 2
        set_learning_rate(self.model, self._first_rate + share * (self.learning_rate - self._first_rate))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if epoch < self._start:
            return
        if self.learning_rate is not None and logs is not None:
            logs["learning_rate"] = get_learning_rate(_WHO, self.model)
        if (epoch - self._start) % self.frequency:
            return
        self.averaged += 1
        weights = [variable.numpy() for variable in self.model.trainable_variables]
        if self.averaged == 1:
            self._means = [weight.astype(np.float64) for weight in weights]
        for mean, weight in zip(self._means, weights, strict=True):
            mean += (weight - mean) / self.averaged

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.averaged == 0:
            warnings.warn(
                f"{_WHO}: training ended before epoch {self._start}, so no weights were averaged, and the model keeps "
                "those it has. Choose an earlier `start_epoch`.",
                stacklevel=2,
            )
            return
        for variable, mean in zip(self.model.trainable_variables, self._means, strict=True):
            variable.assign(mean.astype(variable.dtype))
        self._means = []
        batches = self._gather_statistics() if self.update_statistics else 0
        if self.verbose > 0:
            statistics = f", statistics of {batches} batches" if batches else ""
            print_message(f"{_WHO}: the weights are the mean of {self.averaged} epochs' weights{statistics}.")

    # mean of the batches' statistics: from moving = 0, one batch makes (1 - momentum) statistic
    def _gather_statistics(self) -> int:
        layers = _normalizations(self.model)
        if not layers or self._feed is None:
            return 0
        from oxhorn.training.statistics_pass import pass_in_training

        variables = [(v, 1.0 - layer.momentum) for layer in layers for v in _statistics_of(layer)]
        kept = [variable.numpy() for variable, _ in variables]
        sums = [np.zeros(tuple(variable.shape)) for variable, _ in variables]

        def clear() -> None:
            for variable, _ in variables:
                variable.assign(np.zeros(tuple(variable.shape), variable.dtype))

        def add() -> None:
            for total, (variable, share) in zip(sums, variables, strict=True):
                total += variable.numpy() / share
            clear()

        count = 0
        try:
            clear()
            count = pass_in_training(self.model, self._feed, add)
        finally:
            for value, total, (variable, _) in zip(kept, sums, variables, strict=True):
                variable.assign((total / count).astype(variable.dtype) if count else value)
        if count == 0:
            warnings.warn(
                f"{_WHO}: the training data can be read only once, so the statistics of batch normalisation are still "
                "those of the weights before averaging. Pass arrays, or data that can be iterated again.",
                stacklevel=3,
            )
        return count


def _normalizations(model: Any) -> list[Any]:
    """The batch normalisations whose statistics follow the data."""
    from oxhorn.layers import BatchNormalization

    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, BatchNormalization) and layer.built and layer.trainable and layer.momentum < 1
    ]


def _statistics_of(layer: Any) -> list[Any]:
    return [layer.moving_mean, layer.moving_variance]
