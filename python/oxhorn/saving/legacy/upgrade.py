"""Model configs of Keras 2, and of legacy files of Keras 3, as configs of `.keras` files."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oxhorn.saving import builtin_names, registration
from oxhorn.saving.legacy import layer_rules, node_rules, tensorflow_calls
from oxhorn.saving.serialization import deserialize_keras_object, shortened

MODELS = ("Sequential", "Functional", "Model")
# Keys whose values are layers, or lists of layers, inside the config of a wrapper or of a recurrent layer.
_LAYER_KEYS = ("layer", "forward_layer", "backward_layer", "cell", "cells")
# What a key of a layer's config ends with, and where the class in its value is found.
_KINDS = {
    "_initializer": "keras.initializers",
    "_regularizer": "keras.regularizers",
    "_constraint": "keras.constraints",
}


@dataclass(frozen=True)
class Writer:
    """What wrote a file: the version of Keras, `(2, 9)`, or `(0, 0)` if the file does not say."""

    version: tuple[int, int]
    text: str

    @property
    def is_keras_3(self) -> bool:
        return self.version >= (3, 0)


def writer_of(version: Any) -> Writer:
    """From the attribute `keras_version`.

    Raises:
        ValueError: For Keras 1, and for versions that are none.
    """
    if version is None:
        return Writer((0, 0), "an unknown version of Keras")
    text = str(version)[:40]
    parts = text.split(".")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts[:2]):
        raise ValueError(f"`keras_version` of the file must be a version such as '2.9.0'; got {text!r}.")
    return Writer((int(parts[0]), int(parts[1])), f"Keras {text}")


def upgrade_model(config: Any, writer: Writer) -> dict[str, Any]:
    """The config of a whole model, as `deserialize_keras_object` takes it.

    Args:
        config: The `model_config` of a legacy file, parsed.
        writer: What wrote it.

    Raises:
        ValueError: If it is not the config of a model, or a layer has keys or values that cannot be understood.
    """
    if (1, 0) <= writer.version < (2, 0):
        raise ValueError(
            f"The model was written by {writer.text}. Layers of Keras 1 have other arguments and other weights, which "
            "are not read here. Open it with Keras 2 and save it again, or build the model anew and assign the weights."
        )
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ValueError(
            "`model_config` must be a dict with 'class_name' and 'config'; got "
            f"{type(config).__name__ if not isinstance(config, dict) else sorted(map(str, config))[:10]}."
        )
    if not isinstance(config.get("config"), (dict, list)):
        raise ValueError(f"The 'config' of {config['class_name']!r} in `model_config` must be a dict.")
    return upgrade_layer(config, writer)


def upgrade_layer(entry: Any, writer: Writer) -> dict[str, Any]:
    """The config of one layer or model, with what is inside."""
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
        raise ValueError(
            f"A layer in a config is a dict with 'class_name' and 'config'; got {shortened(entry)}."
        )
    class_name, config = entry["class_name"], entry.get("config")
    if class_name == "Sequential" and isinstance(config, list):
        config = {"name": None, "layers": config}
    if not isinstance(config, dict):
        raise ValueError(f"The 'config' of a {class_name!r} must be a dict; got {shortened(config)}.")
    if _is_custom(entry):
        return {**entry, "config": _passive(config)}
    if class_name in MODELS or _is_graph(config):
        return {**entry, "config": _upgrade_graph(class_name, config, writer)}
    module = _module_of_function(class_name, config) if writer.is_keras_3 else None
    if module is not None:
        return {**entry, "module": module, "registered_name": class_name}
    if writer.is_keras_3:
        if class_name == "Lambda":
            config = layer_rules.check_lambda(config, f"layer {config.get('name')!r} (Lambda)")
        class_name = layer_rules.CLASSES.get(class_name, class_name)
        return {**entry, "class_name": class_name, "config": _with_kinds(config, writer)}
    return _upgrade_keras_2(entry, class_name, config, writer)


def _is_custom(entry: Mapping[str, Any]) -> bool:
    names = (entry.get("registered_name"), entry["class_name"])
    return any(
        isinstance(name, str) and registration.get_registered_object(name) is not None for name in names
    )


def _is_graph(config: Mapping[str, Any]) -> bool:
    return {"layers", "input_layers", "output_layers"} <= set(config)


def _module_of_function(class_name: str, config: Mapping[str, Any]) -> str | None:
    """Where a function of `ops` in the graph comes from, by its class; `None` for layers."""
    from oxhorn import layers, ops

    # Layers may be trainable and have a dtype; of functions, some have a dtype (`zeros_like`).
    if "trainable" in config or ("dtype" in config and class_name in layers.__all__):
        return None
    from oxhorn.engine import operation_names

    name = operation_names.name_of(class_name)
    namespace, _, short = name.rpartition(".")
    known = ops.image.__all__ if namespace == "image" else ops.__all__
    return operation_names.place_of(name)[0] if short in known else None


# Models -----------------------------------------------------------------------------------------------


def _upgrade_graph(class_name: str, config: dict[str, Any], writer: Writer) -> dict[str, Any]:
    entries = config.get("layers")
    if not isinstance(entries, list):
        raise ValueError(
            f"'layers' of the {class_name} {config.get('name')!r} must be a list; got {shortened(entries)}."
        )
    _check_names(entries, config.get("name"))
    if not writer.is_keras_3:
        config = without_slashes(config)
        entries = config["layers"]
    graph = {**config, "layers": [upgrade_layer(entry, writer) for entry in entries]}
    if not writer.is_keras_3:
        graph.pop("autocast", None)
        if "dtype" in graph and not isinstance(graph["dtype"], (str, dict)):
            del graph["dtype"]
    if not _is_graph(config):
        if not writer.is_keras_3:
            graph["layers"] = _with_input(entries, graph["layers"])
        return graph
    return node_rules.upgrade_nodes(graph)


def plain_name(name: str) -> str:
    """A name as layers may have it; Keras 2 allowed slashes in it."""
    return name.replace("/", "_")


def without_slashes(config: dict[str, Any]) -> dict[str, Any]:
    """The config of a model, whose layers have plain names, also where calls mention them."""
    if not all(isinstance(entry, dict) for entry in config["layers"]):
        return config
    old = [entry["config"].get("name") for entry in config["layers"] if isinstance(entry.get("config"), dict)]
    renamed = {name: plain_name(name) for name in old if isinstance(name, str) and "/" in name}
    if not renamed or set(renamed.values()) & set(old) or len(set(renamed.values())) != len(renamed):
        return config

    def visit(value: Any) -> Any:
        if isinstance(value, list):
            named = len(value) >= 3 and isinstance(value[0], str) and type(value[1]) is int
            first = [renamed.get(value[0], value[0])] if named else []
            return first + [visit(item) for item in value[len(first) :]]
        if isinstance(value, dict):
            return {key: visit(item) for key, item in value.items()}
        return value

    layers = []
    for entry in config["layers"]:
        new = dict(entry)
        if isinstance(entry.get("config"), dict) and entry["config"].get("name") in renamed:
            new["config"] = {**entry["config"], "name": renamed[entry["config"]["name"]]}
        if entry.get("name") in renamed:
            new["name"] = renamed[entry["name"]]
        if "inbound_nodes" in entry:
            new["inbound_nodes"] = visit(entry["inbound_nodes"])
        layers.append(new)
    ends: dict[str, Any] = {
        key: visit(config[key]) for key in ("input_layers", "output_layers") if key in config
    }
    return {**config, **ends, "layers": layers}


def _check_names(entries: list[Any], model: Any) -> None:
    seen: set[str] = set()
    for entry in entries:
        inner = entry.get("config") if isinstance(entry, dict) else None
        name = inner.get("name") if isinstance(inner, dict) else None
        if name is not None and (not isinstance(name, str) or name in seen):
            raise ValueError(
                f"The layers of model {model!r} in the file must have names, each another one; got {shortened(name)}"
                + (" twice." if isinstance(name, str) else ".")
            )
        if name is not None:
            seen.add(name)


def _with_input(entries: list[Any], layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the input that the first layer's `batch_input_shape` describes, where no layer of its own does."""
    first = entries[0] if entries else None
    if first is None or first["class_name"] == "InputLayer":
        return layers
    inner = first.get("config")
    shape = inner.get("batch_input_shape") if isinstance(inner, dict) else None
    if not isinstance(shape, list) or not shape:
        return layers
    dtype = "int32" if first["class_name"] == "Embedding" else "float32"
    made = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": shape, "dtype": dtype},
    }
    return [made, *layers]


