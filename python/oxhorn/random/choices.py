"""Random choices over values that are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core, arguments
from oxhorn.engine.seed_generator import draw_seed
from oxhorn.ops.arguments import as_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.random.arguments import integer_dtype

__all__ = ["categorical", "dropout", "shuffle"]


@operation("x")
def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """Put the entries along an axis in a random order.

    `y[i] = x[p[i]]` with a random permutation `p`

    Args:
        x: A tensor or array.
        axis: The axis. Defaults to 0.
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the axis is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> sorted(keras.random.shuffle(np.arange(5), seed=1).numpy().tolist())
    [0, 1, 2, 3, 4]
    """
    axis = arguments.integer(axis, "axis", "keras.random.shuffle", high=None)
    return _core.apply("random_shuffle", [draw_seed(seed), as_tensor(x)], {"axis": axis})


@operation("inputs")
def dropout(
    inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None
) -> Any:
    """Set a random part of the entries to zero and scale the others up.

    `y = x * keep / (1 - rate)` with `keep ~ Bernoulli(1 - rate)`

    Args:
        inputs: A tensor or array of floats.
        rate: The part that is set to zero, in [0, 1].
        noise_shape: Shape of `keep`: a size of 1 shares the choice along that axis, None takes the input's
            size. None, the default, is the whole input's shape.
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If the rate is outside [0, 1], or the noise shape does not fit.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> y = keras.random.dropout(np.ones((20, 20), "float32"), 0.5, seed=1)
    >>> sorted(set(y.numpy().ravel().tolist()))
    [0.0, 2.0]

    Source: Srivastava et al., 2014 (https://jmlr.org/papers/v15/srivastava14a.html).
    """
    attrs: dict[str, Any] = {"rate": arguments.probability(rate, "rate", "keras.random.dropout")}
    if noise_shape is not None:
        attrs["noise_shape"] = list(noise_shape)
    return _core.apply("dropout", [draw_seed(seed), as_tensor(inputs)], attrs)


@operation("logits")
def categorical(logits: Any, num_samples: int, dtype: str = "int32", seed: Any = None) -> Any:
    """Draw classes.

    `P(y = c) = exp(logits[c]) / sum_k exp(logits[k])`

    Args:
        logits: Logarithms of the probabilities, up to a constant; shape `(batch, classes)`.
        num_samples: How many to draw for each row.
        dtype: "int32", "int64" or "uint8". Defaults to "int32".
        seed: An integer, a `SeedGenerator`, or None. Defaults to None.

    Returns:
        A tensor of class numbers, shape `(batch, num_samples)`.

    Raises:
        ValueError: If the logits have not two axes, or an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.random.categorical(np.log([[0.0 + 1e-30, 1.0]]), 4, seed=1).numpy().tolist()
    [[1, 1, 1, 1]]
    """
    owner = "keras.random.categorical"
    dtype = integer_dtype(dtype, owner)
    samples = arguments.positive_integer(num_samples, "num_samples", owner)
    logits = as_tensor(logits)
    if len(logits.shape) != 2:
        raise ValueError(
            f"{owner}: `logits` should be a 2-D tensor of shape (batch, classes); got shape {tuple(logits.shape)}."
        )
    classes = _core.apply("random_categorical", [draw_seed(seed), logits], {"num_samples": samples})
    return _core.apply("cast", [classes], {"dtype": dtype})
