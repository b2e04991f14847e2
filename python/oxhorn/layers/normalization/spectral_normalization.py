"""Kernels of spectral norm one."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, initializers, ops
from oxhorn.engine.input_spec import InputSpec
from oxhorn.layers.core.wrapper import Wrapper

__all__ = ["SpectralNormalization"]


class SpectralNormalization(Wrapper):
    """Divide the kernel of a layer by its largest singular value while training.

    `v = u W^T / |u W^T|`, `u = v W / |v W|`, `sigma = v W u^T`, `W <- W / sigma`, with the kernel as a matrix `W` of
    as many columns as it has outputs. The power iteration goes on from the `u` of the last step.

    Args:
        layer: A layer with a `kernel` or with `embeddings`.
        power_iterations: Iterations in each step. Defaults to 1.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input of the layer inside.
        training: Whether to normalize. Defaults to the model's mode.

    Input shape:
        That of the layer inside.

    Output shape:
        That of the layer inside.

    Returns:
        When called: what the layer inside returns.

    Raises:
        ValueError: If `power_iterations` is below 1; when called, if the layer has no kernel.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.SpectralNormalization(keras.layers.Dense(2), power_iterations=50)
    >>> _ = layer(np.ones((1, 3), "float32"), training=True)
    >>> print(np.linalg.norm(layer.kernel.numpy(), 2).round(3))
    1.0

    Source: Miyato et al., 2018 (https://arxiv.org/abs/1802.05957).
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        try:
            self.power_iterations = arguments.integer(
                power_iterations, "power_iterations", "SpectralNormalization", low=1
            )
        except ValueError as error:
            raise ValueError(f"{error} `power_iterations` should be greater than zero.") from None

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside, and the vector that the iteration starts from."""
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        kernel: Any = getattr(self.layer, "kernel", None)
        kernel = kernel if kernel is not None else getattr(self.layer, "embeddings", None)
        if kernel is None:
            raise ValueError(
                f"SpectralNormalization: {type(self.layer).__name__} object has no attribute 'kernel' nor "
                "'embeddings', so there is nothing to normalize. Wrap a layer such as Dense or Conv2D."
            )
        self.kernel: Any = kernel
        self.vector_u = self.add_weight(
            shape=(1, kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=kernel.dtype,
            name="vector_u",
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Normalize the kernel, and call the layer inside."""
        if training:
            u, kernel = self.normalized_weights()
            # A kernel of zeros stays as it is.
            is_zero = ops.all(ops.equal(self.kernel, 0))
            self.vector_u.assign(ops.where(is_zero, self.vector_u.value, u))
            self.kernel.assign(ops.where(is_zero, self.kernel.value, kernel))
        return ops.cast(self.layer(inputs), inputs.dtype)

    def normalized_weights(self) -> tuple[Any, Any]:
        """The vector after the power iteration, and the kernel divided by its largest singular value."""
        weights = ops.reshape(self.kernel, (-1, self.kernel.shape[-1]))
        u = self.vector_u.value
        v = u
        for _ in range(self.power_iterations):
            v = _unit(ops.matmul(u, ops.transpose(weights)))
            u = _unit(ops.matmul(v, weights))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        sigma = ops.matmul(ops.matmul(v, weights), ops.transpose(u))
        sigma = ops.where(ops.all(ops.equal(weights, 0)), ops.ones_like(sigma), sigma)
        return u, ops.reshape(weights / sigma, self.kernel.shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that the layer inside makes of it."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _unit(x: Any) -> Any:
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x)), 1e-12))
