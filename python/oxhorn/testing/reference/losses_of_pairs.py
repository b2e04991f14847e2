"""Losses of pairs, triplets, lists and distributions: one value for each sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oxhorn.testing.reference.activations import softplus

Array = NDArray[Any]


def contrastive(y_true: ArrayLike, y_pred: ArrayLike, margin: float = 1.0) -> Array:
    """mean of y d^2 + (1 - y) max(m - d, 0)^2 (Hadsell et al. 2006)"""
    y, d = np.asarray(y_true, float), np.asarray(y_pred, float)
    return np.asarray(np.mean(y * d**2 + (1.0 - y) * np.maximum(margin - d, 0.0) ** 2, axis=-1))


def cosine_embedding(y_true: ArrayLike, y_pred: ArrayLike, margin: float = 0.0) -> Array:
    """1 - cos(a, b) for pairs of one kind, else max(cos(a, b) - m, 0)"""
    p = np.asarray(y_pred, float)
    a, b = p[..., 0, :], p[..., 1, :]
    cos = np.sum(a * b, -1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return np.where(np.reshape(y_true, cos.shape) > 0, 1.0 - cos, np.maximum(cos - margin, 0.0))


def margin_ranking(y_true: ArrayLike, y_pred: ArrayLike, margin: float = 0.0) -> Array:
    """max(m - s (a - b), 0), s = 1 or -1 tells which of both should be larger"""
    p = np.asarray(y_pred, float)
    lead = p[..., 0] - p[..., 1]
    sign = np.where(np.reshape(y_true, lead.shape) > 0, 1.0, -1.0)
    return np.maximum(margin - sign * lead, 0.0)


def _distance(a: Array, b: Array, distance: str) -> float:
    if distance == "cosine":
        return float(1.0 - a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    squared = float(np.sum((a - b) ** 2))
    return squared if distance == "squared_euclidean" else squared**0.5


def triplet_margin(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    margin: float = 1.0,
    mining: str | None = "semi_hard",
    distance: str = "euclidean",
    soft: bool = False,
) -> Array:
    """max(d(a, p) - d(a, n) + m, 0), with p and n as `mining` says (Schroff et al. 2015, Hermans et al. 2017)"""
    t, x = np.ravel(y_true), np.asarray(y_pred, float)

    def fall(lead: float) -> float:
        return float(softplus(lead)) if soft else max(lead + margin, 0.0)

    def d(a: Array, b: Array) -> float:
        return _distance(a, b, distance)

    if mining is None:
        return np.array([fall(d(a, p) - d(a, n)) for a, p, n in x])
    losses = []
    for i, anchor in enumerate(x):
        near = [d(anchor, x[j]) for j in range(len(x)) if t[j] == t[i] and j != i]
        far = [d(anchor, x[k]) for k in range(len(x)) if t[k] != t[i]]
        if not near or not far:
            losses.append(0.0)
        elif mining == "hard":
            losses.append(fall(max(near) - min(far)))
        elif mining == "all":
            losses.append(float(np.mean([fall(p - n) for p in near for n in far])))
        else:
            chosen = [min([n for n in far if n > p], default=max(far)) for p in near]
            losses.append(float(np.mean([fall(p - n) for p, n in zip(near, chosen, strict=True)])))
    return np.array(losses)


def _leads(y_true: ArrayLike, y_pred: ArrayLike) -> list[Array]:
    """For each list: s_i - s_j for all i, j with t_i > t_j >= 0"""
    t, s = np.asarray(y_true, float), np.asarray(y_pred, float)
    lists = zip(t.reshape(-1, t.shape[-1]), s.reshape(-1, s.shape[-1]), strict=True)
    return [
        np.array(
            [
                si - sj
                for ti, si in zip(a, b, strict=True)
                for tj, sj in zip(a, b, strict=True)
                if ti > tj >= 0
            ]
        )
        for a, b in lists
    ]


def pairwise_logistic(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean of log(1 + exp(-(s_i - s_j))) over pairs in which i is worth more (Burges et al. 2005)"""
    values = [float(np.mean(softplus(-lead))) if lead.size else 0.0 for lead in _leads(y_true, y_pred)]
    return np.reshape(values, np.shape(y_true)[:-1])


def pairwise_hinge(y_true: ArrayLike, y_pred: ArrayLike, margin: float = 1.0) -> Array:
    """mean of max(m - (s_i - s_j), 0) over pairs in which i is worth more"""
    values = [
        float(np.mean(np.maximum(margin - lead, 0))) if lead.size else 0.0 for lead in _leads(y_true, y_pred)
    ]
    return np.reshape(values, np.shape(y_true)[:-1])


def multi_margin(
    y_true: ArrayLike, y_pred: ArrayLike, margin: float = 1.0, p: int = 1, hardest: bool = False
) -> Array:
    """sum over i != t of max(m - x_t + x_i, 0)^p / C (Weston and Watkins), or the largest (Crammer and Singer)"""
    x = np.asarray(y_pred, float)
    t = np.reshape(y_true, (*x.shape[:-1], 1)).astype(int)
    short = np.maximum(margin - np.take_along_axis(x, t, -1) + x, 0.0) ** p
    np.put_along_axis(short, t, 0.0, -1)
    return np.asarray(np.max(short, -1) if hardest else np.sum(short, -1) / x.shape[-1])


def gaussian_nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    full: bool = False,
    log_variance: bool = False,
    epsilon: float = 1e-6,
) -> Array:
    """mean of -log of the normal density with mean m and variance v, without log(2 pi) / 2 unless `full`"""
    p = np.asarray(y_pred, float)
    mean, v = np.split(p, 2, axis=-1)
    v = np.maximum(np.exp(v) if log_variance else v, epsilon)
    values = 0.5 * (np.log(v) + (np.reshape(y_true, mean.shape) - mean) ** 2 / v)
    return np.asarray(np.mean(values, -1) + (0.5 * np.log(2.0 * np.pi) if full else 0.0))


def quantile(y_true: ArrayLike, y_pred: ArrayLike, quantile: float = 0.5) -> Array:
    """mean of max(q e, (q - 1) e), e = t - p (Koenker and Bassett 1978)"""
    e = np.asarray(y_true, float) - np.asarray(y_pred, float)
    return np.asarray(np.mean(np.maximum(quantile * e, (quantile - 1.0) * e), axis=-1))


ALL = {
    f.__name__: f
    for f in (
        contrastive, cosine_embedding, margin_ranking, triplet_margin, pairwise_logistic, pairwise_hinge,
        multi_margin, gaussian_nll, quantile,
    )
}  # fmt: skip
