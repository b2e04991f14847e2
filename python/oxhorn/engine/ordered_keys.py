"""Random keys in calls that run on several threads: the same, whichever thread comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from oxhorn.engine.seed_generator import SeedGenerator


class _Thread(threading.local):
    """What a thread is at."""

    call: _Call | None = None


_thread = _Thread()
_lock = threading.Lock()


class OrderedKeys:
    """The keys of numbered calls, such as those that make the batches of one pass over some data.

    key_k = [mix(s, c, n), k] is the k-th key that call n takes from a generator, which stood at [s, c] when the first
    of the calls came to it. It goes one further then, so that the next pass has other keys.
    """

    def __init__(self) -> None:
        self._begun: dict[SeedGenerator, tuple[int, int]] = {}

    def call(self, number: int, function: Callable[..., Any], *args: Any) -> Any:
        """`function(*args)`, with the keys of call `number`."""
        around = _thread.call
        _thread.call = _Call(self, number)
        try:
            return function(*args)
        finally:
            _thread.call = around

    def begin(self, generator: SeedGenerator) -> tuple[int, int]:
        """Where a generator stood when the first of the calls came to it."""
        with _lock:
            if generator not in self._begun:
                seed, counter = (int(word) for word in generator.state._numpy_now())
                generator._advance()
                self._begun[generator] = seed, counter
            return self._begun[generator]


class _Call:
    """A call, and how many keys it took from each generator: most take none, and are not to be held up."""

    __slots__ = ("keys", "number", "taken")

    def __init__(self, keys: OrderedKeys, number: int) -> None:
        self.keys, self.number = keys, number
        self.taken: dict[SeedGenerator, int] | None = None

    def next(self, generator: SeedGenerator) -> np.ndarray[Any, Any]:
        self.taken = {} if self.taken is None else self.taken
        taken = self.taken[generator] = self.taken.get(generator, -1) + 1
        words = np.random.SeedSequence([*self.keys.begin(generator), self.number])
        return np.array([words.generate_state(1, np.uint64)[0] >> np.uint64(1), taken], np.int64)


def key_of_call(generator: SeedGenerator) -> np.ndarray[Any, Any] | None:
    """The next key, if this thread is in a numbered call."""
    call = _thread.call
    return None if call is None else call.next(generator)
