"""In which order PyTorch has the features that a dense layer reads.

Our maps end in their channels, PyTorch's begin with them; so the features of a flattened map come in another order:

    ours      f[(y * W + x) * C + c]
    PyTorch   g[(c * H + y) * W + x]

and the rows of the dense kernel after it have to follow. A walk through the calls of a model finds for each symbolic
tensor how PyTorch would hold it:

    Axes(order)       a map: PyTorch's axis k after the batch is our axis order[k]
    Features(order)   our last axis in another order: our entry j is PyTorch's order[j]
    Unclear(why)      cannot be told

Convolutions, poolings and images give `Axes`; layers that work entry by entry pass on what they get; `Flatten` makes
`Features` of `Axes`. A `Reshape` from features to a map works backwards: the dense layer that made them gives its
outputs in PyTorch's order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from oxhorn import config
from oxhorn.engine import naming
from oxhorn.engine.graph_walk import walk_back
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import Node
from oxhorn.engine.symbolic_branches import recorded_nodes
from oxhorn.interop.stored import Array
from oxhorn.interop.table import has_rule

__all__ = ["Features", "Orders", "calls_of", "features_of_map", "orders_of"]


class Axes(NamedTuple):
    """PyTorch's axis `k` after the batch is our axis `order[k]` after the batch."""

    order: tuple[int, ...]


class Features:
    """Our entry `j` of the last axis is PyTorch's entry `order[j]`."""

    def __init__(self, order: Array, text: str) -> None:
        self.order = order
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Features) and np.array_equal(self.order, other.order)

    __hash__ = None  # type: ignore[assignment]


class Unclear(NamedTuple):
    """It cannot be told; which matters for features, and where `in_sequences` for sequences of them."""

    why: str
    in_sequences: bool = False


Layout = Axes | Features | Unclear | None  # None: PyTorch has it as we do


class Orders:
    """What was found for a layer: the order of its inputs' features, of its outputs', and whether it reads a map."""

    def __init__(self) -> None:
        self.inputs: Layout = None
        self.outputs: Layout = None
        self.on_map = False
        self.seen = False


def features_of_map(shape: Sequence[int], order: Sequence[int] | None = None) -> Features | None:
    """The features of a flattened map of this shape, `(places, channels)`; None if the order is ours."""
    rank = len(shape)
    order = tuple(order) if order is not None else (rank - 1, *range(rank - 1))
    theirs = np.arange(math.prod(shape)).reshape([shape[axis] for axis in order])
    flat = theirs.transpose(np.argsort(order)).ravel()
    if np.array_equal(flat, np.arange(flat.size)):
        return None
    there = tuple(shape[axis] for axis in order)
    return Features(flat, f"features of the map {there} -> {tuple(shape)}")


# The calls of a model ----------------------------------------------------------------------------------


class Calls(NamedTuple):
    """Calls of operations, each after those it needs, and the tensors at both ends."""

    nodes: list[Node]
    inputs: list[KerasTensor]
    outputs: list[KerasTensor]


def calls_of(layer: Any) -> Calls | None:
    """The calls that a model or a layer of layers is made of; None where they cannot be found.

    Without a graph, `call` is run on symbolic tensors, whose calls are noted; the layers are left as they were.
    """
    graph = getattr(layer, "_graph", None)
    if graph is not None:
        nodes, _ = walk_back(graph.outputs, graph.flat_inputs, f"Model {layer.name!r}")
        return Calls(nodes, graph.flat_inputs, graph.flat_outputs)
    shapes = getattr(layer, "_build_shapes_dict", None)
    shape = next(iter(shapes.values())) if shapes and len(shapes) == 1 else None
    if not isinstance(shape, (tuple, list)) or not all(n is None or isinstance(n, int) for n in shape):
        return None
    given = KerasTensor((None, *shape[1:]), layer.compute_dtype, name="input")
    losses = [(one._losses, list(one._losses)) for one in layer._flatten_layers()]
    with naming.kept_counters(), recorded_nodes() as noted:
        try:
            result = layer.call(given)
        except Exception:  # a `call` of the user's own that needs values: then its order is not known
            return None
        finally:
            for node in noted:
                node.operation._inbound_nodes.remove(node)
            for now, before in losses:
                now[:] = before
    if not isinstance(result, KerasTensor):
        return None
    return Calls(noted, [given], [result])


