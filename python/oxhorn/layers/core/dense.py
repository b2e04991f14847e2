"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from oxhorn import activations, arguments, constraints, initializers, regularizers
from oxhorn.activations.distributions import warn_of_one_score
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Dense"]


class Dense(CoreLayer):
    """Fully connected layer: every output sees every input.

    `y = activation(x @ kernel + bias)`

    Args:
        units: Number of outputs, a positive integer.
        activation: A name, a callable, or None for none. Defaults to None.
        use_bias: Whether to add a bias. Defaults to True.
        kernel_initializer: Initializer of the kernel. Defaults to "glorot_uniform".
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        kernel_regularizer: Regularizer of the kernel, or None. Defaults to None.
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        activity_regularizer: Regularizer of the output, or None. Defaults to None.
        kernel_constraint: Constraint of the kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        lora_rank: Only None: low-rank adaptation is not supported.
        lora_alpha: Only None, as `lora_rank`.
        quantization_config: Only None: quantisation is not supported.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, ..., inputs)`, floats.

    Output shape:
        `(batch, ..., units)`.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range or a name is unknown; when called, if the last axis of the
            input is unknown or not what the kernel was built for.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.Dense(3, activation="relu")
    >>> layer(np.ones((2, 4), "float32")).shape
    (2, 3)
    >>> [w.shape for w in layer.weights]
    [(4, 3), (3,)]

    Source: Rosenblatt, 1958 (https://doi.org/10.1037/h0042519).
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: None = None,
        lora_alpha: None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        arguments.unsupported("Dense", lora_rank=lora_rank, quantization_config=quantization_config)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = arguments.positive_integer(units, "units", "Dense")
        self.activation = activations.get(activation)
        if self.activation is activations.softmax:
            warn_of_one_score("Dense", -1, (None, self.units), stacklevel=4)
        self.use_bias = arguments.boolean(use_bias, "use_bias", "Dense")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True
        self.bias: Any = None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }
