"""Sources of whole batches: a `PyDataset`, an iterable that starts anew each epoch, a generator that does not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Protocol

from oxhorn import config
from oxhorn.training.data_adapters.arrays import is_array_like
from oxhorn.training.data_adapters.ordered_queue import in_order
from oxhorn.training.data_adapters.py_dataset import PyDataset

# Iterables that are known to go on for ever.
_ENDLESS = (itertools.cycle, itertools.count, itertools.repeat)


class BatchSource(Protocol):
    """Yields batches as a person made them: `x`, `(x, y)` or `(x, y, sample_weight)`."""

    # Whether closing the iterator is ours to do.
    owns_iterator: bool
    # Whether an epoch has no end of its own.
    endless: bool

    @property
    def num_batches(self) -> int | None:
        """Batches in an epoch; `None` if nobody knows."""
        ...

    def batches(self) -> Iterator[Any]:
        """The batches of one epoch, or without an end."""
        ...

    def on_epoch_begin(self) -> None:
        """An epoch begins."""
        ...

    def on_epoch_end(self) -> None:
        """An epoch ended."""
        ...

    def close(self) -> None:
        """No more batches are wanted."""
        ...


class IterableSource:
    """Any iterable. One that can be iterated again starts anew each epoch; a generator goes on where it stopped.

    Args:
        iterable: The iterable.
        owns_iterator: Whether its iterators are ours to close.
        endless: Whether it is known to have no end.
    """

    def __init__(self, iterable: Any, owns_iterator: bool = False, endless: bool | None = None) -> None:
        self._iterable = iterable
        self.owns_iterator = owns_iterator
        self.endless = isinstance(iterable, _ENDLESS) if endless is None else endless

    @property
    def num_batches(self) -> int | None:
        if hasattr(self._iterable, "__len__"):
            try:
                return len(self._iterable)
            except TypeError:
                # Some loaders define a length that only their finite kinds have.
                return None
        return None

    def batches(self) -> Iterator[Any]:
        return iter(self._iterable)

    def on_epoch_begin(self) -> None:
        """Nothing to do."""

    def on_epoch_end(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class PyDatasetSource:
    """The batches of a `PyDataset`, shuffled if asked, prepared by its worker threads."""

    owns_iterator = True

    def __init__(self, dataset: PyDataset, shuffle: bool) -> None:
        self._dataset = dataset
        self._shuffle = shuffle
        self.endless = dataset.num_batches is None

    @property
    def num_batches(self) -> int | None:
        return self._dataset.num_batches

    def batches(self) -> Iterator[Any]:
        count = self._dataset.num_batches
        order = None
        if self._shuffle and count is not None:
            import numpy as np

            order = np.random.Generator(np.random.Philox(config.next_seed())).permutation(count).tolist()
        indices = iter(range(count) if order is None else order) if count is not None else None
        workers = self._dataset.workers
        if workers <= 1 and not self._dataset.use_multiprocessing:
            return _one_by_one(self._dataset, indices)
        return in_order(self._dataset.__getitem__, indices, max(workers, 1), self._dataset.max_queue_size)

    def on_epoch_begin(self) -> None:
        self._dataset.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._dataset.on_epoch_end()

    def close(self) -> None:
        """Nothing to do: closing the iterator ends its threads."""


def _one_by_one(dataset: PyDataset, indices: Iterator[int] | None) -> Iterator[Any]:
    if indices is None:
        index = 0
        while True:
            yield dataset[index]
            index += 1
    for index in indices:
        yield dataset[index]


def find_source(who: str, x: Any, shuffle: bool) -> BatchSource | None:
    """The source that `x` is; `None` for arrays and containers of arrays."""
    if isinstance(x, PyDataset):
        return PyDatasetSource(x, shuffle)
    if hasattr(x, "_batch_source"):
        source: BatchSource = x._batch_source(who)
        return source
    if isinstance(x, (dict, list, tuple, str, bytes)) or is_array_like(x):
        return None
    if hasattr(x, "__iter__"):
        return IterableSource(x)
    if callable(x) and not hasattr(x, "shape"):
        raise ValueError(
            f"{who} got the function {getattr(x, '__name__', x)!r} as `x`. If it is a generator function, call it: "
            f"{getattr(x, '__name__', 'generator')}()."
        )
    return None
