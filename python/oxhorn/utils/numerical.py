"""Small helpers for preparing data."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core, config


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Turn class numbers into one-hot rows: `result[..., k] = 1 if x[...] == k else 0`.

    Args:
        x: class numbers, whole numbers from 0; of shape `(...)` or `(..., 1)`.
        num_classes: number of classes. Defaults to `max(x) + 1`.

    Returns:
        A float64 array of shape `(..., num_classes)`; for a tensor, a tensor of dtype `floatx()`.

    Raises:
        ValueError: for class numbers that are not whole, negative, or not less than `num_classes`.

    Example:
        >>> import oxhorn as keras
        >>> keras.utils.to_categorical([0, 2], num_classes=3)
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    if isinstance(x, (_core.Tensor, _core.Variable)):
        return _one_hot(x, num_classes)
    values = np.asarray(x)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"to_categorical: expected class numbers, got an array of dtype {values.dtype}.")
    classes = values.astype(np.int64)
    if values.dtype.kind == "f" and not np.array_equal(classes, values):
        raise ValueError("to_categorical: expected whole class numbers, got fractions, NaN or infinity.")
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    if classes.size == 0 and not num_classes:
        raise ValueError(
            "to_categorical: expected num_classes for an empty array, got None. Pass num_classes."
        )
    count = int(num_classes) if num_classes else int(classes.max()) + 1
    if classes.size and (classes.min() < 0 or classes.max() >= count):
        raise ValueError(
            f"to_categorical: expected class numbers from 0 to {count - 1}, "
            f"got numbers from {classes.min()} to {classes.max()}."
        )
    result = np.zeros((*classes.shape, count))
    np.put_along_axis(result, classes[..., None], 1.0, axis=-1)
    return result


def _one_hot(x: Any, num_classes: int | None) -> Any:
    """`to_categorical` of a tensor."""
    from oxhorn import ops

    x = ops.convert_to_tensor(x)
    if not x.is_traced:
        return ops.convert_to_tensor(to_categorical(x.numpy(), num_classes), config.floatx())
    if num_classes is None:
        raise ValueError("to_categorical: expected num_classes for a tensor inside a traced call, got None.")
    return ops.one_hot(ops.squeeze(x, -1) if x.ndim > 1 and x.shape[-1] == 1 else x, num_classes)


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Divide by the norm along an axis: `x / ||x||_order`; vectors of zeros stay as they are.

    Args:
        x: array.
        axis: the axis along which the norm is taken. Defaults to -1.
        order: order of the norm. Defaults to 2, the length of a vector.

    Returns:
        An array of the same shape; for a tensor, a tensor.

    Example:
        >>> import oxhorn as keras
        >>> keras.utils.normalize([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    if isinstance(x, (_core.Tensor, _core.Variable)):
        from oxhorn import ops

        norm = ops.norm(x, ord=order, axis=axis, keepdims=True)
        return x / ops.where(norm == 0, ops.ones_like(norm), norm)
    values = np.asarray(x)
    norm = np.linalg.norm(values, order, axis, keepdims=True)
    return np.asarray(values / np.where(norm == 0, 1, norm))