# The walk ----------------------------------------------------------------------------------------------

_FUNCTIONS_BY_ENTRY = frozenset(
    (
        "relu", "relu6", "elu", "selu", "celu", "gelu", "silu", "swish", "sigmoid", "hard_sigmoid",
        "hard_silu", "hard_swish", "tanh", "softplus", "softsign", "mish", "leaky_relu",
        "log_sigmoid", "hard_tanh", "softmax", "log_softmax", "add", "subtract", "multiply",
        "divide", "true_divide", "maximum", "minimum", "negative", "exp", "log", "sqrt", "square",
        "abs", "absolute", "clip", "cast", "stop_gradient", "identity", "power",
    )
)  # fmt: skip
_REDUCTIONS = frozenset(("mean", "sum", "max", "min", "amax", "amin", "std", "var", "logsumexp"))
_LAYERS_BY_ENTRY = frozenset(
    (
        "Activation", "ReLU", "ReLU6", "LeakyReLU", "ELU", "PReLU", "RReLU", "Softmax", "Dropout",
        "AlphaDropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D",
        "SpatialDropout3D", "ActivityRegularization", "Identity", "Masking", "Rescaling",
        "BatchNormalization", "LayerNormalization", "GroupNormalization", "InstanceNormalization",
        "RMSNormalization", "UnitNormalization", "Normalization", "Add", "Subtract", "Multiply",
        "Average", "Maximum", "Minimum", "RepeatVector",
    )
)  # fmt: skip


def orders_of(model: Any) -> tuple[dict[int, Orders], list[str]]:
    """For each layer that was met, by `id`, the orders around it; and what no order of weights makes as in PyTorch."""
    made: dict[int, Features] = {}  # outputs of dense layers that a `Reshape` later wants in PyTorch's order
    while True:
        walk = _Walk(made)
        calls = calls_of(model)
        if calls is None:
            return {}, []
        walk.begin(calls)
        walk.follow(calls)
        if walk.made.keys() == made.keys():
            return walk.found, list(dict.fromkeys(walk.notes))
        made = walk.made


