"""`Layer`: a function with weights; the base of all built-in layers and of your own."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, Self

from oxhorn import _core, dtype_policies, tree
from oxhorn.dtype_policies import DTypePolicy
from oxhorn.engine import call_context, naming, operation, tracing
from oxhorn.engine.arguments import convert_arguments, convert_arrays
from oxhorn.engine.call_spec import CallSpec, call_facts, is_tensor_like, shapes_for, signature_of
from oxhorn.engine.input_spec import InputSpec, assert_input_compatibility
from oxhorn.engine.keras_tensor import KerasTensor, any_symbolic, standardize_shape
from oxhorn.engine.layer_state import LayerState
from oxhorn.engine.operation import Node


class Layer(LayerState):
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
        self._dtype_policy = dtype_policies.get(dtype)
        self.autocast = autocast
        self._trainable = bool(trainable)
        self.activity_regularizer = _get_regularizer(activity_regularizer)
        self.supports_masking = False
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
        self._dtype_policy = dtype_policies.get(value)

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self._dtype_policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self._dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype that floating-point inputs are cast to."""
        return self._dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that floating-point inputs are cast to."""
        return self._dtype_policy.compute_dtype

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
        return _accepts(signature_of(self.call), "training")

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
            return
        self.build(**shapes_for(self.build, call_spec, self.name))

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

    # Calling ---------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._check_super_called()
        if self._is_plain(args, kwargs):
            return self._call_plainly(args[0], kwargs.get("training"))
        args = self._convert(args)
        kwargs = {name: convert_arrays(value, self._float_dtype()) for name, value in kwargs.items()}
        for leaf in tree.flatten(args):
            if leaf is not None and not is_tensor_like(leaf):
                raise ValueError(
                    f"Layer {self.name!r}: positional arguments must be tensors or arrays; got {leaf!r} of "
                    f"type {type(leaf).__name__}. Pass it as a keyword argument if `call` takes it."
                )
        signature = signature_of(self.call)
        training = kwargs.get("training")
        if "training" in kwargs and not _accepts(signature, "training"):
            kwargs.pop("training")
        spec = CallSpec(self.name, signature, args, kwargs)
        if self.input_spec is not None:
            assert_input_compatibility(self.input_spec, spec.first, self.name)
        if not self.built:
            with self._open_name_scope():
                self._maybe_build(spec)

        context = call_context.get()
        entered = context is None
        if context is None:
            context = call_context.CallContext(self)
            call_context.replace(context)
            if self._losses or self._layers:
                self._clear_losses()
        outer_training = context.training
        try:
            if training is None:
                training = context.training
            if training is None:
                training = spec.arguments.get("training")
            context.training = training
            if training is not None and _accepts(signature, "training"):
                kwargs["training"] = training
            previous_mask = self._fill_masks(spec, kwargs)
            if context.observer is not None:
                context.observer.enter(self)
            with self._open_name_scope():
                outputs = self._run(args, kwargs)
            if context.observer is not None:
                context.observer.leave(self, outputs)
            self._set_masks(spec.first, outputs, previous_mask)
        finally:
            context.training = outer_training
            if entered:
                call_context.replace(None)
        return outputs

    def _is_plain(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether this is the call that loops make most: one tensor, as it should be, into a layer that is built.

        Then nothing has to be converted, matched with the signature or searched for masks, which together cost
        several times what a small layer computes.
        """
        if len(args) != 1 or type(args[0]) is not _core.Tensor or not self.built:
            return False
        if kwargs and (len(kwargs) > 1 or "training" not in kwargs):
            return False
        x = args[0]
        if x._keras_mask is not None or type(self).compute_mask not in _passive_compute_masks:
            return False
        wanted = self._float_dtype()
        return (wanted is None or x.dtype == wanted or not x.dtype.startswith("float")) and (
            call_facts(self.call).takes_one_tensor
        )

    def _call_plainly(self, x: Any, training: bool | None) -> Any:
        if self.input_spec is not None:
            assert_input_compatibility(self.input_spec, x, self.name)
        facts = call_facts(self.call)
        outer = call_context.get()
        context = outer
        if context is None:
            context = call_context.CallContext(self)
            call_context.replace(context)
            if self._losses or self._layers:
                self._clear_losses()
        outer_training = context.training
        try:
            if training is None:
                training = context.training if context.training is not None else facts.training
            context.training = training
            if context.observer is not None:
                context.observer.enter(self)
            with self._open_name_scope():
                outputs = self.call(x, training=training) if facts.takes_training else self.call(x)
                if self.activity_regularizer is not None:
                    self._regularize_activity(outputs)
            if context.observer is not None:
                context.observer.leave(self, outputs)
        finally:
            context.training = outer_training
            if outer is None:
                call_context.replace(None)
        return outputs

    def _regularize_activity(self, outputs: Any) -> None:
        for output in tree.flatten(outputs):
            if is_tensor_like(output):
                self.add_loss(self.activity_regularizer(output))

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if any_symbolic(args, kwargs):
            outputs = self.compute_output_spec(*args, **kwargs)
            self._clear_losses()
            Node(self, args, kwargs, outputs)
            return outputs
        outputs = self.call(*args, **kwargs)
        if self.activity_regularizer is not None:
            self._regularize_activity(outputs)
        return outputs

    def _convert(self, structure: Any) -> Any:
        """Arrays become tensors; floats are cast to the compute dtype, unless `autocast` is off."""
        return convert_arguments(structure, self._float_dtype())

    def _float_dtype(self) -> str | None:
        """What floats are cast to, or `None` if they are left as they are."""
        casts = self.autocast and self.compute_dtype.startswith("float")
        return self.compute_dtype if casts else None

    # Masks -----------------------------------------------------------------------------------------

    def _fill_masks(self, spec: CallSpec, kwargs: dict[str, Any]) -> Any:
        """Passes the masks that the inputs carry to the mask arguments of `call`; returns that of the first."""
        if len(spec.tensors) == 1:
            if "mask" in spec.arguments and spec.arguments["mask"] is None:
                mask = tree.map_structure(_mask_of, next(iter(spec.tensors.values())))
                if any(m is not None for m in tree.flatten(mask)):
                    kwargs["mask"] = mask
        else:
            for name, value in spec.tensors.items():
                mask_name = f"{name}_mask"
                if mask_name in spec.arguments and spec.arguments[mask_name] is None:
                    mask = tree.map_structure(_mask_of, value)
                    if any(m is not None for m in tree.flatten(mask)):
                        kwargs[mask_name] = mask
        if kwargs.get("mask") is not None:
            return kwargs["mask"]
        return tree.map_structure(_mask_of, spec.first) if spec.tensors else None

    def _set_masks(self, inputs: Any, outputs: Any, previous_mask: Any) -> None:
        if not any(mask is not None for mask in tree.flatten(previous_mask)) and (
            type(self).compute_mask is Layer.compute_mask
        ):
            return
        tensors = [output for output in tree.flatten(outputs) if is_tensor_like(output)]
        if not self.supports_masking:
            if any(mask is not None for mask in tree.flatten(previous_mask)):
                warnings.warn(
                    f"Layer {self.name!r} (of type {type(self).__name__}) got an input with a mask, but it "
                    "does not support masks: the mask ends here.",
                    stacklevel=3,
                )
            return
        if tensors and all(_mask_of(tensor) is not None for tensor in tensors):
            return
        masks = self.compute_mask(inputs, previous_mask)
        for tensor, mask in zip(tensors, tree.flatten(masks), strict=False):
            if mask is not None and _mask_of(tensor) is None and not isinstance(tensor, _core.Variable):
                tensor._keras_mask = mask

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the results; that of the inputs by default. Used if `supports_masking` is True."""
        return previous_mask

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

        return tracing.output_spec(call, args, kwargs)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes of the results for inputs of these shapes, batch dimension included."""
        self._check_super_called()
        shapes = args or tuple(kwargs.values())

        def symbolic(shape: Any) -> KerasTensor:
            return KerasTensor(shape, self.compute_dtype, name="input")

        inputs = [tree.map_shape_structure(symbolic, shape) for shape in shapes]
        if not self.built and type(self).build is not Layer.build:
            self.build(*args, **kwargs)
        outputs = tracing.output_spec(self.call, tuple(inputs), {})
        self._clear_losses()
        return tree.map_structure(lambda tensor: tensor.shape, outputs)

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
        copied: Layer = restore(*arguments)
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
        self._tracker.locked = True

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


# `compute_mask` methods that make no mask where the inputs have none (Model's joins this set).
_passive_compute_masks: set[Any] = {Layer.compute_mask}


def _accepts(signature: inspect.Signature, name: str) -> bool:
    return name in signature.parameters or any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())


def _mask_of(x: Any) -> Any:
    return getattr(x, "_keras_mask", None)


def _shapes_from_json(shapes: Any) -> Any:
    return tree.map_shape_structure(standardize_shape, shapes)
