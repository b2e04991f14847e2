"""The config of functional models: layers, and for each the calls by which it is joined to the others."""

from __future__ import annotations

import heapq
from collections import deque
from typing import Any, NamedTuple

from oxhorn import tree
from oxhorn.engine.call_spec import signature_of
from oxhorn.engine.keras_tensor import KerasTensor, any_symbolic
from oxhorn.engine.operation import Node, Operation
from oxhorn.engine.operation_names import name_of
from oxhorn.engine.symbolic import FunctionCall
from oxhorn.layers.input_layer import InputLayer
from oxhorn.layers.layer import Layer
from oxhorn.models.functional import Functional
from oxhorn.models.graph import ModelGraph
from oxhorn.saving.serialization import (
    deserialize_keras_object,
    read_together,
    serialize_keras_object,
    write_together,
)

# In `input_layers` and `output_layers`, the first call of a functional model inside another one has the number 1.
_FIRST_CALL_OF_FUNCTIONAL = 1


def _first_call(operation: Operation) -> int:
    return _FIRST_CALL_OF_FUNCTIONAL if isinstance(operation, Functional) else 0


def functional_config(model: Any, graph: ModelGraph) -> dict[str, Any]:
    """The config of a model that computes `graph`."""
    return write_together(lambda: _config_of(model, graph))


def _config_of(model: Any, graph: ModelGraph) -> dict[str, Any]:
    numbers: dict[Node, int] = {}
    inside = set(graph.nodes)
    for operation in graph.operations:
        own = [node for node in operation._inbound_nodes if node in inside]
        numbers.update({node: i for i, node in enumerate(own)})

    def place(tensor: KerasTensor) -> list[Any]:
        operation, index, tensor_index = tensor.history
        return [operation.name, numbers[operation._inbound_nodes[index]], tensor_index]

    def end(tensor: KerasTensor) -> list[Any]:
        name, number, tensor_index = place(tensor)
        return [name, number + _first_call(tensor.history.operation), tensor_index]

    def argument(leaf: Any) -> Any:
        if isinstance(leaf, KerasTensor):
            return {
                "class_name": "__keras_tensor__",
                "config": {"shape": list(leaf.shape), "dtype": leaf.dtype, "keras_history": place(leaf)},
            }
        return serialize_keras_object(leaf)

    layers = []
    for operation in graph.operations:
        calls = [
            {
                "args": [tree.map_structure(argument, arg) for arg in node.call_args],
                "kwargs": {name: tree.map_structure(argument, arg) for name, arg in node.call_kwargs.items()},
            }
            for node in operation._inbound_nodes
            if node in numbers and not node.is_input
        ]
        layers.append({**serialize_keras_object(operation), "name": operation.name, "inbound_nodes": calls})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": tree.map_structure(end, graph.inputs),
        "output_layers": tree.map_structure(end, graph.outputs),
    }


def is_functional_config(config: Any) -> bool:
    """Whether this is the config of a functional model."""
    return isinstance(config, dict) and {"name", "layers", "input_layers", "output_layers"} <= set(config)


def model_from_functional_config(cls: Any, config: dict[str, Any]) -> Any:
    """A model of class `cls` from its config.

    Raises:
        ValueError: If the calls in the config refer to layers or calls that are not there.
    """
    with read_together():
        return _from_config(cls, config)


class _Entry(NamedTuple):
    """A layer, and how many calls it has from elsewhere: a layer of two models is called in both."""

    operation: Any
    calls_before: int


def _from_config(cls: Any, config: dict[str, Any]) -> Any:
    operations: dict[str, _Entry] = {}
    waiting: list[tuple[Any, Any]] = []
    for entry in _list(config["layers"], "layers"):
        if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
            raise ValueError(
                f"An entry of 'layers' in a model's config must be a dict with a config; got {entry!r}."
            )
        operation = _operation(entry)
        name = str(entry.get("name", operation.name))
        if name in operations:
            raise ValueError(f"The config has two layers of the name {name!r}.")
        before = 0 if isinstance(operation, InputLayer) else len(operation._inbound_nodes)
        operations[name] = _Entry(operation, before)
        waiting.extend((operation, call) for call in _list(entry.get("inbound_nodes", []), "inbound_nodes"))
    _replay(operations, waiting)

    def end(place: Any) -> KerasTensor:
        try:
            return _tensor(operations, place, at_end=True)
        except _NotYet:
            raise ValueError(
                f"The config of the model has no call for its input or output {place!r}."
            ) from None

    inputs = _map_places(end, config["input_layers"])
    outputs = _map_places(end, config["output_layers"])
    arguments = {
        key: value for key, value in config.items() if key not in ("layers", "input_layers", "output_layers")
    }
    trainable = arguments.pop("trainable", None)
    model = cls(inputs=inputs, outputs=outputs, **arguments)
    if trainable is False:
        model.trainable = False
    return model


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"'{what}' in a model's config must be a list; got {value!r}.")
    return list(value)


