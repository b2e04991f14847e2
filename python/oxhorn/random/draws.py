"""Tensors of random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core, arguments
from oxhorn.config import floatx
from oxhorn.engine.seed_generator import draw_seed
from oxhorn.engine.sizes import has_open_sizes, template

__all__ = ["normal", "randint", "truncated_normal", "uniform"]

_FLOATS = ("float32", "float64")
_INTEGERS = ("int32", "int64", "uint8")


def _draw(name: str, shape: Any, dtype: str | None, seed: Any, **attrs: float) -> Any:
    owner = f"keras.random.{name}"
    allowed = _INTEGERS if name == "randint" else _FLOATS
    attrs["dtype"] = arguments.choice(  # type: ignore[assignment]
        ("int32" if name == "randint" else floatx()) if dtype is None else dtype, allowed, "dtype", owner
    )
    if has_open_sizes(shape):
        return _core.apply(f"random_{name}", [draw_seed(seed), template(shape)], attrs)
    sizes = arguments.integer_or_integers(shape, "shape", owner)
    sizes = [sizes] if isinstance(sizes, int) else sizes
    attrs["shape"] = [arguments.integer(size, "shape", owner, low=0) for size in sizes]  # type: ignore[assignment]
    return _core.apply(f"random_{name}", [draw_seed(seed)], attrs)


def uniform(
    shape: Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: str | None = None,
    seed: Any = None,
) -> Any:
    """Draw from a uniform distribution.

    `x ~ U[minval, maxval)`

    Args:
        shape: Shape of the result.
        minval: Lower end. Defaults to 0.0.
        maxval: Upper end, which is not drawn. Defaults to 1.0.
        dtype: "float32" or "float64", or an integer dtype for whole numbers; None is the configured float
            dtype.
        seed: An integer (the same numbers each time), a `SeedGenerator` (new ones each time), or None for the
            stream that `keras.utils.set_random_seed` sets. Defaults to None.

    Returns:
        A tensor.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> x = keras.random.uniform((1000,), 2.0, 3.0, seed=1).numpy()
    >>> bool(x.min() >= 2.0 and x.max() < 3.0)
    True
    """
    if dtype in _INTEGERS:
        return randint(shape, minval, maxval, dtype, seed)  # type: ignore[arg-type]
    low = arguments.number(minval, "minval", "keras.random.uniform")
    high = arguments.number(maxval, "maxval", "keras.random.uniform")
    return _draw("uniform", shape, dtype, seed, minval=low, maxval=high)


def normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str | None = None,
    seed: Any = None,
) -> Any:
    """Draw from a normal distribution.

    `x ~ N(mean, stddev^2)`

    Args:
        shape: Shape of the result.
        mean: Mean. Defaults to 0.0.
        stddev: Standard deviation, at least 0. Defaults to 1.0.
        dtype: "float32" or "float64"; None is the configured float dtype.
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> keras.random.normal((2, 3), seed=1).shape
    (2, 3)
    """
    mean = arguments.number(mean, "mean", "keras.random.normal")
    stddev = arguments.number(stddev, "stddev", "keras.random.normal", low=0.0)
    return _draw("normal", shape, dtype, seed, mean=mean, stddev=stddev)


def truncated_normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str | None = None,
    seed: Any = None,
) -> Any:
    """Draw from a normal distribution cut off at two standard deviations.

    `x ~ N(mean, stddev^2)` given `|x - mean| <= 2 * stddev`

    Args:
        shape: Shape of the result.
        mean: Mean. Defaults to 0.0.
        stddev: Standard deviation before the cut, at least 0. Defaults to 1.0.
        dtype: "float32" or "float64"; None is the configured float dtype.
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> bool(abs(keras.random.truncated_normal((1000,), seed=1).numpy()).max() <= 2.0)
    True
    """
    mean = arguments.number(mean, "mean", "keras.random.truncated_normal")
    stddev = arguments.number(stddev, "stddev", "keras.random.truncated_normal", low=0.0)
    return _draw("truncated_normal", shape, dtype, seed, mean=mean, stddev=stddev)


def randint(
    shape: Sequence[int],
    minval: int,
    maxval: int,
    dtype: str = "int32",
    seed: Any = None,
) -> Any:
    """Draw whole numbers, each with the same probability.

    `x ~ U{minval, ..., maxval - 1}`

    Args:
        shape: Shape of the result.
        minval: Smallest number.
        maxval: One more than the largest number.
        dtype: "int32", "int64" or "uint8". Defaults to "int32".
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor.

    Raises:
        ValueError: If an argument is out of range, or `minval` is not below `maxval`.

    Example:
    >>> import oxhorn as keras
    >>> sorted(set(keras.random.randint((100,), 0, 3, seed=1).numpy().tolist()))
    [0, 1, 2]
    """
    # Larger bounds would lose digits on their way into the core.
    low = arguments.integer(minval, "minval", "keras.random.randint", low=-(2**53), high=2**53)
    high = arguments.integer(maxval, "maxval", "keras.random.randint", low=-(2**53), high=2**53)
    return _draw("randint", shape, dtype, seed, minval=low, maxval=high)
