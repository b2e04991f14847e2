"""Updates without side effects: values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.engine.stateless import StatelessScope, check_count


def apply(
    optimizer: Any,
    optimizer_variables: Sequence[Any],
    grads: Sequence[Any],
    trainable_variables: Sequence[Any],
) -> tuple[list[Any], list[Any]]:
    """`Optimizer.stateless_apply`, whose docstring describes the arguments."""
    who = f"{type(optimizer).__name__}.stateless_apply"
    if not optimizer.built:
        raise ValueError(
            f"To call `stateless_apply`, {type(optimizer).__name__} must be built (i.e. its variables must have been "
            "created). You can build it via `optimizer.build(trainable_variables)`."
        )
    own, trained = list(optimizer.variables), list(optimizer._trainable_variables)
    check_count(who, "optimizer_variables", optimizer_variables, own)
    check_count(who, "trainable_variables", trainable_variables, trained)
    variables = [*trained, *own]
    values = [*trainable_variables, *optimizer_variables]
    if optimizer._updates_in_place():
        after = _apply_in_place(optimizer, variables, values, grads, trained)
    else:
        with StatelessScope(zip(variables, values, strict=True)) as scope:
            optimizer.apply(grads, trained)
        after = [scope.get_current_value(variable) for variable in variables]
    return after[: len(trained)], after[len(trained) :]


def _apply_in_place(
    optimizer: Any, variables: list[Any], values: list[Any], grads: Sequence[Any], trained: list[Any]
) -> list[Any]:
    """The core changes the variables in place: they hold the values meanwhile, and get their own back."""
    before = [variable.value for variable in variables]
    try:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        optimizer.apply(grads, trained)
        return [variable.value for variable in variables]
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
