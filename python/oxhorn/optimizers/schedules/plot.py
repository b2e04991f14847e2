"""The picture of a learning-rate schedule."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import positive_integer
from oxhorn.utils.axes import new_axes


def plot_schedule(schedule: Any, steps: Any, ax: Any) -> Any:
    """`LearningRateSchedule.plot`, which describes the arguments."""
    name = type(schedule).__name__
    count = positive_integer(steps, "steps", f"{name}.plot")
    if ax is None:
        ax = new_axes(f"{name}.plot", "Call the schedule itself for the numbers: float(schedule(step)).")
    ax.plot(range(count), [float(schedule(step)) for step in range(count)], lw=1.8, label=name)
    ax.set_xlabel("step")
    ax.set_ylabel("learning rate")
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.set_title(getattr(schedule, "name", None) or name, loc="left")
    ax.grid(True, color="#e4e7eb", lw=0.8)
    return ax
