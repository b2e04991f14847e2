"""What pretraining one level after the other needs: data as an array, an optimizer for each level."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import optimizers

__all__ = ["array_of", "fresh_optimizer"]


def array_of(x: Any, who: str, name: str = "x") -> Any:
    """Samples as one array of at least two axes: each level reads all of them.

    Raises:
        ValueError: For anything else.
    """
    array = x if hasattr(x, "shape") and hasattr(x, "dtype") else np.asarray(x)
    if len(array.shape) < 2 or array.shape[0] == 0 or array.dtype.kind not in "fiub":
        raise ValueError(
            f"{who}: expected `{name}` to be an array of numbers of shape (samples, ...), with at least one sample; "
            f"got shape {tuple(array.shape)} and dtype {array.dtype}. Levels are trained one after the other on the "
            "codes of all samples, so data that comes in batches has to be put together first."
        )
    return array


def fresh_optimizer(optimizer: Any) -> Any:
    """An optimizer like this one (or of this name), with a state of its own."""
    found = optimizers.get(optimizer)
    return type(found).from_config(found.get_config()) if found is optimizer else found