def _operation(entry: dict[str, Any]) -> Any:
    module = str(entry.get("module") or "")
    class_name = entry.get("class_name")
    if module.startswith(("keras.src.ops", "keras.ops")) and isinstance(class_name, str):
        name = name_of(class_name)
        config = {key: deserialize_keras_object(value) for key, value in entry["config"].items()}
        return FunctionCall.from_names(name, config)
    return deserialize_keras_object({k: v for k, v in entry.items() if k not in ("name", "inbound_nodes")})


class _NotYet(Exception):
    """A call needs the result of another one, that of the operation with this number, which has not been made yet."""

    def __init__(self, operation: Any, number: int) -> None:
        super().__init__()
        self.waits_for = (id(operation), number)


def _replay(operations: dict[str, _Entry], calls: list[tuple[Any, Any]]) -> None:
    """Makes the calls, each as soon as its inputs are there; the calls of one layer in their order.

    As if the list were gone through again and again, and what cannot be made yet left for the next round; but a call
    is only tried again when the one that it waits for has been made, so that no order takes long.
    """
    own: dict[int, deque[int]] = {}
    for i, (operation, _) in enumerate(calls):
        own.setdefault(id(operation), deque()).append(i)
    ready = [(0, numbers[0]) for numbers in own.values()]
    heapq.heapify(ready)
    waiting: dict[tuple[int, int], list[int]] = {}
    while ready:
        round, i = heapq.heappop(ready)
        operation, call = calls[i]
        try:
            args, kwargs = _arguments(operations, call)
        except _NotYet as not_yet:
            waiting.setdefault(not_yet.waits_for, []).append(i)
            continue
        if not any_symbolic([args, kwargs]):
            raise ValueError(f"The config of the model calls {operation.name!r} on no tensor.")
        made = len(operation._inbound_nodes)
        operation(*args, **_chosen(operation, kwargs))
        queue = own[id(operation)]
        queue.popleft()
        awake = [queue[0]] if queue else []
        for number in range(made, len(operation._inbound_nodes)):
            awake += waiting.pop((id(operation), number), [])
        for other in awake:
            heapq.heappush(ready, (round if other > i else round + 1, other))
    left = {calls[i][0].name for queue in own.values() for i in queue}
    if left:
        raise ValueError(
            f"The config of the model cannot be resolved: the calls of {sorted(left)} wait for results that no call "
            "makes."
        )


def _chosen(operation: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a layer's call without those that are the defaults of `call`.

    Keras writes these too: `training=False` of a `Dropout` would keep it from dropping anything ever after.
    """
    if not isinstance(operation, Layer):
        return kwargs
    parameters = signature_of(operation.call).parameters
    return {
        name: value
        for name, value in kwargs.items()
        if name not in parameters or parameters[name].default is not value
    }


def _arguments(operations: dict[str, _Entry], call: Any) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(call, dict):
        args = [_argument(operations, arg) for arg in _list(call.get("args", []), "args")]
        kwargs = {
            str(name): _argument(operations, arg) for name, arg in dict(call.get("kwargs") or {}).items()
        }
        return args, kwargs
    # The older form: a list of [layer, call number, tensor number, keyword arguments].
    places = _list(call, "inbound_nodes")
    if places and isinstance(places[0], str):
        places = [places]
    tensors = [_tensor(operations, place) for place in places]
    kwargs = dict(places[0][3]) if places and len(places[0]) > 3 and isinstance(places[0][3], dict) else {}
    return [tensors[0] if len(tensors) == 1 else tensors], kwargs


def _argument(operations: dict[str, _Entry], argument: Any) -> Any:
    if isinstance(argument, dict):
        if argument.get("class_name") == "__keras_tensor__":
            return _tensor(operations, argument.get("config", {}).get("keras_history"))
        if "class_name" in argument and "config" in argument:
            return deserialize_keras_object(argument)
        return {key: _argument(operations, value) for key, value in argument.items()}
    if isinstance(argument, (list, tuple)):
        return [_argument(operations, value) for value in argument]
    return argument


def _is_place(place: Any) -> bool:
    return isinstance(place, (list, tuple)) and len(place) in (3, 4) and isinstance(place[0], str)


def _map_places(tensor: Any, places: Any) -> Any:
    if _is_place(places):
        return tensor(places)
    if isinstance(places, dict):
        return {key: _map_places(tensor, place) for key, place in places.items()}
    return [_map_places(tensor, place) for place in _list(places, "input_layers")]


def _tensor(operations: dict[str, _Entry], place: Any, at_end: bool = False) -> KerasTensor:
    if not _is_place(place) or not all(isinstance(i, int) and i >= 0 for i in place[1:3]):
        raise ValueError(
            f"A tensor in a model's config is [layer name, call number, tensor number]; got {place!r}."
        )
    name, index, tensor_index = place[:3]
    if name not in operations:
        raise ValueError(f"The config of the model refers to a layer {name!r} that it does not have.")
    operation, before = operations[name]
    nodes = operation._inbound_nodes[before:]
    if at_end:
        index -= _first_call(operation)
    if not 0 <= index < len(nodes):
        raise _NotYet(operation, before + index)
    tensors = nodes[index].output_tensors
    if tensor_index >= len(tensors):
        raise ValueError(
            f"Layer {name!r} has {len(tensors)} results; the config asks for number {tensor_index}."
        )
    found: KerasTensor = tensors[tensor_index]
    return found