# Layers -----------------------------------------------------------------------------------------------


def _upgrade_keras_2(
    entry: dict[str, Any], class_name: str, config: dict[str, Any], writer: Writer
) -> dict[str, Any]:
    where = f"layer {config.get('name')!r} ({class_name})"
    if class_name in tensorflow_calls.CLASSES:
        symbol = tensorflow_calls.function_of(config, where, writer.text)
        nodes = {key: value for key, value in entry.items() if key in ("name", "inbound_nodes")}
        return {**nodes, **tensorflow_calls.entry_of(symbol, config.get("name"))}
    class_name, config = layer_rules.upgrade(class_name, dict(config), where, writer.text)
    config = _with_kinds(config, writer)
    cls = builtin_names.find_class("keras.layers", class_name)
    if cls is not None:
        known = _arguments(cls)
        for key in config:
            if key not in known:
                raise ValueError(
                    f"The config of {where}, written by {writer.text}, has a key {key!r} whose meaning is not known "
                    "here; "
                    f"{class_name} takes {sorted(known)}. Build the model in code and use `load_weights` on this file."
                )
    rest = {
        key: value for key, value in entry.items() if key in ("name", "inbound_nodes", "shared_object_id")
    }
    return {
        **rest,
        "module": "keras.layers",
        "class_name": class_name,
        "config": config,
        "registered_name": None,
    }


