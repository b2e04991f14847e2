"""The rectified linear unit whose slope is random."""

from __future__ import annotations

from typing import Any

from oxhorn import activations, arguments
from oxhorn.activations.slopes import slopes_between
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.layer import Layer

__all__ = ["RReLU"]


class RReLU(Layer):
    """Rectified linear unit whose slope below zero is random in training, against overfitting. An addition.

    `y = x` for `x >= 0`, `y = a * x` below, with `a ~ U[lower, upper)` for each entry while training, and
    `a = (lower + upper) / 2` otherwise

    Args:
        lower: Smallest slope. Defaults to 1 / 8.
        upper: Largest slope, not below `lower`. Defaults to 1 / 3.
        seed: An integer, a `keras.random.SeedGenerator`, or None for one drawn from the stream that
            `keras.utils.set_random_seed` sets. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The input.
        training: Whether to draw slopes. Defaults to the model's mode.

    Input shape:
        Any.

    Output shape:
        The same.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If a slope is no finite number, or they are the wrong way round.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.RReLU(lower=0.1, upper=0.3, seed=1)
    >>> layer(np.array([-2.0, 2.0])).numpy().round(4).tolist()
    [-0.4000000059604645, 2.0]
    >>> y = layer(-np.ones(100), training=True).numpy()
    >>> bool((y <= -0.1).all() and (y > -0.3).all() and y.std() > 0.01)
    True

    Source: Xu et al., 2015 (https://arxiv.org/abs/1505.00853).
    """

    def __init__(self, lower: float = 0.125, upper: float = 1 / 3, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lower, self.upper = slopes_between(lower, upper, "RReLU")
        self.seed = arguments.seed(seed, "RReLU")
        self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Rectify."""
        return activations.rrelu(inputs, self.lower, self.upper, bool(training), self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "lower": self.lower, "upper": self.upper, "seed": self.seed}
