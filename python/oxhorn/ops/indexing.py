"""Reading and writing at places: indices, blocks, axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from oxhorn import _core, arguments
from oxhorn.engine.sizes import has_open_sizes, template
from oxhorn.ops.arguments import TENSORS, as_tensor, to_tensor
from oxhorn.ops.dispatch import operation

__all__ = [
    "get_item",
    "nonzero",
    "scatter",
    "scatter_update",
    "slice",
    "slice_update",
    "take",
    "take_along_axis",
    "unravel_index",
]


@operation("x", "key")
def get_item(x: Any, key: Any) -> Any:
    """x[key].

    Args:
        x: A tensor.
        key: Integers, slices, `None`, `...`, arrays of integers and boolean masks, as in NumPy; a list is a tuple of
            them. Masks need values: in a traced call use `where`.

    Raises:
        ValueError: If the key does not fit.

    >>> import oxhorn as keras
    >>> keras.ops.get_item(keras.ops.arange(6), [[1, -1]]).numpy().tolist()
    [1, 5]
    """
    x = as_tensor(x)
    try:
        return x[tuple(key) if isinstance(key, list) else key]
    except IndexError as error:
        raise ValueError(
            f"get_item: {error}. The tensor has shape {tuple(x.shape)}; the key is {key!r}."
        ) from error


@operation("x", "indices")
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The entries at whole-number places along an axis.

    Args:
        x: A tensor.
        indices: Places; negative ones count from the end.
        axis: The axis; the flattened tensor by default.

    Returns:
        A tensor with the axes of `indices` in the place of the axis.

    Raises:
        IndexError: If there is no such place.

    >>> import oxhorn as keras
    >>> keras.ops.take([10, 20, 30], [2, -3]).numpy().tolist()
    [30, 10]
    """
    return _core.apply("take", [as_tensor(x), as_tensor(indices)], {"axis": axis})


@operation("x", "indices")
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The entries at places of its own for each line along an axis.

    Args:
        x: A tensor.
        indices: Places along the axis, in a tensor of the rank of `x`; its other sizes broadcast with those of `x`.
        axis: The axis; both tensors are flattened by default.

    Raises:
        ValueError: If the shapes do not fit.
        IndexError: If there is no such place.

    >>> import oxhorn as keras
    >>> keras.ops.take_along_axis([[3, 1], [2, 4]], [[1], [0]], axis=1).numpy().tolist()
    [[1], [2]]
    """
    return _core.apply("take_along_axis", [as_tensor(x), as_tensor(indices)], {"axis": axis})


@operation("indices", "values")
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Zeros with values added at places.

    y[indices[j]] = sum of the values[j] with these indices

    Args:
        indices: Whole numbers of shape (n, k): each row names an entry of the first k axes.
        values: A tensor of shape (n, *shape[k:]).
        shape: The shape of the result.

    Raises:
        ValueError: If the shapes do not fit.
        IndexError: If there is no such place.

    >>> import oxhorn as keras
    >>> keras.ops.scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)).numpy().tolist()
    [1.0, 0.0, 5.0, 0.0]
    """
    if has_open_sizes(shape):
        return _core.apply("scatter", [as_tensor(indices), as_tensor(values), template(shape)])
    sizes = arguments.integer_or_integers(shape, "shape", "scatter")
    chosen = [sizes] if isinstance(sizes, int) else sizes
    attrs = {"shape": [arguments.integer(size, "shape", "scatter", low=0) for size in chosen]}
    return _core.apply("scatter", [as_tensor(indices), as_tensor(values)], attrs)


@operation("inputs", "indices", "updates")
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """A tensor with other values at places.

    Args:
        inputs: A tensor.
        indices: Whole numbers of shape (n, k): each row names an entry of the first k axes.
        updates: A tensor of shape (n, *inputs.shape[k:]).
        reduction: How an update meets what is there: `None` takes its place (of several for one place the last stays),
            `"add"`, `"max"`, `"min"`, `"mul"` join them.

    Raises:
        ValueError: If the shapes do not fit, or for another `reduction`.
        IndexError: If there is no such place.

    >>> import oxhorn as keras
    >>> keras.ops.scatter_update([1, 2, 3], [[0], [2]], [10, 30]).numpy().tolist()
    [10, 2, 30]
    """
    if reduction not in (None, "add", "max", "min", "mul"):
        raise ValueError(
            f"scatter_update: Unsupported reduction: expected `reduction` to be None, 'add', 'max', 'min' or 'mul'; "
            f"got {reduction!r}."
        )
    inputs = as_tensor(inputs)
    if not hasattr(updates, "dtype"):
        updates = to_tensor(updates, str(inputs.dtype)) if _is_whole(updates) else as_tensor(updates)
    attrs = {} if reduction is None else {"reduction": reduction}
    return _core.apply("scatter_update", [inputs, as_tensor(indices), as_tensor(updates)], attrs)


