"""Batches whose images are mixed with each other."""

from __future__ import annotations

import warnings
from typing import Any

from oxhorn import ops, random


def shuffled_places(count: Any, seed: Any) -> Any:
    """The numbers 0 .. count - 1 in random order."""
    return random.shuffle(ops.arange(count, dtype="int32"), seed=seed)


def blended(labels: Any, transformation: Any) -> Any:
    """`w_i y_i + (1 - w_i) y_p(i)`, with w = `"mix_weight"` and p = `"permutation_order"`."""
    labels = ops.convert_to_tensor(labels)
    shape = tuple(labels.shape)
    # Half of class 2 and half of class 4 is not class 3.
    if "int" in str(labels.dtype) and shape[0] != 1 and shape[1:] in ((), (1,)):
        warnings.warn(
            f"Mixing labels of shape {shape} and dtype {labels.dtype} as numbers. If they are numbers of classes, the "
            "result means nothing: make them one-hot first, with keras.utils.to_categorical or keras.ops.one_hot. If "
            "they are values to mix, make them floats.",
            stacklevel=2,
        )
    weight = ops.convert_to_tensor(transformation["mix_weight"])
    if str(labels.dtype).startswith("float"):
        weight = ops.cast(weight, labels.dtype)
    else:
        labels = ops.cast(labels, weight.dtype)
    weight = ops.reshape(weight, (-1, *[1] * (len(labels.shape) - 1)))
    other = ops.take(labels, ops.convert_to_tensor(transformation["permutation_order"]), axis=0)
    return weight * labels + (1.0 - weight) * other
