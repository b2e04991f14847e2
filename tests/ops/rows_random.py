"""Ops whose values are not a formula. Their statistics are tested in test_random.py."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RandomRow:
    """A distribution: its attributes, moments and bounds (low <= x <= high)."""

    op: str
    attrs: dict[str, Any]
    mean: float
    stddev: float
    low: float = -math.inf
    high: float = math.inf
    dtypes: tuple[str, ...] = field(default=("float32", "float64"))


_CUT = 0.87962566103423978  # deviation of a normal variable cut at two deviations

ROWS = [
    RandomRow("random_uniform", {}, 0.5, math.sqrt(1 / 12), 0.0, 1.0),
    RandomRow("random_uniform", {"minval": -2.0, "maxval": 4.0}, 1.0, math.sqrt(3.0), -2.0, 4.0),
    RandomRow("random_normal", {}, 0.0, 1.0),
    RandomRow("random_normal", {"mean": 3.0, "stddev": 0.5}, 3.0, 0.5),
    RandomRow("random_truncated_normal", {"mean": -1.0, "stddev": 2.0}, -1.0, 2.0 * _CUT, -5.0, 3.0),
    RandomRow("random_bernoulli", {"probability": 0.3}, 0.3, math.sqrt(0.21), 0.0, 1.0),
    RandomRow(
        "random_randint", {"minval": -3, "maxval": 7}, 1.5, math.sqrt(99 / 12), -3, 6, ("int32", "int64")
    ),
]
# Tested in test_random.py and test_samplers.py.
OTHERS = [
    "dropout",
    "random_shuffle",
    "random_categorical",
    "random_gamma",
    "random_beta",
    "random_binomial",
]
COVERED = sorted({row.op for row in ROWS} | set(OTHERS))
