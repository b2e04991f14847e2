"""Activations built on the logistic function."""

from __future__ import annotations

from typing import Any

from oxhorn.activations.apply import activation
from oxhorn.arguments import boolean, integer

__all__ = [
    "gelu",
    "glu",
    "hard_sigmoid",
    "hard_silu",
    "keras_2_hard_sigmoid",
    "log_sigmoid",
    "mish",
    "sigmoid",
    "silu",
    "sparse_sigmoid",
]


def sigmoid(x: Any) -> Any:
    """Logistic function, from 0 to 1.

    `f(x) = 1 / (1 + exp(-x))`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [0.1192, 0.5, 0.8808]
    """
    return activation("sigmoid", x)


def log_sigmoid(x: Any) -> Any:
    """Logarithm of the logistic function, exact for large inputs of either sign.

    `f(x) = log(1 / (1 + exp(-x))) = -softplus(-x)`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.log_sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-2.1269, -0.6931, -0.1269]
    """
    return activation("log_sigmoid", x)


def hard_sigmoid(x: Any) -> Any:
    """Piecewise linear approximation of the sigmoid.

    `f(x) = min(max(x / 6 + 1 / 2, 0), 1)`; at -3 and 3 the gradient is 0

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.hard_sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [0.1667, 0.5, 0.8333]
    """
    return activation("hard_sigmoid", x)


def keras_2_hard_sigmoid(x: Any) -> Any:
    """The `hard_sigmoid` of Keras 1 and 2, with a steeper slope; models read from their files use it. An addition.

    `f(x) = min(max(0.2 x + 0.5, 0), 1)`; at -2.5 and 2.5 the gradient is that of `clip`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.keras_2_hard_sigmoid(np.array([-3.0, 0.0, 1.0])).numpy().round(4).tolist()
    [0.0, 0.5, 0.7]
    """
    from oxhorn import ops

    return ops.clip(ops.add(ops.multiply(x, 0.2), 0.5), 0.0, 1.0)


def sparse_sigmoid(x: Any) -> Any:
    """Sigmoid that reaches 0 and 1, with a slope of 1/2 between.

    `f(x) = min(max((x + 1) / 2, 0), 1)`; at -1 and 1 the gradient is 0

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.sparse_sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [0.0, 0.5, 1.0]

    Source: Martins and Astudillo, 2016 (https://arxiv.org/abs/1602.02068).
    """
    return activation("sparse_sigmoid", x)


def silu(x: Any) -> Any:
    """Sigmoid linear unit, also called swish.

    `f(x) = x * sigmoid(x)`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.silu(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.2384, 0.0, 1.7616]

    Source: Ramachandran et al., 2017 (https://arxiv.org/abs/1710.05941).
    """
    return activation("silu", x)


def hard_silu(x: Any) -> Any:
    """Piecewise approximation of silu, also called hard swish.

    `f(x) = x * hard_sigmoid(x)`; at -3 the gradient is 0, at 3 it is 1

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.hard_silu(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.3333, 0.0, 1.6667]

    Source: Howard et al., 2019 (https://arxiv.org/abs/1905.02244).
    """
    return activation("hard_silu", x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """Gaussian error linear unit: the input times the normal distribution's probability of less.

    `f(x) = x * P(X <= x)` for `X ~ N(0, 1)`; approximately `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715
    * x^3)))`

    Args:
        x: A tensor or array of floats, any shape.
        approximate: Use the approximation with tanh. Defaults to False.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If `approximate` is no bool.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.gelu(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.0455, 0.0, 1.9545]

    Source: Hendrycks and Gimpel, 2016 (https://arxiv.org/abs/1606.08415).
    """
    return activation("gelu", x, approximate=boolean(approximate, "approximate", "gelu"))


def mish(x: Any) -> Any:
    """Self-regularised smooth activation.

    `f(x) = x * tanh(softplus(x))`

    Args:
        x: A tensor or array of floats, any shape.

    Returns:
        A tensor of the same shape and dtype.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.mish(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    [-0.2525, 0.0, 1.944]

    Source: Misra, 2019 (https://arxiv.org/abs/1908.08681).
    """
    return activation("mish", x)


def glu(x: Any, axis: int = -1) -> Any:
    """Gated linear unit: one half of the axis opens and closes the other.

    `f(x) = a * sigmoid(b)` with `x` split into the halves `a` and `b` along `axis`

    Args:
        x: A tensor or array of floats, any shape.
        axis: The axis to split; its size is even. Defaults to -1.

    Returns:
        A tensor with half the size along the axis.

    Raises:
        ValueError: If the axis is out of range or its size is odd.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.activations.glu(np.array([[2.0, 0.0]])).numpy().tolist()
    [[1.0]]

    Source: Dauphin et al., 2017 (https://arxiv.org/abs/1612.08083).
    """
    return activation("glu", x, axis=integer(axis, "axis", "glu"))
