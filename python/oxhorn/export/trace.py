"""A model as a list of the ops of the core that inference takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from oxhorn import _core, tree
from oxhorn.engine import call_context, naming
from oxhorn.engine.input_spec import InputSpec
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.models.model import Model

WHO = "export_onnx"


class TracedModel(NamedTuple):
    """What inference computes.

    Attributes:
        listing: The ops.
        inputs: Name, dtype and shape of each input; names may come twice.
        outputs: The name of each output, and its place among the listing's or the array that it always is.
        layers: (first, behind the last, name): the numbers of the nodes that the call of a layer made.
    """

    listing: _core.Listing
    inputs: list[tuple[str, str, tuple[int | None, ...]]]
    outputs: list[tuple[str, int | np.ndarray[Any, Any]]]
    layers: list[tuple[int, int, str]]

    def layer_of(self, number: int) -> str:
        """The innermost layer whose call made this node."""
        around = [(behind - first, name) for first, behind, name in self.layers if first <= number < behind]
        return min(around)[1] if around else ""


class _Watch:
    """Notes which nodes each call of a layer adds."""

    def __init__(self, graph: _core.Graph, model: Model) -> None:
        self.graph, self.model = graph, model
        self.open: list[int] = []
        self.spans: list[tuple[int, int, str]] = []

    def enter(self, layer: Any) -> None:
        self.open.append(self.graph.count())

    def leave(self, layer: Any, outputs: Any) -> None:
        first = self.open.pop()
        if layer is not self.model:
            self.spans.append((first, self.graph.count(), str(layer.name)))


def trace_model(model: Model, input_signature: Any = None) -> TracedModel:
    """Traces a call of the model with `training=False`, the batch size open.

    Args:
        model: A built model.
        input_signature: Shapes and dtypes of the arguments, where the model does not know them.
    """
    _refuse_layers(model)
    arguments = _arguments(model, input_signature)
    context = call_context.replace(None)
    scopes, naming._stack.scopes = naming._stack.scopes, []
    try:
        with _core.Graph() as graph:
            watch = _Watch(graph, model)
            given = tree.map_structure(lambda spec: graph.input(spec.shape, spec.dtype), arguments)
            with call_context.observed_by(watch):
                result = model(*given, training=False)
            leaves: list[Any] = []
            for leaf in tree.flatten(result):
                leaves.append(leaf.value if isinstance(leaf, _core.Variable) else leaf)
            traced = [leaf for leaf in leaves if isinstance(leaf, _core.Tensor) and leaf.is_traced]
            listing = graph.listing(traced)
    finally:
        naming._stack.scopes = scopes
        call_context.replace(context)
        # Those of the trace mean nothing behind it.
        model._clear_losses()
    places: list[int | np.ndarray[Any, Any]] = []
    for leaf in leaves:
        if isinstance(leaf, _core.Tensor) and leaf.is_traced:
            places.append(sum(isinstance(place, int) for place in places))
        else:
            places.append(leaf.numpy() if isinstance(leaf, _core.Tensor) else np.asarray(leaf))
    names = _output_names(model, result, len(leaves))
    inputs = [(spec.name, spec.dtype, tuple(spec.shape)) for spec in tree.flatten(arguments)]
    return TracedModel(listing, inputs, list(zip(names, places, strict=True)), watch.spans)


def _refuse_layers(model: Model) -> None:
    from oxhorn.layers.preprocessing.host_layer import HostLayer

    for layer in model._flatten_layers():
        if isinstance(layer, HostLayer) and layer.runs_on_host:
            raise NotImplementedError(
                f"{WHO}: layer {layer.name!r} ({type(layer).__name__}) works on text or looks at values in Python, "
                "which no ONNX file can hold. Export the model behind it, "
                f"`Model(layer.output, model.output)`, and apply {layer.name!r} to the data before they go in."
            )
        if getattr(layer, "stateful", False):
            raise NotImplementedError(
                f"{WHO}: layer {layer.name!r} is stateful: it keeps its state from call to call, which no ONNX file "
                "does. Make the layer with stateful=False, or with its states as inputs and outputs of the model."
            )


def _arguments(model: Model, signature: Any) -> list[Any]:
    """The positional arguments of the call: structures of named `KerasTensor`s."""
    graph = model._graph
    if graph is not None:
        specs = [
            KerasTensor(tensor.shape, tensor.dtype, name=name)
            for tensor, name in zip(graph.flat_inputs, model.input_names, strict=True)
        ]
        if signature is not None:
            given = [_spec(leaf, "") for leaf in tree.flatten(signature)]
            if len(given) != len(specs):
                raise ValueError(
                    f"{WHO}: `input_signature` has {len(given)} entries, but model {model.name!r} has {len(specs)} "
                    f"inputs: {model.input_names}. Give one for each of them."
                )
            specs = [
                KerasTensor(new.shape, new.dtype, name=old.name)
                for old, new in zip(specs, given, strict=True)
            ]
        return [specs]
    if signature is None:
        signature = [_known_shapes(model)]
    elif not isinstance(signature, (list, tuple)):
        signature = [signature]
    leaves = tree.flatten_with_path(list(signature))
    specs = []
    for i, (path, leaf) in enumerate(leaves):
        keys = "_".join(key for key in path if isinstance(key, str))
        plain = f"input_{i}" if len(leaves) > 1 else "input"
        specs.append(_spec(leaf, str(getattr(leaf, "name", None) or keys or plain)))
    return list(tree.pack_sequence_as(list(signature), specs))


def _known_shapes(model: Model) -> Any:
    """The shapes that the model was built with, as specs."""
    shapes = model._build_shapes_dict
    known = next(iter(shapes.values())) if shapes and len(shapes) == 1 else None
    if not model.built or known is None:
        raise ValueError(
            f"{WHO}: model {model.name!r} has not yet been built, or the shapes of its inputs are not known. It "
            "must be built before export: call it on data once, `build` it, begin a Sequential with "
            "`Input(shape=...)`, or give `input_signature`."
        )

    def spec(shape: Any) -> InputSpec:
        return InputSpec(model.compute_dtype, (None, *shape[1:]))

    return tree.map_shape_structure(spec, known)


def _spec(leaf: Any, name: str) -> KerasTensor:
    """What `input_signature` says of one input, the batch size open."""
    shape, dtype = getattr(leaf, "shape", None), getattr(leaf, "dtype", None)
    if shape is None:
        raise TypeError(
            f"{WHO}: `input_signature` must hold KerasTensors, InputSpecs with a shape, or arrays; got {leaf!r}."
        )
    shape = tuple(None if size is None else int(size) for size in shape)
    if not isinstance(leaf, (KerasTensor, InputSpec)) and shape:
        shape = (None, *shape[1:])
    return KerasTensor(shape, str(dtype or "float32"), name=name or "input")


def _output_names(model: Model, result: Any, count: int) -> list[str]:
    if model._graph is not None and len(model.output_names) == count:
        return list(model.output_names)
    if isinstance(result, dict) and len(result) == count:
        return [str(key) for key in sorted(result)]
    return ["output"] if count == 1 else [f"output_{i}" for i in range(count)]
