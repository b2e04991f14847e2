"""`Layer`: a function with weights; the base of all built-in layers and of your own."""

from __future__ import annotations

import copy
import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, Self

from oxhorn import dtype_policies, tree
from oxhorn.dtype_policies import DTypePolicy
from oxhorn.engine import naming, operation, tracing
from oxhorn.engine.call_spec import CallSpec, shapes_for, signature_of
from oxhorn.engine.input_spec import InputSpec, assert_input_compatibility
from oxhorn.engine.keras_tensor import KerasTensor, standardize_shape
from oxhorn.engine.layer_calls import LayerCalls


class Layer(LayerCalls):
    """A function of tensors, with weights.

    Subclasses define `call(self, inputs, ...)`, with functions of `keras.ops` and operators on tensors;
    `build(self, input_shape)` to make weights with `add_weight`; and `get_config` if some argument of
    `__init__` is not a plain value. `call` may take `training` and `mask`.

    Args:
        activity_regularizer: A regularizer of the layer's results: a term of `losses`.
        trainable: Whether optimizers change the weights.
        dtype: A dtype policy or its name; `keras.config.dtype_policy()` by default.
        autocast: Whether floating-point inputs are cast to the layer's dtype.
        name: A name; automatic (`my_layer`, `my_layer_1`, ...) if not given.

    Raises:
        ValueError: For unknown keyword arguments.

    >>> import oxhorn as keras
    >>> class Double(keras.Layer):
    ...     def call(self, x):
    ...         return 2 * x
    >>> Double()([[1.0, 2.0]]).numpy()
    array([[2., 4.]], dtype=float32)
    """

    _dtype_policy: DTypePolicy
    _input_shape_arg: tuple[int | None, ...] | None
    _batch_input_shape_arg: tuple[int | None, ...] | None
    _build_shapes_dict: dict[str, Any] | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _finish_after_build(cls.__dict__["build"])  # type: ignore[method-assign]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls, *args, **kwargs)
        self.__dict__["_building"] = False
        self.__dict__["_build_shapes_dict"] = None
        self.__dict__["_called"] = False
        self.__dict__["_call_context_args"] = frozenset({"training"})
        return self

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__["_super_called"] = True
        super().__init__(name=name)
        self._read_shape_arguments(kwargs)
        if kwargs:
            allowed = _keyword_names(type(self))
            raise ValueError(
                f"{type(self).__name__} got unknown keyword arguments: {sorted(kwargs)}. It takes {allowed}."
            )
        if not isinstance(trainable, bool):
            raise ValueError(
                f"{type(self).__name__} expects `trainable` to be a boolean; got {trainable!r} of type "
                f"{type(trainable).__name__}."
            )
        self._dtype_policy = dtype_policies.get(dtype)
        self.autocast = autocast
        self._trainable = trainable
        self.activity_regularizer = _get_regularizer(activity_regularizer)
        self.supports_masking = self._computes_masks
        self._input_spec: Any = None

    def _read_shape_arguments(self, kwargs: dict[str, Any]) -> None:
        """Takes `input_shape=`, `input_dim=` and `batch_input_shape=` out of `kwargs`."""
        self._input_shape_arg = None
        self._batch_input_shape_arg = None
        given = [key for key in ("input_shape", "input_dim", "batch_input_shape") if key in kwargs]
        if not given:
            return
        shape = kwargs.pop("input_shape", None)
        width = kwargs.pop("input_dim", None)
        batch_shape = kwargs.pop("batch_input_shape", None)
        if width is not None:
            shape = (width,)
        if batch_shape is not None:
            self._batch_input_shape_arg = standardize_shape(batch_shape)
            shape = self._batch_input_shape_arg[1:]
        if shape is not None:
            self._input_shape_arg = standardize_shape(shape)
        warnings.warn(
            f"{type(self).__name__}: `{given[0]}` is the old way to give the shape of a model's input. "
            "Prefer `Input(shape=...)` as the first entry of the model.",
            stacklevel=4,
        )

    # Dtypes and specs ------------------------------------------------------------------------------

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The dtypes of the layer."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy = dtype_policies.get(value)
        several = self._dtype_policy
        if isinstance(several, dtype_policies.DTypePolicyMap) and self.path:
            several.pop(self.path, None)
            several[self.path] = policy
        else:
            self._dtype_policy = policy

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self._dtype_policy.at_path(self.path).variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self._dtype_policy.at_path(self.path).variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype that floating-point inputs are cast to."""
        return self._dtype_policy.at_path(self.path).compute_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that floating-point inputs are cast to."""
        return self._dtype_policy.at_path(self.path).compute_dtype

    @property
    def input_spec(self) -> Any:
        """An `InputSpec` (or a list, tuple or dict of them) that inputs are checked against; or `None`."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        for spec in tree.flatten(value):
            if spec is not None and not isinstance(spec, InputSpec):
                raise TypeError(
                    f"input_spec of layer {self.name!r} must be made of InputSpec objects; got {spec!r}."
                )
        self._input_spec = value

    @property
    def _call_has_training_arg(self) -> bool:
        return "training" in signature_of(self.call).parameters

    # Building --------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Makes the weights, once the shapes of the inputs are known. Defined by subclasses.

        Args:
            input_shape: The shape of the first argument of `call`, batch dimension included; a structure of
                shapes if that argument is a list, tuple or dict.
        """
        self._check_super_called()
        if type(self).build is Layer.build and type(self).call is not Layer.call and self._layers:
            self._build_by_tracing(input_shape)
        if type(self).build is Layer.build:
            self._build_shapes_dict = {"input_shape": input_shape}
        self.built = True

    def _build_by_tracing(self, input_shape: Any) -> None:
        """Calls the layer on inputs of this shape in a graph that is thrown away: sub-layers get built."""

        def symbolic(shape: Any) -> KerasTensor:
            return KerasTensor(shape, self.compute_dtype, name="input")

        with self._open_name_scope():
            tracing.output_spec(self.call, (tree.map_shape_structure(symbolic, input_shape),), {})
        self._clear_losses()

    def _build_at_init(self) -> None:
        """Marks the layer as built if there is nothing to build, so that no weight is added to it later."""
        if type(self).build is Layer.build:
            self.built = True
            self._tracker.lock()

    def _maybe_build(self, call_spec: CallSpec) -> None:
        if self.built:
            return
        if type(self).build is Layer.build:
            # Sub-layers are built when `call` reaches them.
            with self._open_name_scope():
                self.__dict__["_path"] = naming.current_path()
            shapes = call_spec.shapes()
            self._build_shapes_dict = {"input_shape": next(iter(shapes.values()))} if shapes else None
            self.built = True
            self._tracker.lock()
            return
        self.build(**shapes_for(self.build, call_spec, self.name))
        if self.input_spec is not None:
            # `build` may have made it, or made it stricter.
            assert_input_compatibility(self.input_spec, call_spec.first, self.name)

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that `build` was called with, or `None`."""
        shapes = self._build_shapes_dict
        if not shapes:
            return None
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": dict(shapes)}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Builds with the shapes that `get_build_config` returned."""
        if not config:
            return
        if config.get("input_shape") is not None:
            self.build(_shapes_from_json(config["input_shape"]))
        elif config.get("shapes_dict"):
            self.build(**{name: _shapes_from_json(shape) for name, shape in config["shapes_dict"].items()})

    # Shapes ----------------------------------------------------------------------------------------

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes and dtypes of the results, as `KerasTensor`s; found by tracing `call`."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            spec = CallSpec(self.name, signature_of(self.call), args, kwargs)
            shapes = self.compute_output_shape(**shapes_for(self.compute_output_shape, spec, self.name))
            return tree.map_shape_structure(lambda shape: KerasTensor(shape, self.compute_dtype), shapes)

        if not self.built:
            self._maybe_build(CallSpec(self.name, signature_of(self.call), args, kwargs))

        def call(*inner_args: Any, **inner_kwargs: Any) -> Any:
            return self.call(*self._convert(inner_args), **inner_kwargs)

        try:
            return tracing.output_spec(call, args, kwargs)
        except TypeError as error:
            error.add_note(
                f"This happened while the shape of the results of layer {self.name!r} was looked for, by calling it on "
                "symbolic tensors. A layer that defines `compute_output_shape(self, input_shape)` is not called for it."
            )
            raise

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes of the results for inputs of these shapes, batch dimension included."""
        self._check_super_called()
        if type(self).call is Layer.call:
            raise NotImplementedError(
                f"Layer {type(self).__name__} does not have a `compute_output_shape` method implemented, nor a "
                "`call` that shows the shape. Define one of them."
            )
        shapes = args or tuple(kwargs.values())

        def symbolic(shape: Any) -> KerasTensor:
            return KerasTensor(shape, self.compute_dtype, name="input")

        inputs = [tree.map_shape_structure(symbolic, shape) for shape in shapes]
        if not self.built and type(self).build is not Layer.build:
            self.build(*args, **kwargs)
        outputs = tracing.output_spec(self.call, tuple(inputs), {})
        self._clear_losses()
        return tree.map_structure(lambda tensor: tensor.shape, outputs)

    # Weights of fewer bits ---------------------------------------------------------------------------

    def quantized_build(self, input_shape: Any, mode: str) -> None:
        """Raises `NotImplementedError`: weights are float32 or float64, and no layer here has others."""
        raise self._not_quantized("quantized_build")

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Raises `NotImplementedError`: weights are float32 or float64, and no layer here has others."""
        raise self._not_quantized("quantize")

    def _int8_call(self, *args: Any, **kwargs: Any) -> Any:
        raise self._not_quantized("_int8_call")

    def _float8_call(self, *args: Any, **kwargs: Any) -> Any:
        raise self._not_quantized("_float8_call")

    def _not_quantized(self, method: str) -> NotImplementedError:
        return NotImplementedError(
            f"Layer {type(self).__name__} does not have a `{method}` method implemented. Weights are float32 or "
            f"float64 here, and are not quantized; define `{method}` in a layer of your own that does it."
        )

    # Config ----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, without its weights."""
        self._check_super_called()
        from oxhorn import regularizers

        config = {
            **super().get_config(),
            "trainable": self.trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` describes.

        `name`, `trainable` and `dtype` are set afterwards if `__init__` does not take them.
        """
        parameters = inspect.signature(cls.__init__).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return super().from_config(config)
        later = {k: config[k] for k in ("name", "trainable", "dtype") if k in config and k not in parameters}
        layer = super().from_config({key: value for key, value in config.items() if key not in later})
        if "name" in later:
            layer.name = later["name"]
        if "dtype" in later:
            layer.dtype_policy = later["dtype"]
        if later.get("trainable") is False:
            layer.trainable = False
        return layer

    def __repr__(self) -> str:
        if not self.__dict__["_super_called"]:
            return f"<{type(self).__name__} without super().__init__()>"
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from oxhorn.saving import pickling

        return pickling.reduce_layer(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Layer:
        restore, arguments = self.__reduce__()[:2]
        copied: Layer = restore(*copy.deepcopy(arguments, memo))
        memo[id(self)] = copied
        return copied


operation._automatic_get_configs.add(Layer.get_config)


def _finish_after_build(build: Callable[..., None]) -> Callable[..., None]:
    """`build` in the name scope of the layer; afterwards the layer is built and its state closed."""

    @functools.wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self.__dict__["_building"]:
            build(self, *args, **kwargs)
            return
        self._check_super_called()
        self.__dict__["_building"] = True
        try:
            with self._open_name_scope():
                self.__dict__["_path"] = naming.current_path()
                build(self, *args, **kwargs)
        finally:
            self.__dict__["_building"] = False
        self._build_shapes_dict = dict(inspect.signature(build).bind(self, *args, **kwargs).arguments)
        self._build_shapes_dict.pop(next(iter(self._build_shapes_dict)))
        self.built = True
        self._tracker.lock()

    return wrapper


def _keyword_names(cls: type) -> list[str]:
    names: list[str] = []
    for base in cls.__mro__:
        if "__init__" in base.__dict__ and base is not object:
            parameters = inspect.signature(base.__dict__["__init__"]).parameters.values()
            names.extend(
                p.name
                for p in parameters
                if p.name not in (*names, "self") and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
            )
    return names


def _get_regularizer(identifier: Any) -> Any:
    if identifier is None:
        return None
    from oxhorn import regularizers

    return regularizers.get(identifier)


def _shapes_from_json(shapes: Any) -> Any:
    return tree.map_shape_structure(standardize_shape, shapes)
