"""Layers as functions of inputs and weights. `activation` is a name of `reference.activations`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference import activations, images, ops, windows
from oxhorn.testing.reference.losses import l2_normalize

Array = NDArray[Any]
Ints = int | Sequence[int]


def activate(x: Array, activation: str | None) -> Array:
    """The named function; none is linear"""
    function: Callable[..., Array] = activations.ALL[activation or "linear"]
    return function(x)


def dense(
    x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None, activation: str | None = None
) -> Array:
    """activation(x @ kernel + bias), over the last axis of x"""
    return activate(
        np.asarray(x) @ np.asarray(kernel) + (0.0 if bias is None else np.asarray(bias)), activation
    )


def dense_transpose(
    x: Array, kernel: Array, bias: Array | None = None, activation: str | None = None
) -> Array:
    """act(x W^T + b), W being the kernel of another layer."""
    return dense(x, kernel.T, bias, activation)


def conv(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Ints = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Array:
    """activation(conv(x, kernel) + bias), over any number of axes"""
    y = ops.conv(ops.channels_last(x, data_format), kernel, strides, padding, dilation_rate, groups)
    return activate(
        ops.channels_back(y + (0.0 if bias is None else np.asarray(bias)), data_format), activation
    )


def conv_transpose(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    activation: str | None = None,
    data_format: str = "channels_last",
    **how: Any,
) -> Array:
    """activation(conv_transpose(x, kernel) + bias)"""
    y = windows.conv_transpose(ops.channels_last(x, data_format), kernel, **how)
    return _finished(y, bias, activation, data_format)


def depthwise_conv(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    activation: str | None = None,
    data_format: str = "channels_last",
    **how: Any,
) -> Array:
    """activation(depthwise_conv(x, kernel) + bias)"""
    y = windows.depthwise_conv(ops.channels_last(x, data_format), kernel, **how)
    return _finished(y, bias, activation, data_format)


def separable_conv(
    x: ArrayLike,
    depthwise: ArrayLike,
    pointwise: ArrayLike,
    bias: ArrayLike | None = None,
    activation: str | None = None,
    data_format: str = "channels_last",
    **how: Any,
) -> Array:
    """activation(separable_conv(x, depthwise, pointwise) + bias)"""
    y = windows.separable_conv(ops.channels_last(x, data_format), depthwise, pointwise, **how)
    return _finished(y, bias, activation, data_format)


def _finished(y: Array, bias: ArrayLike | None, activation: str | None, data_format: str) -> Array:
    y = y + (0.0 if bias is None else np.asarray(bias))
    return activate(ops.channels_back(y, data_format), activation)


def adaptive_average_pooling(x: ArrayLike, output_size: Ints, data_format: str = "channels_last") -> Array:
    """Means over windows that cut the space into a given number of parts"""
    return windows.adaptive_average_pool(x, output_size, data_format)


def adaptive_max_pooling(x: ArrayLike, output_size: Ints, data_format: str = "channels_last") -> Array:
    """Maxima over windows that cut the space into a given number of parts"""
    return windows.adaptive_max_pool(x, output_size, data_format)


def ends(value: Any, n: int) -> list[tuple[int, int]]:
    """(before, behind) for each of n axes, from a number, n numbers or n pairs"""
    each = [value] * n if isinstance(value, int) else list(value)
    return [(one, one) if isinstance(one, int) else tuple(one) for one in each]


def cropping(x: ArrayLike, cropping: Any, data_format: str = "channels_last") -> Array:
    """Without both ends of every axis"""
    x = ops.channels_last(x, data_format)
    pairs = [tuple(cropping)] if x.ndim == 3 and not isinstance(cropping, int) else ends(cropping, x.ndim - 2)
    cut = tuple(slice(a, n - b) for (a, b), n in zip(pairs, x.shape[1:-1], strict=True))
    return ops.channels_back(x[(slice(None), *cut)], data_format)


def zero_padding3d(x: ArrayLike, padding: Any, data_format: str = "channels_last") -> Array:
    """Zeros at both ends of every axis"""
    y = np.pad(ops.channels_last(x, data_format), [(0, 0), *ends(padding, 3), (0, 0)])
    return ops.channels_back(y, data_format)


def up_sampling(
    x: ArrayLike, size: Ints, interpolation: str = "nearest", data_format: str = "channels_last"
) -> Array:
    """Every entry several times, or what lies between"""
    y = ops.channels_last(x, data_format)
    for axis, times in enumerate(ops.per_axis(size, y.ndim - 2), start=1):
        y = images.resample(y, axis, y.shape[axis] * times, interpolation)
    return ops.channels_back(y, data_format)


def global_average_pooling(x: ArrayLike, data_format: str = "channels_last", keepdims: bool = False) -> Array:
    """The mean of each channel over all places"""
    return _global(np.mean, x, data_format, keepdims)


def global_max_pooling(x: ArrayLike, data_format: str = "channels_last", keepdims: bool = False) -> Array:
    """The largest value of each channel"""
    return _global(np.max, x, data_format, keepdims)


def _global(function: Any, x: ArrayLike, data_format: str, keepdims: bool) -> Array:
    x = np.asarray(x)
    axes = range(1, x.ndim - 1) if data_format == "channels_last" else range(2, x.ndim)
    return np.asarray(function(x, axis=tuple(axes), keepdims=keepdims))


def zero_padding1d(x: ArrayLike, padding: Any = 1, data_format: str = "channels_last") -> Array:
    """Zeros before and after the steps: n or (before, after)"""
    pair = (padding, padding) if isinstance(padding, int) else tuple(padding)
    y = np.pad(ops.channels_last(x, data_format), [(0, 0), pair, (0, 0)])
    return ops.channels_back(y, data_format)


def zero_padding2d(x: ArrayLike, padding: Any = (1, 1), data_format: str = "channels_last") -> Array:
    """Zeros around the image: n, (rows, columns) or ((top, bottom), (left, right))"""
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    pads = [(p, p) if isinstance(p, int) else tuple(p) for p in (rows, columns)]
    y = np.pad(ops.channels_last(x, data_format), [(0, 0), *pads, (0, 0)])
    return ops.channels_back(y, data_format)


def prelu(x: ArrayLike, alpha: ArrayLike) -> Array:
    """x if x > 0 else alpha x, alpha learnt (He et al. 2015)"""
    return np.maximum(x, 0.0) + np.asarray(alpha) * np.minimum(x, 0.0)


def softmax(x: ArrayLike, axis: Any = -1, mask: ArrayLike | None = None) -> Array:
    """exp(x) scaled to sum one over `axis`; places the mask leaves out get 0"""
    axis = tuple(axis) if isinstance(axis, list) else axis
    if mask is None:
        return activations.softmax(x, axis)
    e = np.exp(x - np.max(x, axis=axis, keepdims=True)) * np.asarray(mask)
    return ops.divide_no_nan(e, np.sum(e, axis=axis, keepdims=True))


def flatten(x: ArrayLike, data_format: str = "channels_last") -> Array:
    """(batch, the rest in a row); channels_first is turned to channels_last before"""
    x = np.asarray(x)
    y = ops.channels_last(x, data_format) if x.ndim > 2 else x
    return y.reshape(len(x), math.prod(x.shape[1:]))


def reshape(x: ArrayLike, target_shape: Sequence[int]) -> Array:
    """The same numbers in a new shape; one -1 is worked out"""
    x = np.asarray(x)
    return x.reshape(len(x), *target_shape)


def permute(x: ArrayLike, dims: Sequence[int]) -> Array:
    """Axes reordered, counted from 1, the batch stays first"""
    return np.transpose(x, (0, *dims))


def repeat_vector(x: ArrayLike, n: int) -> Array:
    """(batch, features) -> (batch, n, features)"""
    return np.repeat(np.asarray(x)[:, None], n, axis=1)


def embedding(x: ArrayLike, embeddings: ArrayLike) -> Array:
    """Row x of the table"""
    return np.asarray(embeddings)[np.asarray(x).astype(int)]


def rescaling(x: ArrayLike, scale: Any, offset: Any = 0.0) -> Array:
    """x scale + offset"""
    return np.asarray(x) * np.asarray(scale) + np.asarray(offset)


def dropout(x: ArrayLike, keep: ArrayLike, rate: float) -> Array:
    """x / (1 - rate) where the mask `keep` holds, else 0: the expected value stays"""
    return np.where(keep, np.asarray(x) / (1.0 - rate), 0.0)


def batch_normalization(
    x: ArrayLike,
    gamma: ArrayLike | None,
    beta: ArrayLike | None,
    moving_mean: ArrayLike,
    moving_variance: ArrayLike,
    axis: int = -1,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    training: bool = False,
    mask: ArrayLike | None = None,
) -> tuple[Array, Array, Array]:
    """Output and the two moving statistics after it (Ioffe and Szegedy 2015)

    In training the moments of the batch are used, and moving <- momentum moving + (1 - momentum) batch.
    """
    x = np.asarray(x)
    mean, variance = np.asarray(moving_mean), np.asarray(moving_variance)
    if not training:
        return ops.batch_normalization(x, mean, variance, axis, beta, gamma, epsilon), mean, variance
    axes = tuple(a for a in range(x.ndim) if a != axis % x.ndim)
    weight = np.broadcast_to(1.0 if mask is None else np.asarray(mask, float)[..., None], x.shape)
    count = weight.sum(axes) + (0.0 if mask is None else 1e-7)
    m = (weight * x).sum(axes) / count
    v = (weight * (x - ops.along(m, x.ndim, axis)) ** 2).sum(axes) / count
    y = ops.batch_normalization(x, m, v, axis, beta, gamma, epsilon)
    return y, momentum * mean + (1.0 - momentum) * m, momentum * variance + (1.0 - momentum) * v


def masking(x: ArrayLike, mask_value: float = 0.0) -> Array:
    """x where a step holds anything but the value, else 0"""
    x = np.asarray(x)
    return np.where(np.any(x != mask_value, axis=-1, keepdims=True), x, 0.0)


def unit_normalization(x: ArrayLike, axis: Any = -1) -> Array:
    """x / |x|, the length over `axis`"""
    x = np.asarray(x)
    axes = tuple(axis) if isinstance(axis, list) else axis
    return x / np.sqrt(np.maximum(np.sum(x**2, axis=axes, keepdims=True), 1e-12))


def rms_normalization(x: ArrayLike, scale: ArrayLike, axis: Any = -1, epsilon: float = 1e-6) -> Array:
    """scale x / sqrt(mean(x^2) + epsilon)"""
    x = np.asarray(x)
    axes = tuple(a % x.ndim for a in np.atleast_1d(axis))
    y = x / np.sqrt(np.mean(x**2, axis=axes, keepdims=True) + epsilon)
    return y * np.reshape(scale, [n if a in axes else 1 for a, n in enumerate(x.shape)])


def group_normalization(
    x: ArrayLike,
    gamma: ArrayLike | None,
    beta: ArrayLike | None,
    groups: int,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Array:
    """gamma (x - mean) / sqrt(var + epsilon) + beta, moments over a sample's group of channels (Wu and He 2018)"""
    x = np.moveaxis(np.asarray(x), axis, 1)
    g = x.reshape(len(x), x.shape[1] if groups == -1 else groups, -1)
    y = (g - g.mean(-1, keepdims=True)) / np.sqrt(g.var(-1, keepdims=True) + epsilon)
    y = np.moveaxis(y.reshape(x.shape), 1, axis)
    y = y if gamma is None else y * ops.along(np.asarray(gamma), x.ndim, axis)
    return y if beta is None else y + ops.along(np.asarray(beta), x.ndim, axis)


