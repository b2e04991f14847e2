"""The one way from an activation function to the core, whatever kind of value it is given."""

from __future__ import annotations

from typing import Any

from oxhorn.engine.symbolic import apply_function

from oxhorn import _core

__all__ = ["activation"]


def activation(name: str, x: Any, **attrs: Any) -> Any:
    """Apply the core's activation of that name.

    Args:
        name: The name in the core's table.
        x: A tensor, a variable, an array, a list, or a symbolic tensor of a functional model.
        **attrs: The activation's arguments.

    Returns:
        A value of the same kind: symbolic for symbolic, a tensor otherwise.
    """
    return apply_function(lambda value: _core.activation(name, value, attrs), [x], name)
