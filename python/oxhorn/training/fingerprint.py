"""What makes two runs the same: the model, what it was compiled with, and how it goes through its data."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from oxhorn import _core

# Names count up in a process, seeds and first values are of the past, and flags and types are compared by variable.
_IGNORED = frozenset({"name", "seed", "trainable", "build_config", "registered_name", "optimizer_map"})
_DEEPEST = 40
_MOST_SHOWN = 8
_ABSENT = "nothing"


def describe_model(model: Any) -> dict[str, Any]:
    """The layers with their settings, and how they are wired."""
    every = model._flatten_layers(include_self=False)
    inputs = [layer for layer in every if type(layer).__name__ == "InputLayer"]
    inside = [layer for layer in every if type(layer).__name__ != "InputLayer"]
    numbers = {layer.name: f"input {i}" for i, layer in enumerate(inputs)}
    numbers.update({layer.name: f"layer {i}" for i, layer in enumerate(inside)})
    labels = ["model", *(f"layer {i} ({type(layer).__name__})" for i, layer in enumerate(inside))]
    return {
        label: _describe_layer(layer, numbers) for label, layer in zip(labels, [model, *inside], strict=True)
    }


def _describe_layer(layer: Any, numbers: Mapping[str, str]) -> Any:
    config = config_of(layer)
    if getattr(layer, "_graph", None) is None and not hasattr(layer, "_stacked"):
        return plain(config)
    # The layers inside come on their own; what is left is how their calls follow each other.
    wiring: dict[str, Any] = {
        f"call of {numbers.get(each.get('name', ''), '?')}": each["inbound_nodes"]
        for each in config.get("layers", ())
        if isinstance(each, dict) and each.get("inbound_nodes")
    }
    wiring.update({key: config[key] for key in ("input_layers", "output_layers") if key in config})
    return plain(wiring, numbers)


def describe_compiled(model: Any) -> dict[str, Any]:
    """The arguments of `compile`, without those that change nothing in the numbers."""
    arguments = model._compile_arguments or {}
    kept = ("loss", "loss_weights", "metrics", "weighted_metrics")
    return {name: plain(arguments.get(name)) for name in kept}


def describe_optimizers(optimizer: Any) -> list[dict[str, Any]]:
    """Class and settings of each optimizer; a learning rate that is a variable is no setting."""
    found = []
    for each in optimizer._with_inner():
        config = plain({k: v for k, v in config_of(each).items() if k != "inner_optimizer"})
        if isinstance(config.get("learning_rate"), (int, float)):
            del config["learning_rate"]
        places = [i for i, v in enumerate(each._trainable_variables) if id(v) in (each._no_decay or {})]
        decay = [places, [str(name) for name in each._no_decay_names]]
        found.append({"class": type(each).__name__, "without_decay": decay, **config})
    return found


def config_of(thing: Any) -> dict[str, Any]:
    """What `get_config` returns, `{}` where it fails."""
    try:
        config = thing.get_config()
    except Exception:
        # A class of the user's own may have none that works; its name and its weights still count.
        return {}
    return config if isinstance(config, dict) else {}


def plain(value: Any, numbers: Mapping[str, str] | None = None, depth: int = 0) -> Any:
    """`value` as data that JSON holds; objects by class and config, names of layers by their number."""
    if depth > _DEEPEST:
        return "..."
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return numbers.get(value, value) if numbers else value
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, np.generic):
        return plain(value.item(), numbers, depth + 1)
    if isinstance(value, (list, tuple)):
        return [plain(item, numbers, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if isinstance(value, Mapping):
        return {
            str(key): plain(_policy_name(item) if key == "dtype" else item, numbers, depth + 1)
            for key, item in value.items()
            if key not in _IGNORED and not str(key).endswith("initializer")
        }
    if isinstance(value, np.ndarray):
        digest = zlib.crc32(np.ascontiguousarray(value).tobytes()) if value.dtype != object else 0
        return f"array {value.shape} {value.dtype} {digest:08x}"
    if isinstance(value, (_core.Tensor, _core.Variable)):
        return f"tensor {tuple(value.shape)} {value.dtype}"
    if hasattr(value, "get_config") and not isinstance(value, type):
        return {"class": type(value).__name__, **plain(config_of(value), numbers, depth + 1)}
    return getattr(value, "__name__", type(value).__name__)


def _policy_name(dtype: Any) -> Any:
    """A dtype policy is its name."""
    config = dtype.get("config") if isinstance(dtype, dict) else None
    return config.get("name", dtype) if isinstance(config, dict) else dtype


def differences(then: Any, now: Any) -> list[str]:
    """What differs between two descriptions, in words; the first few."""
    found: list[str] = []
    for line in _differences(then, now, ""):
        if len(found) == _MOST_SHOWN:
            found.append("... and more")
            break
        found.append(line)
    return found


def _differences(then: Any, now: Any, place: str) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in [*then, *(key for key in now if key not in then)]:
            inner = f"{place}, {key}" if place else str(key)
            yield from _differences(then.get(key, _ABSENT), now.get(key, _ABSENT), inner)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, (before, after) in enumerate(zip(then, now, strict=True)):
            yield from _differences(before, after, f"{place}[{i}]")
    elif then != now or isinstance(then, bool) != isinstance(now, bool):
        yield f"{place}: {_short(then)} in the snapshot, {_short(now)} here"


def _short(value: Any) -> str:
    text = value if value == _ABSENT else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
