"""What the convolutions have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import activations, arguments, constraints, initializers, ops, regularizers
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["BaseConv", "not_both"]


def not_both(owner: str, strides: tuple[int, ...], dilation_rate: tuple[int, ...]) -> None:
    """ValueError if a window both strides and is dilated."""
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ValueError(
            f"{owner}: expected `strides` or `dilation_rate` to be 1. Received: strides={strides}, "
            f"dilation_rate={dilation_rate}. Use one of them alone."
        )


class BaseConv(CoreLayer):
    """A convolution over `rank` axes: checks its arguments and keeps them."""

    rank: int
    kernel: Any
    paddings: tuple[str, ...] = ("valid", "same")

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        data_format: str | None,
        dilation_rate: int | Sequence[int],
        groups: int,
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
        self.groups = arguments.positive_integer(groups, "groups", owner)
        self.kernel_size = arguments.integers(kernel_size, self.rank, "kernel_size", owner)
        self.strides = arguments.integers(strides, self.rank, "strides", owner)
        self.dilation_rate = arguments.integers(dilation_rate, self.rank, "dilation_rate", owner)
        self.padding = arguments.choice(padding, self.paddings, "padding", owner)
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
        if self.filters % self.groups:
            raise ValueError(
                f"{owner}: expected `filters` to be divisible by `groups`. "
                f"Received: filters={self.filters}, groups={self.groups}. Change one of them."
            )
        not_both(owner, self.strides, self.dilation_rate)

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The convolution alone, without bias and activation; subclasses may define another.

        Args:
            inputs: The input of the layer.
            kernel: The kernel, `(sizes..., channels / groups, filters)`.

        Example:
        >>> import oxhorn as keras
        >>> class Standardized(keras.layers.Conv2D):
        ...     def convolution_op(self, inputs, kernel):
        ...         mean = keras.ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
        ...         return super().convolution_op(inputs, kernel - mean)
        >>> Standardized(4, 3)(keras.ops.ones((1, 6, 6, 2))).shape
        (1, 4, 4, 4)
        """
        return ops.conv(
            inputs,
            kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Convolve; in the core, unless a subclass defines `convolution_op`."""
        if type(self).convolution_op is BaseConv.convolution_op:
            return super().call(inputs, training, mask)
        outputs = self.convolution_op(inputs, self.kernel)
        if self.bias is not None:
            sizes = [1] * (self.rank + 2)
            sizes[1 if self.data_format == "channels_first" else -1] = self.filters
            outputs = outputs + ops.reshape(self.bias, sizes)
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
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
