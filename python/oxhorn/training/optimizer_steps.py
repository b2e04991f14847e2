"""How an optimizer takes part in a traced step: in the core after the program, or as part of the program."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.optimizers import LearningRateSchedule, Optimizer

# A schedule is worked out in Python for so many steps ahead.
STEPS_AHEAD = 256


class OptimizerStep:
    """One optimizer, ready to update variables.

    Args:
        optimizer: A built optimizer.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self.core: _core.OptimizerCore | None = getattr(optimizer, "_core", None)
        kind = type(optimizer)
        # A rule written in Python replaces the core's: then the update is traced with everything else.
        self.in_core = self.core is not None and not any(
            "update_step" in each.__dict__ or "apply" in each.__dict__
            for each in kind.__mro__[: kind.__mro__.index(Optimizer)]
            if not each.__module__.startswith("oxhorn.optimizers")
        )
        self.iterations = optimizer._iterations
        self._schedule = None
        rate = optimizer._learning_rate
        if isinstance(rate, LearningRateSchedule) or not isinstance(rate, _core.Variable):
            self._schedule = rate if callable(rate) else None
            self.learning_rate: Any = _core.Variable(
                np.asarray(0.0 if callable(rate) else float(rate), np.float64),
                trainable=False,
                name="learning_rate",
            )
        else:
            self.learning_rate = rate

    @property
    def has_schedule(self) -> bool:
        """Whether a schedule decides the learning rate of each step."""
        return self._schedule is not None

    def rates(self, count: int) -> list[float]:
        """The learning rates of the next `count` steps."""
        schedule = self._schedule
        assert schedule is not None
        if not isinstance(schedule, LearningRateSchedule):
            return [float(schedule()) for _ in range(count)]
        first = int(self.iterations.numpy())
        return [float(schedule(first + step)) for step in range(count)]

    def trace(self, gradients: list[Any], variables: list[Any]) -> None:
        """Record the update in the trace in progress."""
        self._optimizer.apply(gradients, variables)
