"""Corrections of running means that began with 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxhorn import ops

if TYPE_CHECKING:
    from oxhorn.optimizers.optimizer import Optimizer


def step_number(optimizer: Optimizer) -> Any:
    """The number of the update in progress, from 1, in float64."""
    return ops.cast(optimizer.iterations + 1, "float64")


# 1 - beta^t. In float64, since 1 - 0.999 alone loses four digits in float32.
def unbiased(optimizer: Optimizer, beta: float) -> Any:
    """What a running mean with this beta is divided by, in float64."""
    return 1 - ops.power(ops.convert_to_tensor(beta, "float64"), step_number(optimizer))
