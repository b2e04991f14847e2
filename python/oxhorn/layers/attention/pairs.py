"""Which pairs of a query step and a key step take part: masks of shape `(batch, query steps, key steps)`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from oxhorn import _core, ops
from oxhorn.engine.masks import mask_of


def causal(query_steps: Any, key_steps: Any) -> Any:
    """`(1, T, S)`: step t sees the steps up to t."""
    if isinstance(query_steps, int) and isinstance(key_steps, int):
        return _core.tensor(np.tril(np.ones((1, query_steps, key_steps), bool)))
    rows, columns = _places(query_steps, key_steps)
    return ops.greater_equal(rows, columns)


def window(query_steps: Any, key_steps: Any, width: int) -> Any:
    """`(1, T, S)`: step t sees the steps less than `width` away."""
    if isinstance(query_steps, int) and isinstance(key_steps, int):
        apart = np.arange(query_steps)[:, None] - np.arange(key_steps)
        return _core.tensor(abs(apart)[None] < width)
    rows, columns = _places(query_steps, key_steps)
    return ops.less(ops.absolute(rows - columns), width)


def _places(query_steps: Any, key_steps: Any) -> tuple[Any, Any]:
    """The number of each query step and of each key step, from 1, for each pair."""
    ones = ops.ones((1, query_steps, key_steps), dtype="int32")
    return ops.cumsum(ones, axis=1), ops.cumsum(ones, axis=2)


def both(first: Any, second: Any) -> Any:
    """Where both masks are true; None is true everywhere."""
    if first is None or second is None:
        return second if first is None else first
    return ops.logical_and(first, second)


def of_steps(query_mask: Any, value_mask: Any, key_mask: Any) -> Any:
    """`(B, T, S)`: both steps count. Masks of steps are `(B, T)` and `(B, S)`."""
    found = None
    for mask, axis in ((query_mask, -1), (value_mask, -2), (key_mask, -2)):
        if mask is not None:
            found = both(found, ops.expand_dims(ops.cast(mask, "bool"), axis))
    return found


@contextmanager
def carried_apart(*tensors: Any) -> Iterator[None]:
    """Takes the masks off the tensors for a while: layers inside need not handle what is in the mask of pairs."""
    kept = [(x, mask_of(x)) for x in tensors if mask_of(x) is not None]
    for x, _ in kept:
        x._keras_mask = None
    try:
        yield
    finally:
        for x, mask in kept:
            x._keras_mask = mask
