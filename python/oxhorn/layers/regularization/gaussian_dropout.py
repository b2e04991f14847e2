"""Dropout whose factors are normally distributed."""

from __future__ import annotations

import math
from typing import Any

from oxhorn import _core, arguments
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.layer import Layer
from oxhorn.layers.regularization.dropout import rate_of

__all__ = ["GaussianDropout"]


class GaussianDropout(Layer):
    """Multiply the inputs by random numbers around 1 while training.

    `y = x * n` with `n ~ N(1, rate / (1 - rate))` while training, `y = x` otherwise: the mean and the variance
    are those of `Dropout`.

    Args:
        rate: The rate of the dropout it stands for, in [0, 1).
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input.
        training: Whether to multiply. Defaults to the model's mode.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the rate is outside [0, 1).

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.GaussianDropout(0.5, seed=1)
    >>> layer(np.ones((1, 2), "float32")).numpy().tolist()
    [[1.0, 1.0]]

    Source: Srivastava et al., 2014 (https://jmlr.org/papers/v15/srivastava14a.html), section 10.
    """

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate_of(rate, "GaussianDropout")
        if self.rate == 1.0:
            raise ValueError(
                "GaussianDropout: expected `rate` to be below 1, where the variance is infinite. Received: rate=1.0 "
                "(of type float). Pass a smaller rate."
            )
        self.seed = arguments.seed(seed, "GaussianDropout")
        if self.rate > 0:
            self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Multiply by the noise."""
        if not training or self.rate == 0:
            return inputs
        attrs = {"mean": 1.0, "stddev": math.sqrt(self.rate / (1.0 - self.rate)), "dtype": self.compute_dtype}
        return inputs * _core.apply("random_normal", [self.seed_generator.next(), inputs], attrs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
