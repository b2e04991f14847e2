"""From a traced model to an ONNX model: each op by its converter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.export.converters import CONVERTERS, REFUSED, Node, activation
from oxhorn.export.graph_builder import IR_VERSION, LIMIT, OPSET, Builder, Value, element_type
from oxhorn.export.trace import WHO, TracedModel


class Part:
    """A function that a branch or a loop holds, to be written where it is wanted.

    Attributes:
        count: The number of its inputs.
    """

    def __init__(self, listing: _core.Listing, layer: str) -> None:
        self.listing, self.layer = listing, layer
        self.count = len(listing.inputs)

    def __call__(self, b: Builder, inputs: list[Value]) -> list[Value]:
        """Writes the nodes; returns the outputs."""
        return write(b, self.listing, inputs, lambda number: self.layer)


def onnx_model(traced: TracedModel, name: str) -> Any:
    """The model as a `ModelProto`.

    Args:
        traced: What it computes.
        name: The name of the graph.

    Raises:
        NotImplementedError: If an op has no converter.
        ValueError: If the numbers do not fit into one file.
    """
    from onnx import helper, numpy_helper

    import oxhorn

    b = Builder()
    inputs = []
    for title, dtype, shape in traced.inputs:
        inputs.append(Value(dtype, shape, b.unique(title)))
    # What nodes are called must not be taken from the outputs.
    wanted = [b.unique(title) for title, _ in traced.outputs]
    results = write(b, traced.listing, inputs, traced.layer_of)
    b.scope = ""
    outputs = []
    for title, (_, place) in zip(wanted, traced.outputs, strict=True):
        value = results[place] if isinstance(place, int) else b.constant(place)
        b.nodes.append(helper.make_node("Identity", [b.name(value)], [title], name=f"{title}/output"))
        shape = value.shape if isinstance(place, int) else np.shape(place)
        outputs.append(Value(value.dtype, shape, title))
    total = sum(array.nbytes for array in b.initializers.values())
    if total > LIMIT:
        raise ValueError(
            f"{WHO}: the weights have {total:,} bytes, and an ONNX file can hold {LIMIT:,}. Export parts of the model, "
            "each as a file."
        )
    graph = helper.make_graph(
        _without_copies(b.nodes),
        name,
        [_info(value, "batch") for value in inputs],
        [_info(value, "batch") for value in outputs],
        [numpy_helper.from_array(array, title) for title, array in b.initializers.items()],
    )
    return helper.make_model(
        graph,
        producer_name="oxhorn",
        producer_version=oxhorn.version(),
        doc_string=f"{name}, for inference.",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )


def _info(value: Value, batch: str) -> Any:
    from onnx import helper

    name = value.name or ""
    shape: list[int | str] = []
    for axis, size in enumerate(value.shape):
        open_name = batch if axis == 0 else f"{name}_{axis}"
        shape.append(open_name if size is None else size)
    return helper.make_tensor_value_info(name, element_type(value.dtype), shape)


def _without_copies(nodes: list[Any]) -> list[Any]:
    """A node whose only reader is the copy to an output writes that output itself."""
    made = {name: node for node in nodes for name in node.output}
    readers: dict[str, int] = {}
    _count_readers(nodes, readers)
    kept = []
    for node in nodes:
        if node.name.endswith("/output") and node.op_type == "Identity":
            maker = made.get(node.input[0])
            if maker is not None and maker is not node and readers[node.input[0]] == 1:
                maker.output[list(maker.output).index(node.input[0])] = node.output[0]
                continue
        kept.append(node)
    return kept


def _count_readers(nodes: list[Any], readers: dict[str, int], each: int = 1) -> None:
    """How often each value is read; what a branch or a loop reads from outside counts as read by several."""
    for node in nodes:
        for name in node.input:
            readers[name] = readers.get(name, 0) + each
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _count_readers(list(attribute.g.node), readers, 2)


def write(
    b: Builder, listing: _core.Listing, inputs: list[Value], layer_of: Callable[[int], str]
) -> list[Value]:
    """Writes the nodes of a listing; returns its outputs."""
    values: list[list[Value | None]] = []
    given = dict(zip(listing.inputs, inputs, strict=True))
    for index, node in enumerate(listing.nodes()):
        if index in given:
            values.append([given[index]])
        elif node.op is None:
            values.append([_constant(b, node.value)])
        else:
            read = [values[n][output] for n, output in node.inputs]
            layer = layer_of(node.number)
            parts = [(what, Part(part, layer)) for what, part in node.parts]
            outputs = [(dtype, tuple(shape)) for shape, dtype in node.outputs]
            known = [value for value in read if value is not None]
            values.append(_convert(b, Node(node.op, known, node.attributes, outputs, parts, layer)))
    results = [values[n][output] for n, output in listing.outputs]
    return [value for value in results if value is not None]


def _constant(b: Builder, value: Any) -> Value:
    if isinstance(value, _core.Variable):
        return b.constant(value.numpy(), value.path)
    return b.constant(value)


def _convert(b: Builder, node: Node) -> list[Value | None]:
    converter = CONVERTERS.get(node.op)
    if converter is None and "f" in node.attributes:
        converter = activation
    if converter is None:
        why = REFUSED.get(node.op)
        if why is None and node.op.endswith("_gradient"):
            why = "is part of gradients, not of inference"
        raise node.refuse(
            why or "has no converter to ONNX",
            "Use other ops in its place, or export the part of the model before it.",
        )
    b.root.scope = node.layer
    made = converter(b, node)
    results: list[Value | None] = [made] if isinstance(made, Value) else list(made)
    for value, (_, shape) in zip(results, node.outputs, strict=False):
        if value is not None and value.array is None and value.name is not None and value.rank == len(shape):
            # The core may know sizes that a converter does not.
            sizes = zip(value.shape, shape, strict=True)
            value.shape = tuple(own if known is None else known for own, known in sizes)
    return results
