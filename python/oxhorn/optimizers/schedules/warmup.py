"""A rise before any other schedule."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import describe, number
from oxhorn.optimizers.schedules.arithmetic import is_tensor, where
from oxhorn.optimizers.schedules.learning_rate_schedule import (
    FormulaSchedule,
    LearningRateSchedule,
    first_rate,
)


class LinearWarmup(FormulaSchedule):
    """A straight rise, and then any other schedule from its beginning; an addition to Keras's schedules.

    Formula: `a + (schedule(0) - a) step / warmup_steps` while `step < warmup_steps`, with `a` the initial rate; then
    `schedule(step - warmup_steps)`, past whose end it is as `schedule` itself

    The schedule of the Transformer, `peak min(step / w, sqrt(w / step))`, is
    `LinearWarmup(PowerDecay(peak, decay_steps=w, power=0.5), warmup_steps=w)`.

    Args:
        schedule: A `LearningRateSchedule`, or a number for a rate that stays.
        warmup_steps: Steps of the rise; at least 0.
        initial_learning_rate: The rate at step 0. Defaults to 0.
        name: Defaults to `"LinearWarmup"`.

    Raises:
        ValueError: If an argument is out of its range.
        TypeError: If `schedule` is neither a schedule nor a number.

    Example:
    >>> import oxhorn as keras
    >>> schedules = keras.optimizers.schedules
    >>> rate = schedules.LinearWarmup(schedules.ExponentialDecay(1.0, 1, 0.5), warmup_steps=4)
    >>> [float(rate(step)) for step in (0, 1, 4, 5)]
    [0.0, 0.25, 1.0, 0.5]

    Source: P. Goyal et al., Accurate, large minibatch SGD: training ImageNet in 1 hour, 2017.
    """

    _arguments = ("schedule", "warmup_steps", "initial_learning_rate", "name")

    def __init__(
        self,
        schedule: LearningRateSchedule | float,
        warmup_steps: float,
        initial_learning_rate: float = 0.0,
        name: str = "LinearWarmup",
    ) -> None:
        who = "LinearWarmup"
        if not isinstance(schedule, LearningRateSchedule):
            try:
                schedule = first_rate(schedule, who, "schedule")
            except ValueError:
                raise TypeError(
                    f"{who}: expected `schedule` to be a LearningRateSchedule or a finite number >= 0; got"
                    f" {describe(schedule)}."
                ) from None
        self.schedule = schedule
        number(warmup_steps, "warmup_steps", who, low=0.0)
        self.warmup_steps = warmup_steps
        self.initial_learning_rate = first_rate(initial_learning_rate, who)
        self.name = name

    def rate(self, step: Any) -> Any:
        rise = self._of_schedule(0) - self.initial_learning_rate
        # The schedule is not asked for steps before its first.
        after = where(step < self.warmup_steps, 0.0 * step, step - self.warmup_steps)
        return where(
            step < self.warmup_steps,
            self.initial_learning_rate + rise * step / (self.warmup_steps or 1),
            self._of_schedule(after),
        )

    def _of_schedule(self, step: Any) -> Any:
        """The wrapped schedule's rate at a step, in float64 where it has a formula."""
        if isinstance(self.schedule, FormulaSchedule):
            return self.schedule.rate(step)
        if not isinstance(self.schedule, LearningRateSchedule):
            return self.schedule
        value = self.schedule(step)
        return value if is_tensor(value) and (is_tensor(step) or value.is_traced) else float(value)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        from oxhorn.saving import serialize_keras_object

        return {**super().get_config(), "schedule": serialize_keras_object(self.schedule)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A schedule from what `get_config` returned."""
        config = dict(config)
        if isinstance(config.get("schedule"), dict):
            from oxhorn.saving import deserialize_keras_object

            config["schedule"] = deserialize_keras_object(config["schedule"])
        return cls(**config)
