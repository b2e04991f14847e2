"""Medians, spreads and ratios of rounds that libraries took in turns."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

OXHORN = "Oxhorn"
# Round number -> seconds; a slow library sits out some rounds.
Rounds = dict[int, float]


@dataclass(frozen=True)
class Spread:
    """A median and the quartiles around it."""

    median: float
    low: float
    high: float


def spread(values: list[float]) -> Spread:
    """Median and quartiles, the latter interpolated between the values; all three are the value if it is alone."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def paired_ratios(peer: Rounds, ours: Rounds) -> list[float]:
    """Ratios of the rounds that both took: what slows a round down slows both."""
    return [peer[i] / ours[i] for i in sorted(peer.keys() & ours.keys())]


def takes_part(index: int, rounds: int, count: int) -> bool:
    """Whether a library that takes part in `count` of the rounds, evenly spaced, takes part in this one."""
    return (index * count) // rounds != ((index - 1) * count) // rounds if index else count > 0


def from_json(times: dict[str, Any]) -> dict[str, Rounds]:
    """The rounds of each library as they were written: JSON knows only strings as keys."""
    return {name: {int(i): float(s) for i, s in rounds.items()} for name, rounds in times.items()}


@dataclass(frozen=True)
class Row:
    """One line of a table: the time of each library, and what the best peer takes compared with Oxhorn."""

    times: dict[str, Spread]
    best: str | None
    ratio: Spread | None


def row(times: dict[str, Rounds]) -> Row:
    """The best peer is the one with the smallest median."""
    spreads = {name: spread(list(rounds.values())) for name, rounds in times.items() if rounds}
    peers = {name: s.median for name, s in spreads.items() if name != OXHORN}
    best = min(peers, key=lambda name: peers[name]) if peers else None
    ratio = None
    if best and OXHORN in spreads:
        ratios = paired_ratios(times[best], times[OXHORN])
        ratio = spread(ratios) if ratios else None
    return Row(spreads, best, ratio)
