"""Activation functions under the names they have in `ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn import _core
from oxhorn.arguments import boolean, integer, number
from oxhorn.ops.dispatch import operation


def _activation(name: str, summary: str, formula: str, at_minus_two_zero_two: str) -> Callable[[Any], Any]:
    """A function of one tensor without further arguments; the last argument is what its example prints."""

    def function(x: Any) -> Any:
        return _core.activation(name, x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{summary}

    `f(x) = {formula}`

    Args:
        x: A tensor of any shape; whole numbers become floats.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.ops.{name}(np.array([-2.0, 0.0, 2.0])).numpy().round(4).tolist()
    {at_minus_two_zero_two}
    """
    return operation("x")(function)


relu = _activation("relu", "The positive part.", "max(x, 0)", "[0.0, 0.0, 2.0]")
relu6 = _activation("relu6", "The positive part, at most 6.", "min(max(x, 0), 6)", "[0.0, 0.0, 2.0]")
sigmoid = _activation("sigmoid", "The logistic function.", "1 / (1 + exp(-x))", "[0.1192, 0.5, 0.8808]")
sparse_sigmoid = _activation(
    "sparse_sigmoid", "A line from 0 to 1 between -1 and 1.", "min(max((x + 1) / 2, 0), 1)", "[0.0, 0.5, 1.0]"
)
softplus = _activation(
    "softplus",
    "A smooth positive part.",
    "log(1 + exp(x))",
    "[0.1269, 0.6931, 2.1269]",
)
softsign = _activation("softsign", "A curve from -1 to 1.", "x / (1 + |x|)", "[-0.6667, 0.0, 0.6667]")
silu = _activation(
    "silu",
    "The input times its logistic function; also called swish.",
    "x / (1 + exp(-x))",
    "[-0.2384, 0.0, 1.7616]",
)
swish = silu
log_sigmoid = _activation(
    "log_sigmoid",
    "The logarithm of the logistic function.",
    "-log(1 + exp(-x))",
    "[-2.1269, -0.6931, -0.1269]",
)
hard_sigmoid = _activation(
    "hard_sigmoid",
    "The logistic function in straight lines.",
    "min(max(x / 6 + 1 / 2, 0), 1)",
    "[0.1667, 0.5, 0.8333]",
)
hard_silu = _activation(
    "hard_silu",
    "The input times its hard sigmoid; also called hard swish.",
    "x min(max(x / 6 + 1 / 2, 0), 1)",
    "[-0.3333, 0.0, 1.6667]",
)
hard_swish = hard_silu
selu = _activation(
    "selu",
    "The scaled exponential linear unit (Klambauer et al., 2017).",
    "s x where x > 0, s a (exp(x) - 1) elsewhere; s = 1.0507, a = 1.6733",
    "[-1.5202, 0.0, 2.1014]",
)
tanh_shrink = _activation(
    "tanh_shrink",
    "What the hyperbolic tangent leaves.",
    "x - tanh(x)",
    "[-1.036, 0.0, 1.036]",
)
hard_tanh = _activation("hard_tanh", "The input within -1 and 1.", "min(max(x, -1), 1)", "[-1.0, 0.0, 1.0]")
sparse_plus = _activation(
    "sparse_plus",
    "A smooth positive part that reaches 0.",
    "0 where x <= -1, (x + 1)^2 / 4 where -1 < x < 1, x elsewhere",
    "[0.0, 0.25, 2.0]",
)


@operation("x")
def gelu(x: Any, approximate: bool = True) -> Any:
    """The input times the share of a normal distribution below it.

    `f(x) = x P(X <= x)` for a standard normal `X`; approximately
    `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.0447 x^3)))`

    Args:
        x: A tensor of any shape; whole numbers become floats.
        approximate: Use the formula with the hyperbolic tangent. Defaults to True.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.ops.gelu(np.array([-1.0, 0.0, 1.0])).numpy().round(3).tolist()
    [-0.159, 0.0, 0.841]

    Source: Hendrycks and Gimpel, 2016 (https://arxiv.org/abs/1606.08415).
    """
    return _core.activation("gelu", x, {"approximate": boolean(approximate, "approximate", "gelu")})


@operation("x")
def elu(x: Any, alpha: float = 1.0) -> Any:
    """The exponential linear unit.

    `f(x) = x` where positive, `alpha (exp(x) - 1)` elsewhere

    Args:
        x: A tensor of any shape; whole numbers become floats.
        alpha: How far below 0 it goes. Defaults to 1.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.elu([-100.0, 0.0, 2.0], alpha=0.5).numpy().tolist()
    [-0.5, 0.0, 2.0]

    Source: Clevert et al., 2016 (https://arxiv.org/abs/1511.07289).
    """
    return _core.activation("elu", x, {"alpha": number(alpha, "alpha", "elu")})


