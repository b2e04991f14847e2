"""Dropout for self-normalising networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments, ops
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.layer import Layer
from oxhorn.layers.regularization.dropout import noise_shape_of, rate_of
from oxhorn.random import dropout

__all__ = ["AlphaDropout"]

# SELU's value far to the left: -scale * alpha.
_LEAST = -1.0507009873554805 * 1.6732632423543772


class AlphaDropout(Layer):
    """Set a random part of the inputs to SELU's least value while training, keeping their mean and variance.

    `y = a * (x * keep + alpha' * (1 - keep)) + b` with `keep ~ Bernoulli(1 - rate)`, `alpha' = -1.7581`,
    `a = ((1 - rate) * (1 + rate * alpha'^2))^(-1/2)` and `b = -a * alpha' * rate` while training, `y = x` otherwise

    Args:
        rate: The part that is dropped, in [0, 1).
        noise_shape: Shape of `keep`: a size of 1 shares the choice along that axis, None takes the input's
            size. None, the default, is the whole input's shape.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input.
        training: Whether to drop anything. Defaults to the model's mode.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the rate is outside [0, 1], or the noise shape has a size below 1.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.AlphaDropout(0.3, seed=1)
    >>> layer(np.ones((1, 2), "float32")).numpy().tolist()
    [[1.0, 1.0]]

    Source: Klambauer et al., 2017 (https://arxiv.org/abs/1706.02515).
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = rate_of(rate, "AlphaDropout")
        self.seed = arguments.seed(seed, "AlphaDropout")
        self.noise_shape = noise_shape_of(noise_shape, "AlphaDropout")
        if self.rate > 0:
            self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop, then scale and shift."""
        rate = self.rate
        if not training or rate == 0:
            return inputs
        # What dropout leaves of ones tells which entries are kept.
        kept = dropout(ops.ones_like(inputs), rate, self.noise_shape, seed=self.seed_generator)
        keep = ops.cast(kept > 0, inputs.dtype)
        scale = ((1.0 - rate) * (1.0 + rate * _LEAST**2)) ** -0.5 if rate < 1.0 else 0.0
        return scale * (inputs * keep + _LEAST * (1.0 - keep)) - scale * _LEAST * rate

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
