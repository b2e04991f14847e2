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
        """Takes what `get_state` returned; the present order, `None` if none was drawn yet."""
        generator = np.random.Generator(np.random.Philox(0))
        generator.bit_generator.state = _as_words({k: v for k, v in state.items() if k != "drawn"})
        self._generator, self._before = generator, None
        return self.next_order() if state["drawn"] else None


def _as_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_plain(item) for key, item in value.items()}
    return [int(word) for word in value] if isinstance(value, np.ndarray) else value


def _as_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_words(item) for key, item in value.items()}
    return np.array(value, np.uint64) if isinstance(value, list) else value
