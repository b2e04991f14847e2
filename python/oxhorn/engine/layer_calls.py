"""How a layer is called: arguments, training flag and masks on the way in, losses and masks on the way out."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

from oxhorn import _core, tree
from oxhorn.engine import allowance, call_context, masks
from oxhorn.engine.arguments import convert_arguments, convert_arrays
from oxhorn.engine.call_spec import CallSpec, call_facts, is_tensor_like, signature_of
from oxhorn.engine.input_spec import assert_input_compatibility
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.engine.layer_state import LayerState
from oxhorn.engine.operation import Node


class LayerCalls(LayerState):
    """The half of `Layer` that is about calls; `Layer` adds building, shapes and configs."""

    activity_regularizer: Any
    autocast: bool
    supports_masking: bool
    input_spec: Any
    _call_context_args: frozenset[str]

    @property
    def compute_dtype(self) -> str:
        """The dtype that floating-point inputs are cast to."""
        raise NotImplementedError

    def _maybe_build(self, call_spec: CallSpec) -> None:
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._check_super_called()
        if allowance.open_ones:
            allowance.called()
        self.__dict__["_called"] = True
        if self._is_plain(args, kwargs):
            return self._call_plainly(args[0], kwargs.get("training"))
        args = self._convert(args)
        kwargs = {name: convert_arrays(value, self._float_dtype()) for name, value in kwargs.items()}
        for leaf in tree.flatten(args):
            if leaf is not None and not is_tensor_like(leaf):
                raise ValueError(
                    f"Layer {self.name!r}: Only input tensors may be passed as positional arguments; got "
                    f"{leaf!r} of type {type(leaf).__name__}. Pass it as a keyword argument if `call` takes it."
                )
        signature = signature_of(self.call)
        given = {name: kwargs[name] for name in self._call_context_args if name in kwargs}
        for name in given:
            if not _accepts(signature, name):
                kwargs.pop(name)
        spec = CallSpec(self.name, signature, args, kwargs)
        if self.input_spec is not None:
            assert_input_compatibility(self.input_spec, spec.first, self.name)
        if not self.built:
            with self._open_name_scope():
                self._maybe_build(spec)
            self._warn_if_nobody_holds_it()

        # What a node of a model remembers: flags and masks are found anew at each of its calls.
        own_kwargs = dict(kwargs)
        context = call_context.get()
        entered = context is None
        if context is None:
            context = call_context.CallContext(self)
            call_context.replace(context)
            if self._losses or self._layers:
                self._clear_losses()
        around = context.values
        try:
            context.values = self._fill_context_arguments(around, given, spec, kwargs)
            previous_mask = masks.fill_arguments(spec, kwargs)
            if context.observer is not None:
                context.observer.enter(self)
            with self._open_name_scope():
                outputs = self._run(args, kwargs, own_kwargs)
            if context.observer is not None:
                context.observer.leave(self, outputs)
            masks.pass_on(self, spec.first, outputs, previous_mask, self._computes_masks)
        finally:
            context.values = around
            if entered:
                call_context.replace(None)
        if outputs is None:
            self._warn_of_no_result()
        return outputs

    def _warn_if_nobody_holds_it(self) -> None:
        """Tells of weights made in the `call` of a layer that does not know of this one."""
        context = call_context.get()
        if context is None or not any(v.trainable for v in self._own_variables()):
            return
        outer = context.entry_layer
        if any(layer is self for layer in outer._flatten_layers()):
            return
        warnings.warn(
            f"Layer {self.name!r} of type {type(self).__name__} was built inside the call of {outer.name!r}, of type "
            f"{type(outer).__name__}, which does not hold it: its weights are neither trained nor saved. Make it in "
            "`__init__` or `build`, as an attribute of the layer that calls it: "
            f"self.{self.name} = {type(self).__name__}(...).",
            stacklevel=3,
        )

    def _warn_of_no_result(self) -> None:
        warnings.warn(
            f"The `call` of layer {self.name!r}, of type {type(self).__name__}, returned None. Does it end "
            "in `return`?",
            stacklevel=3,
        )

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
        if x._keras_mask is not None or self._computes_masks or len(self._call_context_args) != 1:
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
        around = context.values
        try:
            before = around.get("training")
            if training is None:
                training = before if before is not None else facts.training
            if training is not before:
                context.values = {**around, "training": training}
            if context.observer is not None:
                context.observer.enter(self)
            with self._open_name_scope():
                outputs = self.call(x, training=training) if facts.takes_training else self.call(x)
                if self.activity_regularizer is not None:
                    self._regularize_activity(outputs)
            if context.observer is not None:
                context.observer.leave(self, outputs)
        finally:
            context.values = around
            if outer is None:
                call_context.replace(None)
        if outputs is None:
            self._warn_of_no_result()
        return outputs

    def _regularize_activity(self, outputs: Any) -> None:
        for output in tree.flatten(outputs):
            if is_tensor_like(output):
                self.add_loss(_mean_over_batch(self.activity_regularizer(output), output))

    def _fill_context_arguments(
        self, around: dict[str, Any], given: dict[str, Any], spec: CallSpec, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """The values in force inside this call; those that `call` takes are put into `kwargs`.

        An argument is what the caller passed, else what is in force around this call, else its default in `call`.
        """
        values = dict(around)
        for name in self._call_context_args:
            value = given.get(name)
            if value is None:
                value = around.get(name)
            if value is None:
                value = spec.arguments.get(name)
            values[name] = value
            if value is not None and name in spec.arguments:
                kwargs[name] = value
        return values

    def _register_call_context_args(self, *names: str) -> None:
        """Makes arguments of `call` pass from this layer to those inside it, as `training` does.

        Raises:
            RuntimeError: If the layer has been called already.
        """
        if self.__dict__["_called"]:
            raise RuntimeError(
                f"Layer {self.name!r}: Cannot add call-context args after the layer has been called. Register "
                f"{names} in `__init__`."
            )
        self.__dict__["_call_context_args"] |= set(names)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the results, with functions of `keras.ops`. Defined by subclasses."""
        raise NotImplementedError(
            f"Layer {type(self).__name__} does not have a `call` method implemented. Define "
            "`call(self, inputs)`; it returns the results."
        )

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """The results for symbolic inputs, as symbolic tensors that belong to no model yet."""
        return self.compute_output_spec(*args, **kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], own_kwargs: dict[str, Any]) -> Any:
        if any_symbolic(args, kwargs):
            outputs = self.symbolic_call(*args, **kwargs)
            self._clear_losses()
            Node(self, args, own_kwargs, outputs)
            return outputs
        outputs = self.call(*args, **kwargs)
        if self.activity_regularizer is not None:
            self._regularize_activity(outputs)
        return outputs

    def stateless_call(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Calls the layer with these values in the place of its variables, and leaves the variables alone.

        Args:
            trainable_variables: One value for each of `layer.trainable_variables`.
            non_trainable_variables: One value for each of `layer.non_trainable_variables`.
            *args: The arguments of the call.
            return_losses: Whether to return `layer.losses` for these values too.
            **kwargs: The keyword arguments of the call.

        Returns:
            `(outputs, non_trainable_variables)`, the latter with the values after the call; with `return_losses`,
            `(outputs, non_trainable_variables, losses)`.

        Raises:
            ValueError: If the layer is not built, or there are more or fewer values than variables.
        """
        from oxhorn.engine import stateless

        return stateless.call(self, trainable_variables, non_trainable_variables, args, kwargs, return_losses)

    def rematerialized_call(self, layer_call: Any, *args: Any, **kwargs: Any) -> Any:
        """`layer_call` itself: nothing is computed twice here to save memory."""
        return layer_call

    def _convert(self, structure: Any) -> Any:
        """Arrays become tensors; floats are cast to the compute dtype, unless `autocast` is off."""
        return convert_arguments(structure, self._float_dtype())

    def _float_dtype(self) -> str | None:
        """What floats are cast to, or `None` if they are left as they are."""
        casts = self.autocast and self.compute_dtype.startswith("float")
        return self.compute_dtype if casts else None

    @property
    def _computes_masks(self) -> bool:
        """Whether the class has a `compute_mask` of its own."""
        return type(self).compute_mask not in _passive_compute_masks

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the results; that of the inputs by default. Used if `supports_masking` is True."""
        return previous_mask


# `compute_mask` methods that make no mask where the inputs have none (that of Model joins this set).
_passive_compute_masks: set[Any] = {LayerCalls.compute_mask}


def _accepts(signature: inspect.Signature, name: str) -> bool:
    return name in signature.parameters or any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())


def _mean_over_batch(penalty: Any, output: Any) -> Any:
    """A penalty that was summed over the samples, divided by their number (0 if there are none)."""
    if len(output.shape) == 0:
        return penalty
    from oxhorn import ops
    from oxhorn.training.tensors import batch_size_of

    return ops.divide_no_nan(penalty, batch_size_of(output))
