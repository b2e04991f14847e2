"""Activation functions, each by its formula."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

# Klambauer et al. 2017, "Self-Normalizing Neural Networks": the fixed point of mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

_erf = np.vectorize(math.erf, otypes=[np.float64])


def linear(x: ArrayLike) -> Array:
    """f(x) = x"""
    return np.asarray(x)


def relu(
    x: ArrayLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Array:
    """f(x) = max_value if x >= max_value; x if x > threshold; else negative_slope * (x - threshold)"""
    x = np.asarray(x)
    y = np.where(x > threshold, x, negative_slope * (x - threshold))
    return y if max_value is None else np.minimum(y, max_value)


def relu6(x: ArrayLike) -> Array:
    """f(x) = min(max(x, 0), 6)"""
    return np.clip(x, 0.0, 6.0)


def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> Array:
    """f(x) = x if x >= 0 else negative_slope * x"""
    x = np.asarray(x)
    return np.where(x >= 0, x, negative_slope * x)


def rrelu(x: ArrayLike, lower: float = 1 / 8, upper: float = 1 / 3, slopes: ArrayLike | None = None) -> Array:
    """f(x) = x if x >= 0 else a * x; a is drawn from [lower, upper) in training, and its mean otherwise"""
    x = np.asarray(x)
    return np.where(x >= 0, x, ((lower + upper) / 2 if slopes is None else np.asarray(slopes)) * x)


def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """f(x) = x if x > 0 else alpha * (exp(x) - 1)"""
    x = np.asarray(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def celu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """f(x) = max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)"""
    x = np.asarray(x)
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha)


def selu(x: ArrayLike) -> Array:
    """f(x) = scale * elu(x, alpha)"""
    return SELU_SCALE * elu(x, SELU_ALPHA)


def exponential(x: ArrayLike) -> Array:
    """f(x) = exp(x)"""
    return np.asarray(np.exp(x))


def sigmoid(x: ArrayLike) -> Array:
    """f(x) = 1 / (1 + exp(-x)), computed from exp(-|x|) so that nothing overflows"""
    x = np.asarray(x)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def hard_sigmoid(x: ArrayLike) -> Array:
    """f(x) = min(max(x / 6 + 1/2, 0), 1)"""
    return np.clip(np.asarray(x) / 6.0 + 0.5, 0.0, 1.0)


def keras_2_hard_sigmoid(x: Array) -> Array:
    """min(max(0.2 x + 0.5, 0), 1): another slope than that of `hard_sigmoid`."""
    return np.clip(0.2 * x + 0.5, 0.0, 1.0)


def log_sigmoid(x: ArrayLike) -> Array:
    """f(x) = log(sigmoid(x)) = -softplus(-x)"""
    return -softplus(-np.asarray(x))


def sparse_sigmoid(x: ArrayLike) -> Array:
    """f(x) = min(max((x + 1) / 2, 0), 1)"""
    return np.clip((np.asarray(x) + 1.0) / 2.0, 0.0, 1.0)


def softplus(x: ArrayLike) -> Array:
    """f(x) = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))"""
    x = np.asarray(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sparse_plus(x: ArrayLike) -> Array:
    """f(x) = 0 if x <= -1; (x + 1)^2 / 4 if x < 1; else x"""
    x = np.asarray(x)
    return np.where(x <= -1, 0.0, np.where(x < 1, (x + 1.0) ** 2 / 4.0, x))


def squareplus(x: ArrayLike, b: float = 4.0) -> Array:
    """f(x) = (x + sqrt(x^2 + b)) / 2"""
    x = np.asarray(x)
    return (x + np.sqrt(x * x + b)) / 2.0


def softsign(x: ArrayLike) -> Array:
    """f(x) = x / (1 + |x|)"""
    x = np.asarray(x)
    return x / (1.0 + np.abs(x))


def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """f(x) = sign(x) * max(|x| - threshold, 0)"""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """f(x) = x if |x| > threshold else 0"""
    x = np.asarray(x)
    return np.where(np.abs(x) > threshold, x, 0.0)


def threshold(x: ArrayLike, threshold: float, default_value: float) -> Array:
    """f(x) = x if x > threshold else default_value"""
    x = np.asarray(x)
    return np.where(x > threshold, x, default_value)


def tanh(x: ArrayLike) -> Array:
    """f(x) = tanh(x)"""
    return np.asarray(np.tanh(x))


def tanh_shrink(x: ArrayLike) -> Array:
    """f(x) = x - tanh(x)"""
    return np.asarray(x) - np.tanh(x)


def hard_tanh(x: ArrayLike) -> Array:
    """f(x) = min(max(x, -1), 1)"""
    return np.clip(x, -1.0, 1.0)


def silu(x: ArrayLike) -> Array:
    """f(x) = x * sigmoid(x)"""
    return np.asarray(x) * sigmoid(x)


def hard_silu(x: ArrayLike) -> Array:
    """f(x) = x * hard_sigmoid(x)"""
    return np.asarray(x) * hard_sigmoid(x)


def gelu(x: ArrayLike, approximate: bool = False) -> Array:
    """f(x) = x * Phi(x), Phi the normal distribution; approximate: the tanh form of Hendrycks and Gimpel"""
    x = np.asarray(x)
    if approximate:
        return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0)))


def mish(x: ArrayLike) -> Array:
    """f(x) = x * tanh(softplus(x))"""
    return np.asarray(x) * np.tanh(softplus(x))


def glu(x: ArrayLike, axis: int = -1) -> Array:
    """f([a, b]) = a * sigmoid(b), the axis cut in two halves"""
    a, b = np.split(np.asarray(x), 2, axis=axis)
    return a * sigmoid(b)


def softmax(x: ArrayLike, axis: int | tuple[int, ...] = -1) -> Array:
    """f(x)_i = exp(x_i - max x) / sum_j exp(x_j - max x)"""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return np.asarray(e / np.sum(e, axis=axis, keepdims=True))


def log_softmax(x: ArrayLike, axis: int = -1) -> Array:
    """f(x)_i = x_i - max x - log sum_j exp(x_j - max x)"""
    z = x - np.max(x, axis=axis, keepdims=True)
    return np.asarray(z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True)))


def sparsemax(x: ArrayLike, axis: int = -1) -> Array:
    """f(x) = max(x - tau, 0) with tau so that the result sums to one (Martins and Astudillo 2016)"""
    z = np.moveaxis(np.asarray(x), axis, -1)
    ordered = -np.sort(-z, axis=-1)
    k = np.arange(1, z.shape[-1] + 1)
    total = np.cumsum(ordered, axis=-1)
    support = np.sum(1 + k * ordered > total, axis=-1, keepdims=True)
    tau = (np.take_along_axis(total, support - 1, axis=-1) - 1) / support
    return np.moveaxis(np.maximum(z - tau, 0.0), -1, axis)


ALL = {
    f.__name__: f
    for f in (
        linear, relu, relu6, leaky_relu, elu, celu, selu, exponential, sigmoid, hard_sigmoid, log_sigmoid,
        sparse_sigmoid, softplus, sparse_plus, squareplus, softsign, soft_shrink, hard_shrink, threshold,
        tanh, tanh_shrink, hard_tanh, silu, hard_silu, gelu, mish, glu, softmax, log_softmax, sparsemax,
    )
}  # fmt: skip
