"""Losses: one value for each sample (the last axis, or `axis`, is reduced), then `reduce` over the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference import losses_of_pairs
from oxhorn.testing.reference.activations import log_sigmoid, log_softmax, sigmoid, softmax, softplus

Array = NDArray[Any]
EPSILON = 1e-7  # keeps logarithms and quotients finite, as `config.epsilon()`


def same_rank(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    """(N,) against (N, 1) means one value a sample: the shorter one gets an axis at its end"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    if t.ndim == p.ndim + 1 and t.shape[-1] == 1:
        return (t, p[:, None]) if p.ndim == 1 else (t[..., 0], p)
    if p.ndim == t.ndim + 1 and p.shape[-1] == 1:
        return (t[:, None], p) if t.ndim == 1 else (t, p[..., 0])
    return t, p


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean (t - p)^2"""
    t, p = same_rank(y_true, y_pred)
    return np.asarray(np.mean((t - p) ** 2, axis=-1))


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean |t - p|"""
    t, p = same_rank(y_true, y_pred)
    return np.asarray(np.mean(np.abs(t - p), axis=-1))


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """100 mean |t - p| / max(|t|, eps)"""
    t, p = same_rank(y_true, y_pred)
    return np.asarray(100.0 * np.mean(np.abs(t - p) / np.maximum(np.abs(t), EPSILON), axis=-1))


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean (log(1 + max(p, eps)) - log(1 + max(t, eps)))^2"""
    t, p = same_rank(y_true, y_pred)
    return np.asarray(
        np.mean((np.log1p(np.maximum(p, EPSILON)) - np.log1p(np.maximum(t, EPSILON))) ** 2, axis=-1)
    )


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """mean of e^2 / 2 if |e| <= delta else delta |e| - delta^2 / 2, e = p - t"""
    t, p = same_rank(y_true, y_pred)
    e = np.abs(p - t)
    return np.asarray(np.mean(np.where(e <= delta, e * e / 2, delta * e - delta * delta / 2), axis=-1))


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean log cosh(p - t), as e + softplus(-2 e) - log 2"""
    t, p = same_rank(y_true, y_pred)
    e = p - t
    return np.asarray(np.mean(e + softplus(-2.0 * e) - np.log(2.0), axis=-1))


def hinge_labels(y_true: Array) -> Array:
    """Labels of only 0 and 1 become -1 and 1; any other labels stay"""
    return 2.0 * y_true - 1.0 if np.all((y_true == 0) | (y_true == 1)) else y_true


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean max(1 - t p, 0)"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    return np.asarray(np.mean(np.maximum(1.0 - hinge_labels(t) * p, 0.0), axis=-1))


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean max(1 - t p, 0)^2"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    return np.asarray(np.mean(np.maximum(1.0 - hinge_labels(t) * p, 0.0) ** 2, axis=-1))


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """max(neg - pos + 1, 0), pos = sum t p, neg = max (1 - t) p"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    return np.maximum(np.max((1.0 - t) * p, axis=-1) - np.sum(t * p, axis=-1) + 1.0, 0.0)


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """sum t log(t / p), both kept within [eps, 1]"""
    t, p = np.clip(y_true, EPSILON, 1.0), np.clip(y_pred, EPSILON, 1.0)
    return np.asarray(np.sum(t * np.log(t / p), axis=-1))


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean p - t log(p + eps)"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    return np.asarray(np.mean(p - t * np.log(p + EPSILON), axis=-1))


def l2_normalize(x: ArrayLike, axis: int | tuple[int, ...] = -1) -> Array:
    """x / max(||x||, eps)"""
    x = np.asarray(x, float)
    return x / np.maximum(np.sqrt(np.sum(x * x, axis=axis, keepdims=True)), EPSILON)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """-sum of the product of both, each scaled to length one"""
    t, p = same_rank(y_true, y_pred)
    return np.asarray(-np.sum(l2_normalize(t, axis) * l2_normalize(p, axis), axis=axis))


def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """-sum t log p, p scaled to sum one (or log_softmax of logits); smoothing shares a part of t among all"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    t = t * (1.0 - label_smoothing) + label_smoothing / t.shape[-1]
    return np.asarray(-np.sum(t * log_probabilities(p, from_logits, axis), axis=axis))