@operation("x")
def celu(x: Any, alpha: float = 1.0) -> Any:
    """The exponential linear unit with a slope that is continuous for every alpha.

    `f(x) = max(x, 0) + min(alpha (exp(x / alpha) - 1), 0)`

    Args:
        x: A tensor of any shape; whole numbers become floats.
        alpha: How far below 0 it goes. Defaults to 1.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.celu([-100.0, 0.0, 2.0], alpha=0.5).numpy().tolist()
    [-0.5, 0.0, 2.0]

    Source: Barron, 2017 (https://arxiv.org/abs/1704.07483).
    """
    return _core.activation("celu", x, {"alpha": number(alpha, "alpha", "celu")})


@operation("x")
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """The input where positive, a share of it elsewhere.

    `f(x) = max(x, 0) + negative_slope min(x, 0)`

    Args:
        x: A tensor of any shape; whole numbers become floats.
        negative_slope: The slope below 0. Defaults to 0.2.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.leaky_relu([-2.0, 0.0, 2.0], negative_slope=0.5).numpy().tolist()
    [-1.0, 0.0, 2.0]

    Source: Maas et al., 2013.
    """
    slope = number(negative_slope, "negative_slope", "leaky_relu")
    return _core.activation("leaky_relu", x, {"negative_slope": slope})


@operation("x")
def glu(x: Any, axis: int = -1) -> Any:
    """The gated linear unit: one half of an axis opens and closes the other.

    `f(x) = a sigmoid(b)` with the halves `a` and `b` of `x`

    Args:
        x: A tensor; whole numbers become floats.
        axis: The axis to halve; its size is even. Defaults to -1.

    Returns:
        A tensor with half the size along that axis.

    Raises:
        ValueError: If there is no such axis, or its size is odd.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.glu([[2.0, 0.0]]).numpy().tolist()
    [[1.0]]

    Source: Dauphin et al., 2017 (https://arxiv.org/abs/1612.08083).
    """
    return _core.activation("glu", x, {"axis": integer(axis, "axis", "glu")})


@operation("x")
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """The input where it is large, 0 where it is small.

    `f(x) = x` where `|x| > threshold`, 0 elsewhere

    Args:
        x: A tensor of any shape; whole numbers become floats.
        threshold: What counts as small. Defaults to 0.5.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.hard_shrink([-2.0, 0.25, 2.0]).numpy().tolist()
    [-2.0, 0.0, 2.0]
    """
    return _core.activation("hard_shrink", x, {"threshold": number(threshold, "threshold", "hard_shrink")})


@operation("x")
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """The input moved towards 0.

    `f(x) = sign(x) max(|x| - threshold, 0)`

    Args:
        x: A tensor of any shape; whole numbers become floats.
        threshold: How far it is moved. Defaults to 0.5.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.soft_shrink([-2.0, 0.25, 2.0]).numpy().tolist()
    [-1.5, 0.0, 1.5]
    """
    return _core.activation("soft_shrink", x, {"threshold": number(threshold, "threshold", "soft_shrink")})


@operation("x")
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """The input above a threshold, another value elsewhere.

    `f(x) = x` where `x > threshold`, `default_value` elsewhere

    Args:
        x: A tensor of any shape; whole numbers become floats.
        threshold: The threshold.
        default_value: The value at the threshold and below.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.threshold([-2.0, 1.0, 2.0], 1.0, 0.0).numpy().tolist()
    [0.0, 0.0, 2.0]
    """
    attrs = {
        "threshold": number(threshold, "threshold", "threshold"),
        "default_value": number(default_value, "default_value", "threshold"),
    }
    return _core.activation("threshold", x, attrs)


@operation("x")
def squareplus(x: Any, b: float = 4) -> Any:
    """A smooth positive part without exponentials.

    `f(x) = (x + sqrt(x^2 + b)) / 2`

    Args:
        x: A tensor of any shape; whole numbers become floats.
        b: How smooth it is, at least 0. Defaults to 4.

    Returns:
        A tensor of the same shape.

    Example:
    >>> import oxhorn as keras
    >>> keras.ops.squareplus([-1.5, 0.0, 1.5]).numpy().tolist()
    [0.5, 1.0, 2.0]

    Source: Barron, 2021 (https://arxiv.org/abs/2112.11687).
    """
    return _core.activation("squareplus", x, {"b": number(b, "b", "squareplus")})
