"""Small sums over tensors that a training step needs, eager or traced alike."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, config
from oxhorn.training.structures import flatten


def batch_size_of(structure: Any) -> Any:
    """Number of rows of a batch: a number, or in a trace, where it is open, a scalar tensor."""
    leaves = flatten(structure)
    if not leaves:
        raise ValueError("A training step got no tensors, so the size of its batch is unknown.")
    rows = leaves[0].shape[0] if len(leaves[0].shape) else 1
    if rows is not None:
        return rows
    column = leaves[0]
    for _ in range(len(column.shape) - 1):
        column = column[:, 0]
    if column.dtype not in ("float32", "float64"):
        column = _core.apply("cast", [column], {"dtype": config.floatx()})
    return _core.apply("sum", [_core.apply("ones_like", [column])])


def scalar(value: Any) -> Any:
    """The sum of a loss that a layer or a regularizer added, as a floating point scalar."""
    if not hasattr(value, "dtype"):
        return _core.tensor(value, config.floatx())
    if value.dtype not in ("float32", "float64"):
        value = _core.apply("cast", [value], {"dtype": config.floatx()})
    return value if len(value.shape) == 0 else _core.apply("sum", [value])


def float_dtype_of(model: Any) -> str:
    """The floating point dtype to give a model's data: `float64` if anything in it computes in it."""
    found = {config.floatx(), *(layer.compute_dtype for layer in model._flatten_layers())}
    return "float64" if "float64" in found else "float32"
