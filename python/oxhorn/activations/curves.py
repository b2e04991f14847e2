"""Activations that are one smooth curve, and the identity."""

from __future__ import annotations

from typing import Any

from oxhorn.activations.apply import activation
from oxhorn.arguments import number

__all__ = [
    "exponential",
    "hard_tanh",
    "linear",
    "softplus",
    "softsign",
    "sparse_plus",
    "squareplus",
    "tanh",
    "tanh_shrink",
]


def tanh(x: Any) -> Any:
    """Hyperbolic tangent, from -1 to 1.

    `f(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.tanh(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.964, 0.0, 0.964]
    """
    return activation("tanh", x)


def hard_tanh(x: Any) -> Any:
    """Piecewise linear approximation of tanh.

    `f(x) = min(max(x, -1), 1)`; at -1 and 1 the gradient is 1

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.hard_tanh(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-1.0, 0.0, 1.0]
    """
    return activation("hard_tanh", x)


def tanh_shrink(x: Any) -> Any:
    """What tanh leaves over.

    `f(x) = x - tanh(x)`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.tanh_shrink(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-1.036, 0.0, 1.036]
    """
    return activation("tanh_shrink", x)


def softplus(x: Any) -> Any:
    """Smooth ReLU: positive everywhere, stable for large inputs.

    `f(x) = log(exp(x) + 1)`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.softplus(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [0.1269, 0.6931, 2.1269]

    Source: Dugas et al., 2001 (https://proceedings.neurips.cc/paper/2000/hash/44968aece94f667e4095002d140b5896-Abstract.html).
    """
    return activation("softplus", x)


def softsign(x: Any) -> Any:
    """Like tanh, with tails that fall as `1 / x`.

    `f(x) = x / (|x| + 1)`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.softsign(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.6667, 0.0, 0.6667]
    """
    return activation("softsign", x)


def sparse_plus(x: Any) -> Any:
    """Softplus that reaches zero.

    `f(x) = 0` for `x <= -1`, `(x + 1)^2 / 4` for `-1 < x < 1`, `x` for `x >= 1`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.sparse_plus(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [0.0, 0.25, 2.0]
    """
    return activation("sparse_plus", x)


def squareplus(x: Any, b: float = 4) -> Any:
    """Smooth ReLU made of a square root.

    `f(x) = (x + sqrt(x^2 + b)) / 2`

    Args:
        x: A tensor or array of floats, any shape.
        b: Smoothness, at least 0. Defaults to 4.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If b is no finite number of at least 0.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.squareplus(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [0.4142, 1.0, 2.4142]

    Source: Barron, 2021 (https://arxiv.org/abs/2112.11687).
    """
    return activation("squareplus", x, b=number(b, "b", "squareplus", low=0.0))


def exponential(x: Any) -> Any:
    """Exponential function.

    `f(x) = exp(x)`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.exponential(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [0.1353, 1.0, 7.3891]
    """
    return activation("exponential", x)


def linear(x: Any) -> Any:
    """Return the input as it is.

    `f(x) = x`

    Args:
        x: Anything.

    Returns:
        The same object.

    Example:
    >>> import oxhorn as keras
    >>> keras.activations.linear([1.0, 2.0])
    [1.0, 2.0]
    """
    return x
