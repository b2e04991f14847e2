"""Pickling and copying of layers and models: their config and the values of their variables."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.saving.serialization import serialize_dict


def reduce_layer(layer: Any) -> tuple[Any, ...]:
    """What `pickle` and `copy.deepcopy` need: the class, the config, the shapes it was built for, the values."""
    values = [variable.numpy() for variable in layer.variables] if layer.built else None
    build_config = layer.get_build_config() if layer.built else None
    trainable = [bool(part.trainable) for part in layer._flatten_layers()]
    return restore_layer, (type(layer), serialize_dict(layer.get_config()), build_config, values, trainable)


def restore_layer(
    cls: Any,
    config: dict[str, Any],
    build_config: dict[str, Any] | None,
    values: list[np.ndarray[Any, Any]] | None,
    trainable: list[bool],
) -> Any:
    """The inverse of `reduce_layer`."""
    layer = cls.from_config(config)
    if not layer.built:
        layer.build_from_config(build_config)
    if values:
        variables = layer.variables
        if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
            raise ValueError(
                f"{cls.__name__} made again from its config has other weights than the original: "
                f"{[tuple(v.shape) for v in variables]} instead of {[v.shape for v in values]}. "
                "Define `get_build_config` and `build_from_config`, or `get_config` completely."
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    for part, flag in zip(layer._flatten_layers(), trainable, strict=False):
        part.__dict__["_trainable"] = flag
    return layer
