"""A thread that makes elements ready while others are in use."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any


class _End:
    """The last thing in a queue, with what went wrong, if anything did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def reading_ahead(source: Iterable[Any], size: int) -> Iterator[Any]:
    """The elements of `source`, up to `size` of them made ahead by a thread.

    An error in the thread comes out where its element would have. The thread ends when the iterator is closed or
    collected.
    """
    ready: queue.Queue[Any] = queue.Queue(maxsize=size)
    stop = threading.Event()
    thread = threading.Thread(target=_fill, args=(source, ready, stop), name="oxhorn-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            element = ready.get()
            if isinstance(element, _End):
                if element.error is not None:
                    raise element.error
                return
            yield element
    finally:
        stop.set()


def _fill(source: Iterable[Any], ready: queue.Queue[Any], stop: threading.Event) -> None:
    end = _End(None)
    try:
        for element in source:
            if not _put(ready, element, stop):
                return
    except BaseException as error:
        end = _End(error)
    _put(ready, end, stop)


def _put(ready: queue.Queue[Any], element: Any, stop: threading.Event) -> bool:
    """Waits for room; whether there was any before nobody wanted more."""
    while not stop.is_set():
        try:
            ready.put(element, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
