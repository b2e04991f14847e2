"""Order: sorting, searching, what is among what."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, arguments
from oxhorn.ops.arguments import as_number, as_tensor, one_axis, promoted, to_tensor
from oxhorn.ops.dispatch import operation
from oxhorn.ops.ranges import arange

__all__ = [
    "argpartition",
    "argsort",
    "digitize",
    "isin",
    "searchsorted",
    "sort",
    "unique",
]


def _flat(x: Any) -> Any:
    return _core.apply("reshape", [x], {"newshape": [-1]})


def _along(owner: str, x: Any, axis: int | None) -> tuple[Any, int]:
    """The tensor to sort, and the axis."""
    x = as_tensor(x)
    if axis is None or not x.shape:
        return _flat(x), 0
    return x, one_axis(owner, axis, len(x.shape))


@operation("x")
def sort(x: Any, axis: int | None = -1) -> Any:
    """The values in rising order along an axis, NaN last.

    Args:
        x: A tensor.
        axis: The axis; `None` for the flattened tensor.

    Raises:
        ValueError: If there is no such axis.

    >>> import oxhorn as keras
    >>> keras.ops.sort([3.0, 1.0, 2.0]).numpy().tolist()
    [1.0, 2.0, 3.0]
    """
    line, place = _along("sort", x, axis)
    ordered = _core.apply("sort", [line], {"axis": place})
    return to_tensor(ordered, "bool") if line.dtype == "bool" else ordered


@operation("x")
def argsort(x: Any, axis: int | None = -1) -> Any:
    """The places (int32) that bring the values into rising order along an axis; equal values keep theirs.

    Args:
        x: A tensor.
        axis: The axis; `None` for the flattened tensor.

    Raises:
        ValueError: If there is no such axis.

    >>> import oxhorn as keras
    >>> keras.ops.argsort([3.0, 1.0, 2.0]).numpy().tolist()
    [1, 2, 0]
    """
    line, place = _along("argsort", x, axis)
    return _core.apply("argsort", [line], {"axis": place})


@operation("x")
def argpartition(x: Any, kth: int, axis: int | None = -1) -> Any:
    """Places (int32) that bring the k-th smallest value to place k, smaller ones before it, larger ones behind it.

    Args:
        x: A tensor.
        kth: The place k.
        axis: The axis; `None` for the flattened tensor.

    Raises:
        ValueError: If `kth` is no integer, or outside of the axis.

    >>> import oxhorn as keras
    >>> int(keras.ops.argpartition([30, 10, 20], 1)[1])
    2
    """
    if isinstance(kth, bool) or not hasattr(kth, "__index__"):
        raise ValueError(
            f"argpartition: kth must be an integer; got kth={kth!r} of type {type(kth).__name__}."
        )
    line, place = _along("argpartition", x, axis)
    size = line.shape[place]
    if not line.is_traced and not -size <= kth < size:
        raise ValueError(
            f"argpartition: kth must lie in [{-size}, {size}) for shape {tuple(line.shape)}; got {kth}."
        )
    # A full sort has every place right, the k-th too.
    return _core.apply("argsort", [line], {"axis": place})


@operation("sorted_sequence", "values")
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where values would be put into a rising line so that it stays sorted.

    a[i - 1] < v <= a[i] for `side="left"`, a[i - 1] <= v < a[i] for `side="right"`

    Args:
        sorted_sequence: A tensor with one axis, in rising order.
        values: A tensor.
        side: `"left"` or `"right"`: before or behind equal values.

    Returns:
        A tensor of the shape of `values`, int32 (int64 if the length of the line is not known).

    Raises:
        ValueError: If the line has not one axis, or for another `side`.

    >>> import oxhorn as keras
    >>> keras.ops.searchsorted([1, 2, 2, 3], [2, 5]).numpy().tolist()
    [1, 4]
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: `side` must be 'left' or 'right'; got {side!r}.")
    return _core.apply(
        "searchsorted", [as_tensor(sorted_sequence), as_tensor(values)], {"right": side == "right"}
    )


@operation("x", "bins")
def digitize(x: Any, bins: Any) -> Any:
    """The bin that each value falls into.

    bins[i - 1] <= x < bins[i], or bins[i - 1] > x >= bins[i] for falling bounds

    Args:
        x: A tensor.
        bins: The bounds of the bins, rising or falling: a tensor with one axis.

    Returns:
        An int32 tensor of the shape of `x`; 0 is before the first bound.

    Raises:
        ValueError: If `bins` has not one axis.

    >>> import oxhorn as keras
    >>> keras.ops.digitize([0.0, 1.5, 9.0], [1.0, 2.0]).numpy().tolist()
    [0, 1, 2]
    """
    x, bins = as_tensor(x), as_number(bins)
    if len(bins.shape) != 1:
        raise ValueError(f"digitize: `bins` must be a 1D array; got shape {tuple(bins.shape)}.")
    places = to_tensor(searchsorted(bins, x, "right"), "int32")
    if bins.shape[0] in (0, 1):
        return places
    count = _core.apply("sum", [_core.apply("ones_like", [bins], {"dtype": "int32"})])
    behind = to_tensor(searchsorted(_core.apply("flip", [bins]), x, "left"), "int32")
    rising = _core.apply("greater_equal", [bins[-1], bins[0]])
    return _core.apply("where", [rising, places, _core.apply("subtract", [count, behind])])


@operation("x1", "x2")
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each value of `x1` is among the values of `x2`.

    Args:
        x1: A tensor.
        x2: A tensor.
        assume_unique: Whether each tensor has no value twice. It makes no difference here.
        invert: Whether to ask the opposite.

    Returns:
        A tensor of booleans of the shape of `x1`.

    >>> import oxhorn as keras
    >>> keras.ops.isin([1, 2, 3], [3, 1]).numpy().tolist()
    [True, False, True]
    """
    x1, x2 = (as_number(x) for x in promoted(x1, x2))
    line = _core.apply("sort", [_flat(x2)], {"axis": 0})
    # A value is there if the line has a stretch of it. NaN equals nothing.
    found = _core.apply("less", [searchsorted(line, x1, "left"), searchsorted(line, x1, "right")])
    found = _core.apply("logical_and", [found, _core.apply("equal", [x1, x1])])
    return _core.apply("logical_not", [found]) if invert else found


