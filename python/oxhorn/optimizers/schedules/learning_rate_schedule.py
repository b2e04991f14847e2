"""The base class of learning-rate schedules."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import number


class LearningRateSchedule:
    """A learning rate that depends on the step.

    Subclasses implement `__call__(step)`, and `get_config` if they are to be saved.

    Example:
    >>> import oxhorn as keras
    >>> class Halving(keras.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5 ** float(step)
    >>> float(keras.optimizers.SGD(learning_rate=Halving()).learning_rate)
    0.1

    Source: Keras 3.
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step.

        Args:
            step: The number of updates before, an integer or a scalar tensor.

        Returns:
            A number or a scalar tensor.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: a learning-rate schedule must implement __call__(self, step)."
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        raise NotImplementedError(
            f"{type(self).__name__}: to be saved, a learning-rate schedule must implement get_config(self)."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A schedule from what `get_config` returned."""
        return cls(**config)


class FormulaSchedule(LearningRateSchedule):
    """A schedule with a formula in plain numbers, and its arguments as attributes."""

    _arguments: tuple[str, ...]
    name: str

    def rate(self, step: float) -> float:
        """The learning rate at a step."""
        raise NotImplementedError

    def __call__(self, step: Any) -> _core.Tensor:
        """The learning rate at a step, as a scalar tensor.

        Args:
            step: The number of updates before, an integer or a scalar tensor.
        """
        if isinstance(step, _core.Tensor | _core.Variable):
            step = step.numpy()
        return _core.tensor(self.rate(float(step)), config.floatx())

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {name: getattr(self, name) for name in self._arguments}


def first_rate(value: Any, who: str) -> float:
    """A learning rate to start from."""
    return number(value, "initial_learning_rate", who, low=0.0)


def steps(value: Any, who: str, name: str = "decay_steps") -> Any:
    """A number of steps above 0, as it was given."""
    number(value, name, who, above=0.0)
    return value


def fraction_done(step: float, decay_steps: float, staircase: bool) -> float:
    """Step / decay_steps, in whole numbers if `staircase`."""
    p = step / decay_steps
    return float(math.floor(p)) if staircase else p