def _arguments(cls: type) -> set[str]:
    """What `cls(...)` takes, also by way of its bases."""
    # `from_config` sets these afterwards, where `__init__` does not take them.
    names = {"name", "trainable", "dtype"}
    for base in cls.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters
            names.update(parameters)
            if not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
                break
    return names - {"self", "args", "kwargs"}


def _with_kinds(config: dict[str, Any], writer: Writer) -> dict[str, Any]:
    """Layers inside are upgraded too; objects get the module that their key says, since names alone are not unique."""
    made: dict[str, Any] = {}
    for key, value in config.items():
        kind = next((module for ending, module in _KINDS.items() if key.endswith(ending)), None)
        if key in _LAYER_KEYS and isinstance(value, dict) and "class_name" in value:
            made[key] = upgrade_layer(value, writer)
        elif key in _LAYER_KEYS and isinstance(value, list):
            made[key] = [upgrade_layer(item, writer) for item in value]
        elif kind is not None and isinstance(value, dict):
            made[key] = _object(value, kind)
        else:
            made[key] = value
    return made


def _object(value: dict[str, Any], module: str) -> dict[str, Any]:
    if not isinstance(value.get("class_name"), str) or value.get("module") or _is_custom(value):
        return value
    config = value.get("config")
    if (
        isinstance(config, dict)
        and value["class_name"] == "VarianceScaling"
        and config.get("distribution") == "normal"
    ):
        # In Keras 2 this was the truncated one.
        config = {**config, "distribution": "truncated_normal"}
    return {**value, "module": module, "registered_name": None, "config": config}


def _passive(config: dict[str, Any]) -> dict[str, Any]:
    """Objects that a custom class left in its config as they were, made again for its `from_config`."""
    made = {}
    for key, value in config.items():
        if isinstance(value, dict) and value.get("__passive_serialization__") is True:
            value = deserialize_keras_object(
                {k: v for k, v in value.items() if k != "__passive_serialization__"}
            )
        made[key] = value
    return made