class _Walk:
    def __init__(self, made: dict[int, Features]) -> None:
        self.made = dict(made)
        self.found: dict[int, Orders] = {}
        self.notes: list[str] = []
        self._layouts: dict[int, Layout] = {}
        self._makers: dict[int, Node] = {}
        self._same_as: dict[int, KerasTensor] = {}
        self._keep: list[Calls] = []  # tensors are known by `id`, so that they have to stay

    def begin(self, calls: Calls) -> None:
        """The inputs of the model: images have their channels at the end here and at the front there."""
        ends_in_channels = config.image_data_format() == "channels_last"
        for tensor in calls.inputs:
            rank = len(tensor.shape) - 1
            self._layouts[id(tensor)] = _of_map(rank, ends_in_channels) if rank >= 3 else None

    def follow(self, calls: Calls) -> None:
        self._keep.append(calls)
        for node in calls.nodes:
            if node.is_input:
                continue
            for tensor in node.output_tensors:
                self._makers[id(tensor)] = node
            layouts = self._step(node.operation, node)
            for tensor, layout in zip(node.output_tensors, layouts, strict=True):
                self._layouts[id(tensor)] = layout

    def _step(self, layer: Any, node: Node) -> list[Layout]:
        inputs = [self._layouts.get(id(tensor)) for tensor in node.input_tensors]
        name = _name_of(layer)
        lead = 1  # the batch, and under `TimeDistributed` the steps
        if name == "TimeDistributed":
            layer, lead = layer.layer, 2
            name = _name_of(layer)
        orders = self.found.setdefault(id(layer), Orders())
        if _is_known(layer, name):
            outputs = self._of_known(layer, name, node, inputs, lead)
            ends = [
                *zip(inputs[:1], node.input_tensors, strict=False),
                *zip(outputs[:1], node.output_tensors, strict=False),
            ]
            given, made = (_of_features(layout, tensor) for layout, tensor in ends)
            self._note(layer, orders, given, made)
            return outputs
        inner = calls_of(layer) if getattr(layer, "_layers", None) else None
        if inner is None or len(inner.inputs) != len(node.input_tensors):
            plain = all(layout is None for layout in inputs)
            why = f"nothing is known of {name} {layer.name!r}"
            after_map = any(len(tensor.shape) >= 4 for tensor in node.output_tensors)
            return [None if plain and not after_map else Unclear(why)] * len(node.output_tensors)
        for mine, theirs in zip(inner.inputs, node.input_tensors, strict=True):
            self._layouts[id(mine)] = self._layouts.get(id(theirs))
            self._same_as[id(mine)] = theirs
        self.follow(inner)
        for mine, theirs in zip(node.output_tensors, inner.outputs, strict=False):
            self._same_as[id(mine)] = theirs
        found = [self._layouts.get(id(tensor)) for tensor in inner.outputs]
        return [
            Unclear(f"{layer.name!r} makes a map for each step", True)
            if lead == 2 and isinstance(layout, Axes)
            else layout
            for layout in found
        ]

    def _note(self, layer: Any, orders: Orders, given: Layout, made: Layout) -> None:
        """One layer may be called many times; its weights have one order."""
        if orders.seen and (orders.inputs != given or orders.outputs != made):
            why = f"{layer.name!r} is called on features in more than one order"
            orders.inputs = given if orders.inputs == given else Unclear(why)
            orders.outputs = made if orders.outputs == made else Unclear(why)
            return
        orders.seen, orders.inputs, orders.outputs = True, given, made
        orders.on_map = isinstance(given, Axes) and given.order != tuple(range(len(given.order)))

    # Layers ------------------------------------------------------------------------------------------

    def _of_known(self, layer: Any, name: str, node: Node, inputs: list[Layout], lead: int) -> list[Layout]:
        outputs = node.output_tensors
        (given, *_) = inputs or [None]
        if name in ("Flatten", "Reshape", "reshape", "flatten", "ravel"):
            return [self._reshaped(layer, name, node, given, lead)]
        if name in ("Permute", "transpose"):
            return [_permuted(layer, name, node, given)]
        if name in ("Concatenate", "concatenate"):
            return [_joined(node, inputs)]
        if name in _REDUCTIONS:
            return [_reduced(layer, node, given)]
        if name in _LAYERS_BY_ENTRY or name in _FUNCTIONS_BY_ENTRY:
            return [_merged(node, inputs)] * len(outputs)
        if getattr(layer, "data_format", None) is not None:
            return [_of_map(len(t.shape) - lead, layer.data_format == "channels_last") for t in outputs]
        if name in ("Dense", "EinsumDense"):
            if id(layer) in self.made:
                return [self.made[id(layer)]]
            rank = len(node.input_tensors[0].shape)
            steps = isinstance(given, Unclear) and given.in_sequences and rank == 3
            # Whatever went in: its own features, of a sample or of each step.
            if given is None or isinstance(given, Features) or rank == 2 or steps:
                return [None]
            return [
                given if isinstance(given, Unclear) else Unclear(f"{name} {layer.name!r} is called on a map")
            ]
        return [None] * len(outputs)

    def _reshaped(self, layer: Any, name: str, node: Node, given: Layout, lead: int) -> Layout:
        tensor, output = node.input_tensors[0], node.output_tensors[0]
        before, after = _sizes(tensor, lead), _sizes(output, lead)
        if isinstance(given, Unclear) or before is None or after is None:
            return given if isinstance(given, Unclear) or given is None else Unclear(f"{name} of open sizes")
        if isinstance(given, Axes) and len(given.order) != len(before):
            return Unclear(f"{name} {layer.name!r} takes a sequence of maps together", True)
        if name == "Flatten" and layer.data_format == "channels_first" and not isinstance(given, Features):
            # It moves the first axis to the end before, which PyTorch does not.
            rank = len(before)
            order = range(rank) if given is None else given.order
            return features_of_map((*before[1:], before[0]), [(axis - 1) % rank for axis in order])
        if isinstance(given, Axes):
            if after == before:
                return given
            if len(after) == 1:
                return features_of_map(before, given.order)
            if after[-1] == before[-1] and given == _of_map(len(before)):
                # Other places of the same channels; in a row they are steps, as PyTorch's `flatten(2).transpose(1, 2)`.
                return None if len(after) == 2 else _of_map(len(after))
            return Unclear(f"{name} {layer.name!r} changes a map {before} to {after}", True)
        if len(before) == 1 and len(after) > 1 and self._is_map(output):
            wanted = features_of_map(after)
            if wanted is not None and given is None:
                self._ask_makers(tensor, wanted, f"{name} {layer.name!r}")
            elif wanted is not None and given != wanted:
                why = f"{name} {layer.name!r} makes a map {after} of features that are in the order of another one"
                self.notes.append(why)
                return Unclear(why)
            return _of_map(len(after))
        if isinstance(given, Features) and after[-1:] != before[-1:]:
            return Unclear(f"{name} {layer.name!r} cuts a flattened map", True)
        return given

    def _is_map(self, tensor: KerasTensor) -> bool:
        """Whether a tensor of several axes is a map: three axes are, two if a convolution reads them."""
        if len(tensor.shape) >= 4:
            return True
        waiting, seen = [tensor], set()
        nodes = [node for calls in self._keep for node in calls.nodes]
        while waiting:
            current = waiting.pop()
            for node in nodes:
                if id(node) in seen or all(given is not current for given in node.input_tensors):
                    continue
                seen.add(id(node))
                name = _name_of(node.operation)
                if name in _LAYERS_BY_ENTRY or name in _FUNCTIONS_BY_ENTRY:
                    waiting.extend(node.output_tensors)
                elif name != "Flatten" and getattr(node.operation, "data_format", None) == "channels_last":
                    return True
        return False

    def _ask_makers(self, tensor: KerasTensor, wanted: Features, reader: str) -> None:
        """Finds the dense layers that made some features, through layers that work entry by entry."""
        waiting = [tensor]
        while waiting:
            tensor = waiting.pop()
            while id(tensor) in self._same_as:
                tensor = self._same_as[id(tensor)]
            node = self._makers.get(id(tensor))
            if node is None:
                continue  # an input of the model: its order is the user's
            name = _name_of(node.operation)
            if name == "Dense":
                self.made[id(node.operation)] = wanted
            elif name in _LAYERS_BY_ENTRY or name in _FUNCTIONS_BY_ENTRY:
                waiting.extend(node.input_tensors)
            else:
                self.notes.append(
                    f"{reader} makes a map of what {name} {node.operation.name!r} gives, which is not turned: its "
                    "numbers lie in the map with the channels last, in PyTorch with the channels first"
                )


