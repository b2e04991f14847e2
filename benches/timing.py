"""How calls are timed: the same for every library."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def each(run: Callable[[], Any], seconds: float) -> list[float]:
    """Times single runs, one at least, until so many seconds are over."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def many(run: Callable[[], Any], seconds: float, groups: int = 8) -> list[float]:
    """Times groups of runs, for runs that are short against a look at the clock; seconds of one run."""
    run()
    start = time.perf_counter()
    run()
    count = max(1, int(seconds / groups / (time.perf_counter() - start)))
    times = []
    for _ in range(groups):
        start = time.perf_counter()
        for _ in range(count):
            run()
        times.append((time.perf_counter() - start) / count)
    return times
