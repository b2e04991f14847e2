"""Initializers that fit the spread of the weights to the number of units they join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.initializers.random_initializers import RandomInitializer

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
]

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal")


class VarianceScaling(RandomInitializer):
    """Draw weights whose variance is `scale / fan`.

    `stddev = sqrt(scale / fan)`; the uniform distribution has the limit `sqrt(3 * scale / fan)`. For a dense
    kernel `(inputs, units)` the fans are `fan_in = inputs` and `fan_out = units`; a convolution's are
    multiplied by the size of its window; `fan_avg` is their mean.

    Args:
        scale: Positive number. Defaults to 1.0.
        mode: "fan_in", "fan_out" or "fan_avg". Defaults to "fan_in".
        distribution: "truncated_normal" ("normal" is the same), "untruncated_normal" or "uniform".
            Defaults to "truncated_normal".
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.
        input_axes: Axes of the shape that count as inputs; with `output_axes`, replaces the rule above.
        output_axes: Axes of the shape that count as outputs.

    Raises:
        ValueError: If an argument is out of range or no such word.

    Example:
    >>> import oxhorn as keras
    >>> init = keras.initializers.VarianceScaling(scale=2.0, mode="fan_in", distribution="uniform", seed=1)
    >>> bool(abs(init((600, 10)).numpy()).max() <= 0.1)
    True

    Source: He et al., 2015 (https://arxiv.org/abs/1502.01852); Glorot and Bengio, 2010
    (https://proceedings.mlr.press/v9/glorot10a.html).
    """

    core_name = "VarianceScaling"

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        owner = type(self).__name__
        try:
            self.scale = arguments.number(scale, "scale", owner, above=0.0)
        except ValueError as error:
            raise ValueError(f"{error} Argument `scale` must be positive float.") from None
        self.mode = arguments.choice(mode, _MODES, "mode", owner)
        if isinstance(distribution, str) and distribution.lower() == "normal":
            distribution = "truncated_normal"
        self.distribution = arguments.choice(distribution, _DISTRIBUTIONS, "distribution", owner)
        self.input_axes = _axes(input_axes, "input_axes", owner)
        self.output_axes = _axes(output_axes, "output_axes", owner)
        super().__init__(seed=seed)

    def core_config(self) -> dict[str, Any]:
        """Every argument, those a subclass fixes too."""
        return {
            **super().core_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
        }

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


def _axes(value: object, name: str, owner: str) -> list[int] | None:
    if value is None:
        return None
    axes = arguments.integer_or_integers(value, name, owner)
    return [axes] if isinstance(axes, int) else axes


class _Preset(VarianceScaling):
    """A VarianceScaling with scale, mode and distribution fixed by its name."""

    preset: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        scale, mode, distribution = self.preset
        super().__init__(scale, mode, distribution, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **RandomInitializer.get_config(self),
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class GlorotUniform(_Preset):
    """Draw from a uniform distribution with Glorot's variance: the default for kernels, also called Xavier.

    `w ~ U[-limit, limit)`, `limit = sqrt(6 / (fan_in + fan_out))`

    Args:
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.
        input_axes: Axes of the shape that count as inputs, or None. Defaults to None.
        output_axes: Axes of the shape that count as outputs, or None. Defaults to None.

    Raises:
        ValueError: If an argument is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.GlorotUniform(seed=1)((4, 3)).shape
    (4, 3)

    Source: Glorot and Bengio, 2010 (https://proceedings.mlr.press/v9/glorot10a.html).
    """

    preset = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Preset):
    """Draw from a truncated normal distribution with Glorot's variance: also called Xavier normal.

    `w ~ N(0, stddev^2)` cut off at two standard deviations, `stddev = sqrt(2 / (fan_in + fan_out))` after
    the cut

    Args:
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.
        input_axes: Axes of the shape that count as inputs, or None. Defaults to None.
        output_axes: Axes of the shape that count as outputs, or None. Defaults to None.

    Raises:
        ValueError: If an argument is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.GlorotNormal(seed=1)((4, 3)).shape
    (4, 3)

    Source: Glorot and Bengio, 2010 (https://proceedings.mlr.press/v9/glorot10a.html).
    """

    preset = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Preset):
    """Draw from a uniform distribution with He's variance: made for ReLU.

    `w ~ U[-limit, limit)`, `limit = sqrt(6 / fan_in)`

    Args:
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.
        input_axes: Axes of the shape that count as inputs, or None. Defaults to None.
        output_axes: Axes of the shape that count as outputs, or None. Defaults to None.

    Raises:
        ValueError: If an argument is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.HeUniform(seed=1)((4, 3)).shape
    (4, 3)

    Source: He et al., 2015 (https://arxiv.org/abs/1502.01852).
    """

    preset = (2.0, "fan_in", "uniform")


class HeNormal(_Preset):
    """Draw from a truncated normal distribution with He's variance: made for ReLU.

    `w ~ N(0, stddev^2)` cut off at two standard deviations, `stddev = sqrt(2 / fan_in)` after the cut

    Args:
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.
        input_axes: Axes of the shape that count as inputs, or None. Defaults to None.
        output_axes: Axes of the shape that count as outputs, or None. Defaults to None.

    Raises:
        ValueError: If an argument is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.HeNormal(seed=1)((4, 3)).shape
    (4, 3)

    Source: He et al., 2015 (https://arxiv.org/abs/1502.01852).
    """

    preset = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Preset):
    """Draw from a uniform distribution with Lecun's variance: made for tanh and SELU.

    `w ~ U[-limit, limit)`, `limit = sqrt(3 / fan_in)`

    Args:
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.
        input_axes: Axes of the shape that count as inputs, or None. Defaults to None.
        output_axes: Axes of the shape that count as outputs, or None. Defaults to None.

    Raises:
        ValueError: If an argument is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.LecunUniform(seed=1)((4, 3)).shape
    (4, 3)

    Source: LeCun et al., 1998, Efficient BackProp (https://doi.org/10.1007/978-3-642-35289-8_3).
    """

    preset = (1.0, "fan_in", "uniform")


class LecunNormal(_Preset):
    """Draw from a truncated normal distribution with Lecun's variance: made for tanh and SELU.

    `w ~ N(0, stddev^2)` cut off at two standard deviations, `stddev = sqrt(1 / fan_in)` after the cut

    Args:
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.
        input_axes: Axes of the shape that count as inputs, or None. Defaults to None.
        output_axes: Axes of the shape that count as outputs, or None. Defaults to None.

    Raises:
        ValueError: If an argument is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.LecunNormal(seed=1)((4, 3)).shape
    (4, 3)

    Source: LeCun et al., 1998, Efficient BackProp (https://doi.org/10.1007/978-3-642-35289-8_3).
    """

    preset = (1.0, "fan_in", "truncated_normal")
