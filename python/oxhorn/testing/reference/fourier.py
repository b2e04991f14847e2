"""Fourier transforms of pairs (re, im), and signals cut into overlapping sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Pair = tuple[Array, Array]


def pair(z: Array) -> Pair:
    """z as (re, im)"""
    return z.real, z.imag


def number(x: Any) -> Array:
    """re + i im"""
    return np.asarray(x[0]) + 1j * np.asarray(x[1])


def fft(x: Any) -> Pair:
    """X_k = sum_t x_t exp(-2 pi i k t / n)"""
    return pair(np.fft.fft(number(x)))


def ifft(x: Any) -> Pair:
    """x_t = 1/n sum_k X_k exp(+2 pi i k t / n)"""
    return pair(np.fft.ifft(number(x)))


def fft2(x: Any) -> Pair:
    """fft along the last two axes"""
    return pair(np.fft.fft2(number(x)))


def ifft2(x: Any) -> Pair:
    """ifft along the last two axes"""
    return pair(np.fft.ifft2(number(x)))


def rfft(x: ArrayLike, fft_length: int | None = None) -> Pair:
    """The first n // 2 + 1 values of the transform of a real x"""
    return pair(np.fft.rfft(np.asarray(x), fft_length))


def irfft(x: Any, fft_length: int | None = None) -> Array:
    """The real signal that has these values"""
    return np.fft.irfft(number(x), fft_length)


def view_as_real(x: ArrayLike) -> Array:
    """[re, im] along a new last axis"""
    return np.stack([np.real(x), np.imag(x)], -1)


def extract_sequences(x: ArrayLike, sequence_length: int, sequence_stride: int) -> Array:
    """y_ij = x_(i stride + j)"""
    x = np.asarray(x)
    starts = range(0, x.shape[-1] - sequence_length + 1, sequence_stride)
    return np.stack([x[..., i : i + sequence_length] for i in starts], -2)


def overlap_add(x: ArrayLike, sequence_stride: int, size: int | None = None) -> Array:
    """y_t = sum of x_ij over i stride + j = t"""
    x = np.asarray(x)
    frames, length = x.shape[-2:]
    total = (frames - 1) * sequence_stride + length
    y = np.zeros((*x.shape[:-2], max(total, size or 0)))
    for i in range(frames):
        y[..., i * sequence_stride : i * sequence_stride + length] += x[..., i, :]
    return y[..., : total if size is None else size]


def window_of(window: Any, sequence_length: int, fft_length: int) -> Array:
    """The window in the middle of n numbers; hann and hamming are a - (1 - a) cos(2 pi t / sequence_length)"""
    if window is None:
        return np.ones(fft_length)
    if isinstance(window, str):
        a = {"hann": 0.5, "hamming": 0.54}[window]
        window = a - (1 - a) * np.cos(2 * np.pi * np.arange(sequence_length) / sequence_length)
    before = (fft_length - sequence_length) // 2
    return np.pad(np.asarray(window, float), (before, fft_length - sequence_length - before))


def stft(
    x: ArrayLike,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Pair:
    """X_ik = sum_t w_t x_(i stride + t) exp(-2 pi i k t / n)"""
    x = np.asarray(x)
    if center:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(fft_length // 2,) * 2], mode="reflect")
    w = window_of(window, sequence_length, fft_length)
    return rfft(w * extract_sequences(x, fft_length, sequence_stride))


def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Array:
    """y_t = sum_i w_(t - i stride) x_i,(t - i stride) / sum_i w^2_(t - i stride), x_i = irfft(X_i)"""
    w = window_of(window, sequence_length, fft_length)
    sequences = irfft(x, fft_length)
    weight = overlap_add(w * w + 0 * sequences, sequence_stride)
    y = overlap_add(w * sequences, sequence_stride) / np.where(weight > 1e-10, weight, 1)
    if window is None:
        y = y * fft_length / sequence_stride
    start = fft_length // 2 if center else 0
    end = y.shape[-1] - start if length is None else start + length
    return np.pad(y, [(0, 0)] * (y.ndim - 1) + [(0, max(end - y.shape[-1], 0))])[..., start:end]
