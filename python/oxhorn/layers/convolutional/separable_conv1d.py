"""Depthwise separable convolution over sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.convolutional.base_separable_conv import BaseSeparableConv

__all__ = ["SeparableConv1D"]


class SeparableConv1D(BaseSeparableConv):
    """Slide filters over a sequence, every channel by itself, and mix the channels after that.

    `y = activation(conv(depthwise_conv(x, depthwise_kernel), pointwise_kernel) + bias)`

    Args:
        filters: Number of filters, the channels of the output; a positive integer.
        kernel_size: Length of the window, a positive integer.
        strides: Steps from one window to the next: one integer. Defaults to 1.
        padding: "valid" (no padding) or "same" (as large out as in, at stride 1). Defaults to "valid".
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        dilation_rate: Steps between the entries of a window: one integer. Defaults to 1.
            Not together with strides.
        depth_multiplier: Number of depthwise filters for each channel. Defaults to 1.
        activation: A name, a callable, or None for none. Defaults to None.
        use_bias: Whether to add a bias to each filter. Defaults to True.
        depthwise_initializer: Initializer of the depthwise kernel. Defaults to "glorot_uniform".
        pointwise_initializer: Initializer of the pointwise kernel. Defaults to "glorot_uniform".
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        depthwise_regularizer: Regularizer of the depthwise kernel, or None. Defaults to None.
        pointwise_regularizer: Regularizer of the pointwise kernel, or None. Defaults to None.
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        activity_regularizer: Regularizer of the output, or None. Defaults to None.
        depthwise_constraint: Constraint of the depthwise kernel, or None. Defaults to None.
        pointwise_constraint: Constraint of the pointwise kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, steps, channels)`, or `(batch, channels, steps)` with channels first.

    Output shape:
        `(batch, new_steps, filters)`, or with the filters second with channels first.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range or a name is unknown; when called, if the channels are unknown or
            the window is larger than the input.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.SeparableConv1D(8, 3, padding="same")(keras.Input(shape=(10, 4))).shape
    (None, 10, 8)

    Source: Chollet, 2017 (https://arxiv.org/abs/1610.02357).
    """

    rank = 1

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            depth_multiplier=depth_multiplier,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
