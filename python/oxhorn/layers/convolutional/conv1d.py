"""Convolution over sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.convolutional.base_conv import BaseConv

__all__ = ["Conv1D"]


class Conv1D(BaseConv):
    """Slide filters along a sequence.

    `y[b, t, f] = activation(sum_{k, c} x[b, t * stride + k * dilation, c] * kernel[k, c, f] + bias[f])`

    Args:
        filters: Number of filters, the channels of the output; a positive integer.
        kernel_size: Length of the window, a positive integer.
        strides: Steps from one window to the next. Defaults to 1.
        padding: "valid" (no padding), "same" (as many steps out as in, at stride 1) or "causal" (zeros in
            front only, so that no output sees a later step). Defaults to "valid".
        data_format: "channels_last" or "channels_first". Defaults to None, the configured format.
        dilation_rate: Steps between the entries of a window. Defaults to 1. Not together with strides.
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
        `(batch, steps, channels)`, or `(batch, channels, steps)` with channels first.

    Output shape:
        `(batch, new_steps, filters)`, or `(batch, filters, new_steps)` with channels first.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If an argument is out of range or a name is unknown; when called, if the channels are
            unknown or not divisible by `groups`, or the window is larger than the input.

    Example:
    >>> import oxhorn as keras
    >>> keras.layers.Conv1D(32, 3, activation="relu")(keras.Input(shape=(10, 128))).shape
    (None, 8, 32)

    Source: LeCun et al., 1989 (https://doi.org/10.1162/neco.1989.1.4.541).
    """

    rank = 1
    paddings = ("valid", "same", "causal")

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
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
