"""A recurrent layer run along sequences in both directions."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

from oxhorn import ops, tree
from oxhorn.arguments import describe
from oxhorn.engine.call_spec import signature_of
from oxhorn.engine.layer_calls import _passive_compute_masks
from oxhorn.layers.layer import Layer

__all__ = ["Bidirectional"]

MERGE_MODES = ("sum", "mul", "ave", "concat", None)


class Bidirectional(Layer):
    """Run a recurrent layer along sequences in both directions, and merge what comes out.

    `y = merge(forward(x), backward(x))`, where the outputs of the backward layer are turned round, so that both are
    of the same step.

    The layer is copied, twice: neither copy shares weights with it. Outputs of masked steps are zeros, if all are
    returned.

    Args:
        layer: A recurrent layer: `LSTM`, `GRU`, `SimpleRNN`, `RNN`, or one of your own with the attributes
            `go_backwards`, `return_sequences`, `return_state` and `stateful`.
        merge_mode: "concat", "sum", "mul", "ave" (the mean), or None for both outputs. Defaults to "concat".
        weights: First values of the weights, those of the forward layer first, or None. Defaults to None.
        backward_layer: The layer for the other direction, with the other value of `go_backwards`. Defaults to one
            like `layer`.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        sequences: The input, `(batch, steps, ...)`.
        initial_state: A list of first states; the first half is for the forward layer. Defaults to None.
        mask: Booleans `(batch, steps)`. Defaults to the mask of `sequences`.
        training: Passed to the layers. Defaults to None.

    Input shape:
        That of the layer.

    Output shape:
        That of the layer, twice as wide with "concat"; a pair of it with None. With `return_state`, the states of the
        forward and then of the backward layer follow.

    Returns:
        When called: a tensor, or a tuple of tensors with `return_state` or without a merge mode.

    Raises:
        ValueError: If `layer` is no layer, the merge mode is unknown, or the two layers do not go together.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> cell = keras.layers.RNN(keras.layers.LSTMCell(4), return_sequences=True)
    >>> keras.layers.Bidirectional(cell)(np.ones((2, 10, 8), "float32")).shape
    (2, 10, 8)

    Source: Schuster and Paliwal, 1997 (https://doi.org/10.1109/78.650093).
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Sequence[Any] | None = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Please initialize `Bidirectional` layer with a `keras.layers.Layer` instance, such as LSTM(8). "
                f"Received: {describe(layer)}"
            )
        if backward_layer is not None and not isinstance(backward_layer, Layer):
            raise ValueError(
                "Bidirectional: `backward_layer` need to be a `keras.layers.Layer` instance, such as LSTM(8, "
                f"go_backwards=True). Received: {describe(backward_layer)}"
            )
        if merge_mode not in MERGE_MODES:
            raise ValueError(
                f"Bidirectional: Invalid merge mode. Received: {describe(merge_mode)}. Merge mode should be one of "
                f"{MERGE_MODES}."
            )
        super().__init__(**kwargs)
        for name in ("go_backwards", "return_sequences", "return_state", "stateful"):
            if not hasattr(layer, name):
                raise ValueError(
                    f"Bidirectional: expected a recurrent layer, with an attribute `{name}`; {type(layer).__name__} "
                    f"{layer.name!r} has none."
                )
        self.forward_layer: Any = _copied(layer, f"forward_{layer.name.removeprefix('forward_')}")
        if backward_layer is None:
            backward_layer = _copied(
                layer, f"backward_{layer.name.removeprefix('backward_')}", go_backwards=True
            )
        self.backward_layer: Any = backward_layer
        self._check_layers()
        for one in (self.forward_layer, self.backward_layer):
            if hasattr(layer, "use_cudnn"):
                one.use_cudnn = layer.use_cudnn
            if getattr(one, "zero_output_for_mask", None) is not None:
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        self.stateful: bool = self.forward_layer.stateful
        self.return_sequences: bool = self.forward_layer.return_sequences
        self.return_state: bool = self.forward_layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self.__dict__["_first_weights"] = list(weights) if weights is not None else None

    def _check_layers(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                "Bidirectional: Forward layer and backward layer should have different `go_backwards` value. "
                f"Received: forward_layer.go_backwards={forward.go_backwards}, "
                f"backward_layer.go_backwards={backward.go_backwards}. Pass a backward layer with go_backwards=True."
            )
        for name in ("stateful", "return_sequences", "return_state"):
            one, other = getattr(forward, name), getattr(backward, name)
            if one != other:
                raise ValueError(
                    "Bidirectional: Forward layer and backward layer are expected to have the same value for attribute "
                    f'"{name}", got "{one}" for forward layer and "{other}" for backward layer.'
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
                layer.built = True
        first = self.__dict__["_first_weights"]
        if first is not None:
            self.set_weights(first)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The shape of the merged output, and with `return_state` those of all states after it."""
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        states: tuple[Any, ...] = ()
        if self.return_state:
            shape, states = shape[0], tuple(shape[1:])
        shape = tuple(shape)
        if self.merge_mode == "concat":
            last = self.backward_layer.compute_output_shape(sequences_shape)
            last = (last[0] if self.return_state else last)[-1]
            shape = (*shape[:-1], None if shape[-1] is None or last is None else shape[-1] + last)
        if self.merge_mode is None:
            return (shape, shape, *states, *states) if self.return_state else [shape, shape]
        return (shape, *states, *states) if self.return_state else shape

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the steps for the outputs of all steps; none for last outputs and states."""
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        mask = mask if self.return_sequences else None
        masks = (mask, mask) if self.merge_mode is None else (mask,)
        if self.return_state:
            return [*masks, *(None for _ in range(2 * len(tree.flatten(self.forward_layer.state_size))))]
        return masks if self.merge_mode is None else mask

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None
    ) -> Any:
        """Run both layers and merge their outputs."""
        mask = mask if mask is not None else getattr(sequences, "_keras_mask", None)
        halves: tuple[Any, Any] = (None, None)
        if initial_state is not None:
            states = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
            if len(states) % 2:
                raise ValueError(
                    f"Bidirectional {self.name!r}: expected `initial_state` to be a list of the states of both layers, "
                    f"the first half for the forward layer; got {len(states)}."
                )
            halves = (states[: len(states) // 2], states[len(states) // 2 :])
        forward = self._run_one(self.forward_layer, sequences, halves[0], mask, training)
        backward = self._run_one(self.backward_layer, sequences, halves[1], mask, training)
        after: tuple[Any, ...] = ()
        if self.return_state:
            after = (*forward[1:], *backward[1:])
            forward, backward = forward[0], backward[0]
        if self.return_sequences:
            turned = self.forward_layer if self.forward_layer.go_backwards else self.backward_layer
            if turned is self.backward_layer:
                backward = ops.flip(backward, axis=1)
            else:
                forward = ops.flip(forward, axis=1)
        output = self._merged(forward, backward)
        if self.return_state:
            return (*output, *after) if self.merge_mode is None else (output, *after)
        return output

    def _run_one(self, layer: Any, sequences: Any, state: Any, mask: Any, training: bool | None) -> Any:
        names = signature_of(layer.call).parameters
        given = {} if state is None else {"initial_state": state}
        if "mask" in names:
            given["mask"] = mask
        if "training" in names:
            given["training"] = training
        return layer(sequences, **given)

    def _merged(self, forward: Any, backward: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "sum":
            return forward + backward
        if self.merge_mode == "ave":
            return (forward + backward) / 2
        if self.merge_mode == "mul":
            return forward * backward
        return forward, backward

    # States ------------------------------------------------------------------------------------------

    @property
    def states(self) -> tuple[Any, ...] | None:
        """The states of a stateful layer, those of the forward layer first; `None` if there are none."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return (*forward, *backward) if forward and backward else None

    def reset_states(self) -> None:
        """Sets the states of a stateful layer to zero; another name of `reset_state`."""
        self.reset_state()

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zero.

        Raises:
            AttributeError: If the layer is not stateful.
        """
        if not self.stateful:
            raise AttributeError(
                f"Bidirectional {self.name!r}: Layer must be stateful to have states that can be reset. Make the layer "
                "inside with stateful=True."
            )
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    # Config ------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The layer that `get_config` describes."""
        from oxhorn.saving import deserialize_keras_object

        given = copy.deepcopy(config)
        for name in ("layer", "backward_layer"):
            if given.get(name) is not None:
                given[name] = deserialize_keras_object(given[name], custom_objects=custom_objects)
        return cls(**given)


_passive_compute_masks.add(Bidirectional.compute_mask)


def _copied(layer: Layer, name: str, **changes: Any) -> Any:
    """A layer like this one, with another name and weights of its own."""
    from oxhorn.saving import CustomObjectScope

    # The classes inside are at hand, whether they are registered or not.
    classes = {type(part).__name__: type(part) for part in layer._flatten_layers()}
    with CustomObjectScope(classes):
        return type(layer).from_config({**layer.get_config(), **changes, "name": name})
