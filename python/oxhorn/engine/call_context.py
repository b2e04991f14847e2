"""What nested calls of layers know from those around them: `training`, arguments that layers register, who looks on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Observer(Protocol):
    """Hears of every call of a layer."""

    def enter(self, layer: Any) -> None:
        """`layer` is about to be called."""

    def leave(self, layer: Any, outputs: Any) -> None:
        """The call of `layer` returned `outputs`."""


class CallContext:
    """Lives as long as the outermost layer call of a thread.

    Attributes:
        entry_layer: The layer of the outermost call.
        values: The arguments in force, by name. Replaced, never changed, by each call.
        observer: Who looks on at the calls, if anybody.
    """

    __slots__ = ("entry_layer", "observer", "values")

    def __init__(self, entry_layer: Any) -> None:
        self.entry_layer = entry_layer
        self.values: dict[str, Any] = {}
        self.observer = _current.observer

    @property
    def training(self) -> bool | None:
        """Whether the calls in progress are part of training, if any of them says so."""
        return self.values.get("training")


class _Current(threading.local):
    def __init__(self) -> None:
        self.context: CallContext | None = None
        self.observer: Observer | None = None


_current = _Current()


def get() -> CallContext | None:
    """The context of the call in progress in this thread."""
    return _current.context


def replace(context: CallContext | None) -> CallContext | None:
    """Makes `context` the current one and returns the one before."""
    before = _current.context
    _current.context = context
    return before


def is_observed() -> bool:
    """Whether somebody looks on at the calls of layers in this thread."""
    return _current.observer is not None


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Inside, `observer` hears of the layer calls of this thread."""
    before = _current.observer
    _current.observer = observer
    try:
        yield
    finally:
        _current.observer = before


@contextmanager
def unobserved() -> Iterator[None]:
    """Inside, nobody hears of the layer calls of this thread."""
    context, before = _current.context, _current.observer
    _current.observer = None
    if context is not None:
        context.observer = None
    try:
        yield
    finally:
        _current.observer = before
        if context is not None:
            context.observer = before
