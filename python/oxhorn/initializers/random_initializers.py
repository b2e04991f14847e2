"""Initializers that draw every number from one distribution, whatever the shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import arguments
from oxhorn.config import next_seed
from oxhorn.engine.seed_generator import SeedGenerator, draw_seed
from oxhorn.initializers.initializer import CoreInitializer

__all__ = ["RandomInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal"]


class RandomInitializer(CoreInitializer):
    """An initializer with a seed: the same integer seed gives the same numbers at every call.

    Args:
        seed: An integer, a `keras.random.SeedGenerator` (new numbers at every call), or None: an
            integer drawn from the stream that `keras.utils.set_random_seed` sets. Defaults to None.

    Raises:
        ValueError: If the seed is none of these.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            from oxhorn.saving import deserialize_keras_object

            seed = deserialize_keras_object(seed)
        seed = arguments.seed(seed, type(self).__name__)
        self._init_seed = seed
        self.seed: int | SeedGenerator = next_seed() if seed is None else seed

    def core_config(self) -> dict[str, Any]:
        """The arguments as the core reads them: a seed is a pair of integers."""
        return {**self.get_config(), "seed": [int(number) for number in np.array(draw_seed(self.seed))]}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        seed = self._init_seed
        if isinstance(seed, SeedGenerator):
            from oxhorn.saving import serialize_keras_object

            seed = serialize_keras_object(seed)
        return {"seed": seed}


class RandomNormal(RandomInitializer):
    """Draw from a normal distribution.

    `w ~ N(mean, stddev^2)`

    Args:
        mean: Mean of the numbers. Defaults to 0.0.
        stddev: Standard deviation, at least 0. Defaults to 0.05.
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.

    Raises:
        ValueError: If an argument is no number or out of range.

    Example:
    >>> import oxhorn as keras
    >>> keras.initializers.RandomNormal(stddev=0.1, seed=1)((2, 3)).shape
    (2, 3)
    """

    core_name = "RandomNormal"

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean = arguments.number(mean, "mean", type(self).__name__)
        self.stddev = arguments.number(stddev, "stddev", type(self).__name__, low=0.0)
        super().__init__(seed=seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Draw from a normal distribution cut off at two standard deviations.

    `w ~ N(mean, stddev^2)` given `|w - mean| <= 2 * stddev`

    Args:
        mean: Mean of the numbers. Defaults to 0.0.
        stddev: Standard deviation before the cut, at least 0. Defaults to 0.05.
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.

    Raises:
        ValueError: If an argument is no number or out of range.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.initializers.TruncatedNormal(stddev=0.1, seed=1)((100,)).numpy()
    >>> bool(abs(w).max() <= 0.2)
    True
    """

    core_name = "TruncatedNormal"


class RandomUniform(RandomInitializer):
    """Draw from a uniform distribution.

    `w ~ U[minval, maxval)`

    Args:
        minval: Lower end. Defaults to -0.05.
        maxval: Upper end, not below `minval`. Defaults to 0.05.
        seed: An integer, a `keras.random.SeedGenerator`, or None. Defaults to None.

    Raises:
        ValueError: If an argument is no number, or the ends are the wrong way round.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.initializers.RandomUniform(0.0, 1.0, seed=1)((100,)).numpy()
    >>> bool(w.min() >= 0.0 and w.max() < 1.0)
    True
    """

    core_name = "RandomUniform"

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval = arguments.number(minval, "minval", "RandomUniform")
        self.maxval = arguments.number(maxval, "maxval", "RandomUniform")
        if self.maxval < self.minval:
            raise ValueError(
                f"RandomUniform: expected `minval` <= `maxval`. Received: minval={self.minval}, "
                f"maxval={self.maxval}. Swap them."
            )
        super().__init__(seed=seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}
