"""Operations of more than one NumPy call: windows, norms, indices. Batch first, channels last."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Ints = int | Sequence[int]


def per_axis(value: Ints, n: int) -> tuple[int, ...]:
    """3 -> (3, 3); (3, 5) stays"""
    return (value,) * n if isinstance(value, int) else tuple(value)


def window_padding(size: int, window: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Zeros before and after an axis

    valid: none; causal: all before; same: so many that ceil(size / stride) windows fit, the odd one after.
    """
    reach = (window - 1) * dilation + 1
    if padding == "causal":
        return reach - 1, 0
    if padding == "same":
        total = max((math.ceil(size / stride) - 1) * stride + reach - size, 0)
        return total // 2, total - total // 2
    return 0, 0


def windows(
    x: Array, size: Sequence[int], strides: Sequence[int], dilation: Sequence[int], padding: str, fill: float
) -> list[tuple[tuple[int, ...], Array]]:
    """For each place k in the window, what lies under it: ((k), array (batch, *output, channels))"""
    n = len(size)
    pads = [window_padding(x.shape[1 + i], size[i], strides[i], dilation[i], padding) for i in range(n)]
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    out = [(x.shape[1 + i] - (size[i] - 1) * dilation[i] - 1) // strides[i] + 1 for i in range(n)]
    result = []
    for k in itertools.product(*(range(s) for s in size)):
        start = [k[i] * dilation[i] for i in range(n)]
        cut = tuple(slice(start[i], start[i] + strides[i] * (out[i] - 1) + 1, strides[i]) for i in range(n))
        result.append((k, x[(slice(None), *cut)]))
    return result


def channels_last(x: ArrayLike, data_format: str = "channels_last") -> Array:
    """Moves axis 1 to the end if the channels stand there"""
    return np.asarray(x) if data_format == "channels_last" else np.moveaxis(np.asarray(x), 1, -1)


def channels_back(y: Array, data_format: str = "channels_last") -> Array:
    """Undoes `channels_last`"""
    return y if data_format == "channels_last" else np.moveaxis(y, -1, 1)


def conv(
    x: ArrayLike,
    kernel: ArrayLike,
    strides: Ints = 1,
    padding: str = "valid",
    dilation_rate: Ints = 1,
    groups: int = 1,
    data_format: str = "channels_last",
) -> Array:
    """y[o] = sum over k of x[o * stride + k * dilation] @ kernel[k]

    The kernel has shape (*window, in / groups, out); each group of outputs sees its group of inputs only.
    """
    x, kernel = channels_last(x, data_format), np.asarray(kernel)
    n = kernel.ndim - 2
    under = windows(x, kernel.shape[:n], per_axis(strides, n), per_axis(dilation_rate, n), padding, 0.0)
    i, o = kernel.shape[-2], kernel.shape[-1] // groups
    parts = [
        sum(v[..., g * i : (g + 1) * i] @ kernel[k][:, g * o : (g + 1) * o] for k, v in under)
        for g in range(groups)
    ]
    return channels_back(np.concatenate(parts, axis=-1), data_format)


def max_pool(
    x: ArrayLike,
    pool_size: Ints,
    strides: Ints | None = None,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> Array:
    """The largest value under each window; padding never wins"""
    x = channels_last(x, data_format)
    n = x.ndim - 2
    size = per_axis(pool_size, n)
    under = windows(x, size, per_axis(size if strides is None else strides, n), (1,) * n, padding, -math.inf)
    return channels_back(np.max([v for _, v in under], axis=0), data_format)


def average_pool(
    x: ArrayLike,
    pool_size: Ints,
    strides: Ints | None = None,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> Array:
    """The mean under each window; padding is not counted"""
    x = channels_last(x, data_format)
    n = x.ndim - 2
    size = per_axis(pool_size, n)
    step = per_axis(size if strides is None else strides, n)
    total = sum(v for _, v in windows(x, size, step, (1,) * n, padding, 0.0))
    count = sum(v for _, v in windows(np.ones_like(x), size, step, (1,) * n, padding, 0.0))
    return channels_back(np.asarray(total / count), data_format)


def moments(x: ArrayLike, axes: Ints, keepdims: bool = False) -> tuple[Array, Array]:
    """Mean and (biased) variance: mean (x - mean)^2"""
    x, axis = np.asarray(x), per_axis(axes, 1)
    return np.mean(x, axis=axis, keepdims=keepdims), np.var(x, axis=axis, keepdims=keepdims)


def along(v: ArrayLike, ndim: int, axis: int) -> Array:
    """A vector laid along one axis of `ndim`, ready to broadcast"""
    shape = [1] * ndim
    shape[axis] = -1
    return np.reshape(v, shape)


def batch_normalization(
    x: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    axis: int = -1,
    offset: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    epsilon: float = 1e-3,
) -> Array:
    """scale (x - mean) / sqrt(variance + eps) + offset, each a vector along `axis`"""
    x = np.asarray(x)
    y = (x - along(mean, x.ndim, axis)) / np.sqrt(along(variance, x.ndim, axis) + epsilon)
    y = y if scale is None else y * along(scale, x.ndim, axis)
    return y if offset is None else y + along(offset, x.ndim, axis)


def layer_normalization(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    axis: Ints = -1,
    epsilon: float = 1e-3,
) -> Array:
    """gamma (x - mean) / sqrt(variance + eps) + beta, moments over `axis` of each sample (Ba et al. 2016)"""
    x = np.asarray(x)
    axes = tuple(a % x.ndim for a in per_axis(axis, 1))
    mean, variance = moments(x, axes, keepdims=True)
    shape = [x.shape[a] if a in axes else 1 for a in range(x.ndim)]
    y = (x - mean) / np.sqrt(variance + epsilon)
    y = y if gamma is None else y * np.reshape(gamma, shape)
    return y if beta is None else y + np.reshape(beta, shape)


def one_hot(x: ArrayLike, num_classes: int, axis: int = -1) -> Array:
    """1 at the place of the class, 0 elsewhere; a class outside gives zeros only"""
    hit = np.asarray(x)[..., None] == np.arange(num_classes)
    return np.moveaxis(hit.astype(float), -1, axis)


def logsumexp(x: ArrayLike, axis: Any = None, keepdims: bool = False) -> Array:
    """log sum exp(x), the largest x taken out first"""
    top = np.max(x, axis=axis, keepdims=True)
    y = top + np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True))
    return np.asarray(y if keepdims else np.squeeze(y, axis=axis))


def divide_no_nan(a: ArrayLike, b: ArrayLike) -> Array:
    """a / b, and 0 where b is 0"""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    return np.divide(a, b, out=np.zeros(a.shape), where=b != 0)


def top_k(x: ArrayLike, k: int) -> tuple[Array, Array]:
    """The k largest of each row, falling, and their places; of equal ones the first comes first"""
    x = np.asarray(x)
    places = np.argsort(-x, axis=-1, kind="stable")[..., :k].astype(np.int32)
    return np.take_along_axis(x, places, -1), places


def in_top_k(targets: ArrayLike, predictions: ArrayLike, k: int) -> Array:
    """Whether fewer than k classes are predicted higher than the target"""
    p, t = np.asarray(predictions), np.asarray(targets)
    own = np.take_along_axis(p, t[:, None], axis=1)
    return np.asarray(np.sum(p > own, axis=1) < k)
