"""Automatic names (`dense`, `dense_1`, ...) and the scopes that make variable paths (`model/dense/kernel`)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

_counters: dict[str, int] = {}
_lock = threading.Lock()


class _ScopeStack(threading.local):
    def __init__(self) -> None:
        self.scopes: list[tuple[str, Any]] = []


_stack = _ScopeStack()


def to_snake_case(name: str) -> str:
    """`Conv2D` -> `conv2d`, `BatchNormalization` -> `batch_normalization`, `PReLU` -> `p_re_lu`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def to_camel_case(name: str) -> str:
    """`reduce_sum` -> `ReduceSum`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def auto_name(prefix: str) -> str:
    """The next free name of this kind: `dense`, then `dense_1`, `dense_2`, ..."""
    return uniquify(to_snake_case(prefix))


def uniquify(name: str) -> str:
    """`name` the first time it is asked for, then `name_1`, `name_2`, ..."""
    with _lock:
        count = _counters.get(name, 0)
        _counters[name] = count + 1
    return name if count == 0 else f"{name}_{count}"


def get_uid(prefix: str = "") -> int:
    """A number for each call with the same prefix: 1, then 2, 3, ...; `clear_session` starts again.

    Args:
        prefix: What is counted, such as `"dense"`. Automatic names use the same counters.

    >>> import oxhorn as keras
    >>> keras.backend.get_uid("wheel"), keras.backend.get_uid("wheel")
    (1, 2)
    """
    with _lock:
        count = _counters.get(prefix, 0) + 1
        _counters[prefix] = count
    return count


@contextmanager
def kept_counters() -> Iterator[None]:
    """Names that are given meanwhile, to objects that are thrown away, are free again afterwards."""
    with _lock:
        before = dict(_counters)
    try:
        yield
    finally:
        with _lock:
            _counters.clear()
            _counters.update(before)


def reset_names() -> None:
    """Starts all automatic names afresh."""
    with _lock:
        _counters.clear()


class name_scope:
    """Prefixes the paths of the variables created inside it.

    A scope that `caller` opens while its own scope is already innermost changes nothing.

    Args:
        name: One part of a path: not empty, without `/`.
        caller: The object that the scope belongs to.
        parent: The path to put in front where no other scope is open.
    """

    def __init__(self, name: str, caller: Any = None, parent: str | None = None) -> None:
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(
                f"The name of a scope must be a string that is not empty and has no '/'; got {name!r}."
            )
        self.name = name
        self.caller = caller
        self._parent = parent
        self._pushed = False

    def __enter__(self) -> name_scope:
        scopes = _stack.scopes
        self._pushed = not (scopes and self.caller is not None and scopes[-1][1] is self.caller)
        if self._pushed:
            path = f"{self._parent}/{self.name}" if self._parent and not scopes else self.name
            scopes.append((path, self.caller))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pushed:
            _stack.scopes.pop()


def current_path() -> str:
    """The scopes that are open in this thread, joined by `/`."""
    return "/".join(name for name, _ in _stack.scopes)
