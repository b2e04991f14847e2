"""Numbers of categories as vectors: one category a vector, or all those of a sample together."""

from __future__ import annotations

from typing import Any

from oxhorn import ops
from oxhorn.engine import tracing
from oxhorn.engine.keras_tensor import KerasTensor

__all__ = ["MODES", "encode", "encoded_spec"]

MODES = ("int", "one_hot", "multi_hot", "count")


def encode(
    indices: Any, mode: str, depth: int, dtype: str, count_weights: Any = None, sample_axis: int = -1
) -> Any:
    """The vectors of some categories.

    one_hot: y[..., c] = 1 if x[...] = c; count: y[c] = sum_i w_i [x_i = c]; multi_hot: y[c] = 1 if some x_i = c

    Args:
        indices: A tensor of whole numbers; those outside of [0, depth) stand for no category.
        mode: `"int"` (the numbers themselves), `"one_hot"`, `"multi_hot"` or `"count"`. A last axis of size 1 is where
            the vectors of `"one_hot"` go; otherwise they get an axis of their own.
        depth: How many categories there are.
        dtype: The dtype of the result.
        count_weights: What each number counts for, in the shape of `indices`; 1 by default.
        sample_axis: The axis along which the numbers of a sample lie, for `"multi_hot"` and `"count"`.

    Returns:
        A tensor: of the shape of `indices` and one more axis of size `depth`, without the axis of the sample.
    """
    if mode == "int":
        return ops.cast(indices, dtype)
    indices = ops.cast(indices, "int32")
    rank = len(indices.shape)
    if mode == "one_hot":
        if rank > 1 and indices.shape[-1] == 1:
            indices = ops.squeeze(indices, -1)
        return ops.one_hot(indices, depth, dtype=dtype)
    if count_weights is None:
        count_weights = ops.ones_like(indices, dtype=dtype)
    if rank == 0:
        indices, count_weights = ops.reshape(indices, (1,)), ops.reshape(count_weights, (1,))
    elif sample_axis not in (-1, rank - 1) and rank > 1:
        indices = ops.moveaxis(indices, sample_axis, -1)
        count_weights = ops.moveaxis(count_weights, sample_axis, -1)
    counts = _counts(indices, ops.cast(count_weights, dtype), depth)
    return ops.cast(ops.greater(counts, 0), dtype) if mode == "multi_hot" else counts


def _counts(indices: Any, weights: Any, depth: int) -> Any:
    """y[..., c] = sum over the last axis of w [x = c], without a table of all numbers by all categories."""
    shape = ops.shape(indices)
    flat = ops.reshape(indices, (-1, shape[-1]))
    rows = ops.shape(flat)[0]
    row = ops.broadcast_to(ops.expand_dims(ops.arange(rows, dtype="int32"), 1), ops.shape(flat))
    # What stands for no category is counted in a column of its own, which is cut off.
    is_category = ops.logical_and(ops.greater_equal(flat, 0), ops.less(flat, depth))
    places = ops.stack([ops.ravel(row), ops.ravel(ops.where(is_category, flat, depth))], axis=-1)
    counts = ops.scatter(places, ops.ravel(weights), (rows, depth + 1))
    return ops.reshape(counts[:, :depth], (*shape[:-1], depth))


def encoded_spec(shape: Any, mode: str, depth: int, dtype: str, sample_axis: int = -1) -> KerasTensor:
    """The symbolic result of `encode` for numbers of this shape."""
    spec: KerasTensor = tracing.output_spec(
        lambda indices: encode(indices, mode, depth, dtype, sample_axis=sample_axis),
        (KerasTensor(shape, "int32", name="indices"),),
        {},
    )
    return spec
