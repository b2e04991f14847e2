"""A line search for the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# f(t) <= f(0) + C1 t f'(0)  and  |f'(t)| <= C2 |f'(0)|: what is usual for quasi-Newton directions.
C1 = 1e-4
C2 = 0.9
MOST_EVALUATIONS = 25


@dataclass
class Point:
    """The function along the line: at `t` it has this value and slope, and the whole gradient where they come from."""

    t: float
    value: float
    slope: float
    gradient: Any


def strong_wolfe(
    evaluate: Callable[[float], Point],
    start: Point,
    t: float,
    tolerance: float,
    most_evaluations: int = MOST_EVALUATIONS,
) -> tuple[Point, int]:
    """A step length `t` for which the function has fallen enough and its slope has become flat.

    With `f(t)` the function along the direction, the strong Wolfe conditions are

        f(t) <= f(0) + c1 t f'(0)        |f'(t)| <= c2 |f'(0)|

    First `t` grows until an interval must contain such a point; then the interval shrinks around it, by the minimum
    of the cubic through its ends. A value that is not finite counts as too large.

    Args:
        evaluate: The function along the direction.
        start: What it is at 0; its slope is negative.
        t: The first length to try.
        tolerance: An interval of this length is not divided any more.
        most_evaluations: How often `evaluate` may be called.

    Returns:
        The point found (the lowest one seen, if the conditions were not reached), and the number of evaluations.

    Source: J. Nocedal, S. Wright, Numerical optimization, 2nd edition, 2006, algorithms 3.5 and 3.6.
    """

    def too_high(point: Point) -> bool:
        # Written so that NaN is too high.
        return not point.value <= start.value + C1 * point.t * start.slope

    def is_flat(point: Point) -> bool:
        return abs(point.slope) <= -C2 * start.slope

    before, now = start, evaluate(t)
    evaluations = 1
    while True:
        if too_high(now) or (evaluations > 1 and now.value >= before.value):
            low, high = before, now
            break
        if is_flat(now):
            return now, evaluations
        if now.slope >= 0:
            low, high = now, before
            break
        if evaluations >= most_evaluations:
            return now, evaluations
        # Further out: at least a little, at most ten times as far.
        least, most = now.t + 0.01 * (now.t - before.t), 10.0 * now.t
        t = _cubic_minimum(before, now, least, most)
        before, now = now, evaluate(t)
        evaluations += 1
    stalled = False
    while evaluations < most_evaluations and abs(high.t - low.t) > tolerance:
        first, last = sorted((low.t, high.t))
        t = _cubic_minimum(low, high, first, last)
        # Too close to an end twice in a row, and the interval would hardly shrink.
        margin = 0.1 * (last - first)
        if min(last - t, t - first) < margin:
            if stalled or t in (first, last):
                t = last - margin if last - t < t - first else first + margin
                stalled = False
            else:
                stalled = True
        else:
            stalled = False
        now = evaluate(t)
        evaluations += 1
        if too_high(now) or now.value >= low.value:
            high = now
            continue
        if is_flat(now):
            return now, evaluations
        if now.slope * (high.t - low.t) >= 0:
            high = low
        low = now
    return low, evaluations


# p(t) the cubic with the values and slopes of both ends: with
#   d1 = f1' + f2' - 3 (f1 - f2) / (t1 - t2),   d2 = sqrt(d1^2 - f1' f2')
#   its minimum is at t2 - (t2 - t1) (f2' + d2 - d1) / (f2' - f1' + 2 d2)        (t1 < t2)
def _cubic_minimum(a: Point, b: Point, low: float, high: float) -> float:
    """Where the cubic through two points is least, within bounds; the middle where there is no such cubic."""
    if a.t > b.t:
        a, b = b, a
    numbers = (a.value, a.slope, b.value, b.slope)
    if all(math.isfinite(x) for x in numbers) and a.t != b.t:
        d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
        square = d1 * d1 - a.slope * b.slope
        if math.isfinite(square) and square >= 0:
            d2 = math.sqrt(square)
            divisor = b.slope - a.slope + 2 * d2
            if divisor != 0:
                t = b.t - (b.t - a.t) * (b.slope + d2 - d1) / divisor
                return min(max(t, low), high)
    return (low + high) / 2
