"""Orders of samples, drawn epoch by epoch from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import config

Order = np.ndarray[Any, Any]


class Shuffling:
    """A new order of so many samples each time; where it stands can be kept.

    Args:
        rows: The number of samples.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._generator = np.random.Generator(np.random.Philox(config.next_seed()))
        # The generator before the present order was drawn.
        self._before: Any = None

    def next_order(self) -> Order:
        """The order of the next epoch."""
        self._before = self._generator.bit_generator.state
        return self._generator.permutation(self._rows)

    def get_state(self) -> dict[str, Any]:
        """What makes the present order again, and those that follow."""
        drawn = self._before is not None
        state = self._before if drawn else self._generator.bit_generator.state
        return {"drawn": drawn, **_as_plain(state)}

    def set_state(self, state: dict[str, Any]) -> Order | None:
        """Takes what `get_state` returned; the present order, `None` if none was drawn yet.

        Raises:
            ValueError: If it is no such state; nothing is changed then.
        """
        words = {name: _words(state["state"][name], size) for name, size in (("counter", 4), ("key", 2))}
        _words([state["buffer_pos"]], 1, 5)  # NumPy trusts the place of the next word
        generator = np.random.Generator(np.random.Philox(0))
        generator.bit_generator.state = {
            "bit_generator": "Philox",
            "state": words,
            "buffer": _words(state["buffer"], 4),
            "buffer_pos": state["buffer_pos"],
            "has_uint32": int(bool(state["has_uint32"])),
            "uinteger": int(_words([state["uinteger"]], 1, 2**32)[0]),
        }
        self._generator, self._before = generator, None
        return self.next_order() if state["drawn"] else None


def _as_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_plain(item) for key, item in value.items()}
    return [int(word) for word in value] if isinstance(value, np.ndarray) else value


def _words(words: Any, count: int, end: int = 2**64) -> np.ndarray[Any, Any]:
    if len(words) != count or not all(type(word) is int and 0 <= word < end for word in words):
        raise ValueError(f"expected the state of the shuffling to be {count} whole numbers below {end}.")
    return np.array(words, np.uint64)
