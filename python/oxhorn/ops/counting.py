"""How often: counts of whole numbers, and of values between bounds."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.arguments import as_float, as_number, to_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.ops.ranges import arange

__all__ = ["bincount", "histogram"]


@operation("x", "weights")
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """y_k = how often k occurs, or the sum of the weights of its occurrences.

    Args:
        x: Whole numbers of at least 0, of shape (n), or (batch, n) for the counts of each row.
        weights: A tensor of the shape of `x`.
        minlength: The least length of the result. It is one more than the largest number, if that is more; in a traced
            call it is `minlength`, which must be given, and no number may be larger.
        sparse: Must not be True.

    Returns:
        A tensor of shape (length) or (batch, length): int32, or of the dtype in which numbers and weights meet.

    Raises:
        ValueError: If `x` has another rank, or a negative number.

    >>> import oxhorn as keras
    >>> keras.ops.bincount([0, 2, 2], minlength=4).numpy().tolist()
    [1, 0, 2, 0]
    """
    if sparse:
        raise ValueError("bincount: sparse tensors are not supported; got sparse=True. Leave it out.")
    x = as_number(x)
    rank = len(x.shape)
    if rank not in (1, 2):
        raise ValueError(f"bincount: expected `x` of shape (n) or (batch, n); got {tuple(x.shape)}.")
    size: int | None = arguments.integer(minlength, "minlength", "bincount", low=0)
    if x.is_traced:
        size = size or None
    elif x.size:
        numbers = x.numpy()
        if numbers.min() < 0:
            raise ValueError(f"bincount: expected whole numbers of at least 0; got {numbers.min()}.")
        size = max(int(numbers.max()) + 1, size or 0)
    if weights is None:
        weights = _core.apply("ones_like", [x], {"dtype": "int32"})
    else:
        weights = _core.apply("add", [as_number(weights), _core.apply("zeros_like", [x])])
    if rank == 1:
        return _counts(x, weights, size)
    if size is None:
        raise ValueError("bincount: the counts of rows need `minlength` in a traced call; got minlength=0.")
    # y[b, k] = sum over i of weights[b, i] (x[b, i] = k)
    hit = _core.apply("equal", [_core.apply("expand_dims", [x], {"axis": 2}), arange(size, dtype="int32")])
    hit = _core.apply("cast", [hit], {"dtype": weights.dtype})
    product = _core.apply("multiply", [hit, _core.apply("expand_dims", [weights], {"axis": 2})])
    return _core.apply("sum", [product], {"axis": 1})


def _counts(numbers: Any, weights: Any, size: int | None) -> Any:
    """The sum of weights for each number; negative numbers are not counted."""
    attrs = {} if size is None else {"num_segments": size}
    return _core.apply("segment_sum", [weights, numbers], attrs)


@operation("x")
def histogram(x: Any, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[Any, Any]:
    """How many values lie between bounds at equal distances.

    counts_i = number of x with edges_i <= x < edges_(i+1), the last bin with its upper edge

    Args:
        x: A tensor with one axis.
        bins: How many bins there are.
        range: The first and the last edge; the smallest and the largest value by default. Values outside do not count.

    Returns:
        The counts and the edges, of shapes (bins) and (bins + 1), in the dtype of `x` (`floatx()` for whole numbers).

    Raises:
        TypeError: If `bins` is no whole number.
        ValueError: If `bins` is not positive, `range` is no rising pair, or `x` has not one axis.

    >>> import oxhorn as keras
    >>> counts, edges = keras.ops.histogram([1.0, 2.0, 2.5, 4.0], bins=3)
    >>> counts.numpy().tolist(), edges.numpy().tolist()
    ([1.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0])
    """
    if isinstance(bins, bool) or not isinstance(bins, int):
        raise TypeError(f"histogram: Argument `bins` must be of type `int`; got bins={bins!r}.")
    if bins < 1:
        raise ValueError(
            f"histogram: Argument `bins` should be a non-negative integer, and at least 1; got bins={bins}."
        )
    if range:
        if not isinstance(range, (tuple, list)) or len(range) != 2:
            raise ValueError(
                f"histogram: Argument `range` must be a tuple of two elements; got range={range!r}."
            )
        if range[1] < range[0]:
            raise ValueError(
                f"histogram: The second element of `range` must be greater than the first; got range={range!r}."
            )
    x = as_float(x)
    if len(x.shape) != 1:
        raise ValueError(f"histogram: Input tensor must be 1-dimensional; got shape {tuple(x.shape)}.")
    if range:
        low, high = (to_tensor(float(edge), x.dtype) for edge in range)
    else:
        low, high = _core.apply("min", [x]), _core.apply("max", [x])
    # Bins of no width are widened to 1.
    same = _core.apply("cast", [_core.apply("equal", [low, high])], {"dtype": x.dtype})
    half = _core.apply("multiply", [same, 0.5])
    low, high = _core.apply("subtract", [low, half]), _core.apply("add", [high, half])
    part = _core.apply("divide", [arange(bins + 1, dtype=x.dtype), float(bins)])
    rest = _core.apply("subtract", [1.0, part])
    edges = _core.apply("add", [_core.apply("multiply", [low, rest]), _core.apply("multiply", [high, part])])
    places = _core.apply("searchsorted", [edges, x], {"right": True})
    places = _core.apply("subtract", [places, 1])
    places = _core.apply("where", [_core.apply("equal", [x, high]), bins - 1, places])
    # Beyond the last edge, as before the first one, nothing is counted.
    places = _core.apply("where", [_core.apply("less", [places, bins]), places, -1])
    counts = _counts(places, _core.apply("ones_like", [x]), bins)
    return counts, edges