def _is_whole(values: Any) -> bool:
    """Whether a (nested) list holds integers only, which any dtype takes."""
    if isinstance(values, (list, tuple)):
        return all(_is_whole(value) for value in values)
    return type(values) is int


def _is_static(start_indices: Any) -> bool:
    return isinstance(start_indices, (list, tuple)) and not any(
        isinstance(start, TENSORS) for start in start_indices
    )


def _check_ranks(owner: str, inputs: Any, start_indices: Any) -> None:
    if hasattr(start_indices, "__len__") and not isinstance(start_indices, TENSORS):
        rank, given = len(inputs.shape), len(start_indices)
        if given != rank:
            raise ValueError(
                f"{owner}: the number of dimensions in `start_indices` must match that of dimensions in `inputs`; "
                f"got {given} start indices for shape {tuple(inputs.shape)}."
            )


@operation("inputs", "start_indices")
def slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> Any:
    """The block of some shape that begins at some place.

    y = inputs[start_0 : start_0 + shape_0, ...]

    Args:
        inputs: A tensor.
        start_indices: Where the block begins, one whole number for each axis: numbers or a tensor.
        shape: The sizes of the block; -1 goes to the end of the axis.

    Raises:
        ValueError: If there is not one start index and one size for each axis.
        IndexError: If the block leaves the tensor.

    >>> import oxhorn as keras
    >>> keras.ops.slice(keras.ops.arange(6), [1], [3]).numpy().tolist()
    [1, 2, 3]
    """
    inputs = as_tensor(inputs)
    if len(shape) != len(inputs.shape):
        raise ValueError(
            "slice: the number of dimensions in `inputs` must match that of dimensions in `shape`; got "
            f"inputs of shape {tuple(inputs.shape)} and shape={tuple(shape)!r}."
        )
    _check_ranks("slice", inputs, start_indices)
    if has_open_sizes(shape):
        return _core.apply("slice_at", [inputs, to_tensor(start_indices), template(shape)])
    sizes = [arguments.integer(size, "shape", "slice", low=-1, high=None) for size in shape]
    if _is_static(start_indices):
        starts = [arguments.integer(s, "start_indices", "slice", low=None, high=None) for s in start_indices]
        return _core.apply("slice", [inputs], {"start_indices": starts, "shape": sizes})
    return _core.apply("slice_at", [inputs, to_tensor(start_indices)], {"shape": sizes})


@operation("inputs", "start_indices", "updates")
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """A tensor with another block at some place.

    Args:
        inputs: A tensor.
        start_indices: Where the block begins, one whole number for each axis: numbers or a tensor.
        updates: The block: a tensor of the rank of `inputs`.

    Raises:
        ValueError: If there is not one start index for each axis, or the block is too large.
        IndexError: If the block leaves the tensor.

    >>> import oxhorn as keras
    >>> keras.ops.slice_update([0, 0, 0, 0], [1], [7, 8]).numpy().tolist()
    [0, 7, 8, 0]
    """
    inputs = as_tensor(inputs)
    _check_ranks("slice_update", inputs, start_indices)
    return _core.apply("slice_update", [inputs, to_tensor(start_indices), as_tensor(updates)])


@operation("x")
def nonzero(x: Any) -> tuple[Any, ...]:
    """The places of the values that are not 0.

    Args:
        x: A tensor with values: how many places there are follows from them. A model with this function runs eagerly.

    Returns:
        A tuple of int32 tensors, one for each axis, in row order.

    >>> import oxhorn as keras
    >>> rows, columns = keras.ops.nonzero([[0, 2], [3, 0]])
    >>> rows.numpy().tolist(), columns.numpy().tolist()
    ([0, 1], [1, 0])
    """
    x = as_tensor(x)
    places = _core.apply("nonzero", [x])
    return tuple(places[axis] for axis in range(len(x.shape)))


@operation("indices")
def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Any, ...]:
    """The coordinates of places that were counted in row order.

    Args:
        indices: Places: whole numbers from 0 to the number of entries less 1.
        shape: The shape they were counted in.

    Returns:
        A tuple of tensors of the shape and dtype of `indices`, one for each axis.

    Raises:
        ValueError: If a place lies outside of the shape.

    >>> import oxhorn as keras
    >>> rows, columns = keras.ops.unravel_index([1, 5], (2, 3))
    >>> rows.numpy().tolist(), columns.numpy().tolist()
    ([0, 1], [1, 2])
    """
    sizes = [arguments.integer(size, "shape", "unravel_index", low=1, high=None) for size in shape]
    indices = as_tensor(indices)
    if not indices.is_traced and indices.size:
        low, high = indices.numpy().min(), indices.numpy().max()
        if low < 0 or high >= math.prod(sizes):
            raise ValueError(
                f"unravel_index: expected places in [0, {math.prod(sizes)}) for shape {tuple(sizes)}; "
                f"got places from {low} to {high}."
            )
    coordinates = []
    for size in reversed(sizes):
        coordinates.append(_core.apply("mod", [indices, size]))
        indices = _core.apply("floor_divide", [indices, size])
    return tuple(reversed(coordinates))
