"""The calls in functional models of Keras 2 (`inbound_nodes`), in the form of `.keras` files.

Keras 2 writes `[["a", 0, 0, {"training": false}], ["b", 0, 0, {...}]]`: tensors by the layer they come from, the number
of its call and of the result; each with the keyword arguments of the call. Now it is `{"args": [], "kwargs": {}}`.
"""

from __future__ import annotations

from typing import Any

from oxhorn.saving.legacy.tensorflow_calls import upgraded_call

_RECURRENT = ("RNN", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_CONSTANT = "_CONSTANT_VALUE"


def upgrade_nodes(graph: dict[str, Any]) -> dict[str, Any]:
    """The config of a functional model whose layers have been upgraded, with its calls and ends upgraded too.

    Raises:
        ValueError: If calls are not written in any form that Keras has used.
    """
    entries = graph["layers"]
    by_name = {}
    for entry in entries:
        name = entry.get("name", entry["config"].get("name"))
        if not isinstance(name, str):
            raise ValueError(f"A layer of model {graph.get('name')!r} in the file has no name.")
        by_name[name] = entry
        if not isinstance(entry.get("inbound_nodes", []), list):
            raise ValueError(f"'inbound_nodes' of layer {name!r} must be a list.")
    if any(isinstance(call, dict) for entry in entries for call in entry.get("inbound_nodes", [])):
        return {**graph, **_unpacked(graph)}
    calls = {name: entry.get("inbound_nodes", []) for name, entry in by_name.items()}
    shifts = _shifts(graph, by_name, calls)
    reader = _Reader(shifts, set(by_name))
    layers = []
    for name, entry in by_name.items():
        nodes = [reader.call(node, entry["class_name"], name) for node in calls[name]]
        symbol = entry.get("tensorflow")
        if symbol is not None:
            nodes = [upgraded_call(symbol, node, f"layer {name!r}") for node in nodes]
        entry = {key: value for key, value in entry.items() if key != "tensorflow"}
        layers.append({**entry, "name": name, "inbound_nodes": nodes})
    functional = {name for name, entry in by_name.items() if _has_graph(entry)}
    ends = {
        key: _map_places(graph[key], by_name, lambda place: reader.end(place, functional))
        for key in ("input_layers", "output_layers")
    }
    return {**graph, "layers": layers, **_unpacked(ends)}


def _unpacked(ends: dict[str, Any]) -> dict[str, Any]:
    """One input or output stands in a list of its own in older files, which does not mean a list of tensors."""
    found = {}
    for key in ("input_layers", "output_layers"):
        value = ends[key]
        alone = isinstance(value, list) and len(value) == 1 and _is_place(value[0])
        found[key] = value[0] if alone else value
    return found


def _has_graph(entry: dict[str, Any]) -> bool:
    return "input_layers" in entry["config"]


def _is_model(entry: dict[str, Any]) -> bool:
    return isinstance(entry["config"].get("layers"), list)


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(type(number) is int for number in value[1:3])
    )


def _shifts(graph: dict[str, Any], by_name: dict[str, Any], calls: dict[str, list[Any]]) -> dict[str, int]:
    """What to subtract from the numbers of calls: models inside count from 1 if they were built before that."""
    highest: dict[str, int] = {}

    def look(place: list[Any]) -> list[Any]:
        highest[place[0]] = max(highest.get(place[0], 0), place[1])
        return place

    for nodes in calls.values():
        _map_places(nodes, by_name, look)
    for key in ("input_layers", "output_layers"):
        _map_places(graph[key], by_name, look)
    shifts = {}
    for name, entry in by_name.items():
        if _is_model(entry):
            inner = entry["config"]["layers"]
            known = _has_graph(entry) or (bool(inner) and inner[0]["class_name"] == "InputLayer")
            shifts[name] = int(highest.get(name, 0) >= len(calls[name]) or known)
    return shifts


def _map_places(value: Any, by_name: dict[str, Any], function: Any) -> Any:
    if _is_place(value) and (value[0] in by_name or value[0] == _CONSTANT):
        if len(value) == 4 and isinstance(value[3], dict):
            value = [*value[:3], _map_places(value[3], by_name, function)]
        return function(value) if value[0] != _CONSTANT else value
    if isinstance(value, list):
        return [_map_places(item, by_name, function) for item in value]
    if isinstance(value, dict):
        return {key: _map_places(item, by_name, function) for key, item in value.items()}
    return value


class _Reader:
    """Reads calls. `shifts` is what to subtract from the number of a call, for models; `names` are the layers'."""

    def __init__(self, shifts: dict[str, int], names: set[str]) -> None:
        self.shifts = shifts
        self.names = names

    def call(self, node: Any, class_name: str, name: str) -> dict[str, Any]:
        """One call of layer `name`."""
        if not isinstance(node, (list, dict)) or not node:
            raise ValueError(
                f"A call of layer {name!r} in the file must be a list of tensors; got {str(node)[:200]}."
            )
        kwargs: dict[str, Any] = {}
        # A call with one tensor is that tensor, or a list of it.
        first = self._structure(node, kwargs)
        if isinstance(first, list) and len(first) == 1:
            first = first[0]
        args = [first]
        if kwargs.get("constants", 0) is None:
            del kwargs["constants"]
        if class_name in _RECURRENT and isinstance(first, list):
            # The first states were written as more inputs.
            args, kwargs["initial_state"] = [first[0]], first[1:]
        return {"args": args, "kwargs": kwargs}

    def _structure(self, value: Any, kwargs: dict[str, Any]) -> Any:
        if _is_place(value):
            if len(value) == 4 and isinstance(value[3], dict):
                kwargs.update({str(key): self._argument(item) for key, item in value[3].items()})
            return value[2] if value[0] == _CONSTANT and value[1] == -1 else self._tensor(value)
        if isinstance(value, list) and len(value) in (3, 4) and value[0] == _CONSTANT:
            if len(value) == 4 and isinstance(value[3], dict):
                kwargs.update({str(key): self._argument(item) for key, item in value[3].items()})
            return value[2]
        if isinstance(value, list):
            return [self._structure(item, kwargs) for item in value]
        if isinstance(value, dict):
            return {key: self._structure(item, kwargs) for key, item in value.items()}
        raise ValueError(
            f"A tensor in the calls of a model is [layer, number of call, number of result]; got {value!r}."
        )

    def _argument(self, value: Any) -> Any:
        """A keyword argument: tensors stand in it as places, other values as they are."""
        if _is_place(value) and len(value) == 3 and value[0] in self.names:
            return self._tensor(value)
        if isinstance(value, list):
            return [self._argument(item) for item in value]
        if isinstance(value, dict) and "class_name" not in value:
            return {key: self._argument(item) for key, item in value.items()}
        return value

    def _tensor(self, place: list[Any]) -> dict[str, Any]:
        name, call, result = place[:3]
        history = [name, call - self.shifts.get(name, 0), result]
        return {"class_name": "__keras_tensor__", "config": {"keras_history": history}}

    def end(self, place: list[Any], functional: set[str]) -> list[Any]:
        """An input or output of the model: functional models count from 1 here, also now."""
        name, call, result = place[:3]
        return [name, call - self.shifts.get(name, 0) + (name in functional), result]
