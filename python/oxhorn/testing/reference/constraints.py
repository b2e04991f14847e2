"""Constraints: what a weight becomes after each update. Norms are taken along `axis`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
EPSILON = 1e-7
Axis = int | tuple[int, ...]


def _norm(w: Array, axis: Axis) -> Array:
    return np.asarray(np.sqrt(np.sum(w * w, axis=axis, keepdims=True)))


def max_norm(w: ArrayLike, max_value: float = 2, axis: Axis = 0) -> Array:
    """w min(|w|, max_value) / (eps + |w|)"""
    return min_max_norm(w, 0.0, max_value, 1.0, axis)


def min_max_norm(
    w: ArrayLike, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
) -> Array:
    """w (rate clip(|w|, min, max) + (1 - rate) |w|) / (eps + |w|)"""
    w = np.asarray(w, float)
    norm = _norm(w, axis)
    return w * (rate * np.clip(norm, min_value, max_value) + (1.0 - rate) * norm) / (EPSILON + norm)


def non_neg(w: ArrayLike) -> Array:
    """max(w, 0)"""
    return np.maximum(w, 0.0)


def unit_norm(w: ArrayLike, axis: Axis = 0) -> Array:
    """w / (eps + |w|)"""
    w = np.asarray(w, float)
    return w / (EPSILON + _norm(w, axis))


def weight_clip(w: ArrayLike, max_value: float = 0.01, min_value: float | None = None) -> Array:
    """min(max(w, min_value), max_value)"""
    return np.clip(w, -max_value if min_value is None else min_value, max_value)


ALL = {
    "MaxNorm": max_norm,
    "MinMaxNorm": min_max_norm,
    "NonNeg": non_neg,
    "UnitNorm": unit_norm,
    "WeightClip": weight_clip,
}
