"""Quantiles of data that comes in batches, from a summary of bounded size.

A summary is an array of two rows: values in rising order, and how many numbers each stands for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["bounds", "empty", "merge", "summarize"]

Summary = np.ndarray[Any, np.dtype[np.float32]]


def empty() -> Summary:
    """The summary of no data."""
    return np.zeros((2, 0), np.float32)


def summarize(values: Any, epsilon: float) -> Summary:
    """Every k-th of the sorted values, each standing for k; k = max(n epsilon, 1)."""
    ordered = np.sort(np.asarray(values, np.float32), axis=None)
    step = max(ordered.size * epsilon, 1)
    chosen = ordered[int(step - 1) :: int(step)]
    return np.stack([chosen, np.full_like(chosen, step)])


def merge(first: Summary, second: Summary, epsilon: float) -> Summary:
    """The summary of the data of both."""
    both = np.concatenate([first, second], axis=1)
    return _compress(both[:, np.argsort(both[0])], epsilon)


def bounds(summary: Summary, count: int) -> list[float]:
    """The values that cut the data into `count` parts of equal size: at most `count - 1` of them."""
    return [float(value) for value in _compress(summary, 1.0 / count)[0, :-1]]


def _compress(summary: Summary, epsilon: float) -> Summary:
    """The values at the shares epsilon, 2 epsilon, ..., of the data, interpolated, and the weights between them."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    weights = summary[1].cumsum()
    known = weights / weights[-1]
    values = np.interp(shares, known, summary[0])
    totals = np.interp(shares, known, weights)
    return np.stack([values, np.diff(totals, prepend=0.0)]).astype(np.float32)
