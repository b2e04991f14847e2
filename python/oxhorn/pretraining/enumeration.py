"""The partition function of a small Boltzmann machine, exactly."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from oxhorn import _core, ops

__all__ = ["MOST_UNITS", "log_partition", "states"]

MOST_UNITS = 20
_AT_ONCE = 12


def states(units: int) -> Any:
    """All states of some units, one a row: `(2^units, units)` of 0 and 1."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=units)))


def log_partition(machine: Any) -> Any:
    """`log Z = log sum_h exp(c h) prod_i (1 + exp(b_i + W_i h))`.

    For Gaussian units the product is that of `sqrt(2 pi) exp((b_i + W_i h)^2 / 2 - b_i^2 / 2)`. The states of the
    last 12 units are looked at together, so that memory stays small.

    Raises:
        ValueError: If there are more than 20 hidden units.
    """
    units = machine.units
    if units > MOST_UNITS:
        raise ValueError(
            f"log_partition: expected at most {MOST_UNITS} hidden units, whose 2^{MOST_UNITS} states can all be looked "
            f"at; {machine.name!r} has {units}. Watch `pseudo_log_likelihood` instead."
        )
    last = min(units, _AT_ONCE)
    tail, parts = states(last), []
    for head in states(units - last):
        rows = np.concatenate([np.broadcast_to(head, (len(tail), units - last)), tail], axis=1)
        h = _core.tensor(rows.astype(machine.compute_dtype))
        inputs = ops.matmul(h, ops.transpose(machine.kernel)) + machine.visible_bias
        if machine.visible == "gaussian":
            squares = ops.square(inputs) - ops.square(machine.visible_bias)
            of_visible = 0.5 * ops.sum(squares + math.log(2.0 * math.pi), axis=-1)
        else:
            of_visible = ops.sum(ops.softplus(inputs), axis=-1)
        parts.append(ops.logsumexp(ops.matmul(h, machine.hidden_bias) + of_visible))
    return ops.logsumexp(ops.stack(parts))
