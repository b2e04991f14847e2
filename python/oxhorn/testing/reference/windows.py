"""Windows turned round: transposed convolution, patches and their sum, pools of a given output size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference.ops import Ints, channels_back, channels_last, conv, per_axis, windows

Array = NDArray[Any]


def depthwise_conv(x: ArrayLike, kernel: ArrayLike, data_format: str = "channels_last", **how: Any) -> Array:
    """A convolution whose groups are single channels"""
    kernel = np.asarray(kernel)
    *space, channels, depth = kernel.shape
    return conv(
        x, kernel.reshape(*space, 1, channels * depth), groups=channels, data_format=data_format, **how
    )


def separable_conv(
    x: ArrayLike, depthwise: ArrayLike, pointwise: ArrayLike, data_format: str = "channels_last", **how: Any
) -> Array:
    """Every channel by itself, then a mix of channels at each pixel"""
    return conv(
        depthwise_conv(x, depthwise, data_format=data_format, **how), pointwise, data_format=data_format
    )


def conv_transpose(
    x: ArrayLike,
    kernel: ArrayLike,
    strides: Ints = 1,
    padding: str = "valid",
    output_padding: Ints | None = None,
    dilation_rate: Ints = 1,
    data_format: str = "channels_last",
) -> Array:
    """Every input x[o] puts x[o] @ kernel[k] to the place o * stride + k * dilation; borders are cut off

    valid keeps all of it, and makes a step longer than the kernel whole; same keeps n * stride places.
    """
    x, kernel = channels_last(x, data_format), np.asarray(kernel)
    n = kernel.ndim - 2
    step, rate = per_axis(strides, n), per_axis(dilation_rate, n)
    span = [(kernel.shape[i] - 1) * rate[i] + 1 for i in range(n)]
    extra = None if output_padding is None else per_axis(output_padding, n)
    first, size = [], []
    for i in range(n):
        whole = (x.shape[1 + i] - 1) * step[i]
        if padding == "valid":
            first.append(0)
            size.append(whole + (max(span[i], step[i]) if extra is None else span[i] + extra[i]))
        else:
            size.append(whole + (step[i] if extra is None else span[i] % 2 + extra[i]))
            around = size[-1] - whole + span[i] - 2
            first.append(span[i] - 1 - min(math.ceil(around / 2), span[i] - 1))
    room = [first[i] + size[i] + (x.shape[1 + i] - 1) * step[i] + span[i] for i in range(n)]
    y = np.zeros((x.shape[0], *room, kernel.shape[-2]))
    for k in itertools.product(*(range(s) for s in kernel.shape[:n])):
        at = tuple(
            slice(k[i] * rate[i], k[i] * rate[i] + (x.shape[1 + i] - 1) * step[i] + 1, step[i])
            for i in range(n)
        )
        y[(slice(None), *at)] += x @ kernel[k].T
    cut = tuple(slice(first[i], first[i] + size[i]) for i in range(n))
    return channels_back(y[(slice(None), *cut)], data_format)


def patches(
    x: ArrayLike,
    size: Ints,
    strides: Ints = 1,
    dilation_rate: Ints = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> Array:
    """The pixels under each window in one row: (batch, windows.., places in the window * channels)"""
    x = channels_last(x, data_format)
    n = x.ndim - 2
    under = windows(x, per_axis(size, n), per_axis(strides, n), per_axis(dilation_rate, n), padding, 0)
    return channels_back(np.concatenate([v for _, v in under], axis=-1), data_format)


def unfold(x: ArrayLike, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1) -> Array:
    """`patches` of images with channels first, as columns in which the channel is the slower index"""
    x, pad = np.asarray(x), per_axis(padding, 2)
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)])
    rows = patches(x, kernel_size, stride, dilation, data_format="channels_first")
    batch, channels = x.shape[:2]
    rows = rows.reshape(batch, -1, channels, *rows.shape[2:]).swapaxes(1, 2)
    return np.asarray(rows.reshape(batch, rows.shape[1] * rows.shape[2], -1))


def fold(x: ArrayLike, output_size: Ints, kernel_size: Ints, **how: Any) -> Array:
    """The transpose of `unfold`, found by unfolding every pixel"""
    x, kernel = np.asarray(x), per_axis(kernel_size, 2)
    channels = x.shape[1] // (kernel[0] * kernel[1])
    shape = (channels, *per_axis(output_size, 2))
    pixels = np.eye(math.prod(shape)).reshape(-1, *shape)
    unfolded = unfold(pixels, kernel, **how)
    return np.einsum("prw,brw->bp", unfolded, x).reshape(x.shape[0], *shape)


def depth_to_space(x: ArrayLike, block_size: int, data_format: str = "channels_last") -> Array:
    """Channels become blocks of pixels"""
    x, b = channels_last(x, data_format), block_size
    n, h, w, c = x.shape
    if data_format == "channels_last":
        x = x.reshape(n, h, w, b, b, c // b**2)
    else:
        x = x.reshape(n, h, w, c // b**2, b, b).transpose(0, 1, 2, 4, 5, 3)
    return channels_back(x.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * b, w * b, -1), data_format)


def space_to_depth(x: ArrayLike, block_size: int, data_format: str = "channels_last") -> Array:
    """Blocks of pixels become channels"""
    x, b = channels_last(x, data_format), block_size
    n, h, w, c = x.shape
    x = x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)
    if data_format != "channels_last":
        x = x.transpose(0, 1, 2, 5, 3, 4)
    return channels_back(x.reshape(n, h // b, w // b, -1), data_format)


def adaptive(reduce: Callable[..., Any], x: ArrayLike, axis: int, size: int) -> Array:
    """`reduce` (np.mean, np.max) from floor(o n / size) to ceil((o + 1) n / size)"""
    x = np.asarray(x)
    n = x.shape[axis]
    parts = [range(o * n // size, -(-(o + 1) * n // size)) for o in range(size)]
    return np.stack([reduce(x.take(list(part), axis), axis=axis) for part in parts], axis=axis)


def adaptive_pool(
    reduce: Callable[..., Any], x: ArrayLike, output_size: Ints, data_format: str = "channels_last"
) -> Array:
    """`adaptive` along every spatial axis"""
    y = channels_last(x, data_format)
    for axis, size in enumerate(per_axis(output_size, y.ndim - 2), start=1):
        y = adaptive(reduce, y, axis, size)
    return channels_back(y, data_format)


def adaptive_average_pool(x: ArrayLike, output_size: Ints, data_format: str = "channels_last") -> Array:
    """Means over windows that cut the image into a given number of parts"""
    return adaptive_pool(np.mean, x, output_size, data_format)


def adaptive_max_pool(x: ArrayLike, output_size: Ints, data_format: str = "channels_last") -> Array:
    """Maxima over windows that cut the image into a given number of parts"""
    return adaptive_pool(np.max, x, output_size, data_format)


def extent(x: ArrayLike, axis: int, size: int, before: int | None = None, behind: int = 0) -> Array:
    """`before` zeros added in front (or cut off), and as many behind as make the size"""
    x = np.asarray(x)
    before = size - x.shape[axis] - behind if before is None else before
    behind = size - x.shape[axis] - before
    pads: list[Sequence[int]] = [(0, 0)] * x.ndim
    pads[axis] = (max(before, 0), max(behind, 0))
    y = np.pad(x, pads)
    return y.take(range(max(-before, 0), max(-before, 0) + size), axis)
