"""Boltzmann machines by going through all their states, and what autoencoders and damaged samples need."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def states(units: int) -> Array:
    """All states of some units, one a row."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=units)))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + np.exp(-x))


def energy(v: Array, h: Array, kernel: Array, b: Array, c: Array, gaussian: bool = False) -> Array:
    """E(v, h) = -b v - c h - v W h; for Gaussian v, ||v - b||^2 / 2 in place of -b v."""
    of_visible = 0.5 * np.sum((v - b) ** 2, axis=-1) if gaussian else -v @ b
    return of_visible - h @ c - np.sum((v @ kernel) * h, axis=-1)


def free_energy(v: Array, kernel: Array, b: Array, c: Array, gaussian: bool = False) -> Array:
    """F(v) = -log sum_h exp(-E(v, h)), over all states of h."""
    every = states(len(c))
    return np.array([-np.log(np.sum(np.exp(-energy(row[None], every, kernel, b, c, gaussian)))) for row in v])


def hidden_means(v: Array, kernel: Array, b: Array, c: Array, gaussian: bool = False) -> Array:
    """p(h_j = 1 | v) = sum over the states with h_j = 1 of exp(-E(v, h)) / exp(-F(v))."""
    every = states(len(c))
    result = []
    for row in v:
        p = np.exp(-energy(row[None], every, kernel, b, c, gaussian))
        result.append(p @ every / p.sum())
    return np.array(result)


def visible_means(h: Array, kernel: Array, b: Array, c: Array) -> Array:
    """p(v_i = 1 | h) = sum over the states with v_i = 1 of exp(-E(v, h)) / sum of all."""
    every = states(len(b))
    result = []
    for row in h:
        p = np.exp(-energy(every, np.broadcast_to(row, (len(every), len(c))), kernel, b, c))
        result.append(p @ every / p.sum())
    return np.array(result)


def log_partition(kernel: Array, b: Array, c: Array) -> float:
    """log Z = log sum_v sum_h exp(-E(v, h)), for Bernoulli units."""
    pairs = [(v, h) for v in states(len(b)) for h in states(len(c))]
    v, h = (np.array(each) for each in zip(*pairs, strict=True))
    return float(np.log(np.sum(np.exp(-energy(v, h, kernel, b, c)))))


def log_likelihood(v: Array, kernel: Array, b: Array, c: Array) -> Array:
    """log p(v) = -F(v) - log Z."""
    return -free_energy(v, kernel, b, c) - log_partition(kernel, b, c)


def likelihood_slopes(v: Array, kernel: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
    """The slopes of mean log p(v): what v and h = p(h | v) do together in the data, less what they do in the model.

    d log p / dW = <v h^T>_data - <v h^T>_model,  / db = <v>_data - <v>_model,  / dc = <h>_data - <h>_model
    """
    every = states(len(b))
    p = np.exp(-free_energy(every, kernel, b, c) - log_partition(kernel, b, c))
    h, h_model = hidden_means(v, kernel, b, c), hidden_means(every, kernel, b, c)
    return (
        v.T @ h / len(v) - every.T @ (p[:, None] * h_model),
        v.mean(0) - p @ every,
        h.mean(0) - p @ h_model,
    )


def pseudo_log_likelihood(v: Array, kernel: Array, b: Array, c: Array) -> Array:
    """sum_i log p(v_i | the others) = sum_i log(exp(-F(v)) / (exp(-F(v)) + exp(-F(v with v_i flipped))))."""
    result = np.zeros(len(v))
    here = np.exp(-free_energy(v, kernel, b, c))
    for i in range(v.shape[1]):
        other = v.copy()
        other[:, i] = 1.0 - other[:, i]
        result += np.log(here / (here + np.exp(-free_energy(other, kernel, b, c))))
    return result


def kl_sparsity(x: Array, target: float = 0.05, weight: float = 0.1) -> float:
    """weight * sum_j KL(target || mean of unit j)."""
    means = x.reshape(-1, x.shape[-1]).mean(0)
    return float(
        weight * np.sum(target * np.log(target / means) + (1 - target) * np.log((1 - target) / (1 - means)))
    )


def max_margin(good: Array, bad: Array, margin: float = 1.0) -> float:
    """mean(max(0, margin - s(x) + s(x~)))."""
    return float(np.maximum(0.0, margin - good + bad).mean())


def detection(good: Array, bad: Array) -> float:
    """The cross-entropy of "good" for s(x) and "damaged" for s(x~), the mean of both."""
    return float(-(np.log(sigmoid(good)) + np.log(1.0 - sigmoid(bad))).mean() / 2)
