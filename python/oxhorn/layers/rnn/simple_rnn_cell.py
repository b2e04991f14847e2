"""One step of a fully connected recurrent network."""

from __future__ import annotations

from typing import Any

from oxhorn import activations
from oxhorn.layers.rnn.base_cell import BaseCell, single
from oxhorn.layers.rnn.dropout_rnn_cell import project

__all__ = ["SimpleRNNCell"]


class SimpleRNNCell(BaseCell):
    """One step of a fully connected recurrent network.

    `h' = activation(x kernel + h recurrent_kernel + bias)`; the output is `h'`.

    Args:
        units: Length of the state and of the output, a positive integer.
        activation: The function of the sum. Defaults to "tanh".
        use_bias: Whether to add a bias. Defaults to True.
        kernel_initializer: Initializer of the kernel. Defaults to "glorot_uniform".
        recurrent_initializer: Initializer of the recurrent kernel. Defaults to "orthogonal".
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        kernel_regularizer: Regularizer of the kernel, or None. Defaults to None.
        recurrent_regularizer: Regularizer of the recurrent kernel, or None. Defaults to None.
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        kernel_constraint: Constraint of the kernel, or None. Defaults to None.
        recurrent_constraint: Constraint of the recurrent kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        dropout: The part of the inputs that is set to zero while training, in [0, 1]. Defaults to 0.
        recurrent_dropout: The part of the state that is set to zero while training, in [0, 1]. Defaults to 0.
        seed: Seed of the dropout: an integer, or None for one drawn from the global stream. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        sequence: The inputs of one step, `(batch, features)`.
        states: The state before the step, `(batch, units)`, in a list or alone.
        training: Whether to drop anything. Defaults to False.

    Input shape:
        `(batch, features)`.

    Output shape:
        `(batch, units)`.

    Returns:
        When called: the output, and the state after the step, in a list if it was given in one.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RNN(keras.layers.SimpleRNNCell(4), return_sequences=True)
    >>> layer(np.ones((2, 10, 8), "float32")).shape
    (2, 10, 4)

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )

    def call(self, sequence: Any, states: Any, training: bool | None = False) -> Any:
        """Take one step."""
        h = single(states)
        z = project(sequence, self.kernel, self.get_dropout_mask(sequence) if training else None)
        if self.bias is not None:
            z = z + self.bias
        z = z + project(h, self.recurrent_kernel, self.get_recurrent_dropout_mask(h) if training else None)
        output = self.activation(z)
        return output, [output] if isinstance(states, (list, tuple)) else output

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            **self._shared_config(),
            "seed": self.seed,
        }
