"""Data on its way into steps: arrays whose rows are drawn in any order, or batches as a source yields them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from oxhorn.training.data_adapters.batch import Batch, Column
from oxhorn.training.data_adapters.sources import BatchSource, skip
from oxhorn.training.shuffling import Shuffling
from oxhorn.training.snapshot_records import same
from oxhorn.training.steps import Steps

StepsFor = Callable[[Batch], Steps]


class Feed(Protocol):
    """Data that steps are run on, epoch by epoch."""

    # Steps in an epoch; None where only the end of the data tells.
    steps: int | None
    # Whether batches that were read are gone, as with a generator.
    is_read_once: bool

    def peek(self) -> Batch | None:
        """The first batch to come (or all rows), to trace steps for; `None` if there is no data."""
        ...

    def begin_epoch(self) -> None:
        """Start an epoch."""
        ...

    def has_data(self) -> bool:
        """Whether there is another batch in this epoch."""
        ...

    def advance(self, steps_for: StepsFor, max_steps: int, budget: float) -> int:
        """Run steps until the data, the steps or the seconds are used up; the number of steps."""
        ...

    def last_steps(self) -> Steps | None:
        """What ran last."""
        ...

    def sample(self) -> Batch:
        """A batch to look at: always the same one."""
        ...

    def latest(self) -> Batch | None:
        """The batch of the last step."""
        ...

    def end_epoch(self) -> None:
        """End the epoch."""
        ...

    def close(self) -> None:
        """Let go of whatever produces the data."""
        ...

    def describe(self) -> dict[str, Any]:
        """What has to be the same for another feed to go on where this one stops."""
        ...

    def get_state(self) -> dict[str, Any]:
        """Where the feed stands, as plain data."""
        ...

    def set_state(self, state: dict[str, Any]) -> None:
        """Go to where `get_state` was called: on a feed that was made anew, and looked at by `peek` at most."""
        ...


class ArrayFeed:
    """Rows of arrays, in order or shuffled anew for every epoch.

    Args:
        batch: The arrays.
        batch_size: Rows in a batch.
        steps_per_epoch: Steps in an epoch, or `None` for all rows.
        shuffle: Whether to shuffle.
        goes_on: Whether an epoch with fewer steps than rows goes on where the last one stopped, as in training, or
            starts over, as in evaluation.
    """

    is_read_once = False

    def __init__(
        self, batch: Batch, batch_size: int, steps_per_epoch: int | None, shuffle: bool, goes_on: bool
    ) -> None:
        self._batch = batch
        self._rows = batch.size
        self._batch_size = batch_size
        self._goes_on = goes_on and steps_per_epoch is not None
        self._shuffling = Shuffling(self._rows) if shuffle else None
        self._order: Column | None = None
        self._at = self._rows
        self._last: Steps | None = None
        self.steps: int | None = steps_per_epoch or -(-self._rows // batch_size)

    def peek(self) -> Batch | None:
        return self._batch

    def begin_epoch(self) -> None:
        if self._goes_on and self._at < self._rows:
            return
        self._at = 0
        if self._shuffling is not None:
            self._order = self._shuffling.next_order()

    def has_data(self) -> bool:
        return self._at < self._rows

    def advance(self, steps_for: StepsFor, max_steps: int, budget: float) -> int:
        self._last = steps = steps_for(self._batch)
        size = self._batch_size
        # The core looks through all the indices of a call, so a call for one step gets no more than its own.
        stop = min(self._rows, self._at + max_steps * size)
        rows = steps.run(self._batch, self._order, self._at, stop, size, max_steps, budget)
        self._at += rows
        return -(-rows // size)

    def last_steps(self) -> Steps | None:
        return self._last

    def sample(self) -> Batch:
        return self._batch.take(slice(0, self._batch_size))

    def latest(self) -> Batch | None:
        if self._last is None:
            return None
        start = (self._at - 1) // self._batch_size * self._batch_size
        rows = slice(start, self._at)
        return self._batch.take(rows if self._order is None else self._order[rows])

    def end_epoch(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def describe(self) -> dict[str, Any]:
        return {
            "samples": self._rows,
            "batch_size": self._batch_size,
            "steps in an epoch": self.steps,
            "shuffle": self._shuffling is not None,
            "shapes": [list(column.shape[1:]) for column in self._batch.columns],
            "dtypes": [column.dtype.name for column in self._batch.columns],
        }

    def get_state(self) -> dict[str, Any]:
        return {"at": self._at, "order": None if self._shuffling is None else self._shuffling.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        order = None if self._shuffling is None else self._shuffling.set_state(state["order"])
        self._at, self._order = min(max(int(state["at"]), 0), self._rows), order


class BatchFeed:
    """Batches in the order in which a source yields them.

    Args:
        source: Where the batches come from.
        convert: Checks and converts what the source yields.
        steps_per_epoch: Steps in an epoch, or `None` for all batches.
        goes_on: Whether an epoch goes on where the last one stopped, if `steps_per_epoch` is given.
    """

    def __init__(
        self, source: BatchSource, convert: Callable[[Any], Batch], steps_per_epoch: int | None, goes_on: bool
    ) -> None:
        self._source = source
        self.is_read_once = source.is_read_once
        self._convert = convert
        self._goes_on = goes_on and steps_per_epoch is not None
        self._begun = False
        self._iterator: Iterator[Any] | None = None
        self._next: Batch | None = None
        self._last: Steps | None = None
        self._sample: Batch | None = None
        self._latest: Batch | None = None
        # Epochs that ended, and batches that steps were run on: of all, and of the present iterator.
        self._ended = self._used = self._used_of_iterator = 0
        self.steps: int | None = steps_per_epoch or source.num_batches

    def peek(self) -> Batch | None:
        self.begin_epoch()
        return self._next if self.has_data() else None

    def begin_epoch(self) -> None:
        if self._begun:
            return
        self._begun = True
        self._source.on_epoch_begin()
        if self._iterator is None or not self._goes_on:
            self._iterator = self._source.batches()
            self._next = None
            self._used_of_iterator = 0

    def has_data(self) -> bool:
        if self._next is None and self._iterator is not None:
            try:
                self._next = self._convert(next(self._iterator))
                self._sample = self._sample or self._next
            except StopIteration:
                self._iterator = None
        return self._next is not None

    def advance(self, steps_for: StepsFor, max_steps: int, budget: float) -> int:
        until = time.monotonic() + budget
        done = 0
        while done < max_steps and self.has_data():
            batch = self._next
            assert batch is not None
            self._latest = batch
            self._next = None
            self._last = steps = steps_for(batch)
            size = batch.size
            steps.run(batch, None, 0, size, size, 1, 0.0)
            done += 1
            self._used += 1
            self._used_of_iterator += 1
            if time.monotonic() >= until:
                break
        return done

    def last_steps(self) -> Steps | None:
        return self._last

    def sample(self) -> Batch:
        assert self._sample is not None
        return self._sample

    def latest(self) -> Batch | None:
        return self._latest

    def end_epoch(self) -> None:
        self._begun = False
        self._ended += 1
        self._source.on_epoch_end()
        if not self._goes_on:
            self._drop_iterator()

    def close(self) -> None:
        self._drop_iterator()
        self._source.close()

    def describe(self) -> dict[str, Any]:
        return {"steps in an epoch": self.steps, **self._source.describe()}

    def get_state(self) -> dict[str, Any]:
        return {
            "begun": self._begun,
            "open": self._iterator is not None,
            "ended": self._ended,
            "used": self._used,
            "used_of_iterator": self._used_of_iterator,
            "source": self._source.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        counts = [state["ended"], state["used"], state["used_of_iterator"]]
        if not all(type(count) is int and count >= 0 for count in counts):
            raise ValueError(f"expected numbers of epochs and batches; got {counts!r:.80}.")
        source, seen = self._source, self._begun
        if (
            state["open"]
            and not any(counts)
            and self._next is not None
            and same(source.get_state(), state["source"])
        ):
            # Both stand before the first batch, which was drawn to look at. Drawn again, one that is made by chance
            # would be another.
            return
        if source.is_read_once:
            self._draw_again(state["used"])
            if not state["open"]:
                self._iterator = None
        else:
            self._drop_iterator()
        source.set_state(state["source"], state["ended"], state["begun"], seen)
        if not source.is_read_once and state["open"]:
            self._iterator = source.again(state["used_of_iterator"])
        self._begun, self._ended = state["begun"], state["ended"]
        self._used, self._used_of_iterator = state["used"], state["used_of_iterator"]

    def _draw_again(self, count: int) -> None:
        """Go past the batches that were used, in a source that is read once."""
        if count == 0:
            return
        iterator = self._iterator or self._source.batches()
        skip(iterator, count if self._next is None else count - 1, count)
        self._iterator, self._next = iterator, None

    def _drop_iterator(self) -> None:
        iterator, self._iterator, self._next = self._iterator, None, None
        # A generator of ours that feeds from threads stops them when it is closed; a user's goes on later.
        if iterator is not None and self._source.owns_iterator and hasattr(iterator, "close"):
            iterator.close()


def why_no_batch(feed: Feed) -> str:
    """What may be the matter with data that yield no batch, and what to do: the end of a message."""
    if feed.is_read_once:
        return (
            "it is empty, or a generator, and an earlier pass used it up. Make a new one, or pass arrays, a PyDataset "
            "or an iterable that can be iterated again."
        )
    return "it is empty. Look at what goes into it, and at what is left out of it on the way."


def warn_out_of_data(method: str, done: int, wanted: int) -> None:
    """Tell that the data ended before the steps asked for."""
    warnings.warn(
        f"The data ended after {done} of {wanted} steps, so {method} stops there. A generator must yield at least "
        "steps_per_epoch * epochs batches; for arrays, leave `steps_per_epoch` out or lower it.",
        stacklevel=4,
    )
