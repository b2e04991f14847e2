"""Sources of whole batches: a `PyDataset`, an iterable that starts anew each epoch, a generator that does not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Protocol

from oxhorn import config
from oxhorn.engine.ordered_keys import KnownGenerators, OrderedKeys, are_pairs
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
    # Whether batches that were read are gone, as with a generator.
    is_read_once: bool

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

    def describe(self) -> dict[str, Any]:
        """What has to be the same for another source to go on where this one stops."""
        ...

    def get_state(self) -> Any:
        """What decides about the batches to come, as plain data."""
        ...

    def set_state(self, state: Any, ended: int, begun: bool, seen: bool) -> None:
        """Bring a source that was made anew to where another one was.

        Args:
            state: What `get_state` of the other one returned.
            ended: Number of epochs that ended there.
            begun: Whether another epoch had begun there.
            seen: Whether the first epoch has begun here.
        """
        ...

    def again(self, used: int) -> Iterator[Any]:
        """The batches of the present epoch, without the first `used`."""
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
        self.is_read_once = hasattr(iterable, "__next__")
        # What the data said of themselves before the present epoch.
        self._before: Any = None

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
        self._before = _state_of(self._iterable)
        return iter(self._iterable)

    def on_epoch_begin(self) -> None:
        """Nothing to do."""

    def on_epoch_end(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def describe(self) -> dict[str, Any]:
        return {"batches": self.num_batches}

    def get_state(self) -> Any:
        return {"before": self._before, "now": _state_of(self._iterable)}

    def set_state(self, state: Any, ended: int, begun: bool, seen: bool) -> None:
        self._before = state["before"]
        self._put(state["now"])

    def _put(self, state: Any) -> None:
        if state is not None and hasattr(self._iterable, "set_state"):
            self._iterable.set_state(state)

    def again(self, used: int) -> Iterator[Any]:
        self._put(self._before)
        iterator: Iterator[Any] = iter(self._iterable)
        skip(iterator, used, used)
        return iterator


class PyDatasetSource:
    """The batches of a `PyDataset`, shuffled if asked, prepared by its worker threads."""

    owns_iterator = True
    is_read_once = False

    def __init__(self, dataset: PyDataset, shuffle: bool) -> None:
        self._dataset = dataset
        self._shuffle = shuffle
        self.endless = dataset.num_batches is None
        # Of the order of the present epoch.
        self._seed: int | None = None
        # Random generators that `__getitem__` takes keys from, and where they stood before the present epoch.
        self._known = KnownGenerators()
        self._before: list[list[int]] = []

    @property
    def num_batches(self) -> int | None:
        return self._dataset.num_batches

    def batches(self) -> Iterator[Any]:
        if self._shuffle and self._dataset.num_batches is not None:
            self._seed = config.next_seed()
        self._before = self._known.get_state()
        return self.again(0)

    def again(self, used: int) -> Iterator[Any]:
        self._known.set_state(self._before)
        count = self._dataset.num_batches
        indices: Iterator[int] = itertools.count(used)
        if count is not None:
            order: Any = range(count)
            if self._seed is not None:
                import numpy as np

                order = np.random.Generator(np.random.Philox(self._seed)).permutation(count).tolist()
            indices = iter(order[used:])
        workers = self._dataset.workers
        if workers == 1 and not self._dataset.use_multiprocessing:
            workers = 0  # A thread alone would have nobody to share with.
        keys = OrderedKeys(self._known)
        if used:
            # Also where no batch is left: the next epoch has other keys.
            keys.begin_all()
        return in_order(self._dataset.__getitem__, indices, workers, self._dataset.max_queue_size, keys, used)

    def on_epoch_begin(self) -> None:
        self._dataset.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self._dataset.on_epoch_end()

    def close(self) -> None:
        """Nothing to do: closing the iterator ends its threads."""

    def describe(self) -> dict[str, Any]:
        return {"batches": self.num_batches, "shuffle": self._shuffle}

    def get_state(self) -> Any:
        return {
            "seed": self._seed,
            "dataset": _state_of(self._dataset),
            "keys": {"before": self._before, "now": self._known.get_state()},
        }

    def set_state(self, state: Any, ended: int, begun: bool, seen: bool) -> None:
        self._seed = state["seed"]
        before, now = (state["keys"][name] for name in ("before", "now"))
        if not are_pairs(before) or not are_pairs(now):
            raise ValueError(f"expected seeds and counters of random generators; got {state['keys']!r:.80}.")
        self._before = before
        self._known.set_state(now)
        if state["dataset"] is not None and hasattr(self._dataset, "set_state"):
            self._dataset.set_state(state["dataset"])
            return
        # What its hooks did, they do again: a data set that is shuffled between epochs, say.
        for epoch in range(ended):
            if epoch or not seen:
                self._dataset.on_epoch_begin()
            self._dataset.on_epoch_end()
        if begun and (ended or not seen):
            self._dataset.on_epoch_begin()


def skip(iterator: Iterator[Any], count: int, used: int) -> None:
    """Draw `count` batches and forget them, the last of `used`.

    Raises:
        ValueError: If the data end before.
    """
    for done in range(count):
        try:
            next(iterator)
        except StopIteration:
            raise ValueError(
                f"the run had used {used} batches, and the data ended after {used - count + done}. Pass data that "
                "begin where they began at the start of the run: a generator that was made anew."
            ) from None


def _state_of(data: Any) -> Any:
    """What data that know their own state say of it."""
    if hasattr(data, "get_state") and hasattr(data, "set_state"):
        return data.get_state()
    return None


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
