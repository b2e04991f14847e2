"""What the transposed convolutions have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import activations, arguments, constraints, initializers, regularizers
from oxhorn.layers.convolutional.base_conv import not_both
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["BaseConvTranspose"]


class BaseConvTranspose(CoreLayer):
    """A transposed convolution over `rank` axes: checks its arguments and keeps them."""

    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        output_padding: int | Sequence[int] | None,
        data_format: str | None,
        dilation_rate: int | Sequence[int],
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = arguments.positive_integer(filters, "filters", owner)
        self.kernel_size = arguments.integers(kernel_size, self.rank, "kernel_size", owner)
        self.strides = arguments.integers(strides, self.rank, "strides", owner)
        self.dilation_rate = arguments.integers(dilation_rate, self.rank, "dilation_rate", owner)
        self.padding = arguments.choice(padding, ("valid", "same"), "padding", owner)
        self.data_format = arguments.data_format(data_format, owner)
        self.activation = activations.get(activation)
        self.use_bias = arguments.boolean(use_bias, "use_bias", owner)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None
        not_both(owner, self.strides, self.dilation_rate)
        self.output_padding = self._checked_output_padding(output_padding)

    def _checked_output_padding(self, given: Any) -> tuple[int, ...] | None:
        """The output padding as numbers, each less than its stride."""
        if given is None:
            return None
        owner = type(self).__name__
        extra = arguments.integers(given, self.rank, "output_padding", owner, low=0)
        if any(more >= stride for more, stride in zip(extra, self.strides, strict=True)):
            raise ValueError(
                f"{owner}: `output_padding` must be strictly less than `strides` for all dimensions. "
                f"Received: output_padding={extra}, strides={self.strides}. Use smaller numbers, or None."
            )
        return extra

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