@operation("x")
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different values of a tensor, in rising order.

    Args:
        x: A tensor.
        sorted: Whether they must be in rising order. They always are.
        return_index: Also return where each value occurs first.
        return_inverse: Also return, for each value of `x`, the place of its like in the result.
        return_counts: Also return how often each value occurs.
        axis: The axis along which whole slices are compared; by default the values of the flattened tensor.
        size: How many values to return; as many as there are by default, which only values can tell. In a traced call
            it must be given. If there are more, the first ones are returned; if fewer, `fill_value` follows.
        fill_value: What follows; the smallest value by default. Its count is 0.

    Returns:
        The values, or a tuple of them and of the int32 tensors that were asked for, in the order above.

    Raises:
        ValueError: If there is no such axis, or `size` is negative.

    >>> import oxhorn as keras
    >>> values, counts = keras.ops.unique([3, 1, 3], return_counts=True)
    >>> values.numpy().tolist(), counts.numpy().tolist()
    ([1, 3], [1, 2])
    """
    x = as_tensor(x)
    if axis is None:
        slices = _flat(x)
    else:
        axis = one_axis("unique", axis, len(x.shape))
        slices = x if axis == 0 else _core.apply("moveaxis", [x], {"source": axis, "destination": 0})
    rows = _core.apply("reshape", [slices], {"newshape": [-1], "keep": 1})
    order = _core.apply("argsort_rows", [rows])
    rows = _core.apply("take", [rows, order], {"axis": 0})
    # A value begins where a row differs from the one before; NaN differs from itself.
    begins = _core.apply("any", [_core.apply("not_equal", [rows[1:], rows[:-1]])], {"axis": 1})
    first = _core.apply("ones_like", [rows[:1, 0]], {"dtype": "bool"})
    begins = _core.apply("concatenate", [first, begins], {"axis": 0})
    number = _core.apply("subtract", [_core.apply("cumsum", [begins], {"axis": 0}), 1])
    if size is None:
        places, present = _core.apply("nonzero", [begins])[0], None
    else:
        size = arguments.integer(size, "size", "unique", low=0)
        numbers = arange(size, dtype="int32")
        places = searchsorted(number, numbers, "left")
        present = _core.apply("less", [numbers, _core.apply("add", [number[-1], 1])])
        places = _core.apply("where", [present, places, _core.apply("zeros_like", [places])])
    firsts = _core.apply("take", [order, places], {"axis": 0})
    values = _core.apply("take", [slices, firsts], {"axis": 0})
    if present is not None and fill_value is not None:
        shape = [-1] + [1] * (len(values.shape) - 1)
        keep = _core.apply("reshape", [present], {"newshape": shape})
        values = _core.apply("where", [keep, values, to_tensor(fill_value, str(x.dtype))])
    if axis is not None and axis != 0:
        values = _core.apply("moveaxis", [values], {"source": 0, "destination": axis})
    results = [values]
    if return_index:
        results.append(firsts)
    if return_inverse:
        inverse = _core.apply("take", [number, _core.apply("argsort", [order])], {"axis": 0})
        results.append(_core.apply("reshape_like", [inverse, x]) if axis is None else inverse)
    if return_counts:
        ones = _core.apply("ones_like", [number])
        limit = {} if size is None else {"num_segments": size}
        if size is not None:
            # Values beyond the last that is returned are counted nowhere.
            inside = _core.apply("less", [number, size])
            number = _core.apply("where", [inside, number, -1])
        results.append(_core.apply("segment_sum", [ones, number], limit))
    return results[0] if len(results) == 1 else tuple(results)