def _name_of(layer: Any) -> str:
    name = getattr(layer, "function_name", None)
    if isinstance(name, str):
        return name
    for cls in type(layer).__mro__:
        if cls.__module__.startswith("oxhorn.layers."):
            return str(cls.__name__)
    return type(layer).__name__


def _is_known(layer: Any, name: str) -> bool:
    if isinstance(getattr(layer, "function_name", None), str):
        known = ("reshape", "flatten", "ravel", "transpose", "concatenate")
        return name in known or name in _FUNCTIONS_BY_ENTRY or name in _REDUCTIONS
    ours = type(layer).__module__.startswith("oxhorn.layers.") or has_rule(layer)
    return ours and name not in ("Layer", "Lambda", "Wrapper")


def _sizes(tensor: KerasTensor, lead: int) -> tuple[int, ...] | None:
    sizes = tuple(tensor.shape[lead:])
    return None if None in sizes else sizes  # type: ignore[return-value]


def _of_map(rank: int, ends_in_channels: bool = True) -> Layout:
    """Of an array with so many axes after the batch, the last or the first of them the channels."""
    if rank < 2:
        return None
    return Axes((rank - 1, *range(rank - 1)) if ends_in_channels else tuple(range(rank)))


def _of_features(layout: Layout, tensor: KerasTensor) -> Layout:
    """What matters for the weights of a layer: a map whose axes are unclear has channels all the same."""
    if isinstance(layout, Unclear) and len(tensor.shape) > 2 and not layout.in_sequences:
        return None
    return layout


