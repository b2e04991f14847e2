"""What every regularizer is: a callable from a weight to a scalar penalty."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Self

from oxhorn import _core
from oxhorn.arguments import number

__all__ = ["CoreRegularizer", "Regularizer", "factor_of"]


class Regularizer:
    """Base class of the regularizers, yours included.

    A subclass implements `__call__(weight)`, which returns a scalar, and `get_config()`.

    Example:
    >>> import oxhorn as keras
    >>> class Half(keras.regularizers.Regularizer):
    ...     def __call__(self, weight):
    ...         return 0.5 * keras.regularizers.L1(1.0)(weight)
    ...     def get_config(self):
    ...         return {}
    >>> layer = keras.layers.Dense(2, kernel_regularizer=Half())
    """

    def __call__(self, x: Any) -> Any:
        """Return the penalty of a weight, a scalar.

        Args:
            x: The weight: a variable, a tensor or an array.
        """
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as a dict that JSON can hold.

        Raises:
            NotImplementedError: In a subclass that does not implement it.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: to save it, implement `get_config(self)`, "
            f"a dict of the constructor's arguments."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new regularizer from what `get_config` returned.

        Args:
            config: The constructor's arguments.
        """
        return cls(**config)


class CoreRegularizer(Regularizer):
    """A regularizer computed by the core: the subclass gives its arguments only."""

    core_name: ClassVar[str]

    def __call__(self, x: Any) -> Any:
        """Return the penalty of a weight, a scalar tensor of the weight's dtype.

        Args:
            x: The weight: a variable, a tensor or an array.
        """
        if not isinstance(x, (_core.Tensor, _core.Variable)):
            x = _core.tensor(x)
        return _core.penalty(self.core_name, json.dumps(self.get_config()), x)


def factor_of(value: Any, name: str, owner: str) -> float:
    """The factor of a penalty as a float of at least 0; a `ValueError` for anything else."""
    try:
        return number(value, name, owner, low=0.0)
    except ValueError as error:
        raise ValueError(
            f"{error} Invalid value for argument {name}: expected a non-negative float, such as 0.01."
        ) from None
