"""`class_weight`: a weight for every sample, looked up by its class."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from oxhorn.training.structures import is_nested


def check_class_weight(who: str, class_weight: Any) -> dict[int, float]:
    """`class_weight` as a dict of ints and floats.

    Raises:
        ValueError: If it is no dict, a key is no class index, or a weight is negative or not finite.
    """
    if not isinstance(class_weight, dict):
        raise ValueError(
            f"{who} expected `class_weight` to be a dict of class index and weight, such as {{0: 1.0, 1: 5.0}}; "
            f"got {class_weight!r} of type {type(class_weight).__name__}."
        )
    if not class_weight:
        raise ValueError(f"{who} got an empty `class_weight`. Pass a weight for each class, or None.")
    checked = {}
    for key, weight in class_weight.items():
        if isinstance(key, bool) or not isinstance(key, numbers.Integral) or key < 0:
            raise ValueError(
                f"{who} expected the keys of `class_weight` to be class indices (0, 1, 2, ...); "
                f"got {key!r} of type {type(key).__name__}."
            )
        if isinstance(weight, (bool, str)) or not isinstance(weight, numbers.Real):
            raise ValueError(
                f"{who} expected the weights in `class_weight` to be numbers; "
                f"got {weight!r} of type {type(weight).__name__} for class {key}."
            )
        if not math.isfinite(weight) or weight < 0:
            raise ValueError(
                f"{who} expected finite weights of at least 0 in `class_weight`; got {weight!r} for class {key}."
            )
        checked[int(key)] = float(weight)
    return checked


def class_weight_to_sample_weight(
    who: str, y: Any, class_weight: dict[int, float], dtype: str
) -> np.ndarray[Any, Any]:
    """The weight of each sample's class.

    The class of a sample is its label; of a one-hot row, the position of its largest entry.

    Args:
        who: The method that was called, for errors.
        y: Labels of shape (samples,) or (samples, 1), or one-hot rows of shape (samples, classes).
        class_weight: Weight by class.
        dtype: Floating point dtype of the result.

    Returns:
        Array of shape (samples,).

    Raises:
        ValueError: If there are several outputs, more than one label for each sample, or a class without a weight.
    """
    if y is None:
        raise ValueError(f"{who} needs targets to apply `class_weight`, but `y` was not given.")
    if is_nested(y):
        raise ValueError(
            f"{who} supports `class_weight` only for models with a single output; "
            f"`y` is a {type(y).__name__}. Use `sample_weight` with one array for each output."
        )
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels[..., 0] if labels.shape[-1] == 1 else np.argmax(labels, axis=-1)
    if labels.ndim != 1:
        raise ValueError(
            f"{who} needs one class for each sample to apply `class_weight`; `y` has shape {np.shape(y)}. "
            "Use `sample_weight` to weight each step of a sequence."
        )
    classes, inverse = np.unique(np.round(labels).astype(np.int64), return_inverse=True)
    missing = [int(each) for each in classes if int(each) not in class_weight]
    if missing:
        raise ValueError(
            f"`class_weight` must have a weight for every class in the data: it has {sorted(class_weight)}, "
            f"but `y` also holds {missing[:10]}{', ...' if len(missing) > 10 else ''}. "
            f"Add for example {{{missing[0]}: 1.0}}."
        )
    weights = np.array([class_weight[int(each)] for each in classes], dtype=dtype)
    return np.ascontiguousarray(weights[inverse.reshape(-1)])
