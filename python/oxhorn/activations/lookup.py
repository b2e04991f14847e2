"""Activations by name and by config."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

from oxhorn.activations.curves import (
    exponential,
    hard_tanh,
    linear,
    softplus,
    softsign,
    sparse_plus,
    squareplus,
    tanh,
    tanh_shrink,
)
from oxhorn.activations.distributions import (
    log_softmax,
    softmax,
    sparsemax,
)
from oxhorn.activations.gates import (
    gelu,
    glu,
    hard_sigmoid,
    hard_silu,
    keras_2_hard_sigmoid,
    log_sigmoid,
    mish,
    sigmoid,
    silu,
    sparse_sigmoid,
)
from oxhorn.activations.rectifiers import (
    celu,
    elu,
    hard_shrink,
    leaky_relu,
    relu,
    relu6,
    selu,
    soft_shrink,
    threshold,
)
from oxhorn.activations.slopes import prelu, rrelu
from oxhorn.arguments import describe
from oxhorn.lookup import named

__all__ = ["core_name", "deserialize", "get", "serialize"]

# Those that the core has under the same name.
ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "celu": celu,
    "elu": elu,
    "exponential": exponential,
    "gelu": gelu,
    "glu": glu,
    "hard_shrink": hard_shrink,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_silu,
    "hard_swish": hard_silu,
    "hard_tanh": hard_tanh,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "log_sigmoid": log_sigmoid,
    "log_softmax": log_softmax,
    "mish": mish,
    "relu": relu,
    "relu6": relu6,
    "selu": selu,
    "sigmoid": sigmoid,
    "silu": silu,
    "soft_shrink": soft_shrink,
    "softmax": softmax,
    "softplus": softplus,
    "softsign": softsign,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "sparsemax": sparsemax,
    "squareplus": squareplus,
    "swish": silu,
    "tanh": tanh,
    "tanh_shrink": tanh_shrink,
    "threshold": threshold,
}
# Those that are put together from ops.
COMPOSED: dict[str, Callable[..., Any]] = {
    "keras_2_hard_sigmoid": keras_2_hard_sigmoid,
    "prelu": prelu,
    "rrelu": rrelu,
}
ALL = {**ACTIVATIONS, **COMPOSED}


def core_name(function: Any) -> str | None:
    """The name under which the core has an activation function, or None for a function of your own."""
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) and ACTIVATIONS.get(name) is function else None


def serialize(activation: Any) -> Any:
    """Return the name of a built-in activation, or the config of one of your own.

    Args:
        activation: A function or another callable.

    Returns:
        A name, or a dict with `class_name` and `config`.

    Raises:
        ValueError: If it is a function of your own that was not registered.

    Example:
    >>> import oxhorn as keras
    >>> keras.activations.serialize(keras.activations.relu)
    'relu'
    """
    name = getattr(activation, "__name__", None)
    if isinstance(name, str) and ALL.get(name) is activation:
        return name
    from oxhorn.saving import get_registered_name, serialize_keras_object

    if isinstance(activation, types.FunctionType):
        registered = get_registered_name(activation)
        return {
            "module": "builtins",
            "class_name": "function",
            "config": registered,
            "registered_name": registered if registered != activation.__name__ else "function",
        }
    return serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the activation a name or a config stands for.

    Args:
        config: What `serialize` returned.
        custom_objects: Your own functions by name.

    Raises:
        ValueError: If the name or the config is unknown.

    Example:
    >>> import oxhorn as keras
    >>> keras.activations.deserialize("gelu").__name__
    'gelu'
    """
    if isinstance(config, str):
        return named(config, "activation", ALL, custom_objects)
    if (
        isinstance(config, dict)
        and config.get("class_name") == "function"
        and isinstance(config.get("config"), str)
    ):
        return named(config["config"], "activation", ALL, custom_objects)
    if isinstance(config, dict):
        from oxhorn.saving import deserialize_keras_object

        return deserialize_keras_object(config, custom_objects=dict(custom_objects or {}))
    raise ValueError(
        f"Expected the config of an activation to be a name or a dict. Received: {describe(config)}. "
        f"Pass what `keras.activations.serialize` returned."
    )


def get(identifier: Any) -> Any:
    """Return the activation an argument stands for.

    Args:
        identifier: A name such as "relu", a config, a callable, or None for the identity.

    Returns:
        A callable.

    Raises:
        ValueError: If the identifier is none of these.

    Example:
    >>> import oxhorn as keras
    >>> keras.activations.get("relu").__name__
    'relu'
    """
    if identifier is None:
        return linear
    found = deserialize(identifier) if isinstance(identifier, (str, dict)) else identifier
    if callable(found):
        return found
    raise ValueError(
        f"Could not interpret activation function identifier: Expected `activation` to be None, a name, a config or a "
        f"callable. "
        f"Received: {describe(identifier)}. Pass a name such as 'relu'."
    )
