"""Learning rates that stay the same, or change in jumps at given steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.arguments import describe, number
from oxhorn.optimizers.schedules.arithmetic import where
from oxhorn.optimizers.schedules.learning_rate_schedule import FormulaSchedule, first_rate


class PiecewiseConstantDecay(FormulaSchedule):
    """One rate up to the first boundary, the next up to the second, and so on.

    Formula: `values[i]` for the first `i` with `step <= boundaries[i]`, or the last of the values, which stays

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
        boundaries, values = _numbers(boundaries, "boundaries", who), _numbers(values, "values", who, low=0.0)
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"{who}: the length of boundaries should be 1 less than the length of values. Received:"
                f" boundaries={boundaries} of length {len(boundaries)}, and values={values} of length"
                f" {len(values)}."
            )
        if sorted(boundaries) != boundaries:
            raise ValueError(f"{who}: expected boundaries in rising order; got {boundaries}.")
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def rate(self, step: Any) -> Any:
        result: Any = 0.0 * step + self.values[-1]
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            result = where(step <= boundary, value, result)
        return result


class ConstantLearningRate(FormulaSchedule):
    """The same rate at every step; an addition to Keras's schedules, to be wrapped by `LinearWarmup`.

    Formula: `learning_rate`

    Args:
        learning_rate: The rate.
        name: Defaults to `"ConstantLearningRate"`.

    Raises:
        ValueError: If the rate is negative or not finite.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.optimizers.schedules.ConstantLearningRate(0.5)(1000))
    0.5
    """

    _arguments = ("learning_rate", "name")

    def __init__(self, learning_rate: float, name: str = "ConstantLearningRate") -> None:
        self.learning_rate = first_rate(learning_rate, "ConstantLearningRate", "learning_rate")
        self.name = name

    def rate(self, step: Any) -> Any:
        return 0.0 * step + self.learning_rate


def _numbers(values: Any, name: str, who: str, low: float | None = None) -> list[Any]:
    """A list of plain numbers, integers as they are."""
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__iter__"):
        raise ValueError(
            f"{who}: expected `{name}` to be a list of numbers. Received: {name}={describe(values)}."
        )
    checked: list[Any] = []
    for value in values:
        as_float = number(value, name, who, low=low)
        checked.append(int(value) if hasattr(value, "__index__") else as_float)
    return checked
