"""Kernels whose length and direction are learned apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import arguments, ops
from oxhorn.engine.stateless import StatelessScope
from oxhorn.layers.convolutional.base_conv_transpose import BaseConvTranspose
from oxhorn.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv
from oxhorn.layers.core.einsum_dense import EinsumDense
from oxhorn.layers.core.wrapper import Wrapper

__all__ = ["WeightNormalization"]


class WeightNormalization(Wrapper):
    """Learn the length and the direction of each unit's weights apart, which often speeds up learning. An addition.

    `W = g * V / |V|`, where `V` is the kernel of the layer inside, `|V|` the length of the weights of each unit and `g`
    one number for each unit, which begins as `|V|`: at first the layer computes what it would without the wrapper.

    With `data_init`, the first batch in training decides where the units begin: `g = 1 / stddev(y)` and
    `bias = -mean(y) / stddev(y)`, with `y = V x / |V|` over that batch, so that the outputs before the activation
    have mean 0 and variance 1.

    Args:
        layer: A layer with a `kernel`, such as Dense and the convolutions.
        data_init: Whether the first batch sets `g` and the bias. Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input of the layer inside.
        training: Whether this is training, for `data_init` and the layer inside. Defaults to the model's mode.

    Input shape:
        That of the layer inside.

    Output shape:
        That of the layer inside.

    Returns:
        When called: what the layer inside returns.

    Raises:
        ValueError: If the layer has no kernel; with `data_init`, if its outputs do not have one axis of units.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.random.default_rng(0).normal(3.0, 2.0, (100, 5)).astype("float32")
    >>> layer = keras.layers.WeightNormalization(keras.layers.Dense(2), data_init=True)
    >>> y = layer(x, training=True).numpy()
    >>> bool(np.allclose(y.mean(0), 0, atol=1e-4) and np.allclose(y.std(0), 1, atol=1e-4))
    True

    Source: Salimans and Kingma, 2016 (https://arxiv.org/abs/1602.07868).
    """

    def __init__(self, layer: Any, data_init: bool = False, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.data_init = arguments.boolean(data_init, "data_init", "WeightNormalization")

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside, and the lengths."""
        super().build(input_shape)
        kernel: Any = getattr(self.layer, "kernel", None)
        if kernel is None or len(kernel.shape) < 2:
            raise ValueError(
                f"WeightNormalization: {type(self.layer).__name__} object has no attribute 'kernel' of at least two "
                "axes, so there is nothing to normalize. Wrap a layer such as Dense or Conv2D."
            )
        self.kernel: Any = kernel
        units = _unit_axes(self.layer)
        self._over = [axis for axis in range(len(kernel.shape)) if axis not in units]
        self.g = self.add_weight(
            shape=[kernel.shape[axis] for axis in units],
            initializer=lambda shape, dtype: ops.reshape(self._length(), shape),
            dtype=kernel.dtype,
            name="g",
        )
        if self.data_init:
            self._check_bias()
            self.initialized = self.add_weight(
                shape=(), initializer="zeros", dtype="bool", trainable=False, name="initialized"
            )

    def _check_bias(self) -> None:
        bias = getattr(self.layer, "bias", None)
        if bias is None or tuple(bias.shape) != (int(np.prod(self.g.shape)),):
            raise ValueError(
                f"WeightNormalization: with `data_init`, expected a layer with one bias for each of its "
                f"{int(np.prod(self.g.shape))} units. Received: {type(self.layer).__name__} layer {self.layer.name!r} "
                "without. Pass use_bias=True, or leave `data_init` out."
            )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Call the layer inside with the kernel made of length and direction."""
        state = []
        g = self.g.value
        if self.data_init and training:
            g, bias = self._begin(inputs)
            state.append((self.layer.bias, bias))
        return self._inside(inputs, [*state, (self.layer.kernel, self.normalized_kernel(g))])

    def normalized_kernel(self, g: Any = None) -> Any:
        """The kernel that the layer inside computes with, `g * V / |V|`.

        Args:
            g: The lengths; those of the layer by default.
        """
        length = self._length()
        return self.kernel * (ops.reshape(self.g if g is None else g, ops.shape(length)) / length)

    def _length(self) -> Any:
        # A unit of zeros has no direction: it stays as it is.
        squares = ops.sum(ops.square(self.kernel), axis=self._over, keepdims=True)
        return ops.sqrt(ops.maximum(squares, 1e-24))

    def _inside(self, inputs: Any, values: list[tuple[Any, Any]]) -> Any:
        """What the layer inside returns with these values in the place of its variables."""
        with StatelessScope(values) as scope:
            outputs = self.layer(inputs)
        for variable in self.layer.non_trainable_variables:
            changed = scope.get_current_value(variable)
            if changed is not None:
                variable.assign(changed)
        return outputs

    def _begin(self, inputs: Any) -> tuple[Any, Any]:
        """The lengths and the bias: those of the first batch if this is the first."""
        g, bias = ops.cond(
            self.initialized.value,
            lambda: (self.g.value, self.layer.bias.value),
            lambda: self._of_data(inputs),
        )
        # Gradients go to the variables themselves, whichever branch gave the values.
        g = self.g.value + ops.stop_gradient(g - self.g.value)
        bias = self.layer.bias.value + ops.stop_gradient(bias - self.layer.bias.value)
        self.g.assign(ops.stop_gradient(g))
        self.layer.bias.assign(ops.stop_gradient(bias))
        self.initialized.assign(True)
        return g, bias

    def _of_data(self, inputs: Any) -> tuple[Any, Any]:
        ones, bias = ops.ones_like(self.g.value), ops.zeros_like(self.layer.bias.value)
        activation = getattr(self.layer, "activation", None)
        if activation is not None:
            self.layer.activation = None
        try:
            y = self._inside(
                inputs, [(self.layer.kernel, self.normalized_kernel(ones)), (self.layer.bias, bias)]
            )
        finally:
            if activation is not None:
                self.layer.activation = activation
        rank = len(y.shape)
        units = 1 if getattr(self.layer, "data_format", None) == "channels_first" else rank - 1
        mean, variance = ops.moments(y, axes=[axis for axis in range(rank) if axis != units])
        scale = ops.rsqrt(variance + 1e-10)
        return ops.reshape(scale, self.g.shape), -mean * scale

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that the layer inside makes of it."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "data_init": self.data_init}


def _unit_axes(layer: Any) -> list[int]:
    """The axes of the kernel along which the units lie."""
    rank = len(layer.kernel.shape)
    if isinstance(layer, EinsumDense):
        return [axis % rank for axis in layer._equation.kernel_axes()[1]]
    if isinstance(layer, BaseConvTranspose):
        return [rank - 2]
    if isinstance(layer, BaseDepthwiseConv):
        return [rank - 2, rank - 1]
    return [rank - 1]
