"""Activations made of straight pieces, and their smooth relatives below zero."""

from __future__ import annotations

from typing import Any

from oxhorn.activations.apply import activation
from oxhorn.arguments import number

__all__ = ["celu", "elu", "hard_shrink", "leaky_relu", "relu", "relu6", "selu", "soft_shrink", "threshold"]


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit: pass what is positive, stop the rest.

    `f(x) = x` for `threshold <= x`, at most `max_value`; `f(x) = negative_slope * (x - threshold)` below
    the threshold; at a kink the gradient is that of the piece to the left, and 0 at `max_value`

    Args:
        x: A tensor or array of floats, any shape.
        negative_slope: Slope below the threshold. Defaults to 0.0.
        max_value: Largest output, or None for no limit. Defaults to None.
        threshold: Where the unit starts to pass. Defaults to 0.0.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If an argument is no finite number.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.relu(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [0.0, 0.0, 2.0]
    >>> y = keras.activations.relu(np.array([-2.0, 0.0, 2.0]), negative_slope=0.5, max_value=1.0)
    >>> y.numpy().tolist()
    [-1.0, 0.0, 1.0]

    Source: Nair and Hinton, 2010 (https://www.cs.toronto.edu/~hinton/absps/reluICML.pdf).
    """
    negative_slope = number(negative_slope, "negative_slope", "relu")
    threshold = number(threshold, "threshold", "relu")
    if max_value is not None:
        max_value = number(max_value, "max_value", "relu")
    return activation("relu", x, negative_slope=negative_slope, max_value=max_value, threshold=threshold)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Rectified linear unit with a small slope for negative inputs.

    `f(x) = x` for `x >= 0`, `f(x) = negative_slope * x` below; at 0 the gradient is `negative_slope`

    Args:
        x: A tensor or array of floats, any shape.
        negative_slope: Slope below zero. Defaults to 0.2.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the slope is no finite number.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.leaky_relu(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.4, 0.0, 2.0]

    Source: Maas et al., 2013 (https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf).
    """
    negative_slope = number(negative_slope, "negative_slope", "leaky_relu")
    return activation("leaky_relu", x, negative_slope=negative_slope)


def relu6(x: Any) -> Any:
    """Rectified linear unit with outputs of at most 6.

    `f(x) = min(max(x, 0), 6)`; at 0 and 6 the gradient is 0

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.relu6(np.array([-2.0, 8.0])).numpy().round(4).tolist()
    [0.0, 6.0]

    Source: Howard et al., 2017 (https://arxiv.org/abs/1704.04861).
    """
    return activation("relu6", x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: smooth and negative below zero, which centres the outputs.

    `f(x) = x` for `x > 0`, `f(x) = alpha * (exp(x) - 1)` otherwise; at 0 the gradient is `alpha`

    Args:
        x: A tensor or array of floats, any shape.
        alpha: The negative limit is `-alpha`. Defaults to 1.0.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If alpha is no finite number.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.elu(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.8647, 0.0, 2.0]

    Source: Clevert et al., 2016 (https://arxiv.org/abs/1511.07289).
    """
    alpha = number(alpha, "alpha", "elu")
    return activation("elu", x, alpha=alpha)


def selu(x: Any) -> Any:
    """Scaled exponential linear unit: keeps mean 0 and variance 1 from layer to layer.

    `f(x) = scale * elu(x, alpha)` with `alpha = 1.67326324`, `scale = 1.05070098`; at 0 the gradient is
    `scale * alpha`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.selu(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-1.5202, 0.0, 2.1014]

    Source: Klambauer et al., 2017 (https://arxiv.org/abs/1706.02515).
    """
    return activation("selu", x)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """Continuously differentiable exponential linear unit.

    `f(x) = max(0, x) + min(0, alpha * (exp(x / alpha) - 1))`

    Args:
        x: A tensor or array of floats, any shape.
        alpha: The negative limit is `-alpha`; not 0. Defaults to 1.0.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If alpha is no finite number, or 0.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.celu(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.8647, 0.0, 2.0]

    Source: Barron, 2017 (https://arxiv.org/abs/1704.07483).
    """
    alpha = number(alpha, "alpha", "celu")
    if alpha == 0:
        raise ValueError(
            "celu: expected `alpha` to be another number than 0, by which it divides. Received: alpha=0. Use relu, "
            "which is its limit."
        )
    return activation("celu", x, alpha=alpha)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Pass what is above a threshold, replace the rest by a value.

    `f(x) = x` for `x > threshold`, `f(x) = default_value` otherwise; at the threshold the gradient is 0

    Args:
        x: A tensor or array of floats, any shape.
        threshold: The threshold.
        default_value: The value for inputs at or below it.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If an argument is no finite number.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.threshold(np.array([-2.0, 0.0, 2.0]), 1.0, -1.0).numpy().round(4).tolist()
    [-1.0, -1.0, 2.0]
    """
    threshold = number(threshold, "threshold", "threshold")
    default_value = number(default_value, "default_value", "threshold")
    return activation("threshold", x, threshold=threshold, default_value=default_value)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Set what is near zero to zero.

    `f(x) = x` for `|x| > threshold`, `f(x) = 0` otherwise; at the threshold the gradient is 0

    Args:
        x: A tensor or array of floats, any shape.
        threshold: How near, at least 0. Defaults to 0.5.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the threshold is no finite number of at least 0.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.hard_shrink(np.array([-0.4, 2.0])).numpy().round(4).tolist()
    [0.0, 2.0]
    """
    threshold = number(threshold, "threshold", "hard_shrink", low=0.0)
    return activation("hard_shrink", x, threshold=threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Move everything towards zero by the threshold, and what is nearer to zero.

    `f(x) = x - threshold` for `x > threshold`, `x + threshold` for `x < -threshold`, 0 otherwise; at
    the threshold the gradient is 0

    Args:
        x: A tensor or array of floats, any shape.
        threshold: How far, at least 0. Defaults to 0.5.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the threshold is no finite number of at least 0.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.soft_shrink(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-1.5, 0.0, 1.5]
    """
    threshold = number(threshold, "threshold", "soft_shrink", low=0.0)
    return activation("soft_shrink", x, threshold=threshold)
