"""The progress bar of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from oxhorn.utils.messages import print_message

_BOLD, _GREEN, _WHITE, _RESET = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class Progbar:
    """One line that shows how far a loop has come.

    In a terminal and in a notebook the line is redrawn in place, at most once every `interval` seconds. Where the
    output goes to a file or a pipe, only the finished line is written, unless an `interval` is asked for.

    Args:
        target: number of steps expected; `None` when it is not known.
        width: length of the bar in characters. Defaults to 20.
        verbose: 0 prints nothing, 1 draws the bar, 2 prints one line when the loop ends. Defaults to 1.
        interval: least time between two redraws, in seconds; files and pipes then get a line each time. Defaults to
            `None`, 0.2 where the line can be redrawn.
        stateful_metrics: names of values to show as they are; all others are averaged over the steps.
        stateless_metrics: names of values to average over the steps; all others are shown as they are.
            Give this or `stateful_metrics`, not both. Without either, every value is averaged.
        unit_name: what one step is called. Defaults to `"step"`.

    Raises:
        ValueError: if both `stateful_metrics` and `stateless_metrics` are given, or `verbose` is not 0, 1 or 2.

    Example:
        >>> import oxhorn as keras
        >>> bar = keras.utils.Progbar(target=3, verbose=2)
        >>> for step in range(3):
        ...     bar.update(step + 1, values=[("loss", 0.5)])
        3/3 - 0s - ...s/step - loss: 0.5000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float | None = None,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Progbar: Only one of `stateful_metrics` and `stateless_metrics` can be set; got both. The first "
                "lists what to show as it is, the second what to average; one of them settles the other."
            )
        if verbose not in (0, 1, 2):
            raise ValueError(f"Progbar: expected verbose to be 0, 1 or 2, got {verbose!r}.")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = 0.2 if interval is None else interval
        self.unit_name = unit_name
        self.stateful_metrics = None if stateless_metrics is not None else set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)

        self._redraws = _can_redraw()
        self._draws_often = self._redraws or interval is not None
        self._seen_so_far = 0
        self._sums: dict[str, tuple[Any, int]] = {}  # name -> (weighted sum, number of steps)
        self._start = time.monotonic()
        self._after_first_step: float | None = None
        self._last_update = float("-inf")
        self._drawn = 0  # visible characters of the line on screen

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Show that `current` steps are done.

        Args:
            current: number of steps done so far.
            values: pairs `(name, value for the steps since the last update)`.
            finalize: whether this is the last update. Defaults to `current >= target`.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or ():
            self._record(name, value, current, finalize)
        self._seen_so_far = current

        now = time.monotonic()
        step_time = self._step_time(current, now)
        if self.verbose == 1:
            due = self._draws_often and now - self._last_update >= self.interval
            if finalize or due:
                self._draw(current, now, step_time, finalize)
                self._last_update = now
        elif self.verbose == 2 and finalize:
            line = f"{self._count(current)} - {now - self._start:.0f}s - {self._rate(step_time)}{self._metrics()}"
            print_message(line)

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that `n` more steps are done.

        Args:
            n: number of steps done since the last update.
            values: as for `update`.
        """
        self.update(self._seen_so_far + n, values)

    def _record(self, name: str, value: Any, current: int, finalize: bool) -> None:
        if self.stateless_metrics is not None:
            averaged = name in self.stateless_metrics
        else:
            averaged = name not in (self.stateful_metrics or ())
        # A finalizing call brings the value of the whole loop, which replaces the average.
        if not averaged or (finalize and current <= self._seen_so_far):
            self._sums[name] = (value, 1)
            return
        if isinstance(value, (list, tuple)):
            value = float(np.mean(value))
        steps = max(current - self._seen_so_far, 1)
        total, count = self._sums.get(name, (0.0, 0))
        self._sums[name] = (total + value * steps, count + steps)

    def _draw(self, current: int, now: float, step_time: float, finalize: bool) -> None:
        elapsed = now - self._start
        if self.target:
            done = min(self.width, int(self.width * current / self.target))
            left = self.width - done
            head, bar = self._count(current), ("━" * done, "━" * left)
        else:
            head, bar = f"{current:7d}/Unknown", ("", "")
        clock = f"{elapsed:.0f}s"
        if self.target and not finalize:
            clock = _clock(step_time * (self.target - current))
        tail = f" {self._rate(step_time)}{self._metrics()}"

        visible = len(head) + len(bar[0]) + len(bar[1]) + (2 if self.target else 1) + len(clock) + len(tail)
        if self._redraws:
            coloured = f"{_GREEN}{bar[0]}{_RESET}" if bar[0] else ""
            coloured += f"{_WHITE}{bar[1]}{_RESET}" if bar[1] else ""
            line = f"\r{_BOLD}{head}{_RESET} {coloured}"
            line += " " if coloured else ""
            line += f"{_BOLD}{clock}{_RESET}{tail}" + " " * max(0, self._drawn - visible)
        else:
            line = f"{head} {bar[0]}{bar[1]}"
            line += " " if self.target else ""
            line += f"{clock}{tail}"
        self._drawn = visible
        print_message(line, end="\n" if finalize or not self._redraws else "")

    def _count(self, current: int) -> str:
        if not self.target:
            return f"{current}/Unknown"
        return f"{current:>{len(str(self.target))}d}/{self.target}"

    def _rate(self, step_time: float) -> str:
        if step_time >= 1 or step_time == 0:
            return f"{step_time:.0f}s/{self.unit_name}"
        if step_time >= 1e-3:
            return f"{step_time * 1e3:.0f}ms/{self.unit_name}"
        return f"{step_time * 1e6:.0f}us/{self.unit_name}"

    def _metrics(self) -> str:
        text = ""
        for name, (total, count) in self._sums.items():
            average = float(np.mean(total)) / max(1, count)
            text += f" - {name}: {average:.4f}" if abs(average) > 1e-3 else f" - {name}: {average:.4e}"
        return text

    def _step_time(self, current: int, now: float) -> float:
        """Seconds a step; the first step, which traces and allocates, is left out as soon as there are others."""
        if current <= 0:
            return 0.0
        if current == 1:
            self._after_first_step = now
        elif self._after_first_step is not None:
            return (now - self._after_first_step) / (current - 1)
        return (now - self._start) / current


def _can_redraw() -> bool:
    """Whether standard output understands a carriage return: a terminal, a notebook, an IDE's console."""
    if "PYCHARM_HOSTED" in os.environ:
        return True
    if type(sys.stdout).__module__.startswith(("ipykernel", "google.colab")):
        return True
    isatty = getattr(sys.stdout, "isatty", None)
    return bool(isatty and isatty())


def _clock(seconds: float) -> str:
    """Seconds as `7s`, `1:05` or `2:03:04`."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    if whole >= 60:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole}s"
