"""Learning rates that fall by a formula of the step: exponential, step, inverse time, power, polynomial."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import boolean, number
from oxhorn.optimizers.schedules.arithmetic import ceil, floor, maximum, minimum, power
from oxhorn.optimizers.schedules.learning_rate_schedule import (
    FormulaSchedule,
    first_rate,
    fraction_done,
    steps,
)


class ExponentialDecay(FormulaSchedule):
    """A rate that is multiplied by `decay_rate` every `decay_steps` steps.

    Formula: `initial_learning_rate decay_rate^(step / decay_steps)`, which goes on for ever

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps for one factor of `decay_rate`; above 0.
        decay_rate: The factor.
        staircase: Whether `step / decay_steps` is rounded down. Defaults to False.
        name: Defaults to `"ExponentialDecay"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)
    >>> float(rate(20))
    0.125

    Source: Keras 3.
    """

    _arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = first_rate(initial_learning_rate, "ExponentialDecay")
        self.decay_steps = steps(decay_steps, "ExponentialDecay")
        self.decay_rate = number(decay_rate, "decay_rate", "ExponentialDecay", low=0.0)
        self.staircase = boolean(staircase, "staircase", "ExponentialDecay")
        self.name = name

    def rate(self, step: Any) -> Any:
        p = fraction_done(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate * power(self.decay_rate, p)


class StepDecay(FormulaSchedule):
    """A rate that drops by a factor every `decay_steps` steps; an addition to Keras's schedules.

    Formula: `initial_learning_rate decay_rate^floor(step / decay_steps)`, which goes on for ever

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps between two drops; above 0.
        decay_rate: The factor. Defaults to 0.1.
        name: Defaults to `"StepDecay"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.StepDecay(1.0, decay_steps=10, decay_rate=0.5)
    >>> [float(rate(step)) for step in (9, 10, 20)]
    [1.0, 0.5, 0.25]

    Source: PyTorch's `StepLR`; K. He et al., Deep residual learning for image recognition, 2016, trains so.
    """

    _arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float = 0.1,
        name: str = "StepDecay",
    ) -> None:
        self.initial_learning_rate = first_rate(initial_learning_rate, "StepDecay")
        self.decay_steps = steps(decay_steps, "StepDecay")
        self.decay_rate = number(decay_rate, "decay_rate", "StepDecay", low=0.0)
        self.name = name

    def rate(self, step: Any) -> Any:
        return self.initial_learning_rate * power(self.decay_rate, floor(step / self.decay_steps))


class InverseTimeDecay(FormulaSchedule):
    """A rate that falls like one over the step.

    Formula: `initial_learning_rate / (1 + decay_rate step / decay_steps)`, which goes on for ever

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps that count as one; above 0.
        decay_rate: How fast the rate falls.
        staircase: Whether `step / decay_steps` is rounded down. Defaults to False.
        name: Defaults to `"InverseTimeDecay"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.InverseTimeDecay(0.5, decay_steps=1, decay_rate=1.0)
    >>> float(rate(3))
    0.125

    Source: Keras 3.
    """

    _arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = first_rate(initial_learning_rate, "InverseTimeDecay")
        self.decay_steps = steps(decay_steps, "InverseTimeDecay")
        self.decay_rate = number(decay_rate, "decay_rate", "InverseTimeDecay", low=0.0)
        self.staircase = boolean(staircase, "staircase", "InverseTimeDecay")
        self.name = name

    def rate(self, step: Any) -> Any:
        p = fraction_done(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate / (1.0 + self.decay_rate * p)


class PowerDecay(FormulaSchedule):
    """Power scheduling: a rate that falls quickly at first, then more and more slowly; an addition to Keras's.

    Formula: `initial_learning_rate / (1 + step / decay_steps)^power`, which goes on for ever

    After `decay_steps` steps the rate is down to a half (with `power=1`), after as many again to a third.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps `s` that count as one; above 0.
        power: The exponent `c`, at least 0. Defaults to 1.
        name: Defaults to `"PowerDecay"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.PowerDecay(1.0, decay_steps=10)
    >>> [float(rate(step)) for step in (0, 10, 30)]
    [1.0, 0.5, 0.25]

    Source: A. Senior et al., An empirical study of learning rates in deep neural networks for speech recognition, 2013.
    """

    _arguments = ("initial_learning_rate", "decay_steps", "power", "name")

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, power: float = 1.0, name: str = "PowerDecay"
    ) -> None:
        self.initial_learning_rate = first_rate(initial_learning_rate, "PowerDecay")
        self.decay_steps = steps(decay_steps, "PowerDecay")
        self.power = number(power, "power", "PowerDecay", low=0.0)
        self.name = name

    def rate(self, step: Any) -> Any:
        return self.initial_learning_rate / power(1.0 + step / self.decay_steps, self.power)


class PolynomialDecay(FormulaSchedule):
    """A rate that goes from one number to another along a power of the time left.

    Formula: `(initial_learning_rate - end_learning_rate) (1 - step / decay_steps)^power + end_learning_rate`, with
    `step` at most `decay_steps`; with `cycle`, `decay_steps` is multiplied until it reaches `step`

    Past its end the rate stays at `end_learning_rate`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps until the end; above 0.
        end_learning_rate: The rate at the end. Defaults to 0.0001.
        power: 1 for a straight line. Defaults to 1.
        cycle: Start again, with longer and longer periods. Defaults to False.
        name: Defaults to `"PolynomialDecay"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.PolynomialDecay(1.0, decay_steps=4, end_learning_rate=0.0)
    >>> float(rate(3))
    0.25

    Source: Keras 3.
    """

    _arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = first_rate(initial_learning_rate, "PolynomialDecay")
        self.decay_steps = steps(decay_steps, "PolynomialDecay")
        self.end_learning_rate = first_rate(end_learning_rate, "PolynomialDecay", "end_learning_rate")
        self.power = number(power, "power", "PolynomialDecay", low=0.0)
        self.cycle = boolean(cycle, "cycle", "PolynomialDecay")
        self.name = name

    def rate(self, step: Any) -> Any:
        length: Any = float(self.decay_steps)
        if self.cycle:
            length = length * maximum(ceil(step / length), 0.0 * step + 1.0)
        p = minimum(step, length) / length
        span = self.initial_learning_rate - self.end_learning_rate
        return span * power(1.0 - p, self.power) + self.end_learning_rate
