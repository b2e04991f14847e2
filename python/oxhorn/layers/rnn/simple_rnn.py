"""The plain recurrent layer along a sequence."""

from __future__ import annotations

from typing import Any

from oxhorn.layers.rnn.simple_rnn_cell import SimpleRNNCell
from oxhorn.layers.rnn.whole_sequence import WholeSequence

__all__ = ["SimpleRNN"]


class SimpleRNN(WholeSequence):
    """The plain recurrent layer: each output goes into the next step.

    `h_t = activation(x_t kernel + h_{t-1} recurrent_kernel + bias)`; the output is `h_t`.

    Args:
        units: Length of the state and of the output, a positive integer.
        activation: The function of the sums. Defaults to "tanh".
        use_bias: Whether to add a bias. Defaults to True.
        kernel_initializer: Initializer of the kernel. Defaults to "glorot_uniform".
        recurrent_initializer: Initializer of the recurrent kernel. Defaults to "orthogonal".
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        kernel_regularizer: Regularizer of the kernel, or None. Defaults to None.
        recurrent_regularizer: Regularizer of the recurrent kernel, or None. Defaults to None.
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        activity_regularizer: Regularizer of the layer's output, or None. Defaults to None.
        kernel_constraint: Constraint of the kernel, or None. Defaults to None.
        recurrent_constraint: Constraint of the recurrent kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        dropout: The part of the inputs that is set to zero while training, in [0, 1]; the same for all steps of a
            sequence. Defaults to 0.
        recurrent_dropout: The part of the state that is set to zero while training, in [0, 1]; with it, the steps are
            computed one by one, which is slower. Defaults to 0.
        return_sequences: Whether to return the outputs of all steps; that of the last one otherwise. Defaults to
            False.
        return_state: Whether to return the last state after the output. Defaults to False.
        go_backwards: Whether to begin at the last step; the outputs come in the order they are made in. Defaults to
            False.
        stateful: Whether the state that a batch ends with begins the next one; the batch size must be fixed
            then. Defaults to False.
        unroll: Accepted, and without effect on the results. Defaults to False.
        seed: Seed of the dropout: an integer, or None for one drawn from the global stream. Defaults to None.
        **kwargs: `zero_output_for_mask` (whether outputs of masked steps are zeros, with `return_sequences`), `name`,
            `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        sequences: The input, `(batch, steps, features)`.
        initial_state: The first state: a tensor `(batch, units)`. Defaults to zeros.
        mask: Booleans `(batch, steps)`; False leaves a step out: the state stays, and the output is the one
            before it. Defaults to the mask of `sequences`.
        training: Whether to drop anything. Defaults to False.

    Input shape:
        `(batch, steps, features)`.

    Output shape:
        `(batch, units)`, or `(batch, steps, units)` with `return_sequences`. With `return_state`, a tuple of that and
        the last state, `(batch, units)`.

    Returns:
        When called: a tensor, or with `return_state` a tuple.

    Raises:
        ValueError: If an argument is out of range, or a state or mask does not fit the sequences.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.ones((2, 10, 8), "float32")
    >>> keras.layers.SimpleRNN(4)(x).shape
    (2, 4)
    >>> outputs, state = keras.layers.SimpleRNN(4, return_sequences=True, return_state=True)(x)
    >>> outputs.shape, state.shape
    ((2, 10, 4), (2, 4))

    Source: Elman, 1990 (https://doi.org/10.1207/s15516709cog1402_1).
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="simple_rnn_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )

    def own_config(self) -> dict[str, Any]:
        """Nothing follows `recurrent_dropout` in the config, unless there is a seed."""
        return {} if self.cell.seed is None else super().own_config()
