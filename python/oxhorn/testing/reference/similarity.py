"""Lengths, distances and attention: formulas of vectors that are compared with each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference.activations import softmax

Array = NDArray[Any]


def binary_crossentropy(target: ArrayLike, output: ArrayLike, from_logits: bool = False) -> Array:
    """-t log p - (1 - t) log(1 - p), element by element; p = sigmoid(output) if these are logits"""
    t, p = np.asarray(target, np.float64), np.asarray(output, np.float64)
    if from_logits:
        # max(z, 0) - z t + log(1 + exp(-|z|)) does not overflow
        return np.maximum(p, 0.0) - p * t + np.log1p(np.exp(-np.abs(p)))
    p = np.clip(p, 1e-7, 1.0 - 1e-7)
    return -t * np.log(p) - (1.0 - t) * np.log(1.0 - p)


def normalize(x: ArrayLike, axis: int = -1, order: float = 2, epsilon: float | None = None) -> Array:
    """x / max(||x||, epsilon), with the norm of this order along the axis"""
    x = np.asarray(x, np.float64)
    length = np.linalg.norm(x, ord=order, axis=axis, keepdims=True)
    return x / np.maximum(length, 1e-7 if epsilon is None else epsilon)


def rms_normalization(
    x: ArrayLike, scale: ArrayLike = 1.0, axis: Any = -1, epsilon: float | None = None
) -> Array:
    """x / sqrt(mean(x^2) + epsilon) * scale"""
    x = np.asarray(x, np.float64)
    square = np.mean(x * x, axis=axis, keepdims=True)
    return x / np.sqrt(square + (1e-7 if epsilon is None else epsilon)) * np.asarray(scale)


def psnr(x1: ArrayLike, x2: ArrayLike, max_val: float) -> float:
    """Peak signal-to-noise ratio: 20 log10(max_val) - 10 log10(mean((x1 - x2)^2))"""
    error = np.mean(np.square(np.asarray(x1, np.float64) - np.asarray(x2, np.float64)))
    return 20.0 * math.log10(max_val) - 10.0 * math.log10(error)


def dot_product_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    bias: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    scale: float | None = None,
    is_causal: bool = False,
) -> Array:
    """softmax(scale * q k^T + bias) v for each head; shapes (batch, steps, heads, width)

    `scale` is 1 / sqrt(width) by default. Where the mask is false, and beyond the own step if causal, no weight falls.

    Source: Vaswani et al., Attention Is All You Need, 2017, equation 1.
    """
    q, k, v = (np.asarray(a, np.float64) for a in (query, key, value))
    scores = np.einsum("btnh,bsnh->bnts", q, k) * (1.0 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if bias is not None:
        scores = scores + np.asarray(bias)
    allowed = np.ones(scores.shape, bool)
    if mask is not None:
        allowed = allowed & np.asarray(mask, bool)
    if is_causal:
        allowed = allowed & (np.tri(*scores.shape[-2:]) > 0)
    return np.einsum("bnts,bsnh->btnh", softmax(np.where(allowed, scores, -1e30)), v)
