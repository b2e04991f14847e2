"""What a task is, and the table of all tasks: notebooks and the teacher's tests ask the same functions."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Each exercise is a notebook `exercises/<name>.ipynb`; its tasks are checked by the module named here.
EXERCISES = {
    "01_backprop": "backprop",
    "02_batch_norm": "batch_norm",
    "03_adam": "adam",
    "04_dropout": "dropout",
    "05_conv2d": "conv2d",
    "06_find_the_bug": "find_the_bug",
    "07_dying_network": "dying_network",
    "08_loss_curve": "loss_curve",
    "09_transfer": "transfer",
}

_TASKS: dict[str, Task] = {}


@dataclass(frozen=True)
class Task:
    """One task: the pupil's answer is the object of the task's name, and `check` says what is wrong with it.

    Attributes:
        name: The name that the answer has in the notebook.
        exercise: The notebook, as in `EXERCISES`.
        points: What a right answer is worth.
        check: Called with the answer; raises an `AssertionError` that helps.
    """

    name: str
    exercise: str
    points: int
    check: Callable[[Any], None]


def task(exercise: str, points: int = 1) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Enters a check under its own name into the table of tasks."""

    def enter(check: Callable[[Any], None]) -> Callable[[Any], None]:
        name = check.__name__
        if name in _TASKS and _TASKS[name].check.__module__ != check.__module__:
            raise ValueError(
                f"the task {name!r} is in the table already, of exercise {_TASKS[name].exercise}"
            )
        _TASKS[name] = Task(name, exercise, points, check)
        return check

    return enter


def tasks(exercise: str | None = None) -> list[Task]:
    """All tasks in the order of the notebooks, or those of one exercise.

    Args:
        exercise: The name of an exercise, such as `"03_adam"`.

    Returns:
        The tasks.

    Raises:
        ValueError: There is no such exercise.

    >>> from oxhorn.testing import exercises
    >>> [task.name for task in exercises.tasks("03_adam")]
    ['momentum_step', 'adam_step']
    """
    if exercise is not None and exercise not in EXERCISES:
        raise ValueError(f"tasks: expected an exercise, one of {', '.join(EXERCISES)}; got {exercise!r}")
    for name in EXERCISES if exercise is None else [exercise]:
        importlib.import_module(f"oxhorn.testing.exercises.{EXERCISES[name]}")
    order = list(EXERCISES)
    found = sorted(_TASKS.values(), key=lambda t: order.index(t.exercise))
    return [t for t in found if exercise in (None, t.exercise)]


def find(name: str) -> Task:
    """The task of a name.

    Args:
        name: The name of the answer, such as `"adam_step"`.

    Returns:
        The task.

    Raises:
        ValueError: There is no such task; the message lists those that there are.

    >>> from oxhorn.testing import exercises
    >>> exercises.find("adam_step").exercise
    '03_adam'
    """
    if name not in _TASKS:
        names = [t.name for t in tasks()]  # Enters all that there are.
        if name not in names:
            raise ValueError(f"expected the name of a task, one of {', '.join(names)}; got {name!r}")
    return _TASKS[name]
