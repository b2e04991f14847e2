"""`Model`: layers joined to a whole, with training, files, and a summary."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Self

from oxhorn import _core, tree
from oxhorn.engine import call_context, layer_calls, operation, tracing
from oxhorn.engine.keras_tensor import KerasTensor, any_symbolic
from oxhorn.engine.stateless import in_stateless_scope
from oxhorn.engine.symbolic import FunctionCall
from oxhorn.layers.core_layer import CoreLayer
from oxhorn.layers.layer import Layer
from oxhorn.models.goes_to_files import GoesToFiles
from oxhorn.models.graph import ModelGraph
from oxhorn.models.host_part import HostResults
from oxhorn.training.looks_inside import LooksInside
from oxhorn.training.trainer import Trainer

PACKAGE = __name__.split(".", maxsplit=1)[0]


def is_functional_call(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether these are the arguments `inputs, outputs` of a functional model."""
    return (
        len(args) == 2
        or (len(args) == 1 and "outputs" in kwargs)
        or ("inputs" in kwargs and "outputs" in kwargs)
    )


class Model(GoesToFiles, LooksInside, Trainer, Layer):
    """Layers joined to a whole that trains, predicts and is saved.

    Made in one of three ways: from symbolic inputs and outputs (`Model(inputs, outputs)`); as a stack of layers
    (`Sequential`); or as a subclass with layers as attributes and a `call` method of its own.

    Args:
        inputs: A symbolic tensor, or a list, tuple or dict of them.
        outputs: Symbolic tensors that were computed from the inputs, likewise.
        name: A name; automatic if not given.

    Raises:
        ValueError: If the outputs do not depend on the inputs alone, or two layers have the same name.

    >>> import oxhorn as keras
    >>> x = keras.Input((3,))
    >>> model = keras.Model(x, keras.layers.Dense(2)(x))
    >>> model([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """

    _graph: ModelGraph | None
    _is_functional: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is Model and is_functional_call(args, kwargs):
            from oxhorn.models.functional import Functional

            cls = Functional  # type: ignore[assignment]
        self = super().__new__(cls, *args, **kwargs)
        self.__dict__["_graph"] = None
        self.__dict__["_is_functional"] = False
        self.__dict__["_inference"] = tracing.TraceCache()
        return self

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if is_functional_call(args, kwargs):
            names = ("inputs", "outputs")
            given = dict(zip(names, args, strict=False))
            given.update({name: kwargs.pop(name) for name in names if name in kwargs})
            super().__init__(**kwargs)
            self._set_graph(ModelGraph(given["inputs"], given["outputs"], self.name))
            self._build_shapes_dict = {"input_shape": None}
            self.__dict__["_is_functional"] = True
            self.built = True
        else:
            super().__init__(*args, **kwargs)

    def _set_graph(self, graph: ModelGraph | None) -> None:
        """Makes `graph` what the model computes."""
        self.__dict__["_graph"] = graph
        self.__dict__["_inference"].clear()
        if graph is not None:
            for layer in graph.layers:
                self._tracker.track(layer)

    # Layers ------------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Any]:
        """The layers of the model, those inside other layers not counted."""
        if self._graph is not None:
            found = self._graph.layers
            return [*found, *(layer for layer in self._layers if not any(layer is one for one in found))]
        return list(self._layers)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError(
            "`Model.layers` attribute is reserved: it lists the layers of the model. Choose another name for yours."
        )

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer of this name, or at this place of `layers`.

        Raises:
            ValueError: If there is none, or not exactly one of `name` and `index` is given.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(
                f"get_layer expects either a name or an index; got name={name!r}, index={index!r}."
            )
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"get_layer: there is no layer {index}; the model has {len(layers)} layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"get_layer: there is no layer {name!r}; the model has {[layer.name for layer in layers]}."
        )

    def _need_graph(self, what: str) -> ModelGraph:
        if self._graph is None:
            raise AttributeError(
                f"Model {self.name!r} has no {what}: only functional models, and Sequential models that are built, "
                "have symbolic inputs and outputs. For a Sequential, begin with `Input(shape=...)`."
            )
        return self._graph

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, as a list."""
        return list(self._need_graph("inputs").flat_inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, as a list."""
        return list(self._need_graph("outputs").flat_outputs)

    @property
    def input(self) -> Any:
        """The symbolic input, in the structure in which it was given."""
        return self._need_graph("input").inputs

    @property
    def output(self) -> Any:
        """The symbolic output, in the structure in which it was given."""
        return self._need_graph("output").outputs

    @property
    def input_shape(self) -> Any:
        """The shapes of the inputs."""
        return tree.map_structure(lambda tensor: tensor.shape, self._need_graph("input_shape").inputs)

    @property
    def output_shape(self) -> Any:
        """The shapes of the outputs."""
        return tree.map_structure(lambda tensor: tensor.shape, self._need_graph("output_shape").outputs)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [tensor.history.operation.name for tensor in self._need_graph("input_names").flat_inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs; the keys if the outputs are a dict."""
        graph = self._need_graph("output_names")
        if isinstance(graph.outputs, dict) and len(graph.outputs) == len(graph.flat_outputs):
            return sorted(map(str, graph.outputs))
        return [tensor.history.operation.name for tensor in graph.flat_outputs]

    # Calling -----------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        graph = self._graph
        if (
            graph is None
            or type(self).call not in _graph_calls
            or len(args) != 1
            or (type(args[0]) is not _core.Tensor and any_symbolic(args[0]))
            or any(name != "training" for name in kwargs)
        ):
            return super().__call__(*args, **kwargs)
        if graph.host_part is not None:
            given = args[0]
            results = given if isinstance(given, HostResults) else graph.run_on_host(given, self.name)
            return super().__call__(results, **kwargs) if graph.host_part.rest else graph.run_rest(results)
        values = graph.standardize(args[0], self.name)
        if not kwargs.get("training") and self._may_run_compiled(values):
            return self._run_compiled(graph, values)
        if len(values) == 1:
            one = values[0]
            tensor = one if isinstance(one, (_core.Variable, _core.Tensor)) else _core.tensor(one)
            return super().__call__(tensor, **kwargs)
        return super().__call__(values, **kwargs)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Computes the outputs. Subclasses without symbolic inputs and outputs define it."""
        if self._graph is None:
            raise NotImplementedError(
                f"Model {type(self).__name__} defines no `call`. Define `call(self, inputs)`, or make the model "
                "with `Model(inputs, outputs)`."
            )
        if isinstance(inputs, HostResults):
            return self._graph.run_rest(inputs)
        values = self._graph.standardize(inputs, self.name)
        for value, given in zip(values, tree.flatten(mask) if mask is not None else (), strict=False):
            if given is not None and isinstance(value, _core.Tensor):
                value._keras_mask = given
        return self._graph.run(values)

    @property
    def runs_on_host(self) -> bool:
        """Whether nothing but layers on the host is in the model, so that it is a part of such a part itself."""
        part = None if self._graph is None else self._graph.host_part
        return part is not None and not part.rest

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes and dtypes of the results, as `KerasTensor`s."""
        graph = self._graph
        if graph is None or graph.host_part is None or not args or isinstance(args[0], HostResults):
            return super().compute_output_spec(*args, **kwargs)
        # The shapes behind layers on the host are theirs to tell; what follows is traced.
        return super().compute_output_spec(graph.host_part.specs(), **kwargs)

    def _float_dtype(self) -> str | None:
        # Symbolic inputs have dtypes of their own, and each layer casts to its own.
        return super()._float_dtype() if self._graph is None else None

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The masks that the outputs carry already."""
        return None

    def _may_run_compiled(self, values: list[Any]) -> bool:
        return (
            not _core.is_tracing()
            and not in_stateless_scope()
            and not _core.is_recording()
            and call_context.get() is None
            and not call_context.is_observed()
            and all(v is not None and getattr(v, "_keras_mask", None) is None for v in values)
            and self._is_pure_now()
        )

    def _is_pure_now(self) -> bool:
        known = self.__dict__.get("_purity")
        version = tracing.state_version()
        if known is None or known[0] != version or known[1] is not self._graph:
            known = self.__dict__["_purity"] = (version, self._graph, self._is_pure())
        return bool(known[2])

    def _is_pure(self) -> bool:
        """Whether a call only computes outputs: all layers are built in, and none adds a loss."""
        if (
            self._graph is None
            or type(self).call not in _graph_calls
            or self.activity_regularizer is not None
        ):
            return False
        return all(_is_pure_operation(one) for one in self._graph.operations)

    def _run_compiled(self, graph: ModelGraph, values: list[Any]) -> Any:
        """The outputs by a program that is traced once, for any batch size."""
        key: Any = False
        if graph.sizes_are_open:
            key = tuple(tuple(value.shape[1:]) for value in values)

        def make() -> tracing.Traced:
            shapes = key or [tensor.shape[1:] for tensor in graph.flat_inputs]
            specs = [
                tracing.TensorSpec((None, *shape), tensor.dtype)
                for shape, tensor in zip(shapes, graph.flat_inputs, strict=True)
            ]
            return tracing.trace(lambda *flat: self(list(flat), training=False), specs)

        traced = self.__dict__["_inference"].get(key, make)
        if traced.has_mask:
            return super().__call__(values if len(values) != 1 else values[0], training=False)
        return traced.pack(traced.program.call(values))

    # Config ------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this model again, without its weights."""
        if self._graph is not None and has_functional_constructor(type(self)):
            from oxhorn.models.functional_config import functional_config

            return functional_config(self, self._graph)
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model that `get_config` describes, with fresh weights."""
        from oxhorn.models.functional_config import is_functional_config, model_from_functional_config
        from oxhorn.saving import CustomObjectScope

        with CustomObjectScope(custom_objects):
            if is_functional_config(config) and has_functional_constructor(cls):
                return model_from_functional_config(cls, config)
            return super().from_config(config)

    # State -------------------------------------------------------------------------------------------

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """The state of the model as nested dicts, by the paths of its variables.

        Args:
            value_format: `"backend_tensor"` or `"numpy_array"`: what the values are.

        Returns:
            A dict with the entries `trainable_variables`, `non_trainable_variables`, `optimizer_variables` and
            `metrics_variables`.

        Raises:
            ValueError: If two variables have the same path.
        """
        from oxhorn.models import state_tree

        return state_tree.get(self, value_format)

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Assigns values to the variables of the model, all or none.

        Args:
            state_tree: What `get_state_tree` returned, or a part of it.

        Raises:
            ValueError: If a path or a shape is not that of a variable: nothing is changed then.
        """
        from oxhorn.models import state_tree as trees

        trees.put(self, state_tree)

    # Summary -----------------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: list[str] | tuple[str, str] | None = None,
    ) -> None:
        """Prints the layers with the shapes of their results and their numbers of weights.

        Args:
            line_length: The width of the table.
            positions: The right edges of the columns, as parts of the width.
            print_fn: Called with the text, in the place of `print`.
            expand_nested: Also show the layers of models inside the model.
            show_trainable: Add a column that tells whether a layer is trainable.
            layer_range: The names (or regular expressions) of the first and the last layer to show.
        """
        from oxhorn.utils import summary

        summary.print_summary(
            self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range
        )

    def _repr_html_(self) -> str:
        from oxhorn.utils import summary

        return summary.html(summary.table_of(self))


