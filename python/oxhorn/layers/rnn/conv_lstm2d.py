"""A long short-term memory over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.layers.rnn.conv_lstm import ConvLSTM

__all__ = ["ConvLSTM2D"]


class ConvLSTM2D(ConvLSTM):
    """A long short-term memory whose products are convolutions, for sequences of images.

    `[i, f, g, o] = conv(x_t, kernel) + conv(h, recurrent_kernel) + bias`,
    `c' = s(f) * c + s(i) * activation(g)`, `h' = s(o) * activation(c')` with `s` the recurrent activation.

    Args:
        filters: Number of channels of the output, a positive integer.
        kernel_size: Length of the window along each axis: an integer, or 2 of them.
        strides: Step of the window over the inputs. Defaults to 1.
        padding: "valid" (no padding) or "same"; for the inputs: states keep their size. Defaults to "valid".
        data_format: "channels_last" or "channels_first"; None takes `keras.config.image_data_format()`. Defaults to
            None.
        dilation_rate: Distance between the entries of the window over the inputs. Defaults to 1.
        activation: The function of the candidate and of the carry. Defaults to "tanh".
        recurrent_activation: The function of the three gates. Defaults to "sigmoid".
        use_bias: Whether to add a bias. Defaults to True.
        kernel_initializer: Initializer of the kernel. Defaults to "glorot_uniform".
        recurrent_initializer: Initializer of the recurrent kernel. Defaults to "orthogonal".
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        unit_forget_bias: Whether the bias of the forget gate begins at 1. Defaults to True.
        kernel_regularizer: Regularizer of the kernel, or None. Defaults to None.
        recurrent_regularizer: Regularizer of the recurrent kernel, or None. Defaults to None.
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        activity_regularizer: Regularizer of the result, or None. Defaults to None.
        kernel_constraint: Constraint of the kernel, or None. Defaults to None.
        recurrent_constraint: Constraint of the recurrent kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        dropout: The part of the inputs that is set to zero while training, in [0, 1]. Defaults to 0.
        recurrent_dropout: The part of the state that is set to zero while training, in [0, 1]. Defaults to 0.
        seed: Seed of the dropout: an integer, or None for one drawn from the global stream. Defaults to None.
        return_sequences: Whether to return the outputs of all steps. Defaults to False.
        return_state: Whether to return the last states after the output. Defaults to False.
        go_backwards: Whether to begin at the last step. Defaults to False.
        stateful: Whether a batch begins with the states that the one before ended with. Defaults to False.
        **kwargs: `unroll`, `zero_output_for_mask`, `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        sequences: The input.
        initial_state: The first states, a list of two tensors of the shape of the last output. Defaults to zeros.
        mask: Booleans `(batch, steps)`; False leaves a step out. Defaults to the mask of `sequences`.
        training: Whether to drop anything. Defaults to False.

    Input shape:
        `(batch, steps, rows, columns, channels)`, or with "channels_first"
        `(batch, steps, channels, rows, columns)`.

    Output shape:
        `(batch, new_rows, new_columns, filters)`; the steps come after the batch with
        `return_sequences`, and `filters` before the other sizes with
        "channels_first". With `return_state`, a tuple of that and both states.

    Returns:
        When called: a tensor, or with `return_state` a tuple of the output and the states `h` and `c`.

    Raises:
        ValueError: If an argument is out of range; when called, if a size but those of the batch and the steps is
            unknown.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True)
    >>> layer(np.ones((2, 5, 4, 4, 1), "float32")).shape
    (2, 5, 4, 4, 4)

    Source: Shi et al., 2015 (https://arxiv.org/abs/1506.04214).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            rank=2,
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            **kwargs,
        )
