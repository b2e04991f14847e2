"""What the separable convolutions have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import activations, arguments, constraints, initializers, regularizers
from oxhorn.layers.convolutional.base_conv import not_both
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["BaseSeparableConv"]


class BaseSeparableConv(CoreLayer):
    """A depthwise and a pointwise convolution over `rank` axes: checks its arguments and keeps them."""

    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        data_format: str | None,
        dilation_rate: int | Sequence[int],
        depth_multiplier: int,
        activation: Any,
        use_bias: bool,
        depthwise_initializer: Any,
        pointwise_initializer: Any,
        bias_initializer: Any,
        depthwise_regularizer: Any,
        pointwise_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        depthwise_constraint: Any,
        pointwise_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = arguments.positive_integer(filters, "filters", owner)
        self.depth_multiplier = arguments.positive_integer(depth_multiplier, "depth_multiplier", owner)
        self.kernel_size = arguments.integers(kernel_size, self.rank, "kernel_size", owner)
        self.strides = arguments.integers(strides, self.rank, "strides", owner)
        self.dilation_rate = arguments.integers(dilation_rate, self.rank, "dilation_rate", owner)
        self.padding = arguments.choice(padding, ("valid", "same"), "padding", owner)
        self.data_format = arguments.data_format(data_format, owner)
        self.activation = activations.get(activation)
        self.use_bias = arguments.boolean(use_bias, "use_bias", owner)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None
        not_both(owner, self.strides, self.dilation_rate)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "depthwise_initializer": initializers.serialize(self.depthwise_initializer),
            "pointwise_initializer": initializers.serialize(self.pointwise_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "depthwise_regularizer": regularizers.serialize(self.depthwise_regularizer),
            "pointwise_regularizer": regularizers.serialize(self.pointwise_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "depthwise_constraint": constraints.serialize(self.depthwise_constraint),
            "pointwise_constraint": constraints.serialize(self.pointwise_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
