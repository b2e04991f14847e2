"""How an optimizer takes part in a traced step: in the core after the program, or as part of the program."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core

# A schedule is worked out in Python for so many steps ahead.
STEPS_AHEAD = 256


def _has_own_apply(optimizer: Any) -> bool:
    return not type(optimizer).apply.__module__.startswith("oxhorn.optimizers.")


def updates_eagerly(optimizer: Any) -> bool:
    """Whether Python code around a rule of the core needs gradients with numbers: an `apply` of one's own."""
    return (
        optimizer is not None
        and _has_own_apply(optimizer)
        and optimizer._core is not None
        and optimizer._rule_is_in_core()
    )


class OptimizerStep:
    """A built optimizer as it is now, ready to update variables.

    Attributes:
        in_core: Whether the core knows the whole update. A rule, or an `apply`, that is written in Python is traced
            instead.
        core: The core's side of the optimizer.
        iterations: The variable that counts updates.
        learning_rate: The variable that holds the learning rate; unused where a schedule decides it.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self.core: _core.OptimizerCore | None = optimizer._core
        self.in_core = (
            self.core is not None and optimizer._rule_is_in_core() and not _has_own_apply(optimizer)
        )
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
        return [self._optimizer._current_learning_rate(first + step) for step in range(count)]

    def trace(self, gradients: list[Any], variables: list[Any]) -> None:
        """Record the update in the trace in progress."""
        self._optimizer.apply(gradients, variables)
