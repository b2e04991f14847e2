"""The data that a layer is adapted to: one array, or batches of any source."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from oxhorn import arguments
from oxhorn.engine.arguments import is_list_of_numbers
from oxhorn.training.data_adapters.arrays import is_array_like
from oxhorn.training.data_adapters.sources import find_source

__all__ = ["inputs_of", "is_one_array", "numeric_batches", "source_batches"]


def is_one_array(data: Any) -> bool:
    """Whether `data` is an array of numbers rather than a source of batches."""
    return is_array_like(data) or is_list_of_numbers(data)


def inputs_of(batch: Any) -> Any:
    """`x` of a batch that may be `(x, y)` or `(x, y, sample_weight)`."""
    if isinstance(batch, tuple) and batch and (is_array_like(batch[0]) or batch[0] is None):
        return batch[0]
    return batch


def source_batches(who: str, data: Any, steps: Any = None) -> Iterator[Any]:
    """The batches that a list, an iterable, a generator, a `PyDataset` or a `Dataset` yields, `steps` of them at most.

    Where a `Dataset` has single samples, that many of these are taken, in batches.

    Raises:
        TypeError: If `data` is no such source.
        ValueError: If there is no batch, or the source has no end and `steps` is not given.
    """
    if steps is not None:
        steps = arguments.integer(steps, "steps", who, low=1)
    if hasattr(data, "_in_batches"):
        data = data._in_batches(who, steps)
    if isinstance(data, (list, tuple)):
        iterator = iter(data)
    else:
        source = None if isinstance(data, (str, bytes, dict)) else find_source(who, data, shuffle=False)
        if source is None:
            raise TypeError(
                f"{who} got an Unsupported data type: {type(data).__name__}. Pass a NumPy array, a tensor, a "
                "PyDataset, a Dataset, or an iterable of batches such as a list or a generator."
            )
        if source.endless and steps is None:
            raise ValueError(
                f"{who} got {type(data).__name__} data without an end. Pass steps, the number of batches to read, or "
                "data with an end: of a Dataset `take(n)`, its first elements."
            )
        iterator = source.batches()
    first = next(iterator, None)
    if first is None:
        raise ValueError(
            f"{who} received an empty iterable (no batches); expected at least one. A generator that was used before "
            "is used up: make a new one."
        )
    return itertools.islice(itertools.chain([first], iterator), steps)


def numeric_batches(who: str, data: Any, steps: Any = None) -> Iterator[np.ndarray[Any, Any]]:
    """Arrays of numbers: `data` itself, or the inputs in its batches.

    Raises:
        TypeError: If a batch is no array.
        ValueError: If it holds something else than numbers.
    """
    if is_one_array(data):
        if steps is not None:
            raise ValueError(f"{who}: `steps` goes with batches; got one array. Leave it out.")
        yield _numbers(who, data)
        return
    for batch in source_batches(who, data, steps):
        x = inputs_of(batch)
        if not is_one_array(x):
            raise TypeError(
                f"{who} expects batches that are arrays or tensors, with a `.shape`; got an element of type "
                f"{type(x).__name__}."
            )
        yield _numbers(who, x)


def _numbers(who: str, data: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(data.numpy() if hasattr(data, "is_traced") else data)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{who} expected numbers; got an array of dtype {array.dtype}.")
    return array.astype(np.float64)
