"""Rectifiers whose slope below zero is learned or drawn."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.arguments import boolean, number

__all__ = ["prelu", "rrelu", "slopes_between"]


def prelu(x: Any, alpha: Any = 0.25) -> Any:
    """Rectified linear unit with a slope below zero that is given; the layer `PReLU` learns it. An addition.

    `f(x) = max(x, 0) - alpha * max(-x, 0)`; at 0 the gradient is 0, as that of both parts

    Args:
        x: A tensor or array of floats, any shape.
        alpha: The slope below zero: a number, or a tensor that broadcasts to the shape of `x`. Defaults to 0.25.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the slopes do not broadcast.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.prelu(np.array([-2.0, 0.0, 2.0])).numpy().tolist()
    [-0.5, 0.0, 2.0]

    Source: He et al., 2015 (https://arxiv.org/abs/1502.01852).
    """
    from oxhorn import ops

    if isinstance(alpha, (int, float)):
        alpha = number(alpha, "alpha", "prelu")
    return ops.relu(x) - alpha * ops.relu(ops.negative(x))


def rrelu(
    x: Any, lower: float = 0.125, upper: float = 1 / 3, training: bool = False, seed: Any = None
) -> Any:
    """Rectified linear unit whose slope below zero is random in training, and the mean slope in use. An addition.

    `f(x) = max(x, 0) - a * max(-x, 0)`, with `a ~ U[lower, upper)` for each entry in training and
    `a = (lower + upper) / 2` otherwise; at 0 the gradient is 0

    By its name, as in `Dense(10, activation="rrelu")`, it is called without `training`, and so has the mean slope; the
    layer `RReLU` knows when it is trained.

    Args:
        x: A tensor or array of floats, any shape.
        lower: Smallest slope. Defaults to 1 / 8.
        upper: Largest slope, not below `lower`. Defaults to 1 / 3.
        training: Whether slopes are drawn. Defaults to False.
        seed: An integer (the same slopes each time), a `keras.random.SeedGenerator`, or None for the stream that
            `keras.utils.set_random_seed` sets. Defaults to None.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If a slope is no finite number, or they are the wrong way round.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.rrelu(np.array([-2.0, 0.0, 2.0]), lower=0.1, upper=0.3).numpy().round(4).tolist()
    [-0.4, 0.0, 2.0]

    Source: Xu et al., 2015 (https://arxiv.org/abs/1505.00853).
    """
    from oxhorn import ops
    from oxhorn.engine.seed_generator import draw_seed

    lower, upper = slopes_between(lower, upper, "rrelu")
    if not boolean(training, "training", "rrelu"):
        return prelu(x, (lower + upper) / 2)
    negative = ops.relu(ops.negative(x))
    drawn = {"minval": lower, "maxval": upper, "dtype": negative.dtype}
    return ops.relu(x) - negative * _core.apply("random_uniform", [draw_seed(seed), negative], drawn)


def slopes_between(lower: Any, upper: Any, owner: str) -> tuple[float, float]:
    """The two ends as floats; a `ValueError` if they are none, or the wrong way round."""
    low = number(lower, "lower", owner)
    return low, number(upper, "upper", owner, low=low)
