"""What every initializer is: a callable from a shape and a dtype to a tensor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from oxhorn import _core
from oxhorn.arguments import describe, integer
from oxhorn.config import floatx

__all__ = ["CoreInitializer", "Initializer", "sizes_of", "value_of"]


class Initializer:
    """Base class of the initializers, yours included.

    A subclass implements `__call__(shape, dtype=None)`, and `get_config()` if it has arguments.

    Example:
    >>> import oxhorn as keras
    >>> class Halves(keras.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return 0.5 * keras.initializers.Ones()(shape, dtype)
    >>> Halves()((2,)).numpy().tolist()
    [0.5, 0.5]
    """

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        """Return a tensor of the shape and dtype asked for.

        Args:
            shape: The shape, non-negative integers.
            dtype: Name of the dtype; None is the configured float dtype.

        Raises:
            NotImplementedError: In a subclass that does not implement it.
        """
        raise NotImplementedError(f"{type(self).__name__}: implement `__call__(self, shape, dtype=None)`.")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as a dict that JSON can hold."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new initializer from what `get_config` returned.

        Args:
            config: The constructor's arguments.
        """
        return cls(**config)

    def clone(self) -> Self:
        """Return a new initializer with the same arguments."""
        return self.from_config(self.get_config())


class CoreInitializer(Initializer):
    """An initializer whose numbers come from the core: the subclass gives its arguments only."""

    core_name: ClassVar[str]

    def core_config(self) -> dict[str, Any]:
        """The arguments as the core reads them: a seed is a pair of integers."""
        return self.get_config()

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Any:
        """Return a tensor of the shape and dtype asked for.

        Args:
            shape: The shape, non-negative integers.
            dtype: Name of the dtype; None is the configured float dtype.

        Returns:
            A tensor.

        Raises:
            ValueError: If the shape or the dtype does not suit the initializer.
        """
        return _core.initialize(
            self.core_name,
            json.dumps(self.core_config()),
            sizes_of(shape, type(self).__name__),
            dtype or floatx(),
        )


def sizes_of(shape: object, owner: str) -> list[int]:
    """The sizes of a shape; a `ValueError` if it is no sequence of integers of at least 0."""
    if not isinstance(shape, Sequence) or isinstance(shape, (str, bytes)):
        raise ValueError(
            f"{owner}: expected `shape` to be a tuple of integers. Received: shape={describe(shape)}. "
            f"Pass one such as shape=(2, 3)."
        )
    return [integer(size, "shape", owner, low=0) for size in shape]


def value_of(config: Any) -> Any:
    """An argument that may be an array: from its config, or as it is."""
    from oxhorn.saving import deserialize_keras_object

    return deserialize_keras_object(config) if isinstance(config, dict) else config
