"""`check.<task>(answer)`, the line at the end of each task of a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn.testing.exercises.task import find, tasks


class Checks:
    """The check of each task, as an attribute of the task's name."""

    def __init__(self) -> None:
        self._silent = False

    def __getattr__(self, name: str) -> Callable[[Any], None]:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            task = find(name)
        except ValueError as error:
            raise AttributeError(f"check.{name}: {error}") from None

        def checked(answer: Any) -> None:
            if self._silent:
                return
            # Raised afresh: a pupil needs the sentence, not the way through this package.
            try:
                task.check(answer)
            except AssertionError as error:
                sentence = str(error)
            else:
                print(f"{name}: passed")
                return
            raise AssertionError(sentence) from None

        return checked

    def __dir__(self) -> list[str]:
        return [task.name for task in tasks()]

    def __repr__(self) -> str:
        return f"checks of the exercises: {', '.join(dir(self))}"


check = Checks()
