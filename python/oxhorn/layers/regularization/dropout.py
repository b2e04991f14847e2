"""Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import arguments
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.core_layer import CoreLayer

__all__ = ["Dropout"]


class Dropout(CoreLayer):
    """Set a random part of the inputs to zero while training, so that units do not rely on each other.

    `y = x * keep / (1 - rate)` with `keep ~ Bernoulli(1 - rate)` while training, `y = x` otherwise

    Args:
        rate: The part that is set to zero, in [0, 1].
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
    >>> layer = keras.layers.Dropout(0.5, seed=1)
    >>> layer(np.ones((2, 3), "float32")).numpy().tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    >>> sorted(set(layer(np.ones((20, 20), "float32"), training=True).numpy().ravel().tolist()))
    [0.0, 2.0]

    Source: Srivastava et al., 2014 (https://jmlr.org/papers/v15/srivastava14a.html).
    """

    build_at_init = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = arguments.probability(rate, "rate", "Dropout")
        self.seed = arguments.seed(seed, "Dropout")
        self.noise_shape = _noise_shape(noise_shape)
        if self.rate > 0:
            self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


def _noise_shape(value: Any) -> tuple[int | None, ...] | None:
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise ValueError(
            f"Dropout: expected `noise_shape` to be None or a tuple of positive integers or None. "
            f"Received: noise_shape={arguments.describe(value)}. Pass one such as noise_shape=(None, 1, 16)."
        )
    return tuple(
        None if size is None else arguments.positive_integer(size, "noise_shape", "Dropout") for size in value
    )
