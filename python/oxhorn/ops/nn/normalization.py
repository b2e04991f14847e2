"""Statistics over axes, and what is normalised by them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import describe, integer, integer_or_integers, number
from oxhorn.ops.arguments import as_dtype, as_float
from oxhorn.ops.dispatch import operation

Axes = int | Sequence[int]


def _over(name: str, x: Any, axes: Any, keepdims: bool = True) -> Any:
    return _core.apply(name, [x], {"axis": axes, "keepdims": keepdims})


def _places(axis: Any, rank: int, who: str) -> list[int]:
    """The axes as places from the front, in order."""
    given = integer_or_integers(axis, "axis", who)
    axes = [given] if isinstance(given, int) else given
    for one in axes:
        if not -rank <= one < rank:
            raise ValueError(
                f"{who}: axis {one} is out of bounds for a tensor of rank {rank}; "
                f"expected an axis in [{-rank}, {rank})."
            )
    return sorted({one % rank for one in axes})


@operation("x")
def moments(x: Any, axes: Axes | None, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """The mean and the variance over axes.

    `mean = sum(x) / n`, `variance = sum((x - mean)^2) / n`

    Args:
        x: A tensor.
        axes: An axis, or several; None is all of them.
        keepdims: Keep the axes with size 1. Defaults to False.
        synchronized: Must not be True: there is one device.

    Returns:
        The pair (mean, variance).

    Raises:
        ValueError: If there is no such axis.
        NotImplementedError: If `synchronized` is True.

    Example:
    >>> import oxhorn as keras
    >>> mean, variance = keras.ops.moments([1.0, 2.0, 3.0, 6.0], axes=[0])
    >>> float(mean), float(variance)
    (3.0, 3.5)
    """
    if synchronized:
        raise NotImplementedError(
            "moments: synchronized=True averages over several devices, but there is one. Leave it out."
        )
    x = as_float(x)
    chosen = None if axes is None else _places(axes, len(x.shape), "moments")
    return _over("mean", x, chosen, keepdims), _over("var", x, chosen, keepdims)


@operation("x", "mean", "variance", "offset", "scale")
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
) -> Any:
    """A tensor normalised by a mean and a variance for each place along an axis.

    `y = (x - mean) / sqrt(variance + epsilon) scale + offset`

    Args:
        x: A tensor.
        mean: A vector with an entry for each place along the axis.
        variance: The same.
        axis: The axis of the channels.
        offset: The same, or None for 0.
        scale: The same, or None for 1.
        epsilon: Keeps the quotient finite. Defaults to 0.001.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: If there is no such axis, or a vector has another length.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.batch_normalization([[1.0, 4.0]], [0.0, 2.0], [1.0, 4.0], axis=-1, epsilon=0.0).numpy().tolist()
    [[1.0, 1.0]]

    Source: Ioffe and Szegedy, 2015 (https://arxiv.org/abs/1502.03167).
    """
    who = "batch_normalization"
    x = as_float(x)
    (place,) = _places(integer(axis, "axis", who), len(x.shape), who)
    size = x.shape[place]
    given = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    inputs = [x]
    for name, vector in given.items():
        if vector is None:
            continue
        vector = as_dtype(vector, str(x.dtype))
        if len(vector.shape) != 1 or (None not in (size, vector.shape[0]) and vector.shape[0] != size):
            raise ValueError(
                f"{who}: `{name}` must be a vector of length {size}, the size of axis {axis} of x "
                f"{tuple(x.shape)}; got shape {tuple(vector.shape)}."
            )
        inputs.append(vector)
    attrs = {
        "axis": place,
        "epsilon": number(epsilon, "epsilon", who, low=0.0),
        "offset": offset is not None,
        "scale": scale is not None,
    }
    return _core.apply(who, inputs, attrs)


def _beside(weights: Any, x: Any, places: list[int]) -> Any:
    """Weights with the axes of `x` that are normalised, given sizes 1 for the others."""
    weights = as_dtype(weights, str(x.dtype))
    if len(weights.shape) in (0, len(x.shape)) or places == [len(x.shape) - 1]:
        return weights
    sizes = [x.shape[i] if i in places else 1 for i in range(len(x.shape))]
    return _core.apply("reshape", [weights], {"newshape": sizes})


@operation("x", "gamma", "beta")
def layer_normalization(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Axes = -1,
    epsilon: float | None = None,
    *,
    rms_scaling: bool = False,
) -> Any:
    """A tensor normalised by its own mean and variance over axes.

    `y = (x - mean(x)) / sqrt(var(x) + epsilon) gamma + beta`

    Args:
        x: A tensor.
        gamma: Factors, of the sizes of the axes, or None for 1.
        beta: Summands, of the sizes of the axes, or None for 0.
        axis: The axis, or several. Defaults to -1.
        epsilon: Keeps the quotient finite. Defaults to `config.epsilon()`.
        rms_scaling: Deprecated: divide without taking the mean away. Defaults to False.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: If there is no such axis.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.ops.layer_normalization(np.array([0.0, 1.0, 2.0, 3.0, 4.0])).numpy().round(3).tolist()
    [-1.414, -0.707, 0.0, 0.707, 1.414]

    Source: Ba et al., 2016 (https://arxiv.org/abs/1607.06450).
    """
    who = "layer_normalization"
    if rms_scaling:
        warnings.warn(
            "You passed `rms_scaling=True`, which is deprecated: it divides by the standard deviation, not by the "
            "root of the mean square. Use rms_normalization.",
            stacklevel=3,
        )
    x = as_float(x)
    places = _places(axis, len(x.shape), who)
    epsilon = config.epsilon() if epsilon is None else number(epsilon, "epsilon", who, low=0.0)
    inverse = _core.apply("rsqrt", [_over("var", x, places) + epsilon])
    y = x * inverse if rms_scaling else (x - _over("mean", x, places)) * inverse
    if gamma is not None:
        y = y * _beside(gamma, x, places)
    if beta is not None and not rms_scaling:
        y = y + _beside(beta, x, places)
    return y


@operation("x", "scale")
def rms_normalization(x: Any, scale: Any = None, axis: Axes = -1, epsilon: float | None = None) -> Any:
    """A tensor divided by the root of its mean square over axes.

    `y = x / sqrt(mean(x^2) + epsilon) scale`

    Args:
        x: A tensor.
        scale: Factors that broadcast against `x`, or None for 1.
        axis: The axis, or several. Defaults to -1.
        epsilon: Keeps the quotient finite. Defaults to `config.epsilon()`.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: If there is no such axis.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.ops.rms_normalization(np.array([3.0, 4.0, 5.0, 5.0, 5.0])).numpy().round(3).tolist()
    [0.671, 0.894, 1.118, 1.118, 1.118]

    Source: Zhang and Sennrich, 2019 (https://arxiv.org/abs/1910.07467).
    """
    who = "rms_normalization"
    x = as_float(x)
    if not x.shape:
        x = _core.apply("expand_dims", [x], {"axis": 0})
    places = _places(axis, len(x.shape), who)
    epsilon = config.epsilon() if epsilon is None else number(epsilon, "epsilon", who, low=0.0)
    y = x * _core.apply("rsqrt", [_over("mean", x * x, places) + epsilon])
    return y if scale is None else y * as_dtype(scale, str(x.dtype))


@operation("x")
def normalize(x: Any, axis: Axes | None = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """A tensor divided by its norm over axes.

    `y = x / max((sum |x|^order)^(1 / order), epsilon)`

    Args:
        x: A tensor.
        axis: The axis, or several; None is all of them. Defaults to -1.
        order: The order of the norm, at least 1. Defaults to 2.
        epsilon: The smallest norm to divide by. Defaults to `config.epsilon()`.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: If there is no such axis, or `order` is no integer of at least 1.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.normalize([[1.0, 3.0]], order=1).numpy().tolist()
    [[0.25, 0.75]]
    """
    who = "normalize"
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"{who}: Argument `order` must be an int >= 1; got {describe(order)}.")
    x = as_float(x)
    if not x.shape:
        x = _core.apply("expand_dims", [x], {"axis": 0})
    places = None if axis is None else _places(axis, len(x.shape), who)
    epsilon = config.epsilon() if epsilon is None else number(epsilon, "epsilon", who, above=0.0)
    if order == 2:
        # min(1 / norm, 1 / epsilon) has a slope of 0, not NaN, where x is 0.
        squares = _over("sum", x * x, places)
        inverse = _core.apply("minimum", [_core.apply("rsqrt", [squares]), 1.0 / epsilon])
        return x * inverse
    size = _core.apply("absolute", [x])
    total = _over("sum", _core.apply("power", [size, order]), places)
    norm = total if order == 1 else _core.apply("power", [total, 1.0 / order])
    return x / _core.apply("maximum", [norm, epsilon])


@operation("x1", "x2")
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """The peak signal-to-noise ratio of two signals, in decibels.

    `20 log10(max_val) - 10 log10(mean((x1 - x2)^2))`

    Args:
        x1: A tensor.
        x2: A tensor of the same shape.
        max_val: The largest value that a signal can have, above 0.

    Returns:
        A scalar: the larger, the more alike; infinite for equal signals.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.ops.psnr([0.0, 1.0], [0.1, 0.9], max_val=1.0)), 3)
    20.0
    """
    x1, x2 = as_float(x1), as_float(x2)
    fits = len(x1.shape) == len(x2.shape) and all(
        a is None or b is None or a == b for a, b in zip(x1.shape, x2.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"psnr: the shapes {tuple(x1.shape)} and {tuple(x2.shape)} must match. Nothing is broadcast: "
            "reshape one of the signals."
        )
    error = _core.apply("mean", [_core.apply("square", [x1 - x2])])
    peak = _core.apply("log10", [_core.apply("full_like", [error], {"value": _peak(max_val)})])
    return 20.0 * peak - 10.0 * _core.apply("log10", [error])


def _peak(max_val: Any) -> float:
    return number(max_val, "max_val", "psnr", above=0.0)
