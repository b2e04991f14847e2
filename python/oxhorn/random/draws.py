"""Tensors of random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core, arguments
from oxhorn.engine.seed_generator import draw_seed
from oxhorn.engine.sizes import has_open_sizes, template
from oxhorn.ops.arguments import to_tensor, value_of
from oxhorn.random.arguments import float_dtype, integer_dtype, sizes_of

__all__ = ["normal", "randint", "truncated_normal", "uniform"]


def _draw(name: str, shape: Any, dtype: str, seed: Any, **attrs: float) -> Any:
    if has_open_sizes(shape):
        return _core.apply(f"random_{name}", [draw_seed(seed), template(shape)], {**attrs, "dtype": dtype})
    sizes = sizes_of(shape, f"keras.random.{name}")
    return _core.apply(f"random_{name}", [draw_seed(seed)], {**attrs, "shape": sizes, "dtype": dtype})


def _is_number(value: Any) -> bool:
    """Whether a parameter is one number, and no tensor or array."""
    return (
        not isinstance(value, (list, tuple))
        and not getattr(value, "shape", ())
        and not hasattr(value, "is_traced")
    )


def _scaled(x: Any, scale: Any, offset: Any) -> Any:
    """Offset + scale x, in the dtype of x, for parameters that are tensors."""
    scale, offset = (to_tensor(value, x.dtype) for value in (scale, offset))
    return _core.apply("add", [_core.apply("multiply", [x, scale]), offset])


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
        minval: Lower end: a number, or a tensor that broadcasts with the result. Defaults to 0.0.
        maxval: Upper end, which is not drawn, likewise. Defaults to 1.0.
        dtype: "float32" or "float64"; None is the configured float dtype.
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
    chosen = float_dtype(dtype, "keras.random.uniform")
    if not (_is_number(minval) and _is_number(maxval)):
        x = _draw("uniform", shape, chosen, seed)
        return _scaled(
            x, _core.apply("subtract", [to_tensor(maxval, chosen), to_tensor(minval, chosen)]), minval
        )
    low = arguments.number(minval, "minval", "keras.random.uniform")
    high = arguments.number(maxval, "maxval", "keras.random.uniform")
    return _draw("uniform", shape, chosen, seed, minval=low, maxval=high)


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
        mean: Mean: a number, or a tensor that broadcasts with the result. Defaults to 0.0.
        stddev: Standard deviation, at least 0, likewise. Defaults to 1.0.
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
    chosen = float_dtype(dtype, "keras.random.normal")
    if not (_is_number(mean) and _is_number(stddev)):
        return _scaled(_draw("normal", shape, chosen, seed), stddev, mean)
    mean = arguments.number(mean, "mean", "keras.random.normal")
    stddev = arguments.number(stddev, "stddev", "keras.random.normal", low=0.0)
    return _draw("normal", shape, chosen, seed, mean=mean, stddev=stddev)


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
        mean: Mean: a number, or a tensor that broadcasts with the result. Defaults to 0.0.
        stddev: Standard deviation before the cut, at least 0, likewise. Defaults to 1.0.
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
    chosen = float_dtype(dtype, "keras.random.truncated_normal")
    if not (_is_number(mean) and _is_number(stddev)):
        return _scaled(_draw("truncated_normal", shape, chosen, seed), stddev, mean)
    mean = arguments.number(mean, "mean", "keras.random.truncated_normal")
    stddev = arguments.number(stddev, "stddev", "keras.random.truncated_normal", low=0.0)
    return _draw("truncated_normal", shape, chosen, seed, mean=mean, stddev=stddev)


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
    chosen = integer_dtype(dtype, "keras.random.randint")
    minval, maxval = (
        value_of("keras.random.randint", "minval and maxval", bound) for bound in (minval, maxval)
    )
    # Larger bounds would lose digits on their way into the core.
    low = arguments.integer(minval, "minval", "keras.random.randint", low=-(2**53), high=2**53)
    high = arguments.integer(maxval, "maxval", "keras.random.randint", low=-(2**53), high=2**53)
    return _draw("randint", shape, chosen, seed, minval=low, maxval=high)
