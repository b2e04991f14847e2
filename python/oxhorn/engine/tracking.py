"""Finds the variables, layers and metrics that are assigned to attributes, also inside lists, tuples, dicts."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, SupportsIndex, TypeVar

from oxhorn import _core

F = TypeVar("F", bound=Callable[..., Any])


def is_metric(x: Any) -> bool:
    """Whether `x` keeps a state and a result over batches."""
    kind = type(x)
    return hasattr(kind, "update_state") and hasattr(kind, "result") and hasattr(kind, "reset_state")


_version = 0


def structure_version() -> int:
    """A number that grows whenever some owner begins or ceases to hold a variable, layer, metric or generator."""
    return _version


def structure_changed() -> None:
    """Tells those who keep lists of variables or layers that these may be out of date."""
    global _version
    _version += 1


class Tracker:
    """The state that an owner holds, by kind, each in the order in which it was first assigned."""

    def __init__(self, owner_name: str) -> None:
        self.owner_name = owner_name
        self.trainable_variables: list[Any] = []
        self.non_trainable_variables: list[Any] = []
        self.layers: list[Any] = []
        self.metrics: list[Any] = []
        self.seed_generators: list[Any] = []
        self.locked = False
        self.lock_message: str | None = None
        self.paused = False

    def _store_of(self, value: Any) -> list[Any] | None:
        from oxhorn.engine.layer_state import LayerState

        if isinstance(value, _core.Variable):
            return self.trainable_variables if value.trainable else self.non_trainable_variables
        if is_metric(value):
            return self.metrics
        if isinstance(value, LayerState):
            return self.layers
        if isinstance(getattr(value, "state", None), _core.Variable) and hasattr(value, "next"):
            return self.seed_generators
        return None

    def track(self, value: Any) -> Any:
        """Remembers what `value` holds; lists, dicts and sets come back as ones that keep the tracker informed."""
        if self.paused or value is None or isinstance(value, (str, int, float)):
            return value
        if isinstance(value, (TrackedList, TrackedDict, TrackedSet)):
            return value
        if isinstance(value, tuple):
            for item in value:
                self.track(item)
            return value
        if type(value) is list:
            return TrackedList(value, self)
        if isinstance(value, dict) and type(value).__setitem__ is dict.__setitem__:
            return TrackedDict(value, self)
        if type(value) is set:
            return TrackedSet(value, self)
        store = self._store_of(value)
        if store is not None and not any(item is value for item in store):
            if isinstance(value, _core.Variable) and any(
                item is value for item in (*self.trainable_variables, *self.non_trainable_variables)
            ):
                return value
            if self.locked and store is not self.metrics:
                raise ValueError(
                    self.lock_message
                    or f"{self.owner_name} is already built: you cannot add new elements of state (variables or "
                    f"sub-layers) to it; got {value!r}. Create it in `__init__` or `build`."
                )
            store.append(value)
            structure_changed()
        return value

    def lock(self, msg: str | None = None) -> None:
        """Refuses new variables and layers from now on.

        Args:
            msg: What the error says, in the place of the usual text.
        """
        self.locked = True
        self.lock_message = msg

    def unlock(self) -> None:
        """Takes new variables and layers again."""
        self.locked = False

    def add_variable(self, variable: Any) -> None:
        """Remembers a variable that was made by `add_weight`."""
        self.track(variable)

    def untrack(self, value: Any) -> None:
        """Forgets `value`."""
        for store in (
            self.trainable_variables,
            self.non_trainable_variables,
            self.layers,
            self.metrics,
            self.seed_generators,
        ):
            store[:] = [item for item in store if item is not value]
        structure_changed()

    def replace_layers(self, layers: Iterable[Any]) -> None:
        """Holds these layers, in this order, instead of those before."""
        self.layers[:] = layers
        structure_changed()


class TrackedList(list[Any]):
    """A list that tells a tracker what is put in and taken out."""

    def __init__(self, values: Iterable[Any] = (), tracker: Tracker | None = None) -> None:
        self.tracker = tracker
        super().__init__(tracker.track(value) if tracker else value for value in values)

    def _in(self, value: Any) -> Any:
        return self.tracker.track(value) if self.tracker else value

    def _out(self, values: Iterable[Any]) -> None:
        if self.tracker:
            for value in values:
                self.tracker.untrack(value)

    def append(self, value: Any) -> None:
        super().append(self._in(value))

    def insert(self, index: SupportsIndex, value: Any) -> None:
        super().insert(index, self._in(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._in(value) for value in values])

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        old = self[index]
        self._out(old if isinstance(index, slice) else [old])
        super().__setitem__(
            index, [self._in(v) for v in value] if isinstance(index, slice) else self._in(value)
        )

    def __delitem__(self, index: Any) -> None:
        old = self[index]
        self._out(old if isinstance(index, slice) else [old])
        super().__delitem__(index)

    def pop(self, index: SupportsIndex = -1) -> Any:
        value = super().pop(index)
        self._out([value])
        return value

    def remove(self, value: Any) -> None:
        super().remove(value)
        self._out([value])

    def clear(self) -> None:
        self._out(list(self))
        super().clear()

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


class TrackedDict(dict[Any, Any]):
    """A dict that tells a tracker what is put in and taken out."""

    def __init__(self, values: Mapping[Any, Any] | None = None, tracker: Tracker | None = None) -> None:
        self.tracker = tracker
        super().__init__({k: tracker.track(v) if tracker else v for k, v in (values or {}).items()})

    def __setitem__(self, key: Any, value: Any) -> None:
        if self.tracker:
            if key in self:
                self.tracker.untrack(self[key])
            value = self.tracker.track(value)
        super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        if self.tracker and key in self:
            self.tracker.untrack(self[key])
        super().__delitem__(key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        if self.tracker and key in self:
            self.tracker.untrack(self[key])
        return super().pop(key, *default)

    def popitem(self) -> tuple[Any, Any]:
        key, value = super().popitem()
        if self.tracker:
            self.tracker.untrack(value)
        return key, value

    def clear(self) -> None:
        for key in list(self):
            del self[key]

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class TrackedSet(set[Any]):
    """A set that tells a tracker what is put in and taken out."""

    def __init__(self, values: Iterable[Any] = (), tracker: Tracker | None = None) -> None:
        self.tracker = tracker
        super().__init__(tracker.track(value) if tracker else value for value in values)

    def add(self, value: Any) -> None:
        super().add(self.tracker.track(value) if self.tracker else value)

    def update(self, *others: Iterable[Any]) -> None:
        for other in others:
            for value in other:
                self.add(value)

    def remove(self, value: Any) -> None:
        super().remove(value)
        if self.tracker:
            self.tracker.untrack(value)

    def __reduce__(self) -> tuple[Any, ...]:
        return set, (list(self),)


def no_automatic_dependency_tracking(method: F) -> F:
    """A method whose attribute assignments are not tracked (for `compile` and the like)."""

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        tracker = self._tracker
        before, tracker.paused = tracker.paused, True
        try:
            return method(self, *args, **kwargs)
        finally:
            tracker.paused = before

    return wrapper  # type: ignore[return-value]
