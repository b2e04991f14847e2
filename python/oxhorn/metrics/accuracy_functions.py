"""Functions that tell which predictions are right."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import integer, number
from oxhorn.losses.values import (
    FLOATS,
    cast,
    convert,
    convert_float,
    op,
    show,
    squeeze_or_expand_to_same_rank,
)


def accuracy(y_true: Any, y_pred: Any) -> _core.Tensor:
    """1 where a prediction equals its target, else 0.

    Formula: `[y_true = y_pred]`

    Args:
        y_true: Targets.
        y_pred: Predictions of the same shape; `(N,)` and `(N, 1)` match each other.

    Returns:
        The same shape.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.metrics.accuracy([1, 2, 3], [1, 2, 4]).numpy().tolist()
    [1.0, 1.0, 0.0]

    Source: Keras 3.
    """
    y_pred = convert(y_pred)
    y_true, y_pred = same_shape("accuracy", cast(convert(y_true), y_pred.dtype), y_pred)
    return _right(op("equal", y_true, y_pred))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> _core.Tensor:
    """1 where a probability is on the same side of a threshold as its target, else 0.

    Formula: `[y_true = [y_pred > threshold]]`

    Args:
        y_true: Targets 0 and 1.
        y_pred: Probabilities of the same shape; `(N,)` and `(N, 1)` match each other.
        threshold: Defaults to 0.5.

    Returns:
        The same shape.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.metrics.binary_accuracy([1, 0, 1], [0.9, 0.2, 0.3]).numpy().tolist()
    [1.0, 1.0, 0.0]

    Source: Keras 3.
    """
    threshold = number(threshold, "threshold", "binary_accuracy")
    y_pred = convert_float(y_pred)
    y_true, y_pred = same_shape("binary_accuracy", cast(convert(y_true), y_pred.dtype), y_pred)
    positive = op("greater", y_pred, _core.tensor(threshold, y_pred.dtype))
    return _right(op("equal", y_true, cast(positive, y_true.dtype)))


def categorical_accuracy(y_true: Any, y_pred: Any) -> _core.Tensor:
    """1 where the best class of a prediction is that of its one-hot target, else 0.

    Formula: `[argmax(y_true) = argmax(y_pred)]`

    Args:
        y_true: One-hot targets, shape `(N, ..., classes)`.
        y_pred: Scores of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> keras.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]).numpy().tolist()
    [1.0, 0.0]

    Source: Keras 3.
    """
    y_true, y_pred = convert(y_true), convert(y_pred)
    if y_true.ndim != y_pred.ndim or y_true.ndim == 0 or not _match(y_true.shape, y_pred.shape):
        raise _mismatch(
            "categorical_accuracy",
            y_true,
            y_pred,
            "If y_true holds class numbers, use sparse_categorical_accuracy.",
        )
    return _right(op("equal", op("argmax", y_true, axis=-1), op("argmax", y_pred, axis=-1)))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> _core.Tensor:
    """1 where the best class of a prediction is its target's class number, else 0.

    Formula: `[y_true = argmax(y_pred)]`

    Args:
        y_true: Class numbers, shape `(N, ...)`, or with an axis of size 1 at the end.
        y_pred: Scores, shape `(N, ..., classes)`.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes do not match.

    Example:
    >>> import oxhorn as keras
    >>> keras.metrics.sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.2, 0.8]]).numpy().tolist()
    [1.0, 0.0]

    Source: Keras 3.
    """
    y_true, y_pred = class_numbers("sparse_categorical_accuracy", y_true, y_pred)
    return _right(op("equal", y_true, cast(op("argmax", y_pred, axis=-1), y_true.dtype)))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> _core.Tensor:
    """1 where the class of a one-hot target is among the k best of its prediction, else 0.

    Formula: `[fewer than k classes score higher than argmax(y_true)]`

    Args:
        y_true: One-hot targets, shape `(N, ..., classes)`.
        y_pred: Scores of the same shape.
        k: How many classes may be named. Defaults to 5.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ, or `k` is not a positive integer.

    Example:
    >>> import oxhorn as keras
    >>> scores = [[0.1, 0.9, 0.8], [0.05, 0.95, 0.2]]
    >>> keras.metrics.top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], scores, k=2).numpy().tolist()
    [1.0, 0.0]

    Source: Keras 3.
    """
    k = integer(k, "k", "top_k_categorical_accuracy", low=1)
    y_true, y_pred = convert(y_true), convert_float(y_pred)
    if y_true.ndim != y_pred.ndim or y_true.ndim == 0 or not _match(y_true.shape, y_pred.shape):
        raise _mismatch(
            "top_k_categorical_accuracy",
            y_true,
            y_pred,
            "If y_true holds class numbers, use sparse_top_k_categorical_accuracy.",
        )
    return _right(op("in_top_k", op("argmax", y_true, axis=-1), y_pred, k=k))


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> _core.Tensor:
    """1 where a target's class number is among the k best of its prediction, else 0.

    Formula: `[fewer than k classes score higher than y_true]`

    Args:
        y_true: Class numbers, shape `(N, ...)`.
        y_pred: Scores, shape `(N, ..., classes)`; with `from_sorted_ids`, class numbers from the best down.
        k: How many classes may be named. Defaults to 5.
        from_sorted_ids: Whether predictions are class numbers. Defaults to False.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes do not match, a target is not the number of a class, or `k` is not a positive
            integer.

    Example:
    >>> import oxhorn as keras
    >>> scores = [[0.1, 0.9, 0.8], [0.05, 0.95, 0.2]]
    >>> keras.metrics.sparse_top_k_categorical_accuracy([2, 0], scores, k=2).numpy().tolist()
    [1.0, 0.0]

    Source: Keras 3.
    """
    who = "sparse_top_k_categorical_accuracy"
    k = integer(k, "k", who, low=1)
    y_true, y_pred = class_numbers(who, y_true, y_pred)
    if from_sorted_ids:
        named = cast(y_pred, y_true.dtype)[..., :k]
        return _right(op("any", op("equal", op("expand_dims", y_true, axis=-1), named), axis=-1))
    return _right(op("in_top_k", y_true, convert_float(y_pred), k=k))


def class_numbers(who: str, y_true: Any, y_pred: Any) -> tuple[_core.Tensor, _core.Tensor]:
    """Class numbers without an axis of size 1 at the end, and scores, of shapes that match."""
    y_true, y_pred = convert(y_true), convert(y_pred)
    given = y_true
    if y_true.ndim == y_pred.ndim and y_true.ndim and y_true.shape[-1] == 1:
        y_true = op("squeeze", y_true, axis=-1)
    if not _match(y_true.shape, y_pred.shape[:-1]) or y_pred.ndim == 0:
        raise _mismatch(
            who,
            given,
            y_pred,
            "y_true must hold one class number for each row; one-hot targets belong to the metrics without 'sparse'.",
        )
    return (y_true if y_true.dtype in FLOATS else cast(y_true, "int64")), y_pred


def same_shape(who: str, y_true: _core.Tensor, y_pred: _core.Tensor) -> tuple[_core.Tensor, _core.Tensor]:
    """Both, of the same shape."""
    a, b = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if not _match(a.shape, b.shape):
        raise _mismatch(who, y_true, y_pred, "Nothing is broadcast: reshape one of them.")
    return a, b


def _match(a: tuple[int | None, ...], b: tuple[int | None, ...]) -> bool:
    return len(a) == len(b) and all(x is None or y is None or x == y for x, y in zip(a, b, strict=True))


def _mismatch(who: str, y_true: _core.Tensor, y_pred: _core.Tensor, hint: str) -> ValueError:
    return ValueError(
        f"{who}: expected y_true and y_pred of shapes that match; got y_true {show(y_true.shape)} and y_pred"
        f" {show(y_pred.shape)}. {hint}"
    )


def _right(x: _core.Tensor) -> _core.Tensor:
    return cast(x, config.floatx())
