"""02: batch normalisation, forward and back, with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import Array, call, compare, several
from oxhorn.testing.exercises.task import task
from oxhorn.testing.reference import layers

EPSILON = 1e-3


def _case(seed: int, batch: int, units: int) -> tuple[Array, Array, Array, str]:
    rng = np.random.default_rng(seed)
    x = rng.normal(1.0, 2.0, size=(batch, units)) * np.arange(1, units + 1)
    return x, rng.uniform(0.5, 1.5, size=units), rng.normal(size=units), f"x of shape {x.shape}"


@task("02_batch_norm", points=2)
def batch_norm_train(answer: Any) -> None:
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the moments of the batch"""
    for seed, sizes in enumerate([(6, 3), (5, 1), (1, 4)]):
        x, gamma, beta, given = _case(seed, *sizes)
        y, mean, variance = several(
            "batch_norm_train",
            call("batch_norm_train", answer, x, gamma, beta, EPSILON, given=given),
            ["y", "mean", "variance"],
        )
        m, v = x.mean(axis=0), x.var(axis=0)
        right = layers.batch_normalization(x, gamma, beta, m, v, epsilon=EPSILON, training=True)[0]
        over_units = "the mean and the variance go over the batch, axis 0: each unit has its own"
        one = {over_units: np.float64(x.mean()), over_units + " (not axis 1)": x.mean(axis=1)}
        compare("batch_norm_train", "mean", mean, m, one, given=given)
        n = len(x)
        guesses: dict[str, Any] = {
            over_units: np.float64(x.var()),
            over_units + " (not axis 1)": x.var(axis=1),
            "that is the standard deviation: the variance is its square": x.std(axis=0),
            "epsilon belongs under the root, not into the variance that is returned": v + EPSILON,
        }
        if n > 1:
            guesses["did you divide by n - 1? Batch normalisation divides by n (np.var's default)"] = x.var(
                axis=0, ddof=1
            )
        compare("batch_norm_train", "variance", variance, v, guesses, given=given)
        normal = (x - m) / np.sqrt(v + EPSILON)
        guesses = {
            "divide by the root of the variance": gamma * (x - m) / (v + EPSILON) + beta,
            "epsilon is missing: it stands under the root, sqrt(variance + epsilon)": (
                gamma * (x - m) / np.where(v > 0, np.sqrt(v), np.nan) + beta
            ),
            "epsilon is added to the variance, under the root, and not to the root": (
                gamma * (x - m) / (np.sqrt(v) + EPSILON) + beta
            ),
            "gamma and beta are missing: y = gamma * normalised + beta": normal,
            "beta is missing": gamma * normal,
            "gamma is missing": normal + beta,
            "gamma and beta are exchanged": beta * normal + gamma,
        }
        compare("batch_norm_train", "y", y, right, guesses, given=given)


@task("02_batch_norm")
def update_moving(answer: Any) -> None:
    """moving <- momentum moving + (1 - momentum) batch"""
    for seed, momentum in enumerate([0.9, 0.0, 0.99]):
        rng = np.random.default_rng(10 + seed)
        moving, batch = rng.normal(size=4), rng.normal(size=4)
        given = f"momentum {momentum}"
        guesses = {
            "momentum is the share of the old value that stays, not of the new one": (
                (1 - momentum) * moving + momentum * batch
            ),
            "the new value comes in with 1 - momentum: the shares add up to 1": momentum * moving + batch,
            "that is a plain mean of old and new: weigh them by momentum and 1 - momentum": (moving + batch)
            / 2,
            "that is the batch's value alone: keep a share of the old one": batch,
        }
        got = call("update_moving", answer, moving, batch, momentum, given=given)
        right = momentum * moving + (1 - momentum) * batch
        compare("update_moving", "the moving statistic", got, right, guesses, given=given)


