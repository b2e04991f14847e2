"""Batches made by threads ahead of time, handed out in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future


def in_order(
    make: Callable[[int], Any], indices: Iterator[int] | None, workers: int, max_queue_size: int
) -> Iterator[Any]:
    """`make(i)` for each index, worked out by threads, in the order of the indices.

    Args:
        make: Makes a batch; called from several threads at once.
        indices: The indices; `None` for 0, 1, 2, ... without an end.
        workers: Number of threads.
        max_queue_size: Batches that may be ready or under way before they are taken.
    """
    # Takes milliseconds to import, and most data is no `PyDataset` with workers.
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[Any]] = deque()
    source = count() if indices is None else indices
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="oxhorn-data")

    def refill() -> None:
        while len(waiting) < max(max_queue_size, 1):
            try:
                index = next(source)
            except StopIteration:
                return
            waiting.append(pool.submit(make, index))

    try:
        refill()
        while waiting:
            batch = waiting.popleft().result()
            refill()
            yield batch
    finally:
        # Also when the loop that takes the batches stops early or is interrupted.
        pool.shutdown(wait=False, cancel_futures=True)
