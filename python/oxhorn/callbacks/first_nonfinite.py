"""Which value was the first that is not finite?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from oxhorn.training.data_adapters.batch import Batch
    from oxhorn.training.look import Look

Array = np.ndarray[Any, Any]
# The layer (or None), what is not finite there, the value, and its index.
Finding = tuple[str | None, str, float, tuple[int, ...]]


def first_in(seen: Look, rows: Batch) -> Finding | None:
    """The first value that is not finite, in the order in which a training step computes."""
    from oxhorn.training.structures import flatten

    x, y, sample_weight = rows.template
    for part, what in ((x, "input"), (y, "target"), (sample_weight, "target")):
        found = _in_arrays([rows.columns[i] for i in flatten(part)])
        if found is not None:
            return None, what, *found
    weights = in_weights(seen.variables, "weight")
    if weights is not None:
        return weights
    for layer, outputs in seen.activations.items():
        found = _in_arrays(outputs)
        if found is not None:
            return layer, "activation", *found
    if seen.loss is not None and not np.isfinite(seen.loss):
        return None, "loss", seen.loss, ()
    for layer, gradients in reversed(seen.gradients.items()):
        found = _in_arrays([gradient for gradient in gradients if gradient is not None])
        if found is not None:
            return layer, "gradient", *found
    return None


def in_weights(variables: dict[str, list[Any]], what: str) -> Finding | None:
    """The first variable with a value that is not finite."""
    for layer, own in variables.items():
        found = _in_arrays([variable.numpy() for variable in own])
        if found is not None:
            return layer, what, *found
    return None


def _in_arrays(arrays: list[Array]) -> tuple[float, tuple[int, ...]] | None:
    for array in arrays:
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            place = int(np.argmin(np.isfinite(array)))
            index = tuple(int(i) for i in np.unravel_index(place, array.shape))
            return float(array[index]), index
    return None
