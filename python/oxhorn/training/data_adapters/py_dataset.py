"""`PyDataset`: batches by index, written in Python."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any


class PyDataset:
    """Batches by index: the base class of data that is loaded or made while training runs.

    A subclass has `__len__` (the number of batches, or `num_batches`) and `__getitem__` (one whole batch: `(x,)`,
    `(x, y)`, `(x, y, sample_weight)`, or a dict of inputs). `on_epoch_begin` and `on_epoch_end` may be overridden too.

    Args:
        workers: Threads that call `__getitem__` ahead of time. 0 and 1 mean none. Defaults to 1.
        use_multiprocessing: Accepted for compatibility: the workers are threads. Defaults to `False`.
        max_queue_size: Batches prepared ahead of time at most. Defaults to 10.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> class Squares(keras.utils.PyDataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, index):
    ...         x = np.arange(8.0).reshape(8, 1) + 8 * index
    ...         return x, x**2
    >>> dataset = Squares()
    >>> dataset.num_batches
    4
    >>> x, y = dataset[1]
    >>> float(y[0, 0])
    64.0
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size

    def _setting(self, name: str, default: Any) -> Any:
        if name not in self.__dict__:
            warnings.warn(
                f"{type(self).__name__}.__init__ does not call super().__init__(**kwargs), through which `workers`, "
                "`use_multiprocessing` and `max_queue_size` are set; the defaults are used.",
                stacklevel=3,
            )
            self.__dict__[name] = default
        return self.__dict__[name]

    @property
    def workers(self) -> int:
        """Threads that prepare batches."""
        workers: int = self._setting("_workers", 1)
        return workers

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = value

    @property
    def use_multiprocessing(self) -> bool:
        """Accepted for compatibility."""
        use_multiprocessing: bool = self._setting("_use_multiprocessing", False)
        return use_multiprocessing

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = value

    @property
    def max_queue_size(self) -> int:
        """Batches prepared ahead of time at most."""
        max_queue_size: int = self._setting("_max_queue_size", 10)
        return max_queue_size

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = value

    def __getitem__(self, index: int) -> Any:
        """The batch at a position.

        Args:
            index: Its position.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define __getitem__(index), which returns one batch."
        )

    @property
    def num_batches(self) -> int | None:
        """Number of batches; `None` for data without an end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__} must define __len__ or the property num_batches: the number of batches, or None "
            "for data without an end."
        )

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""
