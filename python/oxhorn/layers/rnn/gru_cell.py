"""One step of a gated recurrent unit."""

from __future__ import annotations

from typing import Any

from oxhorn import activations, arguments, ops
from oxhorn.layers.rnn.base_cell import BaseCell, single
from oxhorn.layers.rnn.dropout_rnn_cell import project

__all__ = ["GRUCell"]


class GRUCell(BaseCell):
    """One step of a gated recurrent unit.

    `z = s(x W_z + h U_z + b_z)`, `r = s(x W_r + h U_r + b_r)` with `s` the recurrent activation,
    `g = activation(x W_h + r * (h U_h + b_u) + b_h)` (with `reset_after`; `(r * h) U_h` without it),
    `h' = z * h + (1 - z) * g`; the output is `h'`.

    Args:
        units: Length of the state and of the output, a positive integer.
        activation: The function of the candidate. Defaults to "tanh".
        recurrent_activation: The function of the two gates. Defaults to "sigmoid".
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
        reset_after: Whether the reset gate comes after the matrix product; then the state has a bias of its own, the
            second row of the bias. Defaults to True.
        seed: Seed of the dropout: an integer, or None for one drawn from the global stream. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The inputs of one step, `(batch, features)`.
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
    >>> layer = keras.layers.RNN(keras.layers.GRUCell(4), return_state=True)
    >>> output, state = layer(np.ones((2, 10, 8), "float32"))
    >>> state.shape
    (2, 4)

    Source: Cho et al., 2014 (https://arxiv.org/abs/1406.1078).
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
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
        self.reset_after = arguments.boolean(reset_after, "reset_after", type(self).__name__)
        self.implementation = 1 if self.recurrent_dropout > 0 else implementation
        if self.implementation == 1:
            self.dropout_mask_count = self.gates

    def bias_shape(self) -> tuple[int, ...]:
        """One row, or with `reset_after` two: for the inputs and for the state."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Any, states: Any, training: bool | None = False) -> Any:
        """Take one step."""
        h = single(states)
        n = self.units
        masks = self.get_recurrent_dropout_mask(h) if training else None
        x = project(inputs, self.kernel, self.get_dropout_mask(inputs) if training else None)
        if self.bias is not None:
            x = x + (self.bias[0] if self.reset_after else self.bias)
        x_z, x_r, x_h = ops.split(x, 3, axis=-1)
        gate = self.recurrent_activation
        if self.reset_after:
            u = project(h, self.recurrent_kernel, masks)
            if self.bias is not None:
                u = u + self.bias[1]
            u_z, u_r, u_h = ops.split(u, 3, axis=-1)
            z = gate(x_z + u_z)
            candidate = x_h + gate(x_r + u_r) * u_h
        else:
            u_z, u_r = ops.split(
                project(h, self.recurrent_kernel[:, : 2 * n], masks and masks[:2]), 2, axis=-1
            )
            z = gate(x_z + u_z)
            kept = gate(x_r + u_r) * (h if masks is None else h * masks[2])
            candidate = x_h + ops.matmul(kept, self.recurrent_kernel[:, 2 * n :])
        output = z * h + (1 - z) * self.activation(candidate)
        return output, [output] if isinstance(states, (list, tuple)) else output

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            **self._shared_config(),
            "reset_after": self.reset_after,
            "seed": self.seed,
        }
