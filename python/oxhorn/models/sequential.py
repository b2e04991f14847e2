"""`Sequential`: a stack of layers, each fed with the result of the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oxhorn import tree
from oxhorn.engine import naming
from oxhorn.engine.keras_tensor import KerasTensor, standardize_shape
from oxhorn.engine.text import as_text, is_text
from oxhorn.layers.input_layer import InputLayer
from oxhorn.layers.layer import Layer
from oxhorn.models import model as model_module
from oxhorn.models.graph import ModelGraph
from oxhorn.models.model import Model


class Sequential(Model):
    """A stack of layers.

    With an `Input` as first entry the model is built at once, layer by layer; without one, when it is first
    called on data, or by `build(input_shape)`.

    Args:
        layers: The layers, in order.
        trainable: Whether optimizers change the weights.
        name: A name; automatic (`sequential`, `sequential_1`, ...) if not given.

    Raises:
        ValueError: If an entry is not a layer, or two have the same name.

    >>> import oxhorn as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    >>> model.output_shape
    (None, 2)
    """

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__["_stack"] = []
        super().__init__(trainable=trainable, name=name, **kwargs)
        if layers is not None and not isinstance(layers, (list, tuple)):
            layers = [layers]
        for layer in layers or ():
            self._push(layer)
        self._rebuild()

    # The stack ---------------------------------------------------------------------------------------

    @property
    def _stacked(self) -> list[Any]:
        stack: list[Any] = self.__dict__["_stack"]
        return stack

    @property
    def layers(self) -> list[Any]:
        """The layers, without the input layer."""
        stack = self._stacked
        return list(stack[1:] if stack and isinstance(stack[0], InputLayer) else stack)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError(
            "`Sequential.layers` attribute is reserved: it lists the layers. Use `add` and `pop` to change them."
        )

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Puts a layer on top.

        Args:
            layer: A layer, or an `Input` as the first.
            rebuild: Whether to build the model now if the shape of its input is known.

        Raises:
            ValueError: If it is not a layer, or its name is taken.
        """
        self._push(layer)
        if rebuild:
            self._rebuild()

    def _push(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and isinstance(layer.history.operation, InputLayer):
            layer = layer.history.operation
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Sequential {self.name!r} is made of layers; got {layer!r} of type {type(layer).__name__}."
                + (" A function is wrapped in a Layer whose `call` calls it." if callable(layer) else "")
            )
        stack = self._stacked
        if any(layer is one for one in stack) or any(layer.name == one.name for one in stack):
            raise ValueError(
                f"Sequential {self.name!r} already has a layer of the name {layer.name!r}; names must be unique "
                "within a model."
            )
        if isinstance(layer, InputLayer) and stack:
            raise ValueError(
                f"Sequential {self.name!r}: an Input must be the first entry; got one after {stack[-1].name!r}."
            )
        if not stack and not isinstance(layer, InputLayer) and layer._input_shape_arg is not None:
            batch_shape = layer._batch_input_shape_arg or (None, *layer._input_shape_arg)
            stack.append(InputLayer(batch_shape=batch_shape))
        stack.append(layer)
        self._stack_changed()

    def pop(self, rebuild: bool = True) -> Any:
        """Takes the last layer off and returns it.

        Raises:
            ValueError: If there is none.
        """
        stack = self._stacked
        if not self.layers:
            raise ValueError(f"Sequential {self.name!r} has no layer to take off.")
        layer = stack.pop()
        layer._inbound_nodes.clear()
        self._stack_changed()
        if rebuild:
            self._rebuild()
        return layer

    def _stack_changed(self) -> None:
        self._tracker.replace_layers(self._stacked)

    # Building ----------------------------------------------------------------------------------------

    def _rebuild(self) -> None:
        """Builds if the shape of the input is known."""
        self._set_graph(None)
        self.built = False
        stack = self._stacked
        if not stack:
            return
        first = stack[0]
        if isinstance(first, InputLayer):
            self._build_stack(first.batch_shape)
        elif (
            isinstance(first, Model)
            and first._graph is not None
            and isinstance(first._graph.inputs, KerasTensor)
        ):
            self._build_stack(first._graph.inputs.shape)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of all layers.

        Args:
            input_shape: The shape of the input, batch dimension included.

        Raises:
            ValueError: If the shape is not one, or a layer does not accept it.
        """
        if not self._stacked:
            raise ValueError(f"Sequential {self.name!r} has no layers to build; add some first.")
        if input_shape is None:
            if isinstance(self._stacked[0], InputLayer):
                return
            raise ValueError(
                f"Sequential {self.name!r}: `build` needs the shape of the input, such as (None, 784)."
            )
        if not tree.is_shape(input_shape):
            raise ValueError(
                f"Sequential {self.name!r} has one input, so `build` takes one shape; got {input_shape!r}. "
                "A model with several inputs is made with `Model(inputs, outputs)`."
            )
        self._build_stack(standardize_shape(input_shape))

    def _build_stack(self, batch_shape: tuple[int | None, ...]) -> None:
        stack = self._stacked
        if not isinstance(stack[0], InputLayer):
            graph = getattr(stack[0], "_graph", None)
            reads_text = graph is not None and any(one.dtype == "string" for one in graph.flat_inputs)
            dtype = "string" if reads_text else stack[0].compute_dtype
            stack.insert(0, InputLayer(batch_shape=batch_shape, dtype=dtype))
            self._stack_changed()
        elif stack[0].batch_shape[1:] != batch_shape[1:]:
            raise ValueError(
                f"Sequential {self.name!r} is made for inputs of shape {stack[0].batch_shape}; got {batch_shape}."
            )
        with self._open_name_scope():
            self.__dict__["_path"] = naming.current_path()
            x = stack[0].output
            for layer in stack[1:]:
                joined = bool(layer._inbound_nodes) and _first_input(layer) is x
                x = layer.output if joined else layer(x)
                if x is None:
                    raise ValueError(
                        f"Sequential {self.name!r}: the `call` of layer {layer.name!r}, of type "
                        f"{type(layer).__name__}, returned None, and a stack passes on its result. Does it end in "
                        "`return`?"
                    )
                if not isinstance(x, KerasTensor):
                    raise ValueError(
                        f"Sequential {self.name!r}: layer {layer.name!r} has several results "
                        f"({tree.map_structure(lambda t: t.shape, x)}), and a stack passes on one. Make the model "
                        "with `Model(inputs, outputs)`."
                    )
            # Keeps automatic names in step with models that hold a functional model inside.
            naming.auto_name("functional")
        self._set_graph(ModelGraph(stack[0].output, x, self.name))
        self._stack_changed()
        self._build_shapes_dict = {"input_shape": batch_shape}
        self.built = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._graph is None and not self._stacked:
            raise ValueError(f"Sequential {self.name!r} has no layers; add some before it is called.")
        if self._graph is None and args and not isinstance(args[0], KerasTensor):
            value = as_text(args[0], "Sequential") if is_text(args[0]) else self._convert((args[0],))[0]
            if not hasattr(value, "shape"):
                raise ValueError(
                    f"Sequential {self.name!r} is called on one array or tensor; got {type(args[0]).__name__}."
                )
            # Built for any batch size, not for that of the first call.
            self._build_for(value)
            self._open_sizes()
        elif self._graph is None and args:
            self.build(args[0].shape)
            self._open_sizes()
        return super().__call__(*args, **kwargs)

    def _open_sizes(self) -> None:
        """Built by its first call and not for a shape: later calls may have other sizes, where the layers allow it."""
        if self._graph is not None:
            self._graph.open_sizes()

    def _build_for(self, value: Any) -> None:
        """Builds for arrays like this one, of any batch size."""
        self.build((None, *tuple(value.shape)[1:]) if value.shape else ())

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Feeds the input through the stack."""
        return super().call(inputs, training=training, mask=mask)

    # Config ------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The layers, and the shape of the input if it is known."""
        from oxhorn import dtype_policies
        from oxhorn.saving import serialize_keras_object

        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
            "layers": serialize_keras_object(list(self._stacked)),
        }
        if self._graph is not None:
            config["build_input_shape"] = self._stacked[0].batch_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model that `get_config` describes, with fresh weights."""
        from oxhorn.saving import CustomObjectScope, deserialize_keras_object
        from oxhorn.saving.serialization import read_together, shortened

        if not isinstance(config, dict) or not {"name", "layers"} <= set(config):
            raise ValueError(
                "A Sequential model configuration must be a dictionary containing the 'name' and 'layers' keys; got "
                f"{sorted(config) if isinstance(config, dict) else type(config).__name__}."
            )
        layers = config["layers"]
        if not isinstance(layers, (list, tuple)):
            raise ValueError(
                f"'layers' in the config of a Sequential must be a list; got {shortened(layers)}."
            )
        with CustomObjectScope(custom_objects), read_together():
            model = cls(name=config.get("name"), dtype=config.get("dtype"))
            for layer in layers:
                if not isinstance(layer, dict) or "config" not in layer:
                    raise ValueError(
                        "The config of a layer in a Sequential: Expected a dictionary containing a 'config' key. Got "
                        f"{shortened(layer)}."
                    )
                model._push(deserialize_keras_object(layer))
            shape = config.get("build_input_shape")
            model._rebuild()
            if model._graph is None and shape and model._stacked:
                model._build_stack(standardize_shape(shape))
        if config.get("trainable") is False:
            model.trainable = False
        return model


def _first_input(layer: Any) -> Any:
    tensors = layer._inbound_nodes[0].input_tensors
    return tensors[0] if len(tensors) == 1 else None


model_module._graph_calls.add(Sequential.call)
