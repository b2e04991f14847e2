"""Learning rates that rise and fall: again and again, or once."""

from __future__ import annotations

import math
from typing import Any

from oxhorn.arguments import boolean, choice, number, positive_integer, probability
from oxhorn.optimizers.schedules.arithmetic import cos, floor, minimum, power, where
from oxhorn.optimizers.schedules.learning_rate_schedule import FormulaSchedule, first_rate, steps


class CyclicalLearningRate(FormulaSchedule):
    """A rate that goes up and down between two numbers again and again; an addition to Keras's schedules.

    Formula: in cycle `k` (from 0), after the part `p` of its rise or `1 - p` of its fall,
    `initial_learning_rate + (max_learning_rate - initial_learning_rate) p scale`, with

    - `"triangular"`: `scale = 1`;
    - `"triangular2"`: `scale = 1 / 2^k`, half as high each time;
    - `"exp_range"`: `scale = gamma^step`.

    It has no end.

    Args:
        initial_learning_rate: The lowest rate, that of step 0.
        max_learning_rate: The highest rate; not below the lowest.
        step_size: Steps of the rise; above 0. Smith advises 2 to 8 epochs. Defaults to 2000.
        step_size_down: Steps of the fall; None for as many. Defaults to None.
        mode: `"triangular"`, `"triangular2"` or `"exp_range"`. Defaults to `"triangular"`.
        gamma: The factor of `"exp_range"`, in (0, 1]. Defaults to 1.
        name: Defaults to `"CyclicalLearningRate"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.CyclicalLearningRate(0.0, 1.0, step_size=4)
    >>> [float(rate(step)) for step in (0, 2, 4, 7, 8)]
    [0.0, 0.5, 1.0, 0.25, 0.0]

    Source: L. N. Smith, Cyclical learning rates for training neural networks, 2017.
    """

    _arguments = (
        "initial_learning_rate",
        "max_learning_rate",
        "step_size",
        "step_size_down",
        "mode",
        "gamma",
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        max_learning_rate: float,
        step_size: float = 2000,
        step_size_down: float | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        name: str = "CyclicalLearningRate",
    ) -> None:
        who = "CyclicalLearningRate"
        self.initial_learning_rate = first_rate(initial_learning_rate, who)
        self.max_learning_rate = number(
            max_learning_rate, "max_learning_rate", who, low=self.initial_learning_rate
        )
        self.step_size = steps(step_size, who, "step_size")
        self.step_size_down = None if step_size_down is None else steps(step_size_down, who, "step_size_down")
        self.mode = choice(mode, ("triangular", "triangular2", "exp_range"), "mode", who)
        self.gamma = number(gamma, "gamma", who, above=0.0, high=1.0)
        self.name = name

    def rate(self, step: Any) -> Any:
        up = self.step_size
        down = up if self.step_size_down is None else self.step_size_down
        k = floor(step / (up + down))
        since = step - k * (up + down)
        p = where(since <= up, since / up, (up + down - since) / down)
        span = self.max_learning_rate - self.initial_learning_rate
        return self.initial_learning_rate + span * p * self._scale(step, k)

    def _scale(self, step: Any, k: Any) -> Any:
        if self.mode == "triangular":
            return 1.0
        return power(0.5, k) if self.mode == "triangular2" else power(self.gamma, step)


