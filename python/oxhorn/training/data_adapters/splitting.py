"""`validation_split`: the last part of the data is set apart, before any shuffling."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

import numpy as np

from oxhorn.training.data_adapters.arrays import is_array_like, lists_to_arrays
from oxhorn.training.structures import flatten, map_leaves


def train_validation_split(x: Any, y: Any, sample_weight: Any, validation_split: Any) -> tuple[Any, Any]:
    """Split data in two.

    Of n samples the first floor(n * (1 - validation_split)) are for training, the rest for validation.

    Args:
        x: Inputs: arrays in any container.
        y: Targets or `None`.
        sample_weight: Weights or `None`.
        validation_split: The part for validation, between 0 and 1.

    Returns:
        `((x, y, sample_weight), (x, y, sample_weight))` for training and for validation; views, not copies.

    Raises:
        ValueError: If the part is not between 0 and 1, the data is not made of arrays, or one side would be empty.

    Warns:
        UserWarning: If the labels are sorted, so that validation would see other classes than training.
    """
    if isinstance(validation_split, bool) or not isinstance(validation_split, numbers.Real):
        raise ValueError(
            f"fit expected `validation_split` to be a number between 0 and 1; got {validation_split!r} "
            f"of type {type(validation_split).__name__}."
        )
    if not 0.0 < float(validation_split) < 1.0:
        raise ValueError(
            f"fit expected `validation_split` to be between 0 and 1 (0 for none); got {validation_split!r}."
        )
    data = tuple(
        None if part is None else lists_to_arrays(part, name)
        for name, part in (("x", x), ("y", y), ("sample_weight", sample_weight))
    )
    leaves = flatten(data)
    for leaf in leaves:
        if not is_array_like(leaf):
            raise ValueError(
                "`validation_split` works on arrays, which it can cut in two; got data of type "
                f"{type(leaf).__name__}. Pass `validation_data` instead."
            )
    lengths = {_length(leaf) for leaf in leaves}
    if len(lengths) != 1:
        sizes = ", ".join(str(_length(leaf)) for leaf in leaves)
        raise ValueError(f"fit needs the same number of samples in all arrays; got {sizes}.")
    count = lengths.pop()
    cut = math.floor(count * (1.0 - float(validation_split)))
    if cut == 0 or cut == count:
        side = "training" if cut == 0 else "validation"
        raise ValueError(
            f"validation_split={validation_split} of {count} samples leaves {cut} for training and {count - cut} for "
            f"validation: nothing for {side}. Pass more samples or another split."
        )
    _warn_if_sorted(data[1], cut)
    return map_leaves(lambda leaf: _rows(leaf, 0, cut), data), map_leaves(
        lambda leaf: _rows(leaf, cut, count), data
    )


def _length(array: Any) -> int:
    shape = getattr(array, "shape", None)
    if shape is None:
        shape = np.shape(array)
    if len(shape) == 0:
        raise ValueError("fit expected arrays with an axis for the samples; got a single number.")
    return int(shape[0])


def _rows(array: Any, start: int, stop: int) -> Any:
    # A DataFrame's own brackets select columns, or rows by label.
    return array.iloc[start:stop] if hasattr(array, "iloc") else array[start:stop]


def _warn_if_sorted(y: Any, cut: int) -> None:
    """Class labels in ascending order give validation data whose classes training hardly sees."""
    if y is None or not is_array_like(y):
        return
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iub" or len(labels) < 4:
        return
    if labels[0] != labels[-1] and bool(np.all(labels[:-1] <= labels[1:])) and labels[cut] > labels[0]:
        warnings.warn(
            f"`y` is sorted, and validation_split takes the last {len(labels) - cut} of {len(labels)} samples "
            f"before shuffling: validation sees only the labels {labels[cut]} to {labels[-1]}. Shuffle x and y "
            "together first.",
            stacklevel=4,
        )
