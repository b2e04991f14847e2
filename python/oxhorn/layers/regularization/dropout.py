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

    Monte-Carlo dropout: dropping in use as well makes each prediction a sample, whose spread tells how sure a model is.
    Called as `Dropout(0.5)(x, training=True)`, the layer does so in `predict`; so does a subclass whose `call` passes
    `training=True` on. `np.stack([model.predict(x) for _ in range(100)])` are the samples. `model(x, training=True)`
    samples too, but puts all layers into training mode, batch normalization included.

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

    Source: Srivastava et al., 2014 (https://jmlr.org/papers/v15/srivastava14a.html); for Monte-Carlo dropout, Y. Gal,
    Z. Ghahramani, Dropout as a Bayesian approximation, 2016.
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
        self.rate = rate_of(rate, type(self).__name__)
        self.seed = arguments.seed(seed, "Dropout")
        self.noise_shape = noise_shape_of(noise_shape, "Dropout")
        if self.rate > 0:
            self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool | None = False, mask: Any = None) -> Any:
        """Drop in the core."""
        return super().call(inputs, training=training, mask=mask)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


def rate_of(
    value: Any, owner: str, name: str = "rate", advice: str = "As a rule it is between 0.1 and 0.5."
) -> float:
    """`rate` as a float from 0 to 1; a `ValueError` for anything else."""
    try:
        return arguments.probability(value, name, owner)
    except ValueError:
        raise ValueError(
            f"{owner}: Invalid value received for argument `{name}`. Expected a float value between 0 and 1. "
            f"Received: {name}={arguments.describe(value)}. {advice}"
        ) from None


def noise_shape_of(value: Any, owner: str) -> tuple[int | None, ...] | None:
    """`noise_shape` as a tuple of sizes and None, or None; a `ValueError` for anything else."""
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise ValueError(
            f"{owner}: Invalid value received for argument `noise_shape`. Expected a tuple or list of integers and "
            f"None. Received: noise_shape={arguments.describe(value)}. Pass one such as (None, 1, 16)."
        )
    for size in value:
        wanted = None
        if size is not None and (isinstance(size, bool) or not hasattr(size, "__index__")):
            wanted = "elements to be integers"
        elif size is not None and int(size.__index__()) < 1:
            wanted = "dimensions to be positive integers"
        if wanted is not None:
            raise ValueError(
                f"{owner}: Invalid value received for argument `noise_shape`. Expected all {wanted} or None. "
                f"Received: {arguments.describe(size)} in noise_shape={value!r}. Pass one such as (None, 1, 16)."
            )
    return tuple(
        None if size is None else arguments.positive_integer(size, "noise_shape", owner) for size in value
    )
