"""Losses of lists: what is worth more should have a larger score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn import _core
from oxhorn.arguments import number
from oxhorn.losses.values import cast, op, same_shape
from oxhorn.losses.wrapper import BuiltinLoss


def _mean_over_pairs(
    who: str, y_true: Any, y_pred: Any, loss_of_lead: Callable[[_core.Tensor], _core.Tensor]
) -> _core.Tensor:
    """The mean over pairs i, j of a list in which i is worth more; 0 for a list without such a pair."""
    worth, score = same_shape(who, y_true, y_pred)
    if worth.ndim == 0:
        raise ValueError(f"{who}: expected lists, shape (N, items); got two numbers.")
    first, second = op("expand_dims", worth, axis=-1), op("expand_dims", worth, axis=-2)
    pairs = op("logical_and", op("greater", first, second), op("greater_equal", second, 0.0))
    losses = loss_of_lead(op("expand_dims", score, axis=-1) - op("expand_dims", score, axis=-2))
    total = op("sum", op("where", pairs, losses, op("zeros_like", losses)), axis=[-2, -1])
    return op("divide_no_nan", total, op("sum", cast(pairs, score.dtype), axis=[-2, -1]))


def pairwise_logistic(y_true: Any, y_pred: Any) -> _core.Tensor:
    """For each two items of a list: the cross-entropy of which of them is worth more.

    Formula: the mean of `log(1 + exp(-(s_i - s_j)))` over the pairs with `y_true_i > y_true_j`, `s = y_pred`. An
    addition to Keras's list.

    Args:
        y_true: What items are worth, from 0 up, shape `(N, ..., items)`. Those below 0 fill lists up and do not count.
        y_pred: Scores of the same shape.

    Returns:
        Shape `(N, ...)`; 0 for a list in which all are worth the same.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.pairwise_logistic([[1.0, 0.0]], [[2.0, 1.0]])[0]), 4)
    0.3133

    Source: C. Burges et al., Learning to rank using gradient descent (RankNet), 2005.
    """
    return _mean_over_pairs(
        "pairwise_logistic", y_true, y_pred, lambda lead: _core.activation("softplus", -lead)
    )


def pairwise_hinge(y_true: Any, y_pred: Any, margin: float = 1.0) -> _core.Tensor:
    """For each two items of a list: how far the lead of the one that is worth more falls short of the margin.

    Formula: the mean of `max(margin - (s_i - s_j), 0)` over the pairs with `y_true_i > y_true_j`, `s = y_pred`. An
    addition to Keras's list.

    Args:
        y_true: What items are worth, from 0 up, shape `(N, ..., items)`. Those below 0 fill lists up and do not count.
        y_pred: Scores of the same shape.
        margin: The lead that is enough; above 0. Defaults to 1.

    Returns:
        Shape `(N, ...)`; 0 for a list in which all are worth the same.

    Raises:
        ValueError: If the shapes differ, or the margin is not above 0.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.pairwise_hinge([[1.0, 0.0]], [[2.0, 1.75]])[0])
    0.75

    Source: R. Herbrich et al., Large margin rank boundaries for ordinal regression, 2000; T. Joachims, 2002.
    """
    margin = number(margin, "margin", "pairwise_hinge", above=0.0)
    return _mean_over_pairs("pairwise_hinge", y_true, y_pred, lambda lead: op("maximum", margin - lead, 0.0))


class PairwiseLogistic(BuiltinLoss):
    """For each two items of a list: the cross-entropy of which of them is worth more.

    Formula: the mean of `log(1 + exp(-(s_i - s_j)))` over the pairs with `y_true_i > y_true_j`. An addition to
    Keras's list.

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"pairwise_logistic"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.PairwiseLogistic()([[1.0, 0.0]], [[2.0, 1.0]])), 4)
    0.3133

    Source: C. Burges et al., Learning to rank using gradient descent (RankNet), 2005.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "pairwise_logistic",
        dtype: Any = None,
    ) -> None:
        super().__init__(pairwise_logistic, reduction, name, dtype)


class PairwiseHinge(BuiltinLoss):
    """For each two items of a list: how far the lead of the one that is worth more falls short of the margin.

    Formula: the mean of `max(margin - (s_i - s_j), 0)` over the pairs with `y_true_i > y_true_j`. An addition to
    Keras's list.

    Args:
        margin: The lead that is enough; above 0. Defaults to 1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"pairwise_hinge"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.PairwiseHinge()([[1.0, 0.0]], [[2.0, 1.75]]))
    0.75

    Source: R. Herbrich et al., Large margin rank boundaries for ordinal regression, 2000.
    """

    def __init__(
        self,
        margin: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "pairwise_hinge",
        dtype: Any = None,
    ) -> None:
        margin = number(margin, "margin", "PairwiseHinge", above=0.0)
        super().__init__(pairwise_hinge, reduction, name, dtype, margin=margin)
        self.margin = margin
