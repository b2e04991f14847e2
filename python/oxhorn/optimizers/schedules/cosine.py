"""Learning rates along a cosine, once or again and again."""

from __future__ import annotations

import math
from typing import Any

from oxhorn.arguments import number
from oxhorn.optimizers.schedules.arithmetic import cos, floor, log, maximum, minimum, power, where
from oxhorn.optimizers.schedules.learning_rate_schedule import FormulaSchedule, first_rate, steps


class CosineDecay(FormulaSchedule):
    """A rate that falls along half a cosine, after a straight rise if wanted.

    Formula: `rate ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha)`, with `step` at most `decay_steps`; with
    `warmup_target`, first in a straight line from `initial_learning_rate` to it over `warmup_steps` steps

    Past its end the rate stays at `alpha` times the highest rate.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps of the cosine; above 0.
        alpha: The fraction of the rate that is left at the end; at least 0. Defaults to 0.
        name: Defaults to `"CosineDecay"`.
        warmup_target: The rate after the rise, or None for none. Defaults to None.
        warmup_steps: Steps of the rise. Defaults to 0.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.CosineDecay(1.0, decay_steps=10)
    >>> round(float(rate(5)), 5)
    0.5

    Source: I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.
    """

    _arguments = (
        "initial_learning_rate",
        "decay_steps",
        "alpha",
        "name",
        "warmup_target",
        "warmup_steps",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        who = "CosineDecay"
        self.initial_learning_rate = first_rate(initial_learning_rate, who)
        self.decay_steps = steps(decay_steps, who)
        self.alpha = number(alpha, "alpha", who, low=0.0)
        self.name = name
        number(warmup_steps, "warmup_steps", who, low=0.0)
        self.warmup_steps = warmup_steps
        self.warmup_target = (
            None if warmup_target is None else first_rate(warmup_target, who, "warmup_target")
        )

    def rate(self, step: Any) -> Any:
        if self.warmup_target is None:
            return self._fall(step, self.initial_learning_rate)
        rise = self.warmup_target - self.initial_learning_rate
        return where(
            step < self.warmup_steps,
            # Without warm-up steps nothing is before them, and nothing is to be divided by.
            self.initial_learning_rate + rise * step / (self.warmup_steps or 1),
            self._fall(step - self.warmup_steps, self.warmup_target),
        )

    def _fall(self, step: Any, top: float) -> Any:
        p = minimum(step, 0.0 * step + self.decay_steps) / self.decay_steps
        return top * ((1.0 - self.alpha) * 0.5 * (1.0 + cos(math.pi * p)) + self.alpha)


class CosineDecayRestarts(FormulaSchedule):
    """`CosineDecay` again and again, with periods and heights that grow or shrink; it has no end.

    Formula: in period `i`, of `first_decay_steps t_mul^i` steps,
    `initial_learning_rate ((1 - alpha) m_mul^i (1 + cos(pi p)) / 2 + alpha)`, with `p` the part of it that is over

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: Steps of the first period; above 0.
        t_mul: Factor from one period's length to the next; at least 1. Defaults to 2.
        m_mul: Factor from one period's height to the next. Defaults to 1.
        alpha: The fraction of the rate that is left at the end of a period; at least 0. Defaults to 0.
        name: Defaults to `"SGDRDecay"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.CosineDecayRestarts(1.0, first_decay_steps=10)
    >>> [round(float(rate(step)), 5) for step in (0, 5, 10, 20)]
    [1.0, 0.5, 1.0, 0.5]

    Source: I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.
    """

    _arguments = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        who = "CosineDecayRestarts"
        self.initial_learning_rate = first_rate(initial_learning_rate, who)
        self.first_decay_steps = steps(first_decay_steps, who, "first_decay_steps")
        self.t_mul = number(t_mul, "t_mul", who, low=1.0)
        self.m_mul = number(m_mul, "m_mul", who, low=0.0)
        self.alpha = number(alpha, "alpha", who, low=0.0)
        self.name = name

    def rate(self, step: Any) -> Any:
        period, p = self._period(step / self.first_decay_steps)
        height = 0.5 * power(self.m_mul, period) * (1.0 + cos(math.pi * p))
        return self.initial_learning_rate * ((1.0 - self.alpha) * height + self.alpha)

    def _period(self, x: Any) -> tuple[Any, Any]:
        """The number of the period, and the part of it that is over, after `x` times the first one's length."""
        t = self.t_mul
        if t == 1.0:
            return floor(x), x - floor(x)
        # Periods before the i-th take s_i = (t^i - 1) / (t - 1) of the first one.
        i = floor(log(maximum(1.0 + x * (t - 1.0), 0.0 * x + 1.0)) / math.log(t))
        # The logarithm may be off by a rounding just where a period begins.
        i = where(x >= _before(i + 1.0, t), i + 1.0, i)
        i = where(x < _before(i, t), i - 1.0, i)
        return i, (x - _before(i, t)) / power(t, i)


def _before(i: Any, t: float) -> Any:
    return (power(t, i) - 1.0) / (t - 1.0)
