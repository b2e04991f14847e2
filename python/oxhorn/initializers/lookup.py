"""Initializers by name and by config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from oxhorn import _core, initializers
from oxhorn.arguments import describe
from oxhorn.config import floatx
from oxhorn.lazy import LazyObjects
from oxhorn.lookup import deserialize_from, get_from

__all__ = ["deserialize", "get", "serialize"]

_OTHERS = ("Initializer", "LayerStart", "deserialize", "get", "lsuv", "serialize")

INITIALIZERS = LazyObjects(
    initializers.__name__,
    {
        **{name: name for name in initializers.__all__ if name not in _OTHERS},
        "normal": "RandomNormal",
        "one": "Ones",
        "uniform": "RandomUniform",
        "zero": "Zeros",
        # The same under the names of their first authors, as other libraries have them.
        "xavier_normal": "GlorotNormal",
        "xavier_uniform": "GlorotUniform",
        "kaiming_normal": "HeNormal",
        "kaiming_uniform": "HeUniform",
    },
)


def serialize(initializer: Any) -> Any:
    """Return the config of an initializer.

    Args:
        initializer: An initializer.

    Returns:
        A dict with `class_name` and `config`.
    """
    from oxhorn.saving import serialize_keras_object

    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the initializer a config or a name stands for.

    Args:
        config: What `serialize` returned, or a name.
        custom_objects: Your own classes by name.

    Raises:
        ValueError: If the config or the name is unknown.

    Example:
    >>> import oxhorn as keras
    >>> config = keras.initializers.serialize(keras.initializers.Constant(2.0))
    >>> keras.initializers.deserialize(config).value
    2.0
    """
    found = deserialize_from(config, "initializer", INITIALIZERS, custom_objects)
    return found() if isinstance(found, type) else found


def get(identifier: Any) -> Any:
    """Return the initializer an argument stands for.

    Args:
        identifier: A name in CamelCase or snake_case (also "xavier_uniform" and "kaiming_uniform" and their normal
            siblings, an addition), a config, a class, a callable with the arguments
            `(shape, dtype)`, an array with the values themselves, or None.

    Returns:
        The initializer, or None.

    Raises:
        ValueError: If the identifier is none of these.

    Example:
    >>> import oxhorn as keras
    >>> type(keras.initializers.get("he_normal")).__name__
    'HeNormal'
    """
    if isinstance(identifier, (np.ndarray, np.generic, _core.Tensor)):
        return _values(identifier)
    return get_from(identifier, "initializer", INITIALIZERS)


def _values(values: Any) -> Any:
    array = np.array(values)
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"Expected the values of an initializer to be numbers. Received: {describe(values)}. "
            f"Pass an array of a float dtype."
        )

    def initialize(shape: Sequence[int], dtype: str | None = None) -> Any:
        if tuple(shape) != array.shape:
            raise ValueError(
                f"The initializer is an array of shape {array.shape}: Expected `shape` to be that. "
                f"Received: shape={tuple(shape)}. Pass an array of the weight's shape."
            )
        return _core.tensor(array, dtype or floatx())

    return initialize
