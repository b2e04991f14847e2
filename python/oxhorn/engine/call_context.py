"""What nested calls of layers know from the outermost one: the `training` flag."""

from __future__ import annotations

import threading
from typing import Any


class CallContext:
    """Lives as long as the outermost layer call of a thread."""

    def __init__(self, entry_layer: Any) -> None:
        self.entry_layer = entry_layer
        self.training: bool | None = None


class _Current(threading.local):
    def __init__(self) -> None:
        self.context: CallContext | None = None


_current = _Current()


def get() -> CallContext | None:
    """The context of the call in progress in this thread."""
    return _current.context


def replace(context: CallContext | None) -> CallContext | None:
    """Makes `context` the current one and returns the one before."""
    before = _current.context
    _current.context = context
    return before
