"""`plot_model`: the layers of a model and what flows between them, as a picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from oxhorn import tree
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import Node
from oxhorn.engine.symbolic import FunctionCall
from oxhorn.utils.drawing import Box, Group, Line, Link, Picture, draw
from oxhorn.utils.drawing.arrange import DIRECTIONS
from oxhorn.utils.drawing.picture import check_svg_path

# Fill and outline by the folder that a layer's class stands in.
_COLORS = {
    "input_layer": ("#eef2f6", "#8895a7"),
    "core": ("#e3edfb", "#5b8bd0"),
    "convolutional": ("#e2f3e4", "#59a869"),
    "rnn": ("#fde9f0", "#cc6f94"),
    "attention": ("#fde9f0", "#cc6f94"),
    "pooling": ("#e0f3f2", "#4ba3a0"),
    "normalization": ("#fdf1dd", "#d39b3d"),
    "regularization": ("#f4ecdf", "#b08b57"),
    "activations": ("#fbe6e3", "#d0705f"),
    "merging": ("#eee8fa", "#8b72c7"),
    "reshaping": ("#f0f0ee", "#96968c"),
    "preprocessing": ("#f0f0ee", "#96968c"),
}
_FUNCTION = ("#ffffff", "#8895a7")
_OWN = ("#fffbe0", "#b9a63a")
_MODEL = ("#e8ecf7", "#6a7bb5")
_FROZEN, _TRAINED = "#3973ac", "#2f855a"
# Layers of a model whose arrows are unknown stand in columns of this length.
_COLUMN = 6


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] | None = None,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Picture:
    """Draws a model as SVG; nothing needs to be installed.

    A box is one call of a layer: a layer that is called several times (a shared one) has a dashed box for each call,
    all with the same weights. In a notebook, the picture shows where it is the last value of a cell.

    Args:
        model: A functional or sequential model; of a subclassed one, whose `call` is Python code, the layers are shown
            without arrows.
        to_file: A path that ends in `.svg`, to write the picture to as well.
        show_shapes: Whether to show the shapes of inputs and outputs.
        show_dtype: Whether to show the dtype of the outputs.
        show_layer_names: Whether to show the names of the layers.
        rankdir: Where the arrows point: `"TB"` (top to bottom), `"BT"`, `"LR"` or `"RL"`.
        expand_nested: Whether to show the layers inside nested models, in frames.
        dpi: The size: 200 is 1:1, 100 half of it.
        show_layer_activations: Whether to show the activation functions of the layers.
        show_trainable: Whether to show which layers with weights are trained and which are frozen.

    Returns:
        A `Picture`: `picture.save("model.svg")`, `str(picture)`.

    Raises:
        ValueError: If the model is not built, `to_file` does not end in `.svg`, or another argument is not as
            described.

    Example:
    >>> import oxhorn as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="out")])
    >>> picture = keras.utils.plot_model(model, show_shapes=True, show_layer_names=True)
    >>> "(None, 2)" in str(picture)
    True
    """
    from oxhorn.models.model import Model

    if to_file is not None:
        check_svg_path("plot_model", to_file)
    if not isinstance(model, Model):
        raise ValueError(f"plot_model expected a model; got {model!r} of type {type(model).__name__}.")
    if rankdir not in DIRECTIONS:
        raise ValueError(f"plot_model expected `rankdir` to be one of {DIRECTIONS}; got {rankdir!r}.")
    if isinstance(dpi, bool) or not isinstance(dpi, (int, float)) or not 0 < dpi <= 10_000:
        raise ValueError(f"plot_model expected `dpi` to be a positive number; got {dpi!r}.")
    if not model.built:
        raise ValueError(
            f"plot_model: model {model.name!r} is not built yet, so its layers have no shapes. "
            "Call it on data, `fit` it, or call `build(input_shape)` first."
        )
    wants = _Wants(
        show_shapes, show_dtype, show_layer_names, expand_nested, show_layer_activations, show_trainable
    )
    picture = draw(_group_of(model, wants), rankdir, scale=dpi / 200)
    if to_file is not None:
        picture.save(to_file)
    return picture


class _Wants:
    def __init__(
        self, shapes: bool, dtype: bool, names: bool, nested: bool, activations: bool, trainable: bool
    ) -> None:
        self.shapes, self.dtype, self.names = shapes, dtype, names
        self.nested, self.activations, self.trainable = nested, activations, trainable


def _group_of(model: Any, wants: _Wants, title: str = "") -> Group:
    """The calls inside a model, with an arrow for each tensor."""
    if model._graph is None:
        return _group_without_arrows(model, wants, title)
    graph = model._graph
    nodes: list[Node] = list(graph.nodes)
    place = {id(node): i for i, node in enumerate(nodes)}
    calls: dict[int, int] = {}
    for node in nodes:
        calls[id(node.operation)] = calls.get(id(node.operation), 0) + 1
    so_far: dict[int, int] = {}
    parts: list[Box | Group] = []
    for node in nodes:
        key = id(node.operation)
        so_far[key] = so_far.get(key, 0) + 1
        parts.append(_part_of(node, wants, so_far[key], calls[key]))
    given = {id(tensor): tensor for tensor in graph.flat_inputs}
    links = []
    for node in nodes:
        if node.is_input or any(id(tensor) in given for tensor in node.output_tensors):
            continue
        for port, tensor in enumerate(node.input_tensors):
            source = place[id(_node_of(tensor))]
            source_port = tensor.history.tensor_index if isinstance(parts[source], Group) else None
            target_port = port if isinstance(parts[place[id(node)]], Group) else None
            links.append(Link(source, place[id(node)], source_port, target_port))
    return Group(
        parts,
        links,
        title=title,
        entries=[place[id(_node_of(tensor))] for tensor in graph.flat_inputs],
        exits=[place[id(_node_of(tensor))] for tensor in graph.flat_outputs],
    )


def _node_of(tensor: KerasTensor) -> Node:
    operation, index, _ = tensor.history
    found: Node = operation._inbound_nodes[index]
    return found


def _group_without_arrows(model: Any, wants: _Wants, title: str) -> Group:
    """The layers of a model whose `call` is Python code; hidden links put them into columns."""
    parts: list[Box | Group] = []
    for layer in model.layers:
        nested = _is_model(layer) and wants.nested
        parts.append(
            _group_of(layer, wants, _heading(layer, wants)) if nested else _box_of(layer, None, wants, "")
        )
    if not parts:
        parts = [_box_of(model, None, wants, "")]
    links = [Link(i, i + 1, hidden=True) for i in range(len(parts) - 1) if (i + 1) % _COLUMN]
    inner = Group(
        parts,
        links,
        title=title or _heading(model, wants),
        dashed=True,
        hint="A subclassed model: its call is Python code, so the order and the arrows are not known.",
        entries=[0],
        exits=[len(parts) - 1],
    )
    return inner if title else Group([inner], [])


def _part_of(node: Node, wants: _Wants, call: int, calls: int) -> Box | Group:
    operation = node.operation
    shared = f"shared, call {call} of {calls}" if calls > 1 else ""
    if wants.nested and _is_model(operation):
        heading = _heading(operation, wants)
        group = _group_of(operation, wants, f"{heading} ({shared})" if shared else heading)
        group.dashed = group.dashed or bool(shared)
        return group
    return _box_of(operation, node, wants, shared)


def _box_of(operation: Any, node: Node | None, wants: _Wants, shared: str) -> Box:
    fill, edge = _color_of(operation)
    lines = [Line(_heading(operation, wants), bold=True)]
    if shared:
        lines.append(Line(shared, color=_MODEL[1]))
    lines.extend(_details(operation, node, wants))
    return Box(
        lines,
        fill,
        edge,
        dashed=bool(shared),
        stacked=_is_model(operation),
        round=node is not None and node.is_input,
        hint=f"{operation.name} ({_class_of(operation)})",
    )


def _details(operation: Any, node: Node | None, wants: _Wants) -> Iterator[Line]:
    if wants.activations:
        function = getattr(operation, "activation", None)
        if callable(function):
            yield Line(getattr(function, "__name__", type(function).__name__), "activation")
    if wants.dtype:
        dtypes = _distinct([t.dtype for t in node.output_tensors]) if node is not None else operation.dtype
        yield Line(dtypes, "dtype")
    if wants.shapes and node is not None:
        if not node.is_input:
            yield Line(_shapes(node.input_tensors), "input")
        yield Line(_shapes(tree.flatten(node.outputs)), "output")
    if wants.trainable and getattr(operation, "weights", None):
        trained = bool(operation.trainable_weights)
        yield Line("trainable" if trained else "frozen", color=_TRAINED if trained else _FROZEN)


def _heading(operation: Any, wants: _Wants) -> str:
    return f"{operation.name} ({_class_of(operation)})" if wants.names else _class_of(operation)


def _class_of(operation: Any) -> str:
    return operation.function_name if isinstance(operation, FunctionCall) else type(operation).__name__


def _is_model(operation: Any) -> bool:
    from oxhorn.models.model import Model

    return isinstance(operation, Model)


def _color_of(operation: Any) -> tuple[str, str]:
    if _is_model(operation):
        return _MODEL
    if isinstance(operation, FunctionCall):
        return _FUNCTION
    places = type(operation).__module__.split(".")
    if places[0] != __name__.split(".", maxsplit=1)[0]:
        return _OWN
    return next((_COLORS[place] for place in places if place in _COLORS), _FUNCTION)


def _shapes(tensors: list[Any]) -> str:
    return ", ".join(str(tuple(t.shape)) for t in tensors if isinstance(t, KerasTensor))


def _distinct(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))