def _merged(node: Node, inputs: list[Layout]) -> Layout:
    """Of entries of the same place: those inputs count that have the shape of the result, not those spread over it."""
    shape = node.output_tensors[0].shape
    whole = [
        layout
        for layout, tensor in zip(inputs, node.input_tensors, strict=True)
        if len(tensor.shape) == len(shape) and tensor.shape[1:] == shape[1:]
    ]
    if not whole:
        whole = inputs
    if any(layout != whole[0] for layout in whole):
        return Unclear(f"{_name_of(node.operation)} {node.operation.name!r} joins arrays of different orders")
    return whole[0] if whole else None


def _reduced(layer: Any, node: Node, given: Layout) -> Layout:
    """Of sums and means along some axes: the others keep their order."""
    if not isinstance(given, Axes):
        return given
    axis = layer.arguments.get("axis")
    rank = len(given.order) + 1
    if axis is None or layer.arguments.get("keepdims"):
        return None if axis is None else given
    gone = {a % rank for a in ([axis] if isinstance(axis, int) else list(axis))}
    if 0 in gone:
        return Unclear(f"{layer.name!r} reduces the batch")
    left = [a for a in range(len(given.order)) if a + 1 not in gone]
    return Axes(tuple(left.index(a) for a in given.order if a in left)) if len(left) > 1 else None


def _permuted(layer: Any, name: str, node: Node, given: Layout) -> Layout:
    if given is None or isinstance(given, Unclear):
        return given
    rank = len(node.output_tensors[0].shape) - 1
    dims = layer.dims if name == "Permute" else layer.arguments.get("axes")
    if not isinstance(given, Axes) or dims is None or len(given.order) != rank:
        return Unclear(f"{name} {layer.name!r} of features")
    dims = [int(d) for d in dims]
    if name == "transpose":
        if dims[0] != 0:
            return Unclear(f"{name} {layer.name!r} moves the batch")
        dims = dims[1:]
    places = [d - 1 for d in dims]  # our new axis j is our old axis places[j]
    return Axes(tuple(places.index(axis) for axis in given.order))


def _joined(node: Node, inputs: list[Layout]) -> Layout:
    if all(layout is None for layout in inputs) or all(
        isinstance(i, Axes) and i == inputs[0] for i in inputs
    ):
        return inputs[0]
    unclear = [layout for layout in inputs if isinstance(layout, Unclear)]
    widths = [tensor.shape[-1] for tensor in node.input_tensors]
    axes = [layout for layout in inputs if isinstance(layout, Axes)]
    axis = getattr(node.operation, "axis", None)
    if axis is None:
        axis = getattr(node.operation, "arguments", {}).get("axis", 0)
    rank = len(node.output_tensors[0].shape)
    if unclear or axes or None in widths or axis not in (-1, rank - 1):
        return unclear[0] if unclear else Unclear(f"{node.operation.name!r} joins arrays of different orders")
    parts, texts, start = [], [], 0
    for layout, width in zip(inputs, widths, strict=True):
        assert width is not None
        part = layout.order if isinstance(layout, Features) else np.arange(width)
        parts.append(part + start)
        texts.append(layout.text if isinstance(layout, Features) else f"{width} as they are")
        start += width
    return Features(np.concatenate(parts), ", then ".join(texts))
