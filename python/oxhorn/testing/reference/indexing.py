"""Reading, writing and folding at places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
_FOLDS: dict[str, tuple[Any, float]] = {
    "sum": (np.add, 0.0),
    "prod": (np.multiply, 1.0),
    "max": (np.maximum, -np.inf),
    "min": (np.minimum, np.inf),
}


def scatter(indices: ArrayLike, values: ArrayLike, shape: Sequence[int]) -> Array:
    """Zeros with values[j] added at indices[j]"""
    y = np.zeros(shape, np.asarray(values).dtype)
    np.add.at(y, tuple(np.moveaxis(np.asarray(indices), -1, 0)), values)
    return y


def scatter_update(
    x: ArrayLike, indices: ArrayLike, updates: ArrayLike, reduction: str | None = None
) -> Array:
    """x with updates[j] at indices[j], in the place of what was there or joined with it"""
    y, places = np.array(x), tuple(np.moveaxis(np.asarray(indices), -1, 0))
    if reduction is None:
        y[places] = updates
    else:
        {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[reduction].at(
            y, places, updates
        )
    return y


def _segments(fold: str, data: ArrayLike, ids: ArrayLike, num_segments: int | None) -> Array:
    data, ids = np.asarray(data), np.asarray(ids)
    function, empty = _FOLDS[fold]
    count = int(ids.max()) + 1 if num_segments is None else num_segments
    y = np.full((count, *data.shape[1:]), empty, data.dtype)
    function.at(y, ids[ids >= 0], data[ids >= 0])
    return y


def segment_sum(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None) -> Array:
    """y[s] = the sum of the rows of segment s; rows with negative ids are left out"""
    return _segments("sum", data, segment_ids, num_segments)


def segment_prod(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None) -> Array:
    """y[s] = the product of the rows of segment s, 1 if there is none"""
    return _segments("prod", data, segment_ids, num_segments)


def segment_max(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None) -> Array:
    """y[s] = the largest of the rows of segment s, -inf if there is none"""
    return _segments("max", data, segment_ids, num_segments)


def segment_min(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None) -> Array:
    """y[s] = the smallest of the rows of segment s, inf if there is none"""
    return _segments("min", data, segment_ids, num_segments)


def slice_update(x: ArrayLike, start: Sequence[int], updates: ArrayLike) -> Array:
    """x with another block from `start` on"""
    y, updates = np.array(x), np.asarray(updates)
    y[tuple(slice(s, s + n) for s, n in zip(start, updates.shape, strict=True))] = updates
    return y


def multi_hot(x: ArrayLike, num_classes: int) -> Array:
    """1 at each class that a row names, 0 elsewhere"""
    return np.asarray(np.max(np.asarray(x)[..., None] == np.arange(num_classes), axis=1).astype(float))


def unique(x: ArrayLike, size: int, fill_value: float) -> tuple[Array, Array]:
    """The different values in rising order and their counts, cut or filled up to a size"""
    values, counts = np.unique(x, return_counts=True)
    missing = max(size - len(values), 0)
    return (
        np.append(values, [fill_value] * missing)[:size].astype(values.dtype),
        np.append(counts, [0] * missing)[:size].astype("int32"),
    )


def get_item(x: ArrayLike, key: Any) -> Array:
    """x[key]"""
    return np.asarray(np.asarray(x)[key])


def view(x: ArrayLike, dtype: str) -> Array:
    """The bytes of x, read as another dtype"""
    return np.ascontiguousarray(x).view(dtype)
