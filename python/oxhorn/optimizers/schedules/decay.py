"""Learning rates that decay by a formula."""

from __future__ import annotations

import math
from collections.abc import Sequence

from oxhorn.arguments import boolean, number
from oxhorn.optimizers.schedules.learning_rate_schedule import (
    FormulaSchedule,
    first_rate,
    fraction_done,
    steps,
)


class ExponentialDecay(FormulaSchedule):
    """A rate that is multiplied by `decay_rate` every `decay_steps` steps.

    Formula: `initial_learning_rate decay_rate^(step / decay_steps)`

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

    def rate(self, step: float) -> float:
        p = fraction_done(step, self.decay_steps, self.staircase)
        return float(self.initial_learning_rate * self.decay_rate**p)


class InverseTimeDecay(FormulaSchedule):
    """A rate that falls like one over the step.

    Formula: `initial_learning_rate / (1 + decay_rate step / decay_steps)`

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

    def rate(self, step: float) -> float:
        p = fraction_done(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate / (1.0 + self.decay_rate * p)


class PiecewiseConstantDecay(FormulaSchedule):
    """One rate up to the first boundary, the next up to the second, and so on.

    Formula: `values[i]` for the first `i` with `step <= boundaries[i]`, or the last of the values

    Args:
        boundaries: Steps in rising order.
        values: Rates, one more than boundaries.
        name: Defaults to `"PiecewiseConstant"`.

    Raises:
        ValueError: If the numbers of boundaries and values do not match, or boundaries do not rise.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.25])
    >>> [float(rate(step)) for step in (10, 11, 21)]
    [1.0, 0.5, 0.25]

    Source: Keras 3.
    """

    _arguments = ("boundaries", "values", "name")

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        who = "PiecewiseConstantDecay"
        boundaries, values = list(boundaries), list(values)
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"{who}: expected one value more than boundaries; got {len(boundaries)} boundaries and"
                f" {len(values)} values."
            )
        for boundary in boundaries:
            number(boundary, "boundaries", who)
        for value in values:
            number(value, "values", who, low=0.0)
        if sorted(boundaries) != boundaries:
            raise ValueError(f"{who}: expected boundaries in rising order; got {boundaries}.")
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def rate(self, step: float) -> float:
        for boundary, value in zip(self.boundaries, self.values, strict=False):
            if step <= boundary:
                return float(value)
        return float(self.values[-1])


class PolynomialDecay(FormulaSchedule):
    """A rate that goes from one number to another along a power of the time left.

    Formula: `(initial_learning_rate - end_learning_rate) (1 - step / decay_steps)^power + end_learning_rate`, with
    `step` at most `decay_steps`; with `cycle`, `decay_steps` is multiplied until it reaches `step`

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
        self.end_learning_rate = number(end_learning_rate, "end_learning_rate", "PolynomialDecay", low=0.0)
        self.power = number(power, "power", "PolynomialDecay", low=0.0)
        self.cycle = boolean(cycle, "cycle", "PolynomialDecay")
        self.name = name

    def rate(self, step: float) -> float:
        length = float(self.decay_steps)
        if self.cycle:
            length *= max(1.0, math.ceil(step / length))
        p = min(step, length) / length
        return (self.initial_learning_rate - self.end_learning_rate) * float(
            (1.0 - p) ** self.power
        ) + self.end_learning_rate


class CosineDecay(FormulaSchedule):
    """A rate that falls along half a cosine, after a straight rise if wanted.

    Formula: `rate ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha)`, with `step` at most `decay_steps`; with
    `warmup_target`, first in a straight line from `initial_learning_rate` to it over `warmup_steps` steps

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps of the cosine; above 0.
        alpha: The fraction of the rate that is left at the end. Defaults to 0.
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
        self.alpha = number(alpha, "alpha", who)
        self.name = name
        number(warmup_steps, "warmup_steps", who, low=0.0)
        self.warmup_steps = warmup_steps
        self.warmup_target = (
            None if warmup_target is None else number(warmup_target, "warmup_target", who, low=0.0)
        )

    def rate(self, step: float) -> float:
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top, step = self.warmup_target, step - self.warmup_steps
        p = min(step, self.decay_steps) / self.decay_steps
        return top * ((1.0 - self.alpha) * 0.5 * (1.0 + math.cos(math.pi * p)) + self.alpha)


class CosineDecayRestarts(FormulaSchedule):
    """`CosineDecay` again and again, with periods and heights that grow or shrink.

    Formula: in period `i`, of `first_decay_steps t_mul^i` steps,
    `initial_learning_rate ((1 - alpha) m_mul^i (1 + cos(pi p)) / 2 + alpha)`, with `p` the part of it that is over

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: Steps of the first period; above 0.
        t_mul: Factor from one period's length to the next; at least 1. Defaults to 2.
        m_mul: Factor from one period's height to the next. Defaults to 1.
        alpha: The fraction of the rate that is left at the end of a period. Defaults to 0.
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
        self.alpha = number(alpha, "alpha", who)
        self.name = name

    def rate(self, step: float) -> float:
        p = step / self.first_decay_steps
        if self.t_mul == 1.0:
            period = math.floor(p)
            p -= period
        else:
            # Periods before the i-th take (1 - t_mul^i) / (1 - t_mul) of the first one.
            before, length, period = 0.0, 1.0, 0
            while p >= before + length:
                before += length
                length *= self.t_mul
                period += 1
            p = (p - before) / length
        height = 0.5 * self.m_mul**period * (1.0 + math.cos(math.pi * p))
        return float(self.initial_learning_rate * ((1.0 - self.alpha) * height + self.alpha))
