"""Transposed convolution over volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.convolutional.base_conv_transpose import BaseConvTranspose

__all__ = ["Conv3DTranspose"]


class Conv3DTranspose(BaseConvTranspose):
    """Slide filters over a volume the other way: the map that a convolution's gradient is.

    `y[b, i, f] = activation(sum_{o, k, c} x[b, o, c] * kernel[k, f, c] + bias[f])` over all o and k with
    `o * stride + k * dilation - before = i`

    Args:
        filters: Number of filters, the channels of the output; a positive integer.
        kernel_size: Depth, height and width of the window: one positive integer for all, or three.
        strides: How far apart the entries of the input lie in the output: one integer or three. Defaults to (1, 1, 1).
        padding: "valid" (nothing is cut off) or "same" (`stride` times as large out as in). Defaults to "valid".
        output_padding: By how much the output is larger than the smallest one that fits, less than the stride:
            one integer or three, or None for the sizes above. Defaults to None.
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        dilation_rate: Steps between the entries of a window: one integer or three. Defaults to (1, 1, 1).
            Not together with strides.
        activation: A name, a callable, or None for none. Defaults to None.
        use_bias: Whether to add a bias to each filter. Defaults to True.
        kernel_initializer: Initializer of the kernel. Defaults to "glorot_uniform".
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        kernel_regularizer: Regularizer of the kernel, or None. Defaults to None.
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        activity_regularizer: Regularizer of the output, or None. Defaults to None.
        kernel_constraint: Constraint of the kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Input shape:
        `(batch, depth, rows, columns, channels)`, or with the channels second with channels first.

    Output shape:
        `(batch, new_depth, new_rows, new_columns, filters)`, or with the filters second with channels first.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range or a name is unknown; when called, if the channels are unknown.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.Conv3DTranspose(8, 3, strides=2, padding="same")(keras.Input(shape=(4, 4, 4, 3))).shape
    (None, 8, 8, 8, 8)

    Source: Zeiler et al., 2010 (https://doi.org/10.1109/CVPR.2010.5539957).
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: int | Sequence[int] | None = None,
        dilation_rate: int | Sequence[int] = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            output_padding=output_padding,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
