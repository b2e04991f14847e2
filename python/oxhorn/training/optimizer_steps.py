"""How an optimizer takes part in a traced step: in the core after the program, or as part of the program."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.optimizers.optimizer_variables import is_overwritten
from oxhorn.optimizers.schedules.learning_rate_schedule import FormulaSchedule

# A schedule is worked out in Python for so many steps ahead.
STEPS_AHEAD = 256


def _has_own_apply(optimizer: Any) -> bool:
    return not type(optimizer).apply.__module__.startswith("oxhorn.optimizers.")


class OptimizerStep:
    """A built optimizer as it is now, ready to update variables.

    Attributes:
        in_core: Whether the core knows the whole update, and does it after the program, without Python.
        apart: Whether Python applies the gradients after the program: something around a rule of the core is written
            in Python. What is neither in the core nor apart is traced as a part of the program.
        core: The core's side of the optimizer.
        iterations: The variable that counts updates.
        learning_rate: The variable that holds the learning rate; unused where a schedule decides it.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self.core: _core.OptimizerCore | None = optimizer._core
        rule_in_core = self.core is not None and optimizer._rule_is_in_core()
        own = _has_own_apply(optimizer) or any(is_overwritten(v) for v in optimizer._trainable_variables)
        self.in_core = rule_in_core and not own
        self.apart = own if rule_in_core else self.core is None and optimizer._updates_in_place()
        self.iterations = optimizer._iterations
        self._rate = optimizer._learning_rate
        self.has_schedule = not isinstance(self._rate, _core.Variable)
        self.learning_rate: Any = (
            _core.Variable(np.zeros((), np.float32), trainable=False) if self.has_schedule else self._rate
        )

    def is_current(self) -> bool:
        """Whether nothing in the optimizer was replaced since."""
        return self._optimizer._core is self.core and self._optimizer._learning_rate is self._rate

    def rates(self, count: int) -> list[float]:
        """The learning rates of the next `count` steps, where a schedule decides them."""
        first = int(self.iterations.numpy())
        schedule: Any = self._rate
        if isinstance(schedule, FormulaSchedule) and type(schedule).__call__ is FormulaSchedule.__call__:
            rates = schedule.rates_from(first, count)
            if all(0.0 <= rate < math.inf for rate in rates):
                return rates
        return [self._optimizer._current_learning_rate(first + step) for step in range(count)]

    def trace(self, gradients: list[Any], variables: list[Any]) -> None:
        """Record the update in the trace in progress."""
        self._optimizer.apply(gradients, variables)