def instance_normalization(
    x: ArrayLike,
    gamma: ArrayLike | None,
    beta: ArrayLike | None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Array:
    """gamma (x - mean) / sqrt(var + epsilon) + beta, moments over a sample's channel (Ulyanov et al. 2016)"""
    return group_normalization(x, gamma, beta, -1, axis, epsilon)


def weight_normalization(v: ArrayLike, g: ArrayLike, units: Any = -1) -> Array:
    """The kernel g v / |v|, |v| the length over all axes but those of the units (Salimans and Kingma 2016)"""
    v = np.asarray(v)
    over = tuple(a for a in range(v.ndim) if a not in {u % v.ndim for u in np.atleast_1d(units)})
    length = np.sqrt(np.sum(v * v, axis=over, keepdims=True))
    return v / length * np.asarray(g).reshape(length.shape)


def spectral_normalization(kernel: ArrayLike, u: Array, power_iterations: int = 1) -> tuple[Array, Array]:
    """The kernel over its largest singular value, by power iteration from u; and the u to go on from"""
    w = np.asarray(kernel).reshape(-1, np.shape(kernel)[-1])
    u = v = np.asarray(u)
    for _ in range(power_iterations):
        v = u @ w.T / np.linalg.norm(u @ w.T)
        u = v @ w / np.linalg.norm(v @ w)
    return np.asarray(kernel) / (v @ w @ u.T), u


def gaussian_noise(x: ArrayLike, noise: ArrayLike, stddev: float) -> Array:
    """x + stddev n, n ~ N(0, 1)"""
    return np.asarray(x) + stddev * np.asarray(noise)


def gaussian_dropout(x: ArrayLike, noise: ArrayLike, rate: float) -> Array:
    """x (1 + sqrt(rate / (1 - rate)) n), n ~ N(0, 1): mean and variance are those of dropout"""
    return np.asarray(x) * (1.0 + np.sqrt(rate / (1.0 - rate)) * np.asarray(noise))


def spatial_dropout(x: ArrayLike, keep: ArrayLike, rate: float) -> Array:
    """Dropout with one choice for each sample and channel: keep has shape (batch, channels)"""
    x, keep = np.asarray(x), np.asarray(keep)
    return dropout(x, keep.reshape(len(x), *(1,) * (x.ndim - 2), x.shape[-1]), rate)


def reversible_embedding(x: ArrayLike, embeddings: ArrayLike, reverse: bool = False) -> Array:
    """Row x of the table; back: the product of a vector with each row"""
    return np.asarray(x) @ np.asarray(embeddings).T if reverse else embedding(x, embeddings)


def alpha_dropout(x: ArrayLike, keep: ArrayLike, rate: float) -> Array:
    """a (x where `keep` holds, else SELU's least value) + b: mean 0 and variance 1 stay (Klambauer et al. 2017)"""
    least = -1.0507009873554805 * 1.6732632423543772
    a = ((1.0 - rate) * (1.0 + rate * least**2)) ** -0.5
    return a * np.where(keep, np.asarray(x), least) - a * least * rate


def _fold(function: Any, xs: Sequence[ArrayLike]) -> Array:
    return np.asarray(reduce(function, align(xs)))


def align(xs: Sequence[ArrayLike]) -> list[Array]:
    """Inputs of fewer axes get axes of size 1 after the batch"""
    arrays = [np.asarray(x) for x in xs]
    ndim = max(a.ndim for a in arrays)
    return [a.reshape(a.shape[0], *(1,) * (ndim - a.ndim), *a.shape[1:]) for a in arrays]


def add(xs: Sequence[ArrayLike]) -> Array:
    """a + b + ..."""
    return _fold(np.add, xs)


def subtract(xs: Sequence[ArrayLike]) -> Array:
    """a - b"""
    return _fold(np.subtract, xs)


def multiply(xs: Sequence[ArrayLike]) -> Array:
    """a b ..."""
    return _fold(np.multiply, xs)


def average(xs: Sequence[ArrayLike]) -> Array:
    """(a + b + ...) / n"""
    return add(xs) / len(xs)


def maximum(xs: Sequence[ArrayLike]) -> Array:
    """max(a, b, ...)"""
    return _fold(np.maximum, xs)


def minimum(xs: Sequence[ArrayLike]) -> Array:
    """min(a, b, ...)"""
    return _fold(np.minimum, xs)


def concatenate(xs: Sequence[ArrayLike], axis: int = -1) -> Array:
    """One after the other along `axis`"""
    return np.concatenate([np.asarray(x) for x in xs], axis=axis)


def dot(xs: Sequence[ArrayLike], axes: Any, normalize: bool = False) -> Array:
    """For each sample, the sum of products over one axis of each; normalize: of vectors of length one"""
    a, b = (np.asarray(x) for x in xs)
    i, j = (axes, axes) if isinstance(axes, int) else axes
    if normalize:
        a, b = l2_normalize(a, i), l2_normalize(b, j)
    i, j = i % a.ndim, j % b.ndim
    rows = [np.tensordot(x, y, axes=(i - 1, j - 1)) for x, y in zip(a, b, strict=True)]
    y = np.stack(rows)
    return y[:, None] if y.ndim == 1 else y
