"""What every constraint is: a callable from a weight to the nearest weight allowed."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Self

from oxhorn import _core

__all__ = ["Constraint", "CoreConstraint"]


class Constraint:
    """Base class of the constraints, yours included: applied to a weight after each update.

    A subclass implements `__call__(weight)`, which returns a tensor of the same shape, and `get_config()`
    if it has arguments.

    Example:
    >>> import oxhorn as keras
    >>> class Frozen(keras.constraints.Constraint):
    ...     def __call__(self, weight):
    ...         return weight * 0.0
    >>> layer = keras.layers.Dense(2, kernel_constraint=Frozen())
    """

    def __call__(self, w: Any) -> Any:
        """Return the weight, changed so that it keeps the constraint.

        Args:
            w: The weight: a variable, a tensor or an array.
        """
        return w

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as a dict that JSON can hold."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new constraint from what `get_config` returned.

        Args:
            config: The constructor's arguments.
        """
        return cls(**config)


class CoreConstraint(Constraint):
    """A constraint computed by the core: the subclass gives its arguments only."""

    core_name: ClassVar[str]

    def __call__(self, w: Any) -> Any:
        """Return the weight, changed so that it keeps the constraint.

        Args:
            w: The weight: a variable, a tensor or an array.
        """
        if not isinstance(w, (_core.Tensor, _core.Variable)):
            w = _core.tensor(w)
        return _core.constrain(self.core_name, json.dumps(self.get_config()), w)
