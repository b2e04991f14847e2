"""The one way from an activation function to the core, whatever kind of value it is given."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.symbolic import FunctionCall

__all__ = ["activation"]


def activation(name: str, x: Any, **attrs: Any) -> Any:
    """Apply the core's activation of that name, which is that of the public function too.

    Args:
        name: The name.
        x: A tensor, a variable, an array, a list, or a symbolic tensor of a functional model.
        **attrs: The activation's arguments.

    Returns:
        A value of the same kind: symbolic for symbolic, a tensor otherwise.
    """
    if isinstance(x, KerasTensor):
        from oxhorn import activations

        return FunctionCall(getattr(activations, name), name, "activations", attrs).symbolic_call(x)
    if isinstance(x, (list, tuple)):
        # A list may hold tensors, which a tape or a trace must not lose.
        from oxhorn.ops.arguments import to_tensor

        x = to_tensor(x)
    return _core.activation(name, x, attrs)
