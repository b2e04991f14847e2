"""Which passes the shuffling steps of a pipeline have made: with it, another process goes on with the same orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oxhorn.data.nodes import Cached, Generated, Node, Shuffled


def get_passes(node: Node) -> list[list[int]]:
    """Seed and number of passes of each shuffling step, in the order of the pipeline."""
    return [[step._seed, max(step.passes - kept, 0)] for step, kept in _shuffled(node)]


def set_passes(node: Node, passes: list[list[int]]) -> None:
    """Takes what `get_passes` returned.

    Raises:
        ValueError: If the pipeline has another number of shuffling steps; nothing is changed then.
    """
    steps = [step for step, _ in _shuffled(node)]
    if len(steps) != len(passes) or not all(type(n) is int for pair in passes for n in pair):
        raise ValueError(
            f"Dataset.set_state: expected the state of {len(steps)} shuffling steps; got {len(passes)}."
        )
    for step, (seed, number) in zip(steps, passes, strict=True):
        step._seed, step.passes = seed, number


def may_differ_by_pass(node: Node) -> bool:
    """Whether another pass may have another order or, from a generator, other elements."""
    return any(
        isinstance(step, Generated) or (isinstance(step, Shuffled) and step._anew)
        for step, _ in _steps(node, False)
    )


def first_element(node: Node) -> Any:
    """The first element, or `None`: a look, after which passes have the orders that they would have had without it."""
    before = [(step, step.passes) for step, _ in _shuffled(node)]
    first = next(iter(node), None)
    for step, passes in before:
        step.passes = passes
    return first


def _shuffled(node: Node) -> list[tuple[Shuffled, bool]]:
    return [(step, kept) for step, kept in _steps(node, False) if isinstance(step, Shuffled)]


def _steps(node: Any, kept: bool) -> Iterator[tuple[Node, bool]]:
    """All steps, and whether a full cache stands behind them: its one pass is made again elsewhere."""
    if isinstance(node, Cached):
        kept = kept or node._kept is not None
    yield node, kept
    for value in vars(node).values():
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if hasattr(part, "cardinality") and hasattr(part, "__iter__") and hasattr(part, "__dict__"):
                yield from _steps(getattr(part, "_node", part), kept)
