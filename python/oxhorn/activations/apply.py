"""The one way from an activation function to the core, whatever kind of value it is given."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import Operation

__all__ = ["ActivationFunction", "activation"]


class ActivationFunction(Operation):
    """An activation of the core that was called on a symbolic tensor: a step of a functional model.

    Args:
        activation: The name in the core's table.
        arguments: The activation's arguments by name.
        name: Name of the step, or None for one of its own.
    """

    def __init__(self, activation: str, arguments: dict[str, Any], name: str | None = None) -> None:
        super().__init__(name=name)
        self.activation = activation
        self.arguments = arguments

    def call(self, x: Any) -> Any:
        """Apply the activation to a value.

        Args:
            x: A tensor, a variable or an array.
        """
        return _core.activation(self.activation, x, self.arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name, "activation": self.activation, "arguments": self.arguments}


def activation(name: str, x: Any, **attrs: Any) -> Any:
    """Apply the core's activation of that name.

    Args:
        name: The name in the core's table.
        x: A tensor, a variable, an array, a list, or a symbolic tensor of a functional model.
        **attrs: The activation's arguments.

    Returns:
        A value of the same kind: symbolic for symbolic, a tensor otherwise.
    """
    if isinstance(x, KerasTensor):
        return ActivationFunction(name, attrs)(x)
    return _core.activation(name, x, attrs)