@task("02_batch_norm")
def batch_norm_inference(answer: Any) -> None:
    """The same formula with the moving statistics: a sample's result does not depend on its neighbours"""
    for seed, sizes in enumerate([(5, 3), (1, 4), (3, 1)]):
        x, gamma, beta, given = _case(20 + seed, *sizes)
        rng = np.random.default_rng(30 + seed)
        mean, variance = rng.normal(size=sizes[1]), rng.uniform(0.5, 2.0, size=sizes[1])
        got = call("batch_norm_inference", answer, x, gamma, beta, mean, variance, EPSILON, given=given)
        right = layers.batch_normalization(x, gamma, beta, mean, variance, epsilon=EPSILON)[0]
        scaled = gamma * (x - mean)
        guesses = {
            "at inference the moving statistics count, not those of the batch": (
                gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON) + beta
            ),
            "divide by the root of the variance": scaled / (variance + EPSILON) + beta,
            "epsilon is missing: it stands under the root, sqrt(variance + epsilon)": scaled
            / np.sqrt(variance)
            + beta,
            "epsilon is added to the variance, under the root, and not to the root": (
                scaled / (np.sqrt(variance) + EPSILON) + beta
            ),
            "gamma and beta are missing": (x - mean) / np.sqrt(variance + EPSILON),
        }
        compare("batch_norm_inference", "y", got, right, guesses, given=given)


@task("02_batch_norm", points=3)
def batch_norm_backward(answer: Any) -> None:
    """dbeta = sum dy,  dgamma = sum dy xh,  dx = gamma / s (dy - mean dy - xh mean(dy xh)),  xh = (x - m) / s"""
    names = ["dx", "dgamma", "dbeta"]
    for seed, sizes in enumerate([(6, 3), (5, 1), (1, 4)]):
        x, gamma, _, given = _case(40 + seed, *sizes)
        dy = np.random.default_rng(50 + seed).normal(size=sizes)
        result = several(
            "batch_norm_backward",
            call("batch_norm_backward", answer, dy, x, gamma, EPSILON, given=given),
            names,
        )
        n, s = len(x), np.sqrt(x.var(axis=0) + EPSILON)
        xh = (x - x.mean(axis=0)) / s
        dx = gamma / s * (dy - dy.mean(axis=0) - xh * (dy * xh).mean(axis=0))
        averaged = "is the gradient divided by the batch size? It is the sum over the batch"
        guesses: list[dict[str, Any]] = [
            {
                "mean and variance depend on x too: gamma / s (dy - mean(dy) - xh mean(dy xh))": (
                    gamma / s * dy
                ),
                "the term of the mean is missing: - mean(dy)": gamma / s * (dy - xh * (dy * xh).mean(axis=0)),
                "the term of the variance is missing: - xh mean(dy xh)": gamma / s * (dy - dy.mean(axis=0)),
                "gamma is missing: y = gamma xh + beta, so it multiplies what comes back": dx / gamma,
                "sums where means are wanted: divide the two sums by n": (
                    gamma / s * (dy - dy.sum(axis=0) - xh * (dy * xh).sum(axis=0))
                ),
                "the division by s = sqrt(variance + epsilon) is missing": dx * s,
            },
            {
                averaged: (dy * xh).mean(axis=0),
                "dgamma takes the normalised x, not x itself": (dy * x).sum(axis=0),
                "is the gradient summed over the batch? Sum over axis 0": dy * xh,
                "dgamma and dbeta are exchanged": dy.sum(axis=0),
            },
            {
                averaged: dy.sum(axis=0) / n,
                "is the gradient summed over the batch? Sum over axis 0": dy,
                "gamma does not reach beta: dbeta is the sum of dy": (gamma * dy).sum(axis=0),
            },
        ]
        right = [dx, (dy * xh).sum(axis=0), dy.sum(axis=0)]
        for what, got, expected, guess in reversed(list(zip(names, result, right, guesses, strict=True))):
            compare("batch_norm_backward", what, got, expected, guess, given=given)
