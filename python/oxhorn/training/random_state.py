"""Where all random numbers stand: those of the library, of NumPy's global generator, and of Python's."""

from __future__ import annotations

import random
import threading
from collections.abc import Container
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from oxhorn import config
from oxhorn.engine import seed_generator
from oxhorn.engine.ordered_keys import are_pairs


def get_random_state() -> dict[str, Any]:
    """What `set_random_seed` governs, as plain data and arrays."""
    return {
        "stream": list(config.seed_stream_state()),
        "generator": seed_generator.global_state(),
        "numpy": _numpy_state(),
        "python": _python_state(),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Takes what `get_random_state` returned.

    Raises:
        ValueError: If it is no such state; nothing is changed then.
    """
    stream, generator = state["stream"], state["generator"]
    _check_words([0 if word is None else word for word in stream[:2]], 2, 2**64)
    _check_words([0, 0] if generator is None else generator, 2, 2**63)
    numpy_state, python_state = state["numpy"], state["python"]
    # First into generators that nobody uses.
    if numpy_state is not None:
        numpy_state = _words(numpy_state, "numpy")
        np.random.RandomState().set_state(numpy_state)
    if python_state is not None:
        python_state = _words(python_state, "python")
        random.Random().setstate(python_state)
    seed_generator.set_global_state(generator)
    config.set_seed_stream_state((stream[0], stream[1], bool(stream[2])))
    if numpy_state is not None:
        np.random.set_state(numpy_state)
    if python_state is not None:
        random.setstate(python_state)


class GeneratorsInUse:
    """Generators that nothing leads to and that draw in training: those of callbacks and of a person's own loops.

    A seed says which is which; where several have the same, the order of their first draws does.
    """

    def __init__(self) -> None:
        # A set in the order of the first draws; weak, so that one that a step makes for itself goes away with it.
        self._found: WeakKeyDictionary[seed_generator.SeedGenerator, None] = WeakKeyDictionary()
        # Threads that prepare data draw, too.
        self._lock = threading.Lock()
        # States of generators that have not drawn here yet.
        self._waiting: list[list[int]] = []
        self._elsewhere: Container[int] = ()

    def note(self, generator: seed_generator.SeedGenerator) -> None:
        """A generator is about to draw."""
        with self._lock:
            if generator not in self._found:
                self._found[generator] = None
                self._go_on(generator)

    def get_state(self, elsewhere: Container[int]) -> list[list[int]]:
        """Seed and count of each, but for those whose variables, by identity, are kept elsewhere."""
        with self._lock:
            states = [each.state for each in self._found if id(each.state) not in elsewhere]
            return [*([int(word) for word in state._numpy_now()] for state in states), *self._waiting]

    def set_state(self, states: list[list[int]], elsewhere: Container[int]) -> None:
        """Makes each go on from its state, now or when it draws for the first time.

        Raises:
            ValueError: If these are no such states; nothing is changed then.
        """
        if not are_pairs(states):
            raise ValueError(f"expected seeds and counts of generators; got {states!r:.80}.")
        with self._lock:
            self._waiting, self._elsewhere = list(states), elsewhere
            for generator in self._found:
                self._go_on(generator)

    def _go_on(self, generator: seed_generator.SeedGenerator) -> None:
        place = next((i for i, (s, _) in enumerate(self._waiting) if s == generator._initial_seed), None)
        if place is not None and id(generator.state) not in self._elsewhere:
            generator.state.assign(np.array(self._waiting.pop(place), np.int64))


def _numpy_state() -> dict[str, Any] | None:
    state: Any = np.random.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        # Somebody put another generator in its place, which is theirs to keep.
        return None
    return {
        "words": state["state"]["key"].astype(np.int64),
        "at": int(state["state"]["pos"]),
        "has_gauss": int(state["has_gauss"]),
        "gauss": float(state["gauss"]),
    }


def _python_state() -> dict[str, Any]:
    version, words, gauss = random.getstate()
    return {"version": version, "words": np.array(words, np.int64), "gauss": gauss}


def _words(state: dict[str, Any], kind: str) -> tuple[Any, ...]:
    words = state["words"]
    whole = isinstance(words, np.ndarray) and words.dtype == np.int64 and words.ndim == 1
    _check_words([int(word) for word in words] if whole else [], 625 if kind == "python" else 624, 2**32)
    if kind == "python":
        return state["version"], tuple(int(word) for word in words), state["gauss"]
    # NumPy trusts the place of the next word.
    _check_words([state["at"]], 1, 625)
    return (
        "MT19937",
        words.astype(np.uint32),
        state["at"],
        int(bool(state["has_gauss"])),
        float(state["gauss"]),
    )


def _check_words(words: Any, count: int, end: int) -> None:
    if len(words) != count or not all(type(word) is int and 0 <= word < end for word in words):
        raise ValueError(f"expected the state of a random generator to be {count} whole numbers below {end}.")
