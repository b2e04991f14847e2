"""Rows of arrays: what changes their order works on row numbers, and a batch is taken out in one go."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from oxhorn.data.elements import as_element, described, leaves, map_leaves
from oxhorn.data.nodes import Batched, Node


def rows_of(table: Any, who: str) -> int:
    """The number of rows that all arrays of a structure have.

    Raises:
        ValueError: If there are no arrays, or they differ.
    """
    arrays = leaves(table)
    if not arrays or any(array.ndim == 0 for array in arrays):
        raise ValueError(f"{who}: expected arrays with an axis of rows; got {described(table)}.")
    rows = {len(array) for array in arrays}
    if len(rows) > 1:
        raise ValueError(f"{who}: expected arrays with one number of rows; got {described(table)}.")
    return rows.pop()


def as_table(tensors: Any, who: str) -> Any:
    """Arrays, lists, tensors and DataFrames as a structure of arrays."""
    if hasattr(tensors, "to_dict") and hasattr(tensors, "columns"):
        return {str(name): np.asarray(tensors[name]) for name in tensors.columns}
    if isinstance(tensors, tuple):
        return tuple(as_table(part, who) for part in tensors)
    if isinstance(tensors, dict):
        return {key: as_table(part, who) for key, part in tensors.items()}
    return as_element(tensors, who)


class Slices:
    """Rows of a structure of arrays, in the order of a stream of row numbers."""

    def __init__(self, table: Any, order: Node) -> None:
        self.table, self.order = table, order

    def __iter__(self) -> Iterator[Any]:
        for i in self.order:
            # An array and not a scalar, also where rows are single numbers; and a copy: what a function in `map` does
            # to it in place must not come back in the next pass.
            yield map_leaves(lambda array, i=i: np.array(array[i]), self.table)

    def cardinality(self) -> int:
        return self.order.cardinality()


class SliceBatches(Batched):
    """Batches of rows."""

    _parent: Slices

    def __iter__(self) -> Iterator[Any]:
        order = iter(self._parent.order)
        while True:
            rows = np.fromiter(itertools.islice(order, self._size), np.int64)
            if not len(rows) or (self._drop and len(rows) < self._size):
                return
            yield map_leaves(lambda array, rows=rows: array[rows], self._parent.table)
