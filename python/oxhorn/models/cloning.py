"""`clone_model`: the same architecture with layers and weights of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from oxhorn import tree
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import Node, Operation
from oxhorn.layers.input_layer import Input, InputLayer
from oxhorn.layers.layer import Layer
from oxhorn.models.functional import Functional
from oxhorn.models.graph import ModelGraph
from oxhorn.models.model import Model
from oxhorn.models.sequential import Sequential
from oxhorn.saving.serialization import copied_together, copy_of


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """The same architecture with layers and weights of its own, the weights initialized afresh.

    Args:
        model: A Sequential or functional model; a subclassed one if it has a config.
        input_tensors: Symbolic tensors (or `InputLayer`s) to build on, in the place of fresh inputs.
        clone_function: Makes the copy of a layer; by default from its config.
        call_function: Called as `call_function(layer, *args, **kwargs)` in the place of `layer(*args, **kwargs)`
            (functional models only).
        recursive: Whether layers of models inside the model go through `clone_function` too.
        **kwargs: None are known.

    Returns:
        The copy.

    Raises:
        ValueError: If the arguments do not fit the model.

    >>> import oxhorn as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> keras.models.clone_model(model).count_params()
    3
    """
    if kwargs:
        raise ValueError(f"clone_model got unknown arguments: {sorted(kwargs)}.")
    if not isinstance(model, Model):
        raise ValueError(f"clone_model expects a model; got {model!r}.")

    def clone(layer: Any) -> Any:
        if isinstance(layer, InputLayer):
            return layer
        if recursive and isinstance(layer, Model) and layer._graph is not None:
            return clone_model(layer, clone_function=clone_function, recursive=True)
        if clone_function is None or not isinstance(layer, Layer):
            return _copy(layer)
        return clone_function(layer)

    with copied_together():
        copy = _clone(model, clone, input_tensors, call_function, clone_function is not None)
    if model.compiled and copy is not model:
        copy.compile_from_config(model.get_compile_config())
    return copy


def _clone(
    model: Model,
    clone: Callable[[Any], Any],
    input_tensors: Any,
    call_function: Callable[..., Any] | None,
    has_clone_function: bool,
) -> Any:
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError("clone_model: `call_function` needs a functional model; got a Sequential.")
        return _clone_sequential(model, clone, input_tensors)
    if type(model) is Functional or (model._graph is not None and type(model).call is Model.call):
        return _clone_functional(model, clone, input_tensors, call_function)
    if has_clone_function or input_tensors is not None or call_function is not None:
        raise ValueError(
            f"clone_model: {type(model).__name__} is a subclassed model, which is copied from its config as a whole; "
            "the other arguments need a Sequential or functional model."
        )
    return _copy(model)


def _copy(operation: Operation) -> Any:
    from oxhorn.engine.symbolic import FunctionCall
    from oxhorn.layers.core.lambda_layer import Lambda

    if isinstance(operation, Lambda):
        return operation.copied()
    if isinstance(operation, FunctionCall):
        return FunctionCall(
            operation.function,
            operation.function_name,
            operation.namespace,
            dict(operation.arguments),
            operation.name,
        )
    return copy_of(operation)


def _clone_sequential(model: Sequential, clone: Callable[[Any], Any], input_tensors: Any) -> Any:
    layers = [clone(layer) for layer in model.layers]
    stack = model._stacked
    first: list[Any] = []
    if input_tensors is not None:
        tensors = tree.flatten(input_tensors)
        if len(tensors) != 1:
            raise ValueError(f"clone_model: a Sequential has one input; got {len(tensors)} tensors.")
        first = [tensors[0]]
        if isinstance(tensors[0], KerasTensor) and not isinstance(tensors[0].history.operation, InputLayer):
            first = [Input(tensor=tensors[0], name="input_" + tensors[0].name)]
    elif stack and isinstance(stack[0], InputLayer):
        old = stack[0]
        first = [Input(batch_shape=old.batch_shape, dtype=old.dtype, name=old.name)]
    return type(model)([*first, *layers], name=model.name, trainable=model.trainable)


def _clone_functional(
    model: Model,
    clone: Callable[[Any], Any],
    input_tensors: Any,
    call_function: Callable[..., Any] | None,
) -> Any:
    graph = model._graph
    assert isinstance(graph, ModelGraph)
    if input_tensors is None:
        inputs = [
            Input(batch_shape=t.shape, dtype=t.dtype, name=t.history.operation.name)
            for t in graph.flat_inputs
        ]
    else:
        inputs = [x.output if isinstance(x, InputLayer) else x for x in tree.flatten(input_tensors)]
        try:
            tree.assert_same_structure(graph.inputs, input_tensors)
        except ValueError as error:
            if isinstance(input_tensors, dict) or not (
                len(inputs) == 1 and isinstance(graph.inputs, KerasTensor)
            ):
                raise ValueError(
                    "clone_model: `input_tensors` must have the same structure as model.input, "
                    f"{tree.map_structure(lambda t: t.name, graph.inputs)}; got {input_tensors!r}. {error}"
                ) from None
        if len(inputs) != len(graph.flat_inputs) or not all(isinstance(x, KerasTensor) for x in inputs):
            raise ValueError(
                f"clone_model: expected {len(graph.flat_inputs)} symbolic tensors in `input_tensors`; "
                f"got {input_tensors!r}."
            )
    copies = {op: clone(op) for op in graph.operations if not isinstance(op, InputLayer)}
    known: dict[int, Any] = {id(old): new for old, new in zip(graph.flat_inputs, inputs, strict=True)}
    for node in _in_order_of_calls(graph, known):
        args, kwargs = node.fill(known)
        copy = copies[node.operation]
        result = call_function(copy, *args, **kwargs) if call_function is not None else copy(*args, **kwargs)
        for old, new in zip(node.output_tensors, tree.flatten(result), strict=True):
            known[id(old)] = new
    cls: Any = Functional if type(model) is Functional else type(model)
    return cls(
        inputs=tree.pack_sequence_as(graph.inputs, inputs),
        outputs=tree.map_structure(lambda tensor: known[id(tensor)], graph.outputs),
        name=model.name,
        trainable=model.trainable,
    )


def _in_order_of_calls(graph: ModelGraph, known: dict[int, Any]) -> Iterator[Node]:
    """The nodes, each once its inputs are in `known`, and the calls of one layer in their order."""
    waiting = [node for node in graph.nodes if not node.is_input]
    left: dict[Operation, list[Node]] = {}
    for node in waiting:
        left.setdefault(node.operation, []).append(node)
    for operation, nodes in left.items():
        nodes.sort(key=operation._inbound_nodes.index)
    while waiting:
        later = []
        for node in waiting:
            ready = left[node.operation][0] is node and all(id(t) in known for t in node.input_tensors)
            if ready:
                left[node.operation].pop(0)
                yield node
            else:
                later.append(node)
        waiting = later