class OneCycle(FormulaSchedule):
    """The 1cycle policy: one rise to the highest rate, then one long fall to almost nothing; an addition to Keras's.

    Formula: from `max_learning_rate / div_factor` up to `max_learning_rate` in the first `pct_start total_steps`
    steps, then down to `max_learning_rate / div_factor / final_div_factor`; each way, from `a` to `b` with the part
    `p` of it over, along `b + (a - b) (1 + cos(pi p)) / 2`, or `a + (b - a) p`. With `three_phase`, the fall first
    mirrors the rise, and then goes on to the last rate.

    Past `total_steps` the rate stays at the last one. A schedule sets the rate alone: the momentum, which the policy
    moves the other way, is set by the callback `keras.callbacks.OneCycleScheduler`.

    Args:
        max_learning_rate: The highest rate.
        total_steps: Steps of the whole cycle: steps per epoch times epochs.
        pct_start: The part of the steps in which the rate rises, in [0, 1]. Defaults to 0.3.
        anneal_strategy: `"cos"`, or `"linear"` for straight lines. Defaults to `"cos"`.
        div_factor: The highest rate over the first one; above 0. Defaults to 25.
        final_div_factor: The first rate over the last one; above 0. Defaults to 1e4.
        three_phase: Whether the fall is in two parts. Defaults to False.
        name: Defaults to `"OneCycle"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> rate = keras.optimizers.schedules.OneCycle(1.0, total_steps=11, pct_start=0.5, anneal_strategy="linear")
    >>> [round(float(rate(step)), 3) for step in (0, 4, 5, 10, 99)]
    [0.04, 0.893, 0.909, 0.0, 0.0]

    Source: L. N. Smith, N. Topin, Super-convergence: very fast training of neural networks using large learning
    rates, 2018; the arguments are those of PyTorch's `OneCycleLR`.
    """

    _arguments = (
        "max_learning_rate",
        "total_steps",
        "pct_start",
        "anneal_strategy",
        "div_factor",
        "final_div_factor",
        "three_phase",
        "name",
    )

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        name: str = "OneCycle",
    ) -> None:
        who = "OneCycle"
        self.max_learning_rate = first_rate(max_learning_rate, who, "max_learning_rate")
        self.total_steps = positive_integer(total_steps, "total_steps", who)
        self.pct_start = probability(pct_start, "pct_start", who)
        self.anneal_strategy = choice(anneal_strategy, ("cos", "linear"), "anneal_strategy", who)
        self.div_factor = number(div_factor, "div_factor", who, above=0.0)
        self.final_div_factor = number(final_div_factor, "final_div_factor", who, above=0.0)
        self.three_phase = boolean(three_phase, "three_phase", who)
        self.name = name

    def rate(self, step: Any) -> Any:
        first = self.max_learning_rate / self.div_factor
        return self._along(step, first, self.max_learning_rate, first / self.final_div_factor)

    def momentum(self, step: Any, base_momentum: float = 0.85, max_momentum: float = 0.95) -> Any:
        """The momentum that goes with the rate: low where that is high.

        Args:
            step: The number of updates before, as a number.
            base_momentum: The lowest momentum. Defaults to 0.85.
            max_momentum: The highest momentum, that of the first step and of the last. Defaults to 0.95.
        """
        return self._along(step, max_momentum, base_momentum, max_momentum)

    def _along(self, step: Any, first: float, peak: float, last: float) -> Any:
        """The value at a step on the way from `first` to `peak` and to `last`."""
        # The last steps of the phases, counted from 0 and not rounded, as PyTorch has them.
        end, top = float(self.total_steps - 1), self.pct_start * self.total_steps - 1.0
        legs = [(0.0, top, first, peak)]
        if self.three_phase:
            mirrored = 2.0 * self.pct_start * self.total_steps - 2.0
            legs += [(top, mirrored, peak, first), (mirrored, end, first, last)]
        else:
            legs += [(top, end, peak, last)]
        *earlier, final = legs
        result = self._leg(step, *final)
        for leg in reversed(earlier):
            result = where(step <= leg[1], self._leg(step, *leg), result)
        return result

    def _leg(self, step: Any, start: float, end: float, a: float, b: float) -> Any:
        # A leg without length is passed at once.
        p = (step - start) / (end - start) if end > start else 0.0 * step + 1.0
        p = minimum(p, 0.0 * step + 1.0)
        return (
            b + (a - b) * 0.5 * (1.0 + cos(math.pi * p)) if self.anneal_strategy == "cos" else a + (b - a) * p
        )
