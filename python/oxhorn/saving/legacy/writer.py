"""Legacy files as Keras 3 writes them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from typing import Any

from oxhorn import config
from oxhorn.saving import hdf5
from oxhorn.saving.archive import KERAS_VERSION
from oxhorn.saving.legacy.attributes import put_names
from oxhorn.saving.legacy.weights_reader import TOP_LEVEL, legacy_order, top_level
from oxhorn.saving.serialization import serialize_keras_object
from oxhorn.saving.weights import check_built

# These files hold the names of classes, not the public ones where they differ.
NAMES_IN_KERAS = {"GroupQueryAttention": "GroupedQueryAttention"}


def save_whole_model(model: Any, path: str | os.PathLike[str], include_optimizer: bool = True) -> None:
    """Writes a model as `.h5`: config, weights, and, if it was compiled, how, and the state of the optimizer.

    Args:
        model: A model with a config; one that is not built is written without weights.
        path: The file; one that was there is replaced when the new one is complete.
        include_optimizer: Whether to write how the model was compiled.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If it is built in part, or something in its config cannot be written.
    """
    logging.getLogger("oxhorn").warning(
        "You are saving your model as an HDF5 file. This file format is considered legacy; "
        "`model.save('my_model.keras')` writes the native one."
    )
    if model.weights:
        check_built(model, "save_model")
    _check_vocabularies(model)
    native = serialize_keras_object(model)
    # Readers who know no `build_config` pass it over; without it a model with a `call` of its own has no weights.
    shapes = {"build_config": native["build_config"]} if native.get("build_config") else {}
    described = json.dumps({**_legacy(native), **shapes})
    compiled = include_optimizer and getattr(model, "optimizer", None) is not None and model.compiled
    training = json.dumps(_training_config(model)) if compiled else None
    with hdf5.writing(path) as file:
        file.attrs["keras_version"] = KERAS_VERSION
        file.attrs["backend"] = config.backend()
        file.attrs["model_config"] = described
        if training is not None:
            file.attrs["training_config"] = training
        _put_layers(file.create_group("model_weights"), model)
        if training is not None and model.optimizer.variables:
            _put_weights(file.create_group("optimizer_weights"), model.optimizer.variables)


def save_legacy_weights(model: Any, path: str | os.PathLike[str]) -> None:
    """Writes the weights alone, in the form that Keras 2 gave to `.h5` files.

    Args:
        model: A built model.
        path: The file; one that was there is replaced when the new one is complete.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If the model is not built.
    """
    check_built(model, "save_weights")
    with hdf5.writing(path) as file:
        _put_layers(file, model)


def _put_layers(group: Any, model: Any) -> None:
    names = [layer.name for layer in model.layers]
    bad = [name for name in names if "/" in name or name in ("", ".", TOP_LEVEL)]
    if bad or len(set(names)) != len(names):
        raise ValueError(
            f"Layers of model {model.name!r} cannot be groups of an HDF5 file: their names {(bad or names)[:20]} must "
            "be different and have no '/'."
        )
    put_names(group, "layer_names", names)
    group.attrs["backend"] = config.backend()
    group.attrs["keras_version"] = KERAS_VERSION
    for layer in sorted(model.layers, key=lambda layer: str(layer.name)):
        _put_weights(group.create_group(layer.name), legacy_order(layer))
    _put_weights(group.create_group(TOP_LEVEL), top_level(model))


def _put_weights(group: Any, variables: Sequence[Any]) -> None:
    names = _distinct([variable.path for variable in variables])
    put_names(group, "weight_names", names)
    for name, variable in zip(names, variables, strict=True):
        group.create_dataset(name, data=variable.numpy())


def _distinct(paths: list[str]) -> list[str]:
    """The paths, with numbers where two are the same, or one is a group that another one is in."""
    taken: set[str] = set()
    groups: set[str] = set()
    names = []
    for path in paths:
        parts = [part for part in path.split("/") if part not in ("", ".", "..")] or ["weight"]
        name, i = "/".join(parts), 1
        while name in taken or name in groups or _parents(name) & taken:
            name, i = "/".join([f"{part}_{i}" for part in parts]), i + 1
        taken.add(name)
        groups |= _parents(name)
        names.append(name)
    return names


def _parents(name: str) -> set[str]:
    parts = name.split("/")
    return {"/".join(parts[:i]) for i in range(1, len(parts))}


# Configs ----------------------------------------------------------------------------------------------


def _legacy(entry: Any) -> Any:
    """The config of a model in the older form: no modules, and layers without their shapes."""
    inner = entry["config"]
    if isinstance(inner, dict) and isinstance(inner.get("layers"), list):
        inner = {**inner, "layers": [_legacy(layer) for layer in inner["layers"]]}
    kept = {key: entry[key] for key in ("name", "inbound_nodes") if key in entry}
    return {"class_name": _class_name(entry), "config": inner, **kept}


def _class_name(entry: dict[str, Any]) -> str:
    """The name under which a custom class was registered, and for others the class's own in Keras."""
    name = str(entry["class_name"])
    return str(entry.get("registered_name") or NAMES_IN_KERAS.get(name, name))


def _training_config(model: Any) -> dict[str, Any]:
    compiled = dict(model.get_compile_config())
    optimizer = compiled.pop("optimizer", None)
    if not isinstance(optimizer, dict):
        raise ValueError(f"The optimizer of model {model.name!r} has no config to be written: {optimizer!r}.")
    if "loss" in compiled:
        compiled["loss"] = _long_names(compiled["loss"])
    return {
        **{key: _nested(value) for key, value in compiled.items()},
        "optimizer_config": {"class_name": _class_name(optimizer), "config": optimizer["config"]},
    }


def _long_names(loss: Any) -> Any:
    """Keras does not find `mse` again in a legacy file; it finds `mean_squared_error`."""
    if isinstance(loss, str):
        from oxhorn import losses

        return getattr(losses.get(loss), "__name__", loss)
    if isinstance(loss, dict):
        return loss if "class_name" in loss else {key: _long_names(item) for key, item in loss.items()}
    return [_long_names(item) for item in loss] if isinstance(loss, (list, tuple)) else loss


def _nested(value: Any) -> Any:
    if isinstance(value, dict) and "class_name" in value:
        if value["class_name"] == "function":
            return value.get("registered_name") or value["config"]
        return {"class_name": _class_name(value), "config": value["config"]}
    if isinstance(value, dict):
        return {key: _nested(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_nested(item) for item in value]
    return value


def _check_vocabularies(model: Any) -> None:
    """What layers have learned besides weights has no place in these files."""
    lost = [
        layer.name
        for layer in model._flatten_layers(include_self=False)
        if hasattr(layer, "get_vocabulary")
        and layer._extra_state() is not None
        and layer.get_config().get("vocabulary") is None
    ]
    if lost:
        raise ValueError(
            f"save_model: the vocabularies of layers {lost} cannot be written to a legacy `.h5` file. Save the model "
            "as `.keras`."
        )
