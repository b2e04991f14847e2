"""Which passes a pipeline has made: with it, another process goes on with the same orders and random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oxhorn.data.nodes import Cached, Generated, Mapped, Node, Shuffled
from oxhorn.engine.ordered_keys import are_pairs


def get_passes(node: Node) -> dict[str, Any]:
    """Of each shuffling step, seed and number of passes; of each `map`, where its random generators stand."""
    return {
        "orders": [[step._seed, max(step.passes - kept, 0)] for step, kept in _of_kind(node, Shuffled)],
        "keys": [step.known.get_state(last_pass=kept) for step, kept in _of_kind(node, Mapped)],
    }


def set_passes(node: Node, passes: dict[str, Any]) -> None:
    """Takes what `get_passes` returned.

    Raises:
        ValueError: If the pipeline has other steps; nothing is changed then.
    """
    shuffled, mapped = _of_kind(node, Shuffled), _of_kind(node, Mapped)
    orders, keys = (passes.get(name) if isinstance(passes, dict) else None for name in ("orders", "keys"))
    if not are_pairs(orders) or not isinstance(keys, list) or not all(are_pairs(pairs) for pairs in keys):
        raise ValueError(f"Dataset.set_state: expected what `get_state` returns; got {passes!r:.80}.")
    if (len(orders), len(keys)) != (len(shuffled), len(mapped)):
        raise ValueError(
            f"Dataset.set_state: expected the state of {len(shuffled)} shuffling and {len(mapped)} mapping steps; got "
            f"{len(orders)} and {len(keys)}."
        )
    for (order, _), (seed, number) in zip(shuffled, orders, strict=True):
        order._seed, order.passes = seed, number
    for (step, _), pairs in zip(mapped, keys, strict=True):
        step.known.set_state(pairs)


def may_differ_by_pass(node: Node) -> bool:
    """Whether another pass may have another order or, from a generator, other elements."""
    return any(
        isinstance(step, Generated) or (isinstance(step, Shuffled) and step._anew)
        for step, _ in _steps(node, False)
    )


def first_element(node: Node) -> Any:
    """The first element, or `None`: a look, after which passes have the orders that they would have had without it."""
    passes = [(step, step.passes) for step, _ in _of_kind(node, Shuffled)]
    keys = [(step.known, step.known.get_state()) for step, _ in _of_kind(node, Mapped)]
    first = next(iter(node), None)
    for step, number in passes:
        step.passes = number
    for known, state in keys:
        known.set_state(state)
    return first


def _of_kind(node: Node, kind: type[Any]) -> list[tuple[Any, bool]]:
    return [(step, kept) for step, kept in _steps(node, False) if isinstance(step, kind)]


def _steps(node: Any, kept: bool) -> Iterator[tuple[Node, bool]]:
    """All steps, and whether a full cache stands behind them: its one pass is made again elsewhere."""
    if isinstance(node, Cached):
        kept = kept or node._kept is not None
    yield node, kept
    for value in vars(node).values():
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if hasattr(part, "cardinality") and hasattr(part, "__iter__") and hasattr(part, "__dict__"):
                yield from _steps(getattr(part, "_node", part), kept)
