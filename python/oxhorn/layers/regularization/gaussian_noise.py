"""Noise added to the inputs."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.layer import Layer
from oxhorn.layers.regularization.dropout import rate_of

__all__ = ["GaussianNoise"]


class GaussianNoise(Layer):
    """Add random numbers to the inputs while training, so that the model does not learn single samples by heart.

    `y = x + n` with `n ~ N(0, stddev^2)` while training, `y = x` otherwise

    Args:
        stddev: Standard deviation of the noise, in [0, 1].
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input.
        training: Whether to add anything. Defaults to the model's mode.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the standard deviation is outside [0, 1].

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.GaussianNoise(0.1, seed=1)
    >>> layer(np.ones((2, 3), "float32")).numpy().tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    >>> bool((layer(np.ones((2, 3), "float32"), training=True).numpy() != 1.0).all())
    True
    """

    def __init__(self, stddev: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = rate_of(
            stddev, "GaussianNoise", "stddev", "Values around 0.1 suit inputs of variance 1."
        )
        self.seed = arguments.seed(seed, "GaussianNoise")
        if self.stddev > 0:
            self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Add the noise."""
        if not training or self.stddev == 0:
            return inputs
        attrs = {"mean": 0.0, "stddev": self.stddev, "dtype": self.compute_dtype}
        return inputs + _core.apply("random_normal", [self.seed_generator.next(), inputs], attrs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}
