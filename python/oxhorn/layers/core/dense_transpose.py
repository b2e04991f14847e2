"""A dense layer that shares the kernel of another one, turned round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from oxhorn import _core, activations, arguments, constraints, initializers, ops, regularizers
from oxhorn.layers.core.dense import Dense
from oxhorn.layers.layer import Layer

__all__ = ["DenseTranspose"]


class DenseTranspose(Layer):
    """The way back through a `Dense` layer: its kernel, transposed, and a bias of its own.

    `y = activation(x @ transpose(tied_to.kernel) + bias)`

    The decoder of an autoencoder with tied weights is made of these: half the weights, and a restraint that helps
    against learning by heart. The kernel belongs to both layers, whoever trains it; so freezing this layer freezes
    `tied_to` as well. An addition to Keras's list.

    Args:
        tied_to: The `Dense` layer whose kernel is used. It has to be built first, by being called.
        activation: A name, a callable, or None for none. Defaults to None.
        use_bias: Whether to add a bias. Defaults to True.
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        activity_regularizer: Regularizer of the output, or None. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ..., tied_to.units)`, floats.

    Output shape:
        `(batch, ..., inputs of tied_to)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If `tied_to` is no `Dense` layer, or is not built when this layer is; when called, if the last
            axis of the input is not `tied_to.units`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> coder = keras.layers.Dense(2)
    >>> decoder = keras.layers.DenseTranspose(coder)
    >>> decoder(coder(np.ones((5, 3), "float32"))).shape
    (5, 3)
    >>> [w.shape for w in decoder.weights]
    [(3,), (3, 2), (2,)]

    Source: P. Vincent et al., Stacked denoising autoencoders, 2010 (https://jmlr.org/papers/v11/vincent10a.html).
    """

    def __init__(
        self,
        tied_to: Any,
        activation: Any = None,
        use_bias: bool = True,
        bias_initializer: Any = "zeros",
        bias_regularizer: Any = None,
        bias_constraint: Any = None,
        activity_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(tied_to, Dense):
            raise ValueError(
                "DenseTranspose: expected `tied_to` to be a Dense layer. Received: tied_to="
                f"{arguments.describe(tied_to)}. Pass the layer whose kernel is to be used the other way round."
            )
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.tied_to: Any = tied_to
        self.activation = activations.get(activation)
        self.use_bias = arguments.boolean(use_bias, "use_bias", "DenseTranspose")
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True
        self.bias: Any = None

    @property
    def kernel(self) -> Any:
        """The kernel of `tied_to`, of shape `(inputs of tied_to, tied_to.units)`."""
        return self.tied_to.kernel

    def build(self, input_shape: Any) -> None:
        """Make the bias."""
        if not self.tied_to.built:
            raise ValueError(
                f"DenseTranspose layer {self.name!r}: expected layer {self.tied_to.name!r}, which it is tied to, to be "
                "built, because its kernel says how many outputs there are; got one that was not called yet. Call it, "
                "or `build` it, first."
            )
        outputs, inputs = self.kernel.shape
        if input_shape[-1] is not None and input_shape[-1] != inputs:
            raise ValueError(
                f"DenseTranspose layer {self.name!r}: expected inputs of size {inputs} along the last axis, the units "
                f"of layer {self.tied_to.name!r}; got shape {tuple(input_shape)}. Feed it what that layer gives."
            )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(outputs,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, inputs: Any) -> Any:
        """Multiply by the transposed kernel."""
        factors = [inputs, ops.cast(ops.transpose(self.kernel), self.compute_dtype)]
        if self.bias is not None:
            factors.append(self.bias)
        outputs = _core.apply("dense", factors, {})
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input, with the inputs of `tied_to` at the end."""
        if not self.built:
            self.build(input_shape)
        return (*input_shape[:-1], self.kernel.shape[0])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {
            **super().get_config(),
            "tied_to": serialize_keras_object(self.tied_to),
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The layer that `get_config` describes; in a model that holds it, `tied_to` is the layer of the model."""
        from oxhorn.saving import deserialize_keras_object

        arguments = dict(config)
        tied_to = deserialize_keras_object(arguments.pop("tied_to", None), custom_objects=custom_objects)
        return cls(tied_to, **arguments)