operation._automatic_get_configs.add(Model.get_config)
# The `call` methods that run the graph, and so may be run compiled.
_graph_calls: set[Any] = {Model.call}
layer_calls._passive_compute_masks.add(Model.compute_mask)


def _is_pure_operation(one: Any) -> bool:
    if isinstance(one, FunctionCall):
        return str(getattr(one.function, "__module__", "")).split(".")[0] == PACKAGE
    if isinstance(one, Model):
        return one._is_pure()
    if getattr(one, "activity_regularizer", None) is not None:
        return False
    # Layers inside others count too: one of the user's may do anything, and states are the business of each call.
    parts = one._flatten_layers() if isinstance(one, Layer) else [one]
    return all(
        type(part).__module__.split(".")[0] == PACKAGE
        and not getattr(part, "stateful", False)
        and not (isinstance(part, CoreLayer) and part._python_activation() is not None)
        for part in parts
    )


def has_functional_constructor(cls: type) -> bool:
    """Whether the class is made from `inputs` and `outputs`, so that a functional config describes it."""
    parameters = inspect.signature(_inherited_init(cls)).parameters
    if {"inputs", "outputs"} <= set(parameters):
        return True
    kinds = {parameter.kind for parameter in parameters.values()}
    return {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds


def _inherited_init(cls: type) -> Callable[..., None]:
    found: Callable[..., None] = next(
        vars(base)["__init__"] for base in cls.__mro__ if "__init__" in vars(base)
    )
    return found
