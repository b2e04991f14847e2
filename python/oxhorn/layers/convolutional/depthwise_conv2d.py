"""Convolution of every channel by itself, over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv

__all__ = ["DepthwiseConv2D"]


class DepthwiseConv2D(BaseDepthwiseConv):
    """Slide filters over an image, every channel by itself.

    `y[b, o, c * m + j] = activation(sum_k x[b, o * stride + k * dilation, c] * kernel[k, c, j] + bias[c * m + j])`
    with `m = depth_multiplier` and j < m

    Args:
        kernel_size: Height and width of the window: one positive integer for both, or a pair.
        strides: Steps from one window to the next: one integer or a pair. Defaults to (1, 1).
        padding: "valid" (no padding) or "same" (as large out as in, at stride 1). Defaults to "valid".
        depth_multiplier: Number of filters for each channel. Defaults to 1.
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        dilation_rate: Steps between the entries of a window: one integer or a pair. Defaults to (1, 1).
            Not together with strides.
        activation: A name, a callable, or None for none. Defaults to None.
        use_bias: Whether to add a bias to each filter. Defaults to True.
        depthwise_initializer: Initializer of the kernel. Defaults to "glorot_uniform".
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        depthwise_regularizer: Regularizer of the kernel, or None. Defaults to None.
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        activity_regularizer: Regularizer of the output, or None. Defaults to None.
        depthwise_constraint: Constraint of the kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with channels first.

    Output shape:
        `(batch, new_rows, new_columns, channels * depth_multiplier)`, or with the channels second with channels first.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range or a name is unknown; when called, if the channels are unknown or
            the window is larger than the input.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(keras.Input(shape=(10, 10, 4))).shape
    (None, 8, 8, 8)

    Source: Howard et al., 2017 (https://arxiv.org/abs/1704.04861).
    """

    rank = 2

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            depth_multiplier=depth_multiplier,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
