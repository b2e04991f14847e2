"""The checks of the exercises: what pupils ask in their notebooks, and teachers of their pupils' notebooks."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.testing.exercises.checking import check
    from oxhorn.testing.exercises.grading import Mark, grade
    from oxhorn.testing.exercises.task import EXERCISES, Task, find, tasks
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.testing.exercises.checking": "check",
            "oxhorn.testing.exercises.grading": "Mark, grade",
            "oxhorn.testing.exercises.task": "EXERCISES, Task, find, tasks",
        },
    )

__all__ = ["EXERCISES", "Mark", "Task", "check", "find", "grade", "tasks"]
