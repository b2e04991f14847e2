"""Looking at the averaged weights while training goes on with the others."""

from __future__ import annotations

from typing import Any

from oxhorn.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages in the place of the weights while the model is evaluated.

    Needs an optimizer with `use_ema=True`. In `evaluate` and `predict`, and in the validation of `fit`, the model has
    the averages `average <- ema_momentum average + (1 - ema_momentum) w`; training goes on with the weights `w`.

    Args:
        swap_on_epoch: whether the averages are in place already at the end of an epoch, for callbacks that come
            after this one, such as `ModelCheckpoint`. Defaults to `False`.

    Raises:
        ValueError: in training, if the optimizer keeps no averages.

    Example:
        >>> import oxhorn as keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer=keras.optimizers.SGD(use_ema=True), loss="mse")
        >>> swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
        >>> swap.swap_on_epoch
        True

    Source: Keras 3.
    """

    _remembered = ("_swapped", "_averages")

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False
        self._averages: list[Any] = []

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        several = getattr(optimizer, "optimizers", [optimizer])
        averaging = [one for one in several if getattr(one, "use_ema", False)]
        if not averaging:
            raise ValueError(
                "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer: it keeps no averages to swap "
                f"with. Received: use_ema={getattr(optimizer, 'use_ema', None)}. Compile with, for example, "
                "keras.optimizers.Adam(use_ema=True)."
            )
        return [
            pair
            for one in averaging
            for pair in zip(one._trainable_variables, one._model_variables_moving_average, strict=True)
        ]

    def _swap(self, averages_in: bool) -> None:
        if self._swapped == averages_in:
            return
        pairs = self._pairs()
        self._averages = [average.numpy() for _, average in pairs] if averages_in else []
        for variable, average in pairs:
            value = variable.numpy()
            variable.assign(average)
            average.assign(value)
        self._swapped = averages_in

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._swapped = False
        self._pairs()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._swap(True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._swapped:
            # After the last epoch `fit` made the weights their averages, which were swapped: those are meant.
            for (variable, average), value in zip(self._pairs(), self._averages, strict=True):
                variable.assign(value)
                average.assign(value)
        self._swapped = False

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._swap(False)