def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Array:
    """-log p[t], t the number of the class; samples of `ignore_class` give 0"""
    t, p = np.asarray(y_true, float).astype(int), np.asarray(y_pred, float)
    if t.ndim == p.ndim and t.shape[axis] == 1:
        t = np.squeeze(t, axis)
    ignored = np.zeros(t.shape, bool) if ignore_class is None else t == ignore_class
    index = np.expand_dims(np.where(ignored, 0, t), axis)
    loss = -np.take_along_axis(log_probabilities(p, from_logits, axis), index, axis=axis)
    return np.where(ignored, 0.0, np.squeeze(loss, axis))


def log_probabilities(p: Array, from_logits: bool, axis: int) -> Array:
    """log of probabilities scaled to sum one and kept within [eps, 1 - eps], or log_softmax of logits"""
    if from_logits:
        return log_softmax(p, axis)
    return np.asarray(np.log(np.clip(p / np.sum(p, axis=axis, keepdims=True), EPSILON, 1.0 - EPSILON)))


def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """mean of -t log p - (1 - t) log(1 - p); smoothing moves t towards 1/2"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    t = t * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return np.asarray(np.mean(_binary(t, p, from_logits), axis=axis))


def _binary(t: Array, p: Array, from_logits: bool) -> Array:
    if from_logits:
        return -t * log_sigmoid(p) - (1.0 - t) * log_sigmoid(-p)
    p = np.clip(p, EPSILON, 1.0 - EPSILON)
    return -t * np.log(p) - (1.0 - t) * np.log(1.0 - p)


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """mean of (1 - p_t)^gamma times binary crossentropy, p_t the p of the truth (Lin et al. 2017)"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    t = t * (1.0 - label_smoothing) + 0.5 * label_smoothing
    p = sigmoid(p) if from_logits else p
    loss = (1.0 - (t * p + (1.0 - t) * (1.0 - p))) ** gamma * _binary(t, p, False)
    if apply_class_balancing:
        loss = loss * (t * alpha + (1.0 - t) * (1.0 - alpha))
    return np.asarray(np.mean(loss, axis=axis))


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """-sum alpha (1 - p)^gamma t log p"""
    t, p = np.asarray(y_true, float), np.asarray(y_pred, float)
    t = t * (1.0 - label_smoothing) + label_smoothing / t.shape[-1]
    p = softmax(p, axis) if from_logits else p
    p = np.clip(p / np.sum(p, axis=axis, keepdims=True), EPSILON, 1.0 - EPSILON)
    return np.asarray(-np.sum(alpha * (1.0 - p) ** gamma * t * np.log(p), axis=axis))


def _axes(axis: int | Sequence[int] | None) -> Any:
    return tuple(axis) if isinstance(axis, (list, tuple)) else axis


def dice(y_true: ArrayLike, y_pred: ArrayLike, axis: int | Sequence[int] | None = None) -> Array:
    """1 - 2 sum(t p) / (sum t + sum p) (Milletari et al. 2016)"""
    t, p, over = np.asarray(y_true, float), np.asarray(y_pred, float), _axes(axis)
    return np.asarray(1.0 - 2.0 * np.sum(t * p, over) / (np.sum(t, over) + np.sum(p, over) + EPSILON))


def tversky(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: int | Sequence[int] | None = None,
) -> Array:
    """1 - c / (c + alpha missed + beta too_much), c = sum(t p) (Salehi et al. 2017)"""
    t, p, over = np.asarray(y_true, float), np.asarray(y_pred, float), _axes(axis)
    common, missed, too_much = (np.sum(x, over) for x in (t * p, t * (1.0 - p), (1.0 - t) * p))
    return np.asarray(1.0 - common / (common + alpha * missed + beta * too_much + EPSILON))


