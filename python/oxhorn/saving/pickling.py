"""Pickling and copying of layers and models: their config, the values of their variables, and what was compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn.saving.serialization import serialize_dict


def reduce_layer(layer: Any) -> tuple[Any, ...]:
    """What `pickle` and `copy.deepcopy` need to make the layer again."""
    values = [(v._numpy_now(), bool(v.trainable)) for v in layer.variables] if layer.built else None
    build_config = layer.get_build_config() if layer.built else None
    trainable = [bool(part.trainable) for part in layer._flatten_layers()]
    compiled = _reduce_compiled(layer) if getattr(layer, "compiled", False) else None
    return restore_layer, (
        type(layer),
        serialize_dict(layer.get_config()),
        build_config,
        values,
        trainable,
        compiled,
        [part._extra_state() for part in layer._flatten_layers()],
    )


def restore_layer(
    cls: Any,
    config: dict[str, Any],
    build_config: dict[str, Any] | None,
    values: list[tuple[np.ndarray[Any, Any], bool]] | None,
    trainable: list[bool],
    compiled: tuple[Any, ...] | None = None,
    extra: Sequence[Any] = (),
) -> Any:
    """The inverse of `reduce_layer`."""
    layer = cls.from_config(config)
    if not layer.built:
        layer.build_from_config(build_config)
    if values:
        variables = layer.variables
        if [tuple(variable.shape) for variable in variables] != [value.shape for value, _ in values]:
            raise ValueError(
                f"{cls.__name__} made again from its config has other weights than the original: "
                f"{[tuple(v.shape) for v in variables]} instead of {[v.shape for v, _ in values]}. "
                "Define `get_build_config` and `build_from_config`, or `get_config` completely."
            )
        for variable, (value, flag) in zip(variables, values, strict=True):
            variable.assign(value)
            if variable.trainable != flag:
                variable.trainable = flag
    for part, flag in zip(layer._flatten_layers(), trainable, strict=False):
        part.__dict__["_trainable"] = flag
    for part, state in zip(layer._flatten_layers(), extra, strict=False):
        if state is not None:
            part._set_extra_state(state)
    if compiled is not None:
        _restore_compiled(layer, *compiled)
    return layer


def reduce_optimizer(optimizer: Any) -> tuple[Any, ...]:
    """What `restore_optimizer` needs besides the variables that the optimizer is for."""
    values = [variable._numpy_now() for variable in optimizer.variables] if optimizer.built else None
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    excluded = [i for i, v in enumerate(inner._trainable_variables) if id(v) in inner._no_decay]
    return type(optimizer), optimizer.get_config(), values, (excluded, inner._no_decay_names)


def restore_optimizer(
    cls: Any,
    config: dict[str, Any],
    values: list[np.ndarray[Any, Any]] | None,
    without_decay: tuple[list[int], list[str]],
    variables: Sequence[Any] | None,
) -> Any:
    """The inverse of `reduce_optimizer`; `variables` are those it is for, if it was built."""
    made = cls.from_config(config)
    excluded, names = without_decay
    if excluded or names:
        made.exclude_from_weight_decay([(variables or ())[i] for i in excluded], names)
    if variables is not None and values is not None:
        made.build(variables)
        made.set_weights(values)
    return made


def _reduce_compiled(model: Any) -> tuple[Any, ...]:
    arguments = {key: value for key, value in model._compile_arguments.items() if key != "optimizer"}
    return arguments, reduce_optimizer(model.optimizer)


def _restore_compiled(model: Any, arguments: dict[str, Any], optimizer: tuple[Any, ...]) -> None:
    from oxhorn.training.trainer import Trainer

    cls, config, values, without_decay = optimizer
    variables = list(model.trainable_variables) if model.built else None
    made = restore_optimizer(cls, config, values, without_decay, variables)
    Trainer.compile(model, optimizer=made, **arguments)
