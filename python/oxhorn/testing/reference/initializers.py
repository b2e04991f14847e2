"""Initializers: not the numbers drawn but what must hold of them: fans, mean, deviation, bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

# Standard deviation of a normal variable cut at two deviations: truncated draws are divided by it.
TRUNCATED_STDDEV = 0.87962566103423978


class Moments(NamedTuple):
    """Mean and standard deviation of the draws, and the interval that none of them leaves."""

    mean: float
    stddev: float
    low: float
    high: float


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Number of inputs and outputs of one unit: the last two axes, times the window of a convolution"""
    if len(shape) < 2:
        n = shape[0] if len(shape) else 1
        return n, n
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def normal(mean: float = 0.0, stddev: float = 0.05) -> Moments:
    """Gauss"""
    return Moments(mean, stddev, -math.inf, math.inf)


def truncated_normal(mean: float = 0.0, stddev: float = 0.05) -> Moments:
    """Gauss, drawn again beyond two deviations"""
    return Moments(mean, stddev * TRUNCATED_STDDEV, mean - 2 * stddev, mean + 2 * stddev)


def uniform(minval: float = -0.05, maxval: float = 0.05) -> Moments:
    """Equal density in [minval, maxval)"""
    return Moments((minval + maxval) / 2, (maxval - minval) / math.sqrt(12.0), minval, maxval)


def variance_scaling(
    shape: Sequence[int], scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal"
) -> Moments:
    """Variance scale / n, n = fan_in, fan_out or their mean"""
    fan_in, fan_out = fans(shape)
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / max(1.0, n)
    if distribution == "uniform":
        return uniform(-math.sqrt(3.0 * variance), math.sqrt(3.0 * variance))
    if distribution == "untruncated_normal":
        return normal(0.0, math.sqrt(variance))
    return truncated_normal(0.0, math.sqrt(variance) / TRUNCATED_STDDEV)


# scale, mode, distribution of the named ones: Glorot and Bengio 2010, He et al. 2015, LeCun et al. 1998
SCHEMES = {
    "GlorotUniform": (1.0, "fan_avg", "uniform"),
    "GlorotNormal": (1.0, "fan_avg", "truncated_normal"),
    "HeUniform": (2.0, "fan_in", "uniform"),
    "HeNormal": (2.0, "fan_in", "truncated_normal"),
    "LecunUniform": (1.0, "fan_in", "uniform"),
    "LecunNormal": (1.0, "fan_in", "truncated_normal"),
}