def circle(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Array:
    """log(1 + sum over positives exp(-gamma a (m - d)) * sum over negatives exp(gamma b (1 - m - d))) (Sun et al. 2020)

    d = 1 - cosine; the weights a = m + d and b = 1 + m - d grow with how wrong a pair is.
    """
    t, p = np.asarray(y_true), np.asarray(y_pred, float)
    d = np.maximum(1.0 - p @ p.T, 0.0)
    same = t[:, None] == t[None, :]
    positive = same & ~np.eye(len(t), dtype=bool) if remove_diagonal else same
    near = np.exp(-gamma * np.maximum(margin + d, 0.0) * (margin - d))
    far = np.exp(gamma * np.maximum(1.0 + margin - d, 0.0) * (1.0 - margin - d))
    return np.log1p(np.sum(near * positive, 1) * np.sum(far * ~same, 1))


def categorical_generalized_cross_entropy(y_true: ArrayLike, y_pred: ArrayLike, q: float = 0.5) -> Array:
    """(1 - p[t]^q) / q (Zhang and Sabuncu 2018)"""
    t, p = np.asarray(y_true).astype(int), np.asarray(y_pred, float)
    t = t if t.ndim == p.ndim else t[..., None]
    return (1.0 - np.take_along_axis(p, t, -1)[..., 0] ** q) / q


def ctc(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """-log of the probability that blanks (0) and repetitions dropped leave the labels (Graves et al. 2006)

    A row of states, blank label blank label ... blank, is walked through: stay, go on, or skip a blank between labels
    that differ.
    """
    losses = []
    for labels, scores in zip(np.asarray(y_true).astype(int), np.asarray(y_pred, float), strict=True):
        states = [0]
        for label in labels[labels != 0]:
            states += [int(label), 0]
        before = np.eye(len(states))[0]
        for p in softmax(scores):
            now = before.copy()
            now[1:] += before[:-1]
            for s in range(2, len(states)):
                if states[s] not in (0, states[s - 2]):
                    now[s] += before[s - 2]
            before = now * p[states]
        losses.append(-np.log(before[-2:].sum()))
    return np.asarray(losses)


def reduce(
    values: ArrayLike,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
) -> Array:
    """sum_over_batch_size: sum(w v) / number of values; mean_with_sample_weight: sum(w v) / sum(w); sum; none

    A mask gives weight 0 to the entries left out and divides by the number of those that stay.
    """
    v = np.asarray(values, float)
    w = None if sample_weight is None else np.asarray(sample_weight, float)
    if mask is not None:
        m = np.asarray(mask, float)
        if reduction in ("mean", "sum_over_batch_size"):
            m = np.where(m > 0, m.size / max(m.sum(), 1.0), 0.0)
        w = m if w is None else np.multiply(*same_rank(m, w))
    if w is not None:
        v, w = same_rank(v, w)
        v = v * w
    if reduction in (None, "none"):
        return v
    if reduction == "sum":
        return np.asarray(v.sum())
    divisor = w.sum() if reduction == "mean_with_sample_weight" and w is not None else float(v.size)
    return np.asarray(v.sum() / divisor if divisor else 0.0)


ALL = {
    f.__name__: f
    for f in (
        mean_squared_error, mean_absolute_error, mean_absolute_percentage_error,
        mean_squared_logarithmic_error, huber, log_cosh, hinge, squared_hinge, categorical_hinge,
        kl_divergence, poisson, cosine_similarity, categorical_crossentropy,
        sparse_categorical_crossentropy, binary_crossentropy, binary_focal_crossentropy,
        categorical_focal_crossentropy, dice, tversky, circle, categorical_generalized_cross_entropy,
        ctc,
    )
} | losses_of_pairs.ALL  # fmt: skip
