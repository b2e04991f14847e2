"""Batches whose images are mixed with each other."""

from __future__ import annotations

from typing import Any

from oxhorn import ops, random


def shuffled_places(count: Any, seed: Any) -> Any:
    """The numbers 0 .. count - 1 in random order."""
    return random.shuffle(ops.arange(count, dtype="int32"), seed=seed)


def blended(labels: Any, transformation: Any) -> Any:
    """`w_i y_i + (1 - w_i) y_p(i)`, with w = `"mix_weight"` and p = `"permutation_order"`."""
    labels = ops.convert_to_tensor(labels)
    weight = ops.convert_to_tensor(transformation["mix_weight"])
    if str(labels.dtype).startswith("float"):
        weight = ops.cast(weight, labels.dtype)
    else:
        labels = ops.cast(labels, weight.dtype)
    weight = ops.reshape(weight, (-1, *[1] * (len(labels.shape) - 1)))
    other = ops.take(labels, ops.convert_to_tensor(transformation["permutation_order"]), axis=0)
    return weight * labels + (1.0 - weight) * other
