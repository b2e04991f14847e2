"""Computing without side effects: variables stand for given values, and assignments are kept aside."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from oxhorn import _core


class _Depth(threading.local):
    def __init__(self) -> None:
        self.scopes: list[StatelessScope] = []


_depth = _Depth()


def in_stateless_scope() -> bool:
    """Whether a `StatelessScope` is open in this thread."""
    return bool(_depth.scopes)


class StatelessScope:
    """Inside it, variables stand for other values, and what is assigned to them stays in the scope.

    Args:
        state_mapping: Pairs of a variable and its value.
        collect_losses: Accepted for compatibility: losses are kept by the layers that add them.
        initialize_variables: Accepted for compatibility: variables always have a value.

    Raises:
        ValueError: If an entry is no such pair, or a value has another shape than its variable.

    >>> import oxhorn as keras
    >>> v = keras.Variable(1.0)
    >>> with keras.StatelessScope([(v, 5.0)]) as scope:
    ...     _ = v.assign(v + 1.0)
    >>> float(scope.get_current_value(v)), float(v)
    (6.0, 1.0)
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Any, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        pairs = list(state_mapping or ())
        for variable, _ in pairs:
            if not isinstance(variable, _core.Variable):
                raise ValueError(
                    "StatelessScope expects pairs of a variable and its value; got "
                    f"{variable!r} of type {type(variable).__name__} in the place of a variable."
                )
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self._scope = _core.Scope([variable for variable, _ in pairs], [value for _, value in pairs])

    def get_current_value(self, variable: Any) -> Any:
        """What `variable` stands for in the scope, or stood for at its end; `None` if the scope does not know it."""
        return self._scope.value(variable)

    def __enter__(self) -> StatelessScope:
        self._scope.__enter__()
        _depth.scopes.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _depth.scopes.pop()
        self._scope.__exit__(kind, error, trace)


def check_count(who: str, argument: str, values: Sequence[Any], variables: Sequence[Any]) -> None:
    """A `ValueError` unless there is one value for each variable."""
    if len(values) != len(variables):
        raise ValueError(
            f"{who}: Argument `{argument}` must be a list of tensors, one for each variable in the order of "
            f"`{argument}` of the object. Received list with length {len(values)}, but expected {len(variables)} "
            "variables."
        )


def call(
    layer: Any,
    trainable_variables: Sequence[Any],
    non_trainable_variables: Sequence[Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    return_losses: bool,
) -> Any:
    """`Layer.stateless_call`, whose docstring describes the arguments."""
    layer._check_super_called()
    who = f"{type(layer).__name__}.stateless_call"
    if not layer.built:
        raise ValueError(
            f"To call stateless_call, {type(layer).__name__} must be built (i.e. its variables must have been made). "
            "Call it on some data first, or use `build`."
        )
    trainable, rest = layer.trainable_variables, layer.non_trainable_variables
    check_count(who, "trainable_variables", trainable_variables, trainable)
    check_count(who, "non_trainable_variables", non_trainable_variables, rest)
    parts = layer._flatten_layers()
    before = [list(part._losses) for part in parts]
    try:
        with StatelessScope(
            zip([*trainable, *rest], [*trainable_variables, *non_trainable_variables], strict=True)
        ) as scope:
            outputs = layer(*args, **kwargs)
            losses = layer.losses if return_losses else []
    finally:
        for part, terms in zip(parts, before, strict=True):
            part._losses[:] = terms
    after = [scope.get_current_value(variable) for variable in rest]
    return (outputs, after, losses) if return_losses else (outputs, after)
