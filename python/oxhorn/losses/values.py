"""Small helpers over the core's values: conversion, ops by name, ranks that differ by one."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, config, tree

FLOATS = ("float32", "float64")


def convert(x: Any, dtype: str | None = None) -> _core.Tensor:
    """`x` as a tensor, of `dtype` if one is given."""
    if isinstance(x, _core.Variable):
        x = x.value
    if isinstance(x, _core.Tensor):
        return x if dtype is None or x.dtype == dtype else cast(x, dtype)
    if isinstance(x, (list, tuple)) and any(isinstance(leaf, _core.Tensor) for leaf in tree.flatten(x)):
        # Stacked by an op: a tape or a trace must not lose them.
        from oxhorn.ops.arguments import to_tensor

        stacked: _core.Tensor = to_tensor(x, dtype)
        return stacked
    return _core.tensor(x, dtype)


def convert_float(x: Any) -> _core.Tensor:
    """`x` as a tensor of a float type: its own, or `floatx()`."""
    x = convert(x)
    return x if x.dtype in FLOATS else cast(x, config.floatx())


def op(name: str, *inputs: Any, **attrs: Any) -> _core.Tensor:
    """Runs an op that has one result."""
    result: _core.Tensor = _core.apply(name, list(inputs), attrs or None)
    return result


def cast(x: _core.Tensor, dtype: str) -> _core.Tensor:
    """`x` with elements of another type."""
    return x if x.dtype == dtype else op("cast", x, dtype=dtype)


def mask_of(x: Any) -> Any:
    """The mask that travels with a tensor, or None."""
    return getattr(x, "_keras_mask", None)


def show(shape: tuple[int | None, ...]) -> str:
    """A shape as Python writes it."""
    return str(tuple(shape))


def squeeze_or_expand_to_same_rank(
    x1: _core.Tensor, x2: _core.Tensor, expand_rank_1: bool = True
) -> tuple[_core.Tensor, _core.Tensor]:
    """Brings two tensors to the same rank where they differ by one axis of size 1 at the end.

    `(N,)` against `(N, 1)` becomes `(N, 1)` twice (or `(N,)` twice without `expand_rank_1`); `(N, T)` against
    `(N, T, 1)` becomes `(N, T)` twice. Other pairs are returned as they are.

    Args:
        x1: A tensor.
        x2: A tensor.
        expand_rank_1: Give an axis to the tensor of rank 1, rather than take one from the other.

    Returns:
        The two tensors.
    """
    if x1.ndim == x2.ndim + 1 and x1.shape[-1] == 1:
        if x2.ndim == 1 and expand_rank_1:
            return x1, op("expand_dims", x2, axis=-1)
        return op("squeeze", x1, axis=-1), x2
    if x2.ndim == x1.ndim + 1 and x2.shape[-1] == 1:
        if x1.ndim == 1 and expand_rank_1:
            return op("expand_dims", x1, axis=-1), x2
        return x1, op("squeeze", x2, axis=-1)
    return x1, x2


def same_shape(who: str, y_true: Any, y_pred: Any) -> tuple[_core.Tensor, _core.Tensor]:
    """Targets and predictions as floats of one type, of the same shape; nothing else is broadcast."""
    y_pred = convert_float(y_pred)
    y_true = cast(convert(y_true), y_pred.dtype)
    a, b = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if a.ndim != b.ndim or any(
        x is not None and y is not None and x != y for x, y in zip(a.shape, b.shape, strict=True)
    ):
        raise ValueError(
            f"{who}: y_true and y_pred must have the same shape; got y_true {show(y_true.shape)} and y_pred"
            f" {show(y_pred.shape)}. Nothing is broadcast: reshape one of them."
        )
    return a, b


def align_weights(who: str, weights: _core.Tensor, values: _core.Tensor) -> _core.Tensor:
    """Weights with axes of size 1 added at the end, so that they multiply `values` sample by sample.

    Weights have one number for everything, one for each sample, one for each step of each sample, and so on: their
    shape is a beginning of that of the values.
    """
    if weights.ndim and not values.ndim:
        raise ValueError(
            f"{who}: expected no sample weights, since the value is one number for the whole batch; got weights of "
            f"shape {show(weights.shape)}. Leave them out, or give one value for each sample (some losses have an "
            "argument `axis` for it)."
        )
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = op("squeeze", weights, axis=-1)
    same = weights.ndim <= values.ndim and all(
        w in (v, 1) or w is None or v is None
        for w, v in zip(weights.shape, values.shape[: weights.ndim], strict=True)
    )
    if not same:
        raise ValueError(
            f"{who}: expected sample weights of a shape with which {show(values.shape)} begins; got"
            f" {show(weights.shape)}. Give one weight for each sample, of shape {show(values.shape[:1])}."
        )
    for _ in range(weights.ndim, values.ndim if weights.ndim else 0):
        weights = op("expand_dims", weights, axis=-1)
    return weights
