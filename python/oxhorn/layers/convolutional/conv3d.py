"""Convolution over volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.convolutional.base_conv import BaseConv

__all__ = ["Conv3D"]


class Conv3D(BaseConv):
    """Slide filters over a volume.

    `y[b, o, f] = activation(sum_{k, c} x[b, o * s + k * d, c] * kernel[k, c, f] + bias[f])` with stride `s` and
    dilation `d`; o and k run over depth, rows and columns

    Args:
        filters: Number of filters, the channels of the output; a positive integer.
        kernel_size: Depth, height and width of the window: one positive integer for all, or three.
        strides: Steps from one window to the next: one integer or three. Defaults to (1, 1, 1).
        padding: "valid" (no padding) or "same" (as large out as in, at stride 1). Defaults
            to "valid".
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        dilation_rate: Steps between the entries of a window: one integer or three. Defaults to (1, 1, 1). Not
            together with strides.
        groups: Into how many groups the channels are split, each with filters of its own; divides the
            channels of the input and `filters`. Defaults to 1.
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
        `(batch, depth, rows, columns, channels)`, or `(batch, channels, depth, rows, columns)` with channels
        first.

    Output shape:
        `(batch, new_depth, new_rows, new_columns, filters)`, or with the filters second with channels first.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range or a name is unknown; when called, if the channels are
            unknown or not divisible by `groups`, or the window is larger than the input.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.Conv3D(8, 3, padding="same", strides=2)(keras.Input(shape=(6, 12, 12, 1))).shape
    (None, 3, 6, 6, 8)

    Source: LeCun et al., 1989 (https://doi.org/10.1162/neco.1989.1.4.541).
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1, 1),
        groups: int = 1,
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
            dilation_rate=dilation_rate,
            groups=groups,
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
