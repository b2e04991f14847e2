"""The 1cycle policy for the learning rate and the momentum."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import boolean, number, positive_integer
from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.callbacks.learning_rate import get_learning_rate, set_learning_rate
from oxhorn.optimizers.schedules.cyclic import OneCycle


class OneCycleScheduler(Callback):
    """Sets the learning rate and the momentum before every batch, by the 1cycle policy.

    The rate follows `keras.optimizers.schedules.OneCycle`; the momentum goes the other way, from `max_momentum` down to
    `base_momentum` where the rate is highest, and back. It is the optimizer's `momentum` (SGD, RMSprop) or `beta_1`
    (Adam and its kin). Past `total_steps` both stay. Every `fit` begins the cycle again; after it the optimizer keeps
    the last rate and momentum. Both are added to the logs of each epoch, as `learning_rate` and `momentum`.

    It has to act before every batch, so that steps run one at a time. Where the momentum need not move, the schedule
    `OneCycle` as the optimizer's learning rate does the same without that. An addition to Keras's callbacks.

    Args:
        max_learning_rate: the highest rate.
        total_steps: number of batches of the whole cycle. Defaults to `None`, all batches of `fit`.
        pct_start: the part of the cycle in which the rate rises. Defaults to 0.3.
        anneal_strategy: `"cos"` or `"linear"`. Defaults to `"cos"`.
        div_factor: the highest rate over the first one. Defaults to 25.
        final_div_factor: the first rate over the last one. Defaults to 1e4.
        three_phase: whether the fall is in two parts. Defaults to `False`.
        cycle_momentum: whether the momentum is set, too. Defaults to `True`.
        base_momentum: the lowest momentum. Defaults to 0.85.
        max_momentum: the highest momentum. Defaults to 0.95.

    Raises:
        ValueError: if an argument is out of its range; in training, if the optimizer has no momentum, or the number of
            steps is not known.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer=keras.optimizers.SGD(momentum=0.9), loss="mse")
        >>> cycle = keras.callbacks.OneCycleScheduler(0.1)
        >>> x = np.ones((32, 3))
        >>> history = model.fit(x, x[:, 0], batch_size=4, epochs=2, callbacks=[cycle], verbose=0)
        >>> [round(momentum, 3) for momentum in history.history["momentum"]]
        [0.869, 0.95]

    Source: L. N. Smith, A disciplined approach to neural network hyper-parameters, part 1, 2018; the arguments are
    those of PyTorch's `OneCycleLR`.
    """

    _remembered = ("_begin", "_done")

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
    ) -> None:
        super().__init__()
        who = "OneCycleScheduler"
        self.total_steps = None if total_steps is None else positive_integer(total_steps, "total_steps", who)
        self.cycle_momentum = boolean(cycle_momentum, "cycle_momentum", who)
        self.base_momentum = number(base_momentum, "base_momentum", who, low=0.0, below=1.0)
        self.max_momentum = number(max_momentum, "max_momentum", who, low=self.base_momentum, below=1.0)
        self._shape: dict[str, Any] = {
            "max_learning_rate": max_learning_rate,
            "pct_start": pct_start,
            "anneal_strategy": anneal_strategy,
            "div_factor": div_factor,
            "final_div_factor": final_div_factor,
            "three_phase": three_phase,
        }
        self.schedule = OneCycle(total_steps=self.total_steps or 1, **self._shape)
        self._steps: int | None = None
        self._begin = 0
        self._done = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        params = self.params or {}
        self._steps = params.get("steps")
        self._begin = self._done = 0
        total = self.total_steps
        if total is None:
            if not self._steps or not params.get("epochs"):
                raise ValueError(
                    "OneCycleScheduler: the data do not tell how many steps an epoch has. Pass total_steps."
                )
            total = self._steps * params["epochs"]
        self.schedule = OneCycle(total_steps=total, **self._shape)
        get_learning_rate("OneCycleScheduler", self.model)
        if self.cycle_momentum:
            self._momentum_name()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        # A fit that begins at a later epoch is that far in the cycle.
        self._begin = epoch * self._steps if self._steps else self._done

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        step = self._begin + batch
        set_learning_rate(self.model, self.schedule.value(step))
        if self.cycle_momentum:
            momentum = self.schedule.momentum(step, self.base_momentum, self.max_momentum)
            setattr(self._optimizer, self._momentum_name(), momentum)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._done = self._begin + batch + 1

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = get_learning_rate("OneCycleScheduler", self.model)
            if self.cycle_momentum:
                logs["momentum"] = float(getattr(self._optimizer, self._momentum_name()))

    @property
    def _optimizer(self) -> Any:
        """The optimizer whose momentum it is: the inner one, where it is wrapped."""
        return getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)

    def _momentum_name(self) -> str:
        """The optimizer's attribute that is its momentum."""
        optimizer = self._optimizer
        if getattr(optimizer, "momentum", 0.0):
            return "momentum"
        if hasattr(optimizer, "beta_1"):
            return "beta_1"
        hint = (
            "make it with one, such as momentum=0.9" if hasattr(optimizer, "momentum") else "take another one"
        )
        raise ValueError(
            f"OneCycleScheduler: the optimizer {type(optimizer).__name__} works without momentum. Pass "
            f"cycle_momentum=False, or {hint}."
        )
