"""A trace as a list of its ops: names, fields as plain data, and the functions that branches and loops hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import oxhorn as keras
from oxhorn import _core


def listed(fn: Any, *specs: tuple[tuple[int | None, ...], str]) -> _core.Listing:
    graph = _core.Graph()
    with graph:
        result = fn(*[graph.input(shape, dtype) for shape, dtype in specs])
    return graph.listing(keras.tree.flatten(result))


def test_nodes_come_after_their_inputs_and_dead_ones_not_at_all() -> None:
    weights = keras.Variable(np.ones((3, 2), "float32"), name="kernel")

    def fn(x: Any) -> Any:
        keras.ops.exp(x)
        return keras.ops.leaky_relu(keras.ops.matmul(x, weights) + 1.0, 0.25)

    listing = listed(fn, ((None, 3), "float32"))
    nodes = listing.nodes()
    assert [node.op for node in nodes] == [None, None, "matmul", None, "add", "relu"]
    assert listing.inputs == [0] and listing.outputs == [(5, 0)]
    assert isinstance(nodes[1].value, _core.Variable) and nodes[1].value.path == "kernel"
    assert np.array_equal(nodes[3].value, np.float32(1))
    assert nodes[2].inputs == [(0, 0), (1, 0)] and nodes[2].outputs == [([None, 2], "float32")]
    assert nodes[2].attributes == {"transpose_a": False, "transpose_b": False}
    assert nodes[5].attributes["f"] == {"Relu": {"slope": 0.25, "top": math.inf}}
    assert nodes[2].number == 3, "the dead exponential has a number too"


def test_fields_are_plain_data() -> None:
    listing = listed(
        lambda x: keras.ops.cast(keras.ops.pad(x, ((1, 2), (0, 0)), constant_values=-math.inf), "float64"),
        ((None, 3), "float32"),
    )
    pad, cast = listing.nodes()[1:]
    assert pad.attributes == {"width": [[1, 2], [0, 0]], "mode": "constant", "value": -math.inf}
    assert cast.attributes == {"value": "float64"}


def test_functions_of_branches_and_loops() -> None:
    def fn(x: Any) -> Any:
        y = keras.ops.cond(keras.ops.sum(x) > 0, lambda: -x, lambda: x)
        return keras.ops.scan(lambda c, row: (c + row, c), keras.ops.zeros((3,)), y)

    listing = listed(fn, ((None, 3), "float32"))
    by_name = {node.op: node for node in listing.nodes() if node.op}
    branches = [part.nodes()[-1].op for what, part in by_name["cond"].parts if what == "branch"]
    assert branches == ["negative", None]
    assert by_name["cond"].attributes == {"branches": [{"uses": [0]}, {"uses": [0]}]}
    ((what, body),) = by_name["scan"].parts
    assert what == "body" and [node.op for node in body.nodes()][-1] == "add" and len(body.inputs) == 2
    assert by_name["scan"].attributes["carries"] == 1
    # Nobody asks for the carries that the gradient needs.
    assert len(by_name["scan"].outputs) == 2


def test_a_rule_for_gradients_is_no_op() -> None:
    @keras.ops.custom_gradient
    def fn(x: Any) -> Any:
        return keras.ops.exp(x), lambda *args, upstream: upstream

    assert [node.op for node in listed(fn, ((2,), "float32")).nodes()] == [None, "exp"]
