"""Gamma, beta and binomial numbers, whose parameters may be tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.engine.seed_generator import draw_seed
from oxhorn.engine.sizes import has_open_sizes, template
from oxhorn.ops.arguments import as_number
from oxhorn.random.arguments import float_dtype, sizes_of

__all__ = ["beta", "binomial", "gamma"]


def _sample(name: str, parameters: Sequence[Any], shape: Any, dtype: Any, seed: Any) -> Any:
    owner = f"keras.random.{name}"
    attrs: dict[str, Any] = {"dtype": float_dtype(dtype, owner)}
    inputs = [draw_seed(seed), *(as_number(p) for p in parameters)]
    if has_open_sizes(shape):
        return _core.apply(f"random_{name}", [*inputs, template(shape)], attrs)
    return _core.apply(f"random_{name}", inputs, {**attrs, "shape": sizes_of(shape, owner)})


def gamma(shape: Sequence[int], alpha: Any, dtype: str | None = None, seed: Any = None) -> Any:
    """Draw from gamma distributions.

    `p(x) = x^(alpha - 1) exp(-x) / Gamma(alpha)`, mean and variance `alpha`

    Args:
        shape: Shape of the result.
        alpha: The shape parameter, above 0: a number, or a tensor that broadcasts to `shape`.
        dtype: "float32" or "float64"; None is the configured float dtype.
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor.

    Raises:
        ValueError: If `alpha` is not above 0, or does not broadcast to `shape`.

    Example:
    >>> import oxhorn as keras
    >>> keras.random.gamma((2, 3), alpha=[0.5, 1.0, 9.0], seed=1).shape
    (2, 3)

    Source: Marsaglia and Tsang, 2000 (https://doi.org/10.1145/358407.358414).
    """
    return _sample("gamma", [alpha], shape, dtype, seed)


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: str | None = None, seed: Any = None) -> Any:
    """Draw from beta distributions.

    `p(x) ~ x^(alpha - 1) (1 - x)^(beta - 1)` on [0, 1], mean `alpha / (alpha + beta)`

    Args:
        shape: Shape of the result.
        alpha: The first parameter, above 0: a number, or a tensor that broadcasts to `shape`.
        beta: The second parameter, likewise.
        dtype: "float32" or "float64"; None is the configured float dtype.
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor.

    Raises:
        ValueError: If a parameter is not above 0, or does not broadcast to `shape`.

    Example:
    >>> import oxhorn as keras
    >>> x = keras.random.beta((1000,), 2.0, 3.0, seed=1).numpy()
    >>> bool(0 <= x.min() and x.max() <= 1)
    True
    """
    return _sample("beta", [alpha, beta], shape, dtype, seed)


def binomial(
    shape: Sequence[int], counts: Any, probabilities: Any, dtype: str | None = None, seed: Any = None
) -> Any:
    """Draw how many of a number of trials succeed.

    `P(k) = (n over k) p^k (1 - p)^(n - k)`, mean `n p`

    Args:
        shape: Shape of the result.
        counts: The numbers of trials n: a whole number of at least 0, or a tensor that broadcasts to `shape`.
        probabilities: The probabilities p of success, in [0, 1], likewise.
        dtype: "float32" or "float64"; None is the configured float dtype.
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor of whole numbers in a float dtype.

    Raises:
        ValueError: If a parameter is out of range, or does not broadcast to `shape`.

    Example:
    >>> import oxhorn as keras
    >>> keras.random.binomial((3,), 5, [0.0, 1.0, 1.0], seed=1).numpy().tolist()
    [0.0, 5.0, 5.0]

    Source: Hörmann, 1993 (https://doi.org/10.1080/00949659308811496).
    """
    return _sample("binomial", [counts, probabilities], shape, dtype, seed)
