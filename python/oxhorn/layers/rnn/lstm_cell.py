"""One step of a long short-term memory."""

from __future__ import annotations

from typing import Any

from oxhorn import activations, arguments, initializers, ops
from oxhorn.layers.rnn.base_cell import BaseCell
from oxhorn.layers.rnn.dropout_rnn_cell import project

__all__ = ["LSTMCell"]


class LSTMCell(BaseCell):
    """One step of a long short-term memory.

    `[i, f, g, o] = x kernel + h recurrent_kernel + bias`,
    `c' = s(f) * c + s(i) * activation(g)`, `h' = s(o) * activation(c')` with `s` the recurrent activation; the output
    is `h'`.

    Args:
        units: Length of the states and of the output, a positive integer.
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
        kernel_constraint: Constraint of the kernel, or None. Defaults to None.
        recurrent_constraint: Constraint of the recurrent kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        dropout: The part of the inputs that is set to zero while training, in [0, 1]. Defaults to 0.
        recurrent_dropout: The part of the state that is set to zero while training, in [0, 1]. Defaults to 0.
        seed: Seed of the dropout: an integer, or None for one drawn from the global stream. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The inputs of one step, `(batch, features)`.
        states: The output and the carry before the step, `[h, c]`, each `(batch, units)`.
        training: Whether to drop anything. Defaults to False.

    Input shape:
        `(batch, features)`.

    Output shape:
        `(batch, units)`.

    Returns:
        When called: the output `h'`, and the states `[h', c']`.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RNN(keras.layers.LSTMCell(4), return_state=True)
    >>> output, h, c = layer(np.ones((2, 10, 8), "float32"))
    >>> c.shape
    (2, 4)

    Source: Hochreiter and Schmidhuber, 1997 (https://doi.org/10.1162/neco.1997.9.8.1735).
    """

    gates = 4

    def __init__(
        self,
        units: int,
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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        implementation = kwargs.pop("implementation", 2)
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
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = arguments.boolean(unit_forget_bias, "unit_forget_bias", type(self).__name__)
        self.implementation = 1 if self.recurrent_dropout > 0 else implementation
        if self.implementation == 1:
            self.dropout_mask_count = self.gates
        self.state_size = [self.units, self.units]

    def first_bias(self) -> Any:
        """Ones for the forget gate, so that the carry is kept at first, if that is wanted."""
        if not self.unit_forget_bias:
            return self.bias_initializer

        def start(shape: Any, dtype: Any = None) -> Any:
            n = self.units
            return ops.concatenate(
                [
                    self.bias_initializer((n,), dtype=dtype),
                    initializers.Ones()((n,), dtype=dtype),
                    self.bias_initializer((2 * n,), dtype=dtype),
                ]
            )

        return start

    def call(self, inputs: Any, states: Any, training: bool | None = False) -> Any:
        """Take one step."""
        h, c = states
        z = project(inputs, self.kernel, self.get_dropout_mask(inputs) if training else None)
        z = z + project(h, self.recurrent_kernel, self.get_recurrent_dropout_mask(h) if training else None)
        if self.bias is not None:
            z = z + self.bias
        i, f, g, o = ops.split(z, 4, axis=-1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        h = gate(o) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            **self._shared_config(("unit_forget_bias", self.unit_forget_bias)),
            "seed": self.seed,
        }
