"""`SeedGenerator`: a stream of keys for random numbers, kept in a variable so that it works in traced code."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from oxhorn import _core, config
from oxhorn.engine import naming
from oxhorn.engine.ordered_keys import key_of_call
from oxhorn.engine.variable import Variable

_global: SeedGenerator | None = None
_making = threading.Lock()
_noting: list[Callable[[SeedGenerator], None]] = []


class SeedGenerator:
    """A stream of keys for random functions: each call of `next()` gives another one.

    key_i = [seed, i],  i = 0, 1, 2, ...

    Args:
        seed: A whole number from 0 to 2^63 - 1; drawn from the global stream if not given.
        name: A name; automatic if not given.

    Raises:
        ValueError: If `seed` is not such a number.
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"SeedGenerator: Unrecognized keyword arguments: {sorted(kwargs)}.")
        if seed is None:
            seed = config.next_seed()
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise ValueError(f"SeedGenerator: Argument `seed` must be an integer; got {seed!r}.")
        self._initial_seed = int(seed.__index__())
        if not 0 <= self._initial_seed < 2**63:
            raise ValueError(
                f"SeedGenerator: Argument `seed` must be an integer from 0 to 2**63 - 1; got {self._initial_seed}."
            )
        self.name = name or naming.auto_name("seed_generator")
        with naming.name_scope(self.name, caller=self):
            self.state = Variable(
                np.array([self._initial_seed, 0], np.int64),
                dtype="int64",
                trainable=False,
                name="seed_generator_state",
            )

    def next(self, ordered: bool = True) -> Any:
        """The next key: an int64 tensor `[seed, counter]`.

        Args:
            ordered: Keys always come in their order, whatever this says.
        """
        if not _core.is_tracing():
            key = key_of_call(self)
            if key is not None:
                return _core.tensor(key)
            for note in tuple(_noting):
                note(self)
        return self._advance()

    def _advance(self) -> Any:
        """Goes one further; the key before, an int64 tensor."""
        key = self.state.value
        self.state.assign(_core.apply("add", [key, _core.tensor(np.array([0, 1], np.int64))]))
        return key

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this generator again."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """The generator that `get_config` describes."""
        return cls(**config)


@contextmanager
def noting(note: Callable[[SeedGenerator], None]) -> Iterator[None]:
    """Inside, `note` is called with each generator that is about to go one further, outside of traces and passes."""
    _noting.append(note)
    try:
        yield
    finally:
        _noting.remove(note)


def global_seed_generator() -> SeedGenerator:
    """The generator of random functions that are not given a seed."""
    global _global
    with _making:
        if _global is None:
            _global = SeedGenerator(name="global_seed_generator")
        return _global


def global_generators() -> list[SeedGenerator]:
    """The global generator, if it was used yet."""
    return [] if _global is None else [_global]


def global_state() -> list[int] | None:
    """Where the global generator stands; `None` if it was not used yet."""
    return None if _global is None else [int(word) for word in _global.state._numpy_now()]


def set_global_state(state: list[int] | None) -> None:
    """Makes the global generator go on from where `global_state` was asked for."""
    if state is None:
        reset_global()
    else:
        global_seed_generator().state.assign(np.array(state, np.int64))


def reset_global() -> None:
    """Makes the next use of the global generator start from the global seed stream."""
    global _global
    _global = None


def draw_seed(seed: Any) -> Any:
    """A key for one random function call.

    Args:
        seed: A `SeedGenerator` (its next key), a whole number (always the same key), or `None` (the next
            key of the global generator). A key itself, a tensor of two whole numbers, is taken as it is.

    Raises:
        ValueError: If it is none of these.
    """
    if isinstance(seed, (_core.Tensor, _core.Variable)) and tuple(seed.shape) == (2,):
        return _core.apply("cast", [seed], {"dtype": "int64"})
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if seed is None:
        return global_seed_generator().next()
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ValueError(
            f"Argument `seed` must be either an integer or an instance of `SeedGenerator`, or None; got {seed!r} of "
            f"type {type(seed).__name__}."
        )
    if not 0 <= int(seed.__index__()) < 2**63:
        raise ValueError(f"Argument `seed` must be an integer from 0 to 2**63 - 1; got {seed!r}.")
    return _core.tensor(np.array([int(seed.__index__()), 0], np.int64))
