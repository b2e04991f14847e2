"""Penalties on weights, each a number to add to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from oxhorn.testing.reference.losses import l2_normalize


def l1_l2(x: ArrayLike, l1: float = 0.0, l2: float = 0.0) -> Any:
    """l1 sum |x| + l2 sum x^2"""
    return l1 * np.sum(np.abs(x)) + l2 * np.sum(np.square(x))


def l1(x: ArrayLike, l1: float = 0.01) -> Any:
    """l1 sum |x|"""
    return l1_l2(x, l1=l1)


def l2(x: ArrayLike, l2: float = 0.01) -> Any:
    """l2 sum x^2"""
    return l1_l2(x, l2=l2)


def orthogonal_regularizer(x: ArrayLike, factor: float = 0.01, mode: str = "rows") -> Any:
    """factor times the mean |cosine| between all pairs of different rows (or columns)"""
    rows = l2_normalize(np.asarray(x, float) if mode == "rows" else np.asarray(x, float).T, axis=1)
    product = rows @ rows.T
    n = len(rows)
    return factor * 0.5 * np.sum(np.abs(product * (1.0 - np.eye(n)))) / (n * (n - 1.0) / 2.0)


ALL = {"L1": l1, "L2": l2, "L1L2": l1_l2, "OrthogonalRegularizer": orthogonal_regularizer}
