"""What threads make ahead of time, handed out in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from oxhorn.engine.ordered_keys import OrderedKeys

if TYPE_CHECKING:
    from concurrent.futures import Future


def in_order(
    make: Callable[[Any], Any],
    items: Iterator[Any] | None,
    workers: int,
    max_queue_size: int,
    keys: OrderedKeys | None = None,
    first: int = 0,
) -> Iterator[Any]:
    """`make(item)` for each item, worked out by threads, in the order of the items.

    Random numbers of the library that `make` draws depend on the number of the item, not on the threads.

    Args:
        make: Called from several threads at once.
        items: The items; `None` for 0, 1, 2, ... without an end.
        workers: Number of threads; 0 to make each item when it is asked for.
        max_queue_size: Results that may be ready or under way before they are taken.
        keys: The random keys of the calls; new ones by default.
        first: The number of the first item.
    """
    source = enumerate(count() if items is None else items, first)
    keys = OrderedKeys() if keys is None else keys
    if workers < 1:
        for number, item in source:
            yield keys.call(number, make, item)
        return
    # Takes milliseconds to import, and most data is made without threads.
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[Any]] = deque()
    failed: list[BaseException] = []
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="oxhorn-data")

    def refill() -> None:
        while not failed and len(waiting) < max(max_queue_size, 1):
            try:
                number, item = next(source)
            except StopIteration:
                return
            except Exception as error:
                # It comes out after the results of the items before it.
                failed.append(error)
                return
            waiting.append(pool.submit(keys.call, number, make, item))

    try:
        refill()
        while waiting:
            made = waiting.popleft().result()
            refill()
            yield made
        if failed:
            raise failed[0]
    finally:
        # Also when the loop that takes the results stops early or is interrupted.
        pool.shutdown(wait=False, cancel_futures=True)
