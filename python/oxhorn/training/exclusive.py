"""One thread at a time trains or evaluates a model: both change its state."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_creation = threading.Lock()


class ExclusiveUse:
    """A lock that says no at once instead of waiting.

    The thread that holds it may use the model again, as a callback that evaluates does; but it cannot start a second
    `fit` inside the first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._methods: list[str] = []

    @staticmethod
    def give_to(model: Any) -> None:
        """Give `model` its lock, once, whichever threads ask."""
        with _creation:
            if model._exclusive_use is None:
                model._set(_exclusive_use=ExclusiveUse())

    @contextmanager
    def by(self, method: str) -> Iterator[None]:
        """Hold the lock while `method` runs.

        Raises:
            RuntimeError: If another thread holds it, or `fit` is called inside `fit`.
        """
        mine = self._owner == threading.get_ident()
        if mine and method == "fit" and "fit" in self._methods:
            raise RuntimeError(
                "fit was called inside fit, by a callback or a data source. Train after fit returns."
            )
        if not mine and not self._lock.acquire(blocking=False):
            running = self._methods[0] if self._methods else "another method"
            raise RuntimeError(
                f"{method} cannot start: {running} is running on this model in another thread, and both change its "
                "state. Wait for it, or use a copy of the model. Only predict may run in several threads."
            )
        self._owner = threading.get_ident()
        self._methods.append(method)
        try:
            yield
        finally:
            self._methods.pop()
            if not mine:
                self._owner = None
                self._lock.release()

    # A copy or a pickle of a model starts with a lock of its own.
    def __deepcopy__(self, memo: dict[int, Any]) -> ExclusiveUse:
        return ExclusiveUse()

    def __reduce__(self) -> tuple[type[ExclusiveUse], tuple[()]]:
        return ExclusiveUse, ()
