"""A function of yours as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Self

from oxhorn import tree
from oxhorn.engine import tracing
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.layers.layer import Layer

__all__ = ["Lambda"]


class Lambda(Layer):
    """Call a function of yours: for small steps without weights, without writing a class.

    `y = function(x, **arguments)`

    The function is made of `keras.ops` and operators. Weights that it uses are not seen by the layer: write a
    `Layer` for those. A config holds the name under which the function is registered
    (`keras.saving.register_keras_serializable`), never its code: a Python lambda has no such name.

    Args:
        function: A function of the inputs. It may also take `mask` and `training`.
        output_shape: The shape of the result without the batch, or a function of the input shape. Found by
            tracing the function if not given.
        mask: The mask of the result, or a function of the inputs and their mask. None, the default, is no mask.
        arguments: More arguments of the function, by name. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: A tensor, or a list, tuple or dict of them.
        mask: Passed on to the function if it takes one.
        training: Passed on to the function if it takes one.

    Input shape:
        Any.

    Output shape:
        That of the function's result.

    Returns:
        When called: what the function returns.

    Raises:
        ValueError: If `function` is not one; when written to a config, if it has no name to be found by.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.layers.Lambda(lambda x: x**2)(np.array([1.0, 2.0, 3.0])).numpy().tolist()
    [1.0, 4.0, 9.0]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ValueError(
                f"Lambda: expected `function` to be a function of tensors. Received: function={function!r} (of type "
                f"{type(function).__name__}). Pass one such as Lambda(keras.ops.square)."
            )
        self.arguments = dict(arguments or {})
        self.function = function
        self.supports_masking = mask is not None
        self.mask = mask
        self._output_shape = output_shape
        parameters = _parameters(function)
        self._fn_expects_training_arg = "training" in parameters
        self._fn_expects_mask_arg = "mask" in parameters
        self._build_at_init()

    @property
    def _computes_masks(self) -> bool:
        return self.__dict__.get("mask") is not None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that was given, or that of the result of tracing the function."""
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        if self._output_shape is not None:
            batch = tree.flatten(input_shape)[0]
            return tree.map_shape_structure(lambda shape: (batch, *shape), self._output_shape)

        def symbolic(shape: Any) -> KerasTensor:
            return KerasTensor(shape, self.compute_dtype)

        try:
            outputs = tracing.output_spec(self.call, (tree.map_shape_structure(symbolic, input_shape),), {})
        except Exception as error:
            raise NotImplementedError(
                f"Lambda layer {self.name!r}: We could not automatically infer the shape of the Lambda's output "
                f"({error}). Please specify the `output_shape` argument for this Lambda layer."
            ) from error
        return tree.map_structure(lambda tensor: tensor.shape, outputs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes and dtypes of the results, as `KerasTensor`s."""
        if self._output_shape is not None:
            return super().compute_output_spec(*args, **kwargs)
        return tracing.output_spec(
            lambda *inner, **more: self.call(*self._convert(inner), **more), args, kwargs
        )

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """Call the function."""
        arguments = dict(self.arguments)
        if self._fn_expects_mask_arg:
            arguments["mask"] = mask
        if self._fn_expects_training_arg:
            arguments["training"] = training
        return self.function(inputs, **arguments)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask that was given, or what the function for it returns."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; functions by name."""
        from oxhorn.saving import serialize_keras_object

        config = super().get_config()
        config["function"] = self._name_of(self.function, "function")
        if self._output_shape is not None:
            config["output_shape"] = (
                self._name_of(self._output_shape, "output_shape")
                if callable(self._output_shape)
                else self._output_shape
            )
        if self.mask is not None:
            config["mask"] = (
                self._name_of(self.mask, "mask") if callable(self.mask) else serialize_keras_object(self.mask)
            )
        config["arguments"] = serialize_keras_object(self.arguments)
        return config

    def _name_of(self, function: Any, argument: str) -> Any:
        from oxhorn.saving import serialize_keras_object

        if getattr(function, "__name__", None) == "<lambda>":
            raise ValueError(
                f"Lambda layer {self.name!r}: `{argument}` is a Python lambda, which has no name that a config could "
                "hold, and code is never written or read. Write a function with `def`, register it with "
                "`@keras.saving.register_keras_serializable()`, and pass it instead."
            )
        return serialize_keras_object(function)

    def copied(self) -> Lambda:
        """A layer with the same function and arguments."""
        return type(self)(
            self.function,
            output_shape=self._output_shape,
            mask=self.mask,
            arguments=self.arguments,
            name=self.name,
            dtype=self.dtype_policy,
            trainable=self.trainable,
        )

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
        safe_mode: bool | None = None,
    ) -> Self:
        """The layer that `get_config` describes; functions are looked up by name, code is refused."""
        from oxhorn.saving import deserialize_keras_object

        arguments = dict(config)
        for name in ("function", "output_shape", "mask", "arguments"):
            value = arguments.get(name)
            if isinstance(value, dict) and value.get("class_name") == "__lambda__":
                raise ValueError(
                    f"Requested the deserialization of a `Lambda` layer whose `{name}` is a Python lambda: the config "
                    "holds its code, and code from files is never run here. Make the model in Python and load its "
                    "weights, or save it with a function that is registered by name."
                )
            if name in arguments:
                arguments[name] = deserialize_keras_object(value, custom_objects=custom_objects)
        shape = arguments.get("output_shape")
        if isinstance(shape, list) and all(size is None or isinstance(size, int) for size in shape):
            arguments["output_shape"] = tuple(shape)
        return cls(**arguments)


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        # Some functions that are not written in Python have no signature.
        return frozenset()
