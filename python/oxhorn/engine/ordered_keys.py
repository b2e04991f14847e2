"""Random keys in calls that run on several threads: the same, whichever thread comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard
from weakref import WeakKeyDictionary

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

    def __init__(self, known: KnownGenerators | None = None) -> None:
        self._known = KnownGenerators() if known is None else known
        # Weak, here and below: a layer that is made in each call goes away with it.
        self._begun: WeakKeyDictionary[SeedGenerator, tuple[int, int]] = WeakKeyDictionary()

    def begin_all(self) -> None:
        """Go on with calls that others have begun: with every generator that the step is known to take keys from."""
        for generator in self._known.seen():
            self.begin(generator)

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
                self._begun[generator] = self._known.begin(generator)
            return self._begun[generator]


class KnownGenerators:
    """The generators that the passes of one step took keys from, so that another process goes on with the same keys."""

    def __init__(self) -> None:
        # Of each, the counters at the beginning of its first pass and of its last one.
        self._seen: WeakKeyDictionary[SeedGenerator, tuple[int, int]] = WeakKeyDictionary()
        # Seeds and counters of those that are still to be seen.
        self._waiting: list[tuple[int, int]] = []

    def begin(self, generator: SeedGenerator) -> tuple[int, int]:
        """Where a generator stands at the beginning of a pass; it goes one further."""
        seed, counter = _numbers(generator)
        if generator not in self._seen:
            counter = self._put(generator, seed, counter)
        self._seen[generator] = self._seen.get(generator, (counter, counter))[0], counter
        generator._advance()
        return seed, counter

    def seen(self) -> list[SeedGenerator]:
        """The generators that are known."""
        return list(self._seen)

    def get_state(self, last_pass: bool = False) -> list[list[int]]:
        """Seed and counter of each generator, now or at the beginning of its last pass."""
        with _lock:
            seen = [
                [_numbers(g)[0], last if last_pass else _numbers(g)[1]] for g, (_, last) in self._seen.items()
            ]
            return seen + [list(pair) for pair in self._waiting]

    def set_state(self, state: list[list[int]]) -> None:
        """Takes what `get_state` returned; what was not seen there goes back to where it was seen first."""
        with _lock:
            self._waiting = [(seed, counter) for seed, counter in state]
            self._meet_the_global_one()
            for generator, (first, _) in self._seen.items():
                self._put(generator, _numbers(generator)[0], first)

    def _meet_the_global_one(self) -> None:
        # Everybody draws from it: where it stands now says nothing about where it will stand when it is seen.
        from oxhorn.engine.seed_generator import global_generators

        for generator in global_generators():
            seed, counter = _numbers(generator)
            if any(waiting == seed for waiting, _ in self._waiting):
                self._seen.setdefault(generator, (counter, counter))

    def _put(self, generator: SeedGenerator, seed: int, otherwise: int) -> int:
        """Puts a generator to the counter that waits for its seed, if any does."""
        place = next((i for i, (waiting, _) in enumerate(self._waiting) if waiting == seed), None)
        counter = otherwise if place is None else self._waiting.pop(place)[1]
        generator.state.assign(np.array([seed, counter], np.int64))
        return counter


def are_pairs(state: Any) -> TypeGuard[list[list[int]]]:
    """Whether a state is a list of pairs of whole numbers that a key has room for."""
    return isinstance(state, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(type(n) is int and 0 <= n < 2**63 for n in pair)
        for pair in state
    )


def _numbers(generator: SeedGenerator) -> tuple[int, int]:
    seed, counter = (int(word) for word in generator.state._numpy_now())
    return seed, counter


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
