"""A cross-entropy that bears wrong labels."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.arguments import describe, number
from oxhorn.losses.values import cast, convert, convert_float, op, show
from oxhorn.losses.wrapper import BuiltinLoss


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> _core.Tensor:
    """Between the cross-entropy (q to 0) and the absolute error (q to 1), for labels some of which are wrong.

    Formula: `(1 - p[y_true]^q) / q`

    Args:
        y_true: Class numbers, shape `(N, ...)`, or with an axis of size 1 at the end.
        y_pred: Probabilities, shape `(N, ..., classes)`.
        q: Between 0 and 1: the larger, the less wrong labels count.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes do not fit, or q is out of range.
        IndexError: If a target is no class.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)[0])
    1.0

    Source: Z. Zhang, M. Sabuncu, 2018 (https://arxiv.org/abs/1805.07836).
    """
    who = "categorical_generalized_cross_entropy"
    q = number(q, "q", who, above=0.0)
    y_true, y_pred = convert(y_true), convert_float(y_pred)
    labels = op("squeeze", y_true, axis=-1) if _one_too_many(y_true, y_pred) else y_true
    fits = labels.ndim == y_pred.ndim - 1 and all(
        a is None or b is None or a == b for a, b in zip(labels.shape, y_pred.shape, strict=False)
    )
    if not fits:
        raise ValueError(
            f"{who}: expected y_true of shape {show(y_pred.shape[:-1])}, one class number for each row of y_pred "
            f"{show(y_pred.shape)}; got {show(y_true.shape)}."
        )
    places = op("expand_dims", cast(labels, "int64"), axis=-1)
    p = op("squeeze", op("take_along_axis", y_pred, places, axis=-1), axis=-1)
    return (1.0 - op("power", p, q)) / q


def _one_too_many(y_true: _core.Tensor, y_pred: _core.Tensor) -> bool:
    return y_true.ndim == y_pred.ndim and y_true.ndim > 0 and y_true.shape[-1] == 1


class CategoricalGeneralizedCrossEntropy(BuiltinLoss):
    """Between the cross-entropy (q to 0) and the absolute error (q to 1), for labels some of which are wrong.

    Formula: `(1 - p[y_true]^q) / q`

    Args:
        q: Between 0 and 1: the larger, the less wrong labels count. Defaults to 0.5.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"categorical_generalized_cross_entropy"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Raises:
        ValueError: If q is not between 0 and 1.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]))
    1.0

    Source: Z. Zhang, M. Sabuncu, 2018 (https://arxiv.org/abs/1805.07836).
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        try:
            q = number(q, "q", "CategoricalGeneralizedCrossEntropy", above=0.0, below=1.0)
        except ValueError as error:
            raise ValueError(
                f"CategoricalGeneralizedCrossEntropy: q must be in the interval (0, 1); got {describe(q)}."
            ) from error
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
        self.q = q
