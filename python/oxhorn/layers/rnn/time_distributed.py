"""A layer applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

from oxhorn import ops, tree
from oxhorn.arguments import describe
from oxhorn.engine import tracing
from oxhorn.engine.call_spec import signature_of
from oxhorn.engine.keras_tensor import any_symbolic
from oxhorn.layers.core.wrapper import Wrapper
from oxhorn.layers.layer import Layer
from oxhorn.layers.rnn.rnn import RNN

__all__ = ["TimeDistributed"]

# Layers of ours whose result for a sample depends on the other samples, or that keep something from call to call.
_ACROSS_SAMPLES = frozenset({"BatchNormalization", "SpectralNormalization", "Lambda"})


class TimeDistributed(Wrapper):
    """Apply a layer to every step of a sequence.

    `y[:, t] = layer(x[:, t])`, with the same weights at every step.

    Args:
        layer: The layer inside.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: A tensor `(batch, steps, ...)`, or a structure of them.
        training: Passed to the layer inside. Defaults to the model's mode.
        mask: Booleans `(batch, steps)` or `(batch, steps, ...)`; each step's part is passed to a layer inside that
            takes a mask. Defaults to the mask of the inputs.

    Input shape:
        `(batch, steps, ...)`, where `(batch, ...)` is what the layer inside takes.

    Output shape:
        `(batch, steps, ...)`, where `(batch, ...)` is what the layer inside returns.

    Returns:
        When called: a tensor of the output shape, or a structure of them.

    Raises:
        ValueError: If `layer` is no layer; when called, if the input has no axis of steps, or the mask does not fit.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.TimeDistributed(keras.layers.Conv2D(4, 3))
    >>> layer(np.ones((2, 10, 8, 8, 3), "float32")).shape
    (2, 10, 6, 6, 4)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                "Please initialize `TimeDistributed` layer with a `keras.layers.Layer` instance, such as Dense(3). "
                f"Received: {describe(layer)}"
            )
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    # Shapes ----------------------------------------------------------------------------------------

    def _of_one_step(self, shape: Any) -> Any:
        def one(shape: Any) -> Any:
            if len(shape) < 3:
                raise ValueError(
                    f"TimeDistributed {self.name!r}: `TimeDistributed` Layer should be passed an `input_shape` with at "
                    f"least 3 dimensions, (batch, steps, ...), received: {tuple(shape)}. Add an axis, such as "
                    "x[..., None]."
                )
            return (shape[0], *shape[2:])

        return tree.map_shape_structure(one, shape)

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside for one step."""
        super().build(self._of_one_step(input_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the layer inside, with the axis of steps."""
        steps = tree.flatten_shapes(input_shape)[0][1]
        inner = self.layer.compute_output_shape(self._of_one_step(input_shape))
        return tree.map_shape_structure(lambda shape: (shape[0], steps, *shape[1:]), inner)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the steps; of what is inside them, if the layer inside keeps that."""
        if mask is None or not hasattr(mask, "shape") or len(mask.shape) <= 2:
            return mask
        if any_symbolic((inputs, mask)):
            return tracing.output_spec(self._mask_of_steps, (inputs, mask), {})
        return self._mask_of_steps(inputs, mask)

    def _mask_of_steps(self, inputs: Any, mask: Any) -> Any:
        inner = None
        if self.layer.supports_masking:
            inner = self.layer.compute_mask(tree.map_structure(_merged, inputs), _merged(mask))
        if inner is None:
            return ops.any(mask, axis=tuple(range(2, len(mask.shape))))
        return _parted(inner, mask)

    # Calls -----------------------------------------------------------------------------------------

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Apply the layer to every step."""
        first = tree.flatten(inputs)[0]
        if mask is not None:
            mask = ops.convert_to_tensor(mask)
            self._check_mask(tuple(mask.shape), tuple(first.shape))
        names = signature_of(self.layer.call).parameters
        given = {"training": training} if "training" in names else {}
        if "mask" not in names or (mask is not None and not self._wants(mask)):
            mask = None
        if _each_sample_alone(self.layer):
            if mask is not None:
                given["mask"] = _merged(mask)
            outputs = self.layer(tree.map_structure(_merged, inputs), **given)
            return tree.map_structure(lambda y: _parted(y, first), outputs)
        return self._step_by_step(inputs, mask, given)

    def _wants(self, mask: Any) -> bool:
        """Whether a step's part of the mask is of use to the layer: not whole steps to layers that mask inside them."""
        ours = type(self.layer).__module__.split(".")[0] == __name__.split(".")[0]
        return len(mask.shape) > 2 or not (ours or isinstance(self.layer, RNN))

    def _step_by_step(self, inputs: Any, mask: Any, given: dict[str, Any]) -> Any:
        turned = tree.map_structure(_turned, inputs)
        masks = None if mask is None else _turned(mask)

        def step(element: Any) -> Any:
            x, m = element if mask is not None else (element, None)
            outputs = self.layer(x, **given, **({} if m is None else {"mask": m}))
            # What layers inside add to the loss in a step leaves the loop with its result.
            terms = [term for part in self.layer._flatten_layers() for term in part._losses]
            self.layer._clear_losses()
            return outputs, terms

        outputs, terms = ops.map(step, turned if mask is None else (turned, masks))
        for term in terms:
            self.add_loss(ops.mean(term))
        return tree.map_structure(_turned, outputs)

    def _check_mask(self, mask: tuple[Any, ...], inputs: tuple[Any, ...]) -> None:
        if len(mask) < 2:
            raise ValueError(
                f"TimeDistributed {self.name!r}: The `mask` passed to the `TimeDistributed` layer must be at least 2D, "
                f"(batch, steps); it has {len(mask)} dimension(s), with the shape {mask}."
            )
        if any(a is not None and b is not None and a != b for a, b in zip(mask[:2], inputs[:2], strict=True)):
            raise ValueError(
                f"TimeDistributed {self.name!r}: The `mask` passed to the `TimeDistributed` layer has a shape {mask} "
                f"that does not fit the input's, {inputs}: the first two sizes must be {inputs[:2]}."
            )


def _each_sample_alone(layer: Layer) -> bool:
    """Whether all layers inside are known to treat samples one by one, so that steps can be samples too."""
    package = __name__.split(".")[0]
    return all(
        type(part).__module__.split(".")[0] == package
        and type(part).__name__ not in _ACROSS_SAMPLES
        and not getattr(part, "stateful", False)
        for part in layer._flatten_layers()
    )


def _merged(x: Any) -> Any:
    """`(batch, steps, ...)` as `(batch * steps, ...)`."""
    shape = ops.shape(x)
    if isinstance(shape[0], int) and isinstance(shape[1], int):
        return ops.reshape(x, (shape[0] * shape[1], *shape[2:]))
    return ops.reshape(x, (-1, *shape[2:]))


def _parted(y: Any, like: Any) -> Any:
    """`(batch * steps, ...)` as `(batch, steps, ...)`, with the first sizes of `like`."""
    return ops.reshape(y, (*ops.shape(like)[:2], *ops.shape(y)[1:]))


def _turned(x: Any) -> Any:
    """Steps first, or samples first again."""
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))
