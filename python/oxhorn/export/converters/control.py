"""Branches and loops: the functions they hold become graphs inside of the node, which see the values around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Dim, Value, element_type


class Part(Protocol):
    """A function that a branch or a loop holds."""

    count: int

    def __call__(self, b: Builder, inputs: list[Value]) -> list[Value]:
        """Writes its nodes; returns its outputs."""


def info(value: Value, name: str) -> Any:
    """What ONNX says of an input or output of a graph."""
    from onnx import helper

    return helper.make_tensor_value_info(name, element_type(value.dtype), list(value.shape))


def subgraph(inner: Builder, title: str, inputs: Sequence[Value], outputs: Sequence[Value]) -> Any:
    """What a builder wrote, as a graph. Each output gets a name of its own, since it may be a value from outside."""
    from onnx import helper

    own = [inner.emit("Identity", [value]) for value in outputs]
    return helper.make_graph(
        inner.nodes,
        inner.unique(title),
        [info(value, inner.name(value)) for value in inputs],
        [info(value, inner.name(value)) for value in own],
    )


def outside(b: Builder, values: Sequence[Value]) -> list[Value]:
    """The values as a graph inside may use them: written already, so that nothing of them is written in there."""
    copies = []
    for value in values:
        copy = Value(value.dtype, value.shape, b.name(value))
        copy.array = value.array
        copies.append(copy)
    return copies


def scan(
    b: Builder,
    inner: Builder,
    carries: Sequence[Value],
    elements: Sequence[Value],
    new_carries: Sequence[Value],
    results: Sequence[Value],
    first: Sequence[Value],
    stacked: Sequence[Value],
    *,
    axis: int = 0,
    reverse: bool = False,
    length: Dim = None,
) -> list[Value]:
    """A loop along an axis: the last carries, and the results of all steps along the same axis."""
    body = subgraph(inner, "body", [*carries, *elements], [*new_carries, *results])
    specs: list[tuple[str, Sequence[Dim]]] = [(value.dtype, value.shape) for value in first]
    specs += [(value.dtype, [*value.shape[:axis], length, *value.shape[axis:]]) for value in results]
    sides = {"input": len(stacked), "output": len(results)}
    ways = {f"scan_{side}_axes": [axis] * count for side, count in sides.items() if count}
    ways |= {f"scan_{side}_directions": [int(reverse)] * count for side, count in sides.items() if count}
    inputs = [*first, *stacked]
    return b.emit_many("Scan", inputs, specs, body=body, num_scan_inputs=len(stacked), **ways)


@converts("scan")
def scan_op(b: Builder, node: Node) -> list[Value]:
    """(c, y_t) = f(c, x_t)."""
    a = node.attributes
    n, m = a["carries"], a["xs"]
    first, stacked = node.inputs[:n], node.inputs[n : n + m]
    captured = outside(b, node.inputs[n + m :])
    inner = Builder(b)
    carries = [Value(v.dtype, v.shape, inner.unique("carry")) for v in first]
    elements = [Value(v.dtype, v.shape[1:], inner.unique("element")) for v in stacked]
    ((_, write),) = node.parts
    made = write(inner, [*carries, *elements, *captured])
    counted: list[Value] = []
    if not stacked:
        # Something must tell the number of steps.
        stacked = [b.arange(a["length"])]
        counted = [Value("int64", (), inner.unique("step"))]
    return scan(
        b,
        inner,
        carries,
        [*elements, *counted],
        made[:n],
        made[n:],
        first,
        stacked,
        reverse=a["reverse"],
        length=stacked[0].shape[0],
    )


@converts("while_loop")
def while_loop(b: Builder, node: Node) -> list[Value]:
    """A loop: while p(v) { v = f(v) }."""
    from onnx import helper

    n, limit = node.attributes["carries"], node.attributes["limit"]
    parts = dict(node.parts)
    condition, body = parts["condition"], parts["body"]
    first = node.inputs[:n]
    rest = outside(b, node.inputs[n:])
    # What the condition captured comes first.
    of_condition = condition.count - n
    before = condition(b, [*outside(b, first), *rest[:of_condition]])[0]
    inner = Builder(b)
    carries = [Value(v.dtype, v.shape, inner.unique("value")) for v in first]
    number = Value("int64", (), inner.unique("number"))
    going = Value("bool", (), inner.unique("going"))
    made = body(inner, [*carries, *rest[of_condition:]])
    again = condition(inner, [*made, *rest[:of_condition]])[0]
    own = [inner.emit("Identity", [v]) for v in [inner.cast(inner.reshape(again, []), "bool"), *made]]
    graph = helper.make_graph(
        inner.nodes,
        inner.unique("body"),
        [info(v, inner.name(v)) for v in [number, going, *carries]],
        [info(v, inner.name(v)) for v in own],
    )
    most = None if limit is None else b.scalar(limit, "int64")
    begins = b.cast(b.reshape(before, []), "bool")
    return b.emit_many("Loop", [most, begins, *first], node.outputs, body=graph)


@converts("cond")
def cond(b: Builder, node: Node) -> list[Value]:
    """One of several functions, chosen by a boolean (true is the first) or by its number."""
    index, *used = node.inputs
    values = outside(b, used)
    branches = [
        (write, [values[place] for place in branch["uses"]])
        for (_, write), branch in zip(node.parts, node.attributes["branches"], strict=True)
    ]
    if index.dtype != "bool":
        index = b.cast(index, "int64")
    (copy,) = outside(b, [index])
    return _choose(b, node, copy, branches, 0)


def _choose(
    b: Builder, node: Node, index: Value, branches: list[tuple[Part, list[Value]]], number: int
) -> list[Value]:
    write, given = branches[0]
    if len(branches) == 1:
        return write(b, given)
    is_this = (
        index if index.dtype == "bool" else b.emit("LessOrEqual", [index, b.scalar(number, index)], "bool")
    )
    first, other = Builder(b), Builder(b)
    graphs = [
        subgraph(first, "then", [], write(first, given)),
        subgraph(other, "else", [], _choose(other, node, index, branches[1:], number + 1)),
    ]
    return b.emit_many("If", [is_this], node.outputs, then_branch=graphs[0], else_branch=graphs[1])
