"""The base classes of learning-rate schedules."""

from __future__ import annotations

import math
from array import array
from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import describe, number
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.optimizers.schedules import arithmetic
from oxhorn.optimizers.schedules.plot import plot_schedule


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
            f"Learning rate schedule '{type(self).__name__}' must override `__call__(self, step)`."
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        raise NotImplementedError(
            f"Learning rate schedule '{type(self).__name__}' must override `get_config()` in order to be"
            " serializable."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A schedule from what `get_config` returned."""
        return cls(**config)

    def plot(self, steps: int = 1000, ax: Any = None) -> Any:
        """Draws the learning rate over the steps; an addition to Keras's interface.

        Args:
            steps: How many steps, from 0 on; at least 1. Defaults to 1000.
            ax: Matplotlib's Axes to draw into; None makes a figure of its own. Defaults to None.

        Returns:
            The Axes; `ax.figure.savefig("rate.png")` writes the picture.

        Raises:
            ImportError: If matplotlib is not installed.
            ValueError: If `steps` is not an integer of at least 1.

        Example:
        >>> import oxhorn as keras
        >>> axes = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=100).plot(steps=120)
        >>> len(axes.lines[0].get_xdata())
        120
        """
        return plot_schedule(self, steps, ax)


class FormulaSchedule(LearningRateSchedule):
    """A schedule with a formula, and its arguments as attributes.

    The formula is worked out in float64, by plain Python for a number and by ops for a tensor of many steps or one
    that has no number yet; the result has the dtype `floatx()`.
    """

    _arguments: tuple[str, ...]
    name: str

    def rate(self, step: Any) -> Any:
        """The learning rate at a step: the formula, written with `schedules.arithmetic`."""
        raise NotImplementedError

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step.

        Args:
            step: The number of updates before: a number, a tensor of any shape, traced or not, or a symbolic tensor.

        Returns:
            A tensor of the step's shape and the dtype `floatx()`.

        Raises:
            ValueError: If the step is NaN or infinite.
            TypeError: If it is not a number or a tensor of numbers.
        """
        if not isinstance(step, (int, float)):
            step = self._standardized(step)
        if arithmetic.is_tensor(step):
            from oxhorn import ops

            return ops.cast(self.rate(ops.cast(step, "float64")), config.floatx())
        return _core.tensor(_rounded([self.value(step)])[0], config.floatx())

    def value(self, step: float) -> float:
        """The learning rate at a step that is a number, as a float."""
        if not math.isfinite(step):
            raise ValueError(f"{type(self).__name__}: expected a finite step; got {step!r}.")
        return float(self.rate(float(step)))

    def rates_from(self, first: int, count: int) -> list[float]:
        """What `float(schedule(step))` is for `count` steps from `first` on, without making tensors of them."""
        return _rounded([self.rate(float(step)) for step in range(first, first + count)])

    def _standardized(self, step: Any) -> Any:
        """A number where there is one, a tensor otherwise."""
        if isinstance(step, KerasTensor):
            return step
        tensor = _as_numbers(step)
        if tensor is None:
            raise TypeError(
                f"{type(self).__name__}: expected the step to be a number or a tensor of numbers; got"
                f" {describe(step)}. Pass the number of updates before, such as optimizer.iterations."
            )
        return tensor if tensor.is_traced or tensor.ndim else tensor.item()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {name: getattr(self, name) for name in self._arguments}


def _rounded(values: list[float]) -> list[float]:
    """The numbers as they are in `floatx()`; infinite where they are too large for it."""
    return array("f" if config.floatx() == "float32" else "d", values).tolist()


def _as_numbers(step: Any) -> Any:
    """A tensor of numbers, or None for what cannot be one."""
    from oxhorn import ops

    try:
        tensor = ops.convert_to_tensor(step)
    except (TypeError, ValueError):
        return None
    return None if tensor.dtype == "bool" else tensor


def first_rate(value: Any, who: str, name: str = "initial_learning_rate") -> float:
    """A learning rate to start from."""
    return number(value, name, who, low=0.0)


def steps(value: Any, who: str, name: str = "decay_steps") -> Any:
    """A number of steps above 0, as it was given."""
    try:
        number(value, name, who, above=0.0)
    except ValueError:
        raise ValueError(
            f"{who}: Argument `{name}` must be > 0, a finite number of steps. Received: {name}={describe(value)}."
        ) from None
    return value


def fraction_done(step: Any, decay_steps: float, staircase: bool) -> Any:
    """Step / decay_steps, in whole numbers if `staircase`."""
    p = step / decay_steps
    return arithmetic.floor(p) if staircase else p
