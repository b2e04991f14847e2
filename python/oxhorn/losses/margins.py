"""The margin of the right class over all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.arguments import boolean, integer, number
from oxhorn.losses.values import cast, convert, convert_float, op, show
from oxhorn.losses.wrapper import BuiltinLoss


def multi_margin(
    y_true: Any, y_pred: Any, margin: float = 1.0, p: int = 1, hardest: bool = False
) -> _core.Tensor:
    """How far the right class falls short of beating each wrong one by the margin.

    Formula, with `t = y_true`, `x = y_pred` and C classes: `sum over i != t of max(margin - x_t + x_i, 0)^p / C`; with
    `hardest`, `max over i != t of max(margin - x_t + x_i, 0)^p`. An addition to Keras's list (for one-hot targets see
    `categorical_hinge`).

    Args:
        y_true: Class numbers, shape `(N, ...)`, or with an axis of size 1 at the end.
        y_pred: Scores, shape `(N, ..., classes)`.
        margin: The lead that is enough; above 0. Defaults to 1.
        p: 1 or 2. Defaults to 1.
        hardest: Count only the wrong class with the largest score (Crammer and Singer). Defaults to False.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes do not fit, or an argument is out of range.
        IndexError: If a target is no class.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.multi_margin([0], [[2.0, 1.5, 0.0, 1.5]]).numpy().tolist()
    [0.25]
    >>> keras.losses.multi_margin([0], [[2.0, 1.5, 0.0, 1.5]], hardest=True).numpy().tolist()
    [0.5]

    Source: J. Weston, C. Watkins, 1999; K. Crammer, Y. Singer, On the algorithmic implementation of multiclass
    kernel-based vector machines, 2001; PyTorch's `MultiMarginLoss`.
    """
    who = "multi_margin"
    margin, p, hardest = _checked(margin, p, hardest, who)
    y_true, y_pred = convert(y_true), convert_float(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.ndim and y_true.shape[-1] == 1:
        y_true = op("squeeze", y_true, axis=-1)
    fits = y_true.ndim == y_pred.ndim - 1 and all(
        a is None or b is None or a == b for a, b in zip(y_true.shape, y_pred.shape, strict=False)
    )
    if not fits or y_pred.shape[-1] is None:
        raise ValueError(
            f"{who}: expected y_true of shape {show(y_pred.shape[:-1])}, one class number for each row of y_pred "
            f"{show(y_pred.shape)}; got {show(y_true.shape)}. One-hot targets: categorical_hinge."
        )
    labels = op("expand_dims", cast(y_true, "int64"), axis=-1)
    right = op("take_along_axis", y_pred, labels, axis=-1)
    classes = int(y_pred.shape[-1])
    wrong = op("not_equal", labels, _core.tensor(np.arange(classes), "int64"))
    short = op("maximum", margin - right + y_pred, 0.0)
    short = op("where", wrong, short, op("zeros_like", short))
    if p == 2:
        short = op("square", short)
    return op("max", short, axis=-1) if hardest else op("sum", short, axis=-1) / classes


def _checked(margin: Any, p: Any, hardest: Any, who: str) -> tuple[float, int, bool]:
    return (
        number(margin, "margin", who, above=0.0),
        integer(p, "p", who, low=1, high=2),
        boolean(hardest, "hardest", who),
    )


class MultiMargin(BuiltinLoss):
    """How far the right class falls short of beating each wrong one by the margin.

    Formula: `sum over i != t of max(margin - x_t + x_i, 0)^p / C`, or the largest of these terms with `hardest`. An
    addition to Keras's list (for one-hot targets see `CategoricalHinge`).

    Args:
        margin: The lead that is enough; above 0. Defaults to 1.
        p: 1 or 2. Defaults to 1.
        hardest: Count only the wrong class with the largest score (Crammer and Singer). Defaults to False.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"multi_margin"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.MultiMargin()([0], [[2.0, 1.5, 0.0, 1.5]]))
    0.25

    Source: PyTorch's `MultiMarginLoss`; K. Crammer, Y. Singer, 2001.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: int = 1,
        hardest: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "multi_margin",
        dtype: Any = None,
    ) -> None:
        margin, p, hardest = _checked(margin, p, hardest, "MultiMargin")
        super().__init__(multi_margin, reduction, name, dtype, margin=margin, p=p, hardest=hardest)
        self.margin = margin
        self.p = p
        self.hardest = hardest
