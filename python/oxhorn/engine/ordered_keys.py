"""Random keys in calls that run on several threads: the same, whichever thread comes first."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard
from weakref import WeakKeyDictionary, WeakSet

import numpy as np

if TYPE_CHECKING:
    from oxhorn.engine.seed_generator import SeedGenerator


class _Thread(threading.local):
    """What a thread is at."""

    call: _Call | None = None


_thread = _Thread()
# A call inside a call takes its lock again.
_lock = threading.RLock()
_clock = itertools.count(1)
# When a pass last began with each generator. Weak, here and below: a layer that is made in each call goes away with it.
_begun_at: WeakKeyDictionary[SeedGenerator, int] = WeakKeyDictionary()


class OrderedKeys:
    """The keys of numbered calls, such as those that make the batches of one pass over some data.

    key_k = [mix(s, c, n), k] is the k-th key that call n takes from a generator, which stood at [s, c] when the first
    of the calls came to it. It goes one further then, so that the next pass has other keys. For calls that are made
    inside another numbered call, [s, c] is the next key of that one.
    """

    def __init__(self, known: KnownGenerators | None = None) -> None:
        self._known = KnownGenerators() if known is None else known
        self._around = _thread.call
        self._begun: WeakKeyDictionary[SeedGenerator, tuple[int, int]] = WeakKeyDictionary()

    def begin_all(self) -> None:
        """Go on with calls that others have begun: with every generator that the step is known to take keys from."""
        for generator in self._known.seen():
            self.begin(generator)

    def call(self, number: int, function: Callable[..., Any], *args: Any) -> Any:
        """`function(*args)`, with the keys of call `number`."""
        around = _thread.call
        call = _thread.call = _Call(self, number)
        try:
            return function(*args)
        finally:
            _thread.call = around
            if call.taken:
                self._known.settle(call.end())

    def begin(self, generator: SeedGenerator) -> tuple[int, int]:
        """Where a generator stood when the first of the calls came to it."""
        with _lock:
            if generator not in self._begun:
                if self._around is None:
                    self._begun[generator] = self._known.begin(generator)
                else:
                    seed, counter = self._around.next(generator).tolist()
                    self._begun[generator] = seed, counter
            return self._begun[generator]


class KnownGenerators:
    """The generators that the passes of one step took keys from, so that another process goes on with the same keys."""

    def __init__(self) -> None:
        # Of each, the counters at the beginning of its first pass and of its last one.
        self._seen: WeakKeyDictionary[SeedGenerator, tuple[int, int]] = WeakKeyDictionary()
        # Of these, the ones whose first call has not ended: they may be gone then.
        self._unsettled: WeakSet[SeedGenerator] = WeakSet()
        # Seeds and counters of those that are still to be seen, and when they were put here.
        self._waiting: list[tuple[int, int]] = []
        self._put_at = 0

    def begin(self, generator: SeedGenerator) -> tuple[int, int]:
        """Where a generator stands at the beginning of a pass; it goes one further."""
        seed, counter = _numbers(generator)
        if generator not in self._seen:
            self._unsettled.add(generator)
            waiting = self._waiting_for(seed)
            # Another step that takes keys from it may have put it there, and gone on.
            if waiting is not None and _begun_at.get(generator, 0) < self._put_at:
                counter = waiting
                _put(generator, seed, counter)
        self._seen[generator] = self._seen.get(generator, (counter, counter))[0], counter
        _begun_at[generator] = next(_clock)
        generator._advance()
        return seed, counter

    def settle(self, generators: WeakSet[SeedGenerator]) -> None:
        """Calls that took keys from these have ended."""
        with _lock:
            self._unsettled -= generators

    def seen(self) -> list[SeedGenerator]:
        """The generators that are known."""
        with _lock:
            return list(self._seen)

    def get_state(self, last_pass: bool = False) -> list[list[int]]:
        """Seed and counter of each generator, now or at the beginning of its last pass."""
        with _lock:
            seen = [
                [_numbers(g)[0], last if last_pass else _numbers(g)[1]]
                for g, (_, last) in self._seen.items()
                if g not in self._unsettled
            ]
            return seen + [list(pair) for pair in self._waiting]

    def set_state(self, state: list[list[int]]) -> None:
        """Takes what `get_state` returned; what was not seen there goes back to where it was seen first."""
        with _lock:
            if not self._unsettled and state == self.get_state():
                return
            self._waiting = [(seed, counter) for seed, counter in state]
            self._put_at = next(_clock)
            self._meet_the_global_one()
            for generator, (first, _) in self._seen.items():
                seed, now = _numbers(generator)
                waiting = self._waiting_for(seed)
                # Of several steps that saw it first, one did so before the others.
                _put(generator, seed, min(first, now) if waiting is None else waiting)

    def _meet_the_global_one(self) -> None:
        # Everybody draws from it: where it stands now says nothing about where it will stand when it is seen.
        from oxhorn.engine.seed_generator import global_generators

        for generator in global_generators():
            seed, counter = _numbers(generator)
            if any(waiting == seed for waiting, _ in self._waiting):
                self._seen.setdefault(generator, (counter, counter))

    def _waiting_for(self, seed: int) -> int | None:
        """The counter that waits for a generator of this seed; it waits no longer."""
        place = next((i for i, (waiting, _) in enumerate(self._waiting) if waiting == seed), None)
        return None if place is None else self._waiting.pop(place)[1]


def are_pairs(state: Any) -> TypeGuard[list[list[int]]]:
    """Whether a state is a list of pairs of whole numbers that a key has room for."""
    return isinstance(state, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(type(n) is int and 0 <= n < 2**63 for n in pair)
        for pair in state
    )


def _numbers(generator: SeedGenerator) -> tuple[int, int]:
    seed, counter = (int(word) for word in generator.state._numpy_now())
    return seed, counter


def _put(generator: SeedGenerator, seed: int, counter: int) -> None:
    generator.state.assign(np.array([seed, counter], np.int64))


class _Call:
    """A call, and how many keys it took from each generator: most take none, and are not to be held up."""

    __slots__ = ("keys", "number", "taken")

    def __init__(self, keys: OrderedKeys, number: int) -> None:
        self.keys, self.number = keys, number
        self.taken: dict[SeedGenerator, int] | None = None

    def next(self, generator: SeedGenerator) -> np.ndarray[Any, Any]:
        with _lock:
            self.taken = {} if self.taken is None else self.taken
            taken = self.taken[generator] = self.taken.get(generator, -1) + 1
        words = np.random.SeedSequence([*self.keys.begin(generator), self.number])
        return np.array([words.generate_state(1, np.uint64)[0] >> np.uint64(1), taken], np.int64)

    def end(self) -> WeakSet[SeedGenerator]:
        """The generators that are still there."""
        with _lock:
            left: WeakSet[SeedGenerator] = WeakSet(self.taken or ())
            self.taken = None
            return left


def key_of_call(generator: SeedGenerator) -> np.ndarray[Any, Any] | None:
    """The next key, if this thread is in a numbered call."""
    call = _thread.call
    return None if call is None else call.next(generator)
