"""How well predictions agree with the truth: correlations, explained variance, overlap of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Weight = ArrayLike | None
EPSILON = 1e-7


def pearson_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """cov(t, p) / (std t std p)"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    together = np.mean((t - t.mean(axis, keepdims=True)) * (p - p.mean(axis, keepdims=True)), axis)
    return np.asarray(together / (t.std(axis) * p.std(axis)))


def concordance_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """2 cov(t, p) / (var t + var p + (mean t - mean p)^2) (Lin 1989)"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    together = np.mean((t - t.mean(axis, keepdims=True)) * (p - p.mean(axis, keepdims=True)), axis)
    apart = t.var(axis) + p.var(axis) + (t.mean(axis) - p.mean(axis)) ** 2
    return np.asarray(2.0 * together / (apart + EPSILON))


def r2_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    class_aggregation: str | None = "uniform_average",
    num_regressors: int = 0,
) -> Any:
    """1 - sum w (t - p)^2 / sum w (t - mean t)^2; adjusted: 1 - (1 - r2) (n - 1) / (n - regressors - 1)"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    w = np.ones((len(t), 1)) if sample_weight is None else np.asarray(sample_weight, float)[:, None]
    total = (w * (t - (w * t).sum(0) / w.sum()) ** 2).sum(0)
    score: Any = 1.0 - (w * (t - p) ** 2).sum(0) / total
    if class_aggregation == "uniform_average":
        score = score.mean()
    elif class_aggregation == "variance_weighted_average":
        score = (score * total).sum() / total.sum()
    n = t.size
    return 1.0 - (1.0 - score) * (n - 1) / (n - num_regressors - 1) if num_regressors else score


def iou(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    num_classes: int = 2,
    target_class_ids: Sequence[int] | None = None,
    ignore_class: int | None = None,
) -> float:
    """tp / (tp + fp + fn) of each class, mean over those that occur"""
    t, p = np.asarray(y_true).astype(int), np.asarray(y_pred).astype(int)
    w = np.ones(t.shape) if sample_weight is None else np.asarray(sample_weight, float)
    w = np.broadcast_to(w.reshape(w.shape + (1,) * (t.ndim - w.ndim)), t.shape)
    counts = (t >= 0) & (t < num_classes) & (p >= 0) & (p < num_classes) & (t != ignore_class)
    found = []
    for c in range(num_classes) if target_class_ids is None else target_class_ids:
        both = (w * (counts & (t == c) & (p == c))).sum()
        either = (w * (counts & ((t == c) | (p == c)))).sum()
        if either > 1e-9:
            found.append(both / either)
    return float(np.mean(found)) if found else 0.0


def binary_iou(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: Weight = None,
    target_class_ids: Sequence[int] = (0, 1),
    threshold: float = 0.5,
) -> float:
    """iou of the classes p < threshold and p >= threshold"""
    return iou(y_true, np.asarray(y_pred) >= threshold, sample_weight, 2, target_class_ids)


def one_hot_iou(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: Weight = None, **options: Any) -> float:
    """iou of the places of the largest entries"""
    return iou(np.argmax(y_true, -1), np.argmax(y_pred, -1), sample_weight, **options)


def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: Weight = None,
    num_classes: int = 2,
    threshold: float = 0.5,
    sparse_y_true: bool = True,
    sparse_y_pred: bool = False,
) -> Array:
    """Row i, column j: the weight of samples of class i that were taken for class j"""
    t, p = np.asarray(y_true), np.asarray(y_pred)
    t = t if sparse_y_true else t.argmax(-1)
    if not sparse_y_pred:
        p = p.argmax(-1) if p.ndim > 1 and p.shape[-1] == num_classes else p > threshold
    matrix = np.zeros((num_classes, num_classes))
    w = np.ones(t.shape) if weight is None else np.asarray(weight, float)
    w = np.ones(t.shape) * w.reshape(w.shape + (1,) * (t.ndim - w.ndim))
    np.add.at(matrix, (t.ravel().astype(int), p.ravel().astype(int)), w.ravel())
    return matrix


def matthews_correlation(
    y_true: ArrayLike, y_pred: ArrayLike, weight: Weight = None, num_classes: int = 2, **form: Any
) -> Array:
    """The correlation of the one-hot columns of truth and prediction (Matthews 1975, Gorodkin 2004)"""
    m = confusion_matrix(y_true, y_pred, weight, num_classes, **form)
    s, t, p = m.sum(), m.sum(1), m.sum(0)
    below = np.sqrt((s * s - t @ t) * (s * s - p @ p))
    return np.asarray((np.trace(m) * s - t @ p) / below if below else 0.0)


def cohen_kappa(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: Weight = None,
    num_classes: int = 2,
    weightage: str | None = None,
    **form: Any,
) -> Array:
    """1 - seen disagreement / disagreement by chance (Cohen 1960, 1968)"""
    m = confusion_matrix(y_true, y_pred, weight, num_classes, **form)
    d = np.abs(np.subtract.outer(np.arange(num_classes), np.arange(num_classes))).astype(float)
    d = {None: np.sign(d), "linear": d, "quadratic": d**2}[weightage]
    chance = np.sum(d * np.outer(m.sum(1), m.sum(0))) / m.sum()
    return np.asarray(1.0 - np.sum(d * m) / chance)


def balanced_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, weight: Weight = None, num_classes: int = 2, **form: Any
) -> Array:
    """The mean of the classes' recalls, over the classes that occur"""
    m = confusion_matrix(y_true, y_pred, weight, num_classes, **form)
    t = m.sum(1)
    return np.asarray(np.mean(np.diag(m)[t > 0] / t[t > 0]))
