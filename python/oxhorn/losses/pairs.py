"""Losses of two things that belong together or do not, or of which one should come first."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.arguments import number
from oxhorn.losses.values import cast, convert, convert_float, op, same_shape, show
from oxhorn.losses.wrapper import BuiltinLoss, run_loss


def _pair_and_sign(who: str, y_true: Any, y_pred: Any, rest: int) -> tuple[_core.Tensor, Any, Any]:
    """The first and the second of each pair (they lie along an axis of size 2, before `rest` others), and the signs."""
    y_pred = convert_float(y_pred)
    axis = y_pred.ndim - 1 - rest
    if axis < 0 or y_pred.shape[axis] != 2:
        layout = "(N, ..., 2)" if rest == 0 else "(N, ..., 2, d)"
        raise ValueError(
            f"{who}: expected y_pred of shape {layout}, with both of a pair side by side; got {show(y_pred.shape)}. "
            f"Stack them: ops.stack([first, second], axis={-1 - rest})."
        )
    first, second = (op("take", y_pred, convert(i, "int32"), axis=axis) for i in (0, 1))
    y_true = convert(y_true)
    pairs = y_pred.shape[:axis]
    if y_true.ndim == len(pairs) + 1 and y_true.shape[-1] == 1:
        y_true = op("squeeze", y_true, axis=-1)
    fits = y_true.ndim == len(pairs) and all(
        a is None or b is None or a == b for a, b in zip(y_true.shape, pairs, strict=True)
    )
    if not fits:
        raise ValueError(
            f"{who}: expected y_true of shape {show(pairs)}, one number for each pair of y_pred {show(y_pred.shape)}; "
            f"got {show(y_true.shape)}."
        )
    yes = op("greater", cast(y_true, y_pred.dtype), 0.0)
    return yes, first, second


def contrastive(y_true: Any, y_pred: Any, margin: float = 1.0) -> _core.Tensor:
    """Distances of pairs: small where both are of one kind, at least the margin where they are not.

    Formula: `mean(y d^2 + (1 - y) max(margin - d, 0)^2, axis=-1)`, `y = y_true`, `d = y_pred`. An addition to Keras's
    list.

    Args:
        y_true: 1 for a pair of one kind, 0 for another; shape `(N, ..., d)`.
        y_pred: Distances, from 0 up, of the same shape.
        margin: The distance at which pairs of two kinds no longer count; above 0. Defaults to 1.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ, or the margin is not above 0.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.contrastive([[1.0], [0.0]], [[0.5], [0.25]]).numpy().tolist()
    [0.25, 0.5625]

    Source: R. Hadsell et al., Dimensionality reduction by learning an invariant mapping, 2006
    (http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf), without its factors 1/2.
    """
    margin = number(margin, "margin", "contrastive", above=0.0)
    same, distance = same_shape("contrastive", y_true, y_pred)
    near = op("square", op("maximum", margin - distance, 0.0))
    return op("mean", same * op("square", distance) + (1.0 - same) * near, axis=-1)


class Contrastive(BuiltinLoss):
    """Distances of pairs: small where both are of one kind, at least the margin where they are not.

    Formula: `mean(y d^2 + (1 - y) max(margin - d, 0)^2)` over the last axis. An addition to Keras's list.

    Args:
        margin: The distance at which pairs of two kinds no longer count; above 0. Defaults to 1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"contrastive"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.Contrastive()([[1.0], [0.0]], [[0.5], [0.5]]))
    0.25

    Source: R. Hadsell et al., Dimensionality reduction by learning an invariant mapping, 2006.
    """

    def __init__(
        self,
        margin: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "contrastive",
        dtype: Any = None,
    ) -> None:
        margin = number(margin, "margin", "Contrastive", above=0.0)
        super().__init__(contrastive, reduction, name, dtype, margin=margin)
        self.margin = margin


def cosine_embedding(y_true: Any, y_pred: Any, margin: float = 0.0) -> _core.Tensor:
    """Angles of pairs of vectors: none where both are of one kind, a cosine of at most the margin where they are not.

    Formula: `1 - cos(a, b)` where `y_true` is above 0, else `max(cos(a, b) - margin, 0)`. An addition to Keras's list.

    Args:
        y_true: 1 for a pair of one kind, -1 (or 0) for another; shape `(N, ...)`, or with an axis of size 1 at the end.
        y_pred: Pairs of vectors, shape `(N, ..., 2, d)`.
        margin: The cosine below which pairs of two kinds no longer count; -1 to 1. Defaults to 0.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes do not fit, or the margin is out of range.

    Example:
    >>> import oxhorn as keras
    >>> pairs = [[[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [3.0, 0.0]]]
    >>> keras.losses.cosine_embedding([1, -1], pairs).numpy().tolist()
    [1.0, 1.0]

    Source: PyTorch's `CosineEmbeddingLoss`.
    """
    margin = number(margin, "margin", "cosine_embedding", low=-1.0, high=1.0)
    same, first, second = _pair_and_sign("cosine_embedding", y_true, y_pred, rest=1)
    cosine = -run_loss("cosine_similarity", first, second, axis=-1)
    return op("where", same, 1.0 - cosine, op("maximum", cosine - margin, 0.0))


class CosineEmbedding(BuiltinLoss):
    """Angles of pairs of vectors: none where both are of one kind, a cosine of at most the margin where they are not.

    Formula: `1 - cos(a, b)` where `y_true` is above 0, else `max(cos(a, b) - margin, 0)`. An addition to Keras's list.

    Args:
        margin: The cosine below which pairs of two kinds no longer count; -1 to 1. Defaults to 0.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"cosine_embedding"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.CosineEmbedding()([1], [[[1.0, 0.0], [0.0, 2.0]]]))
    1.0

    Source: PyTorch's `CosineEmbeddingLoss`.
    """

    def __init__(
        self,
        margin: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_embedding",
        dtype: Any = None,
    ) -> None:
        margin = number(margin, "margin", "CosineEmbedding", low=-1.0, high=1.0)
        super().__init__(cosine_embedding, reduction, name, dtype, margin=margin)
        self.margin = margin


def margin_ranking(y_true: Any, y_pred: Any, margin: float = 0.0) -> _core.Tensor:
    """Which of two scores should be the larger one, by at least the margin.

    Formula: `max(margin - s (a - b), 0)`, `s = 1` where `y_true` is above 0, else -1. An addition to Keras's list.

    Args:
        y_true: 1 where the first score should be larger, -1 (or 0) where the second; shape `(N, ...)`, or with an axis
            of size 1 at the end.
        y_pred: Pairs of scores (a, b), shape `(N, ..., 2)`.
        margin: How much larger; 0 or more. Defaults to 0.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes do not fit, or the margin is negative.

    Example:
    >>> import oxhorn as keras
    >>> keras.losses.margin_ranking([1, -1], [[3.0, 1.0], [3.0, 1.0]], margin=1.0).numpy().tolist()
    [0.0, 3.0]

    Source: PyTorch's `MarginRankingLoss`; R. Collobert, J. Weston, A unified architecture for natural language
    processing, 2008.
    """
    margin = number(margin, "margin", "margin_ranking", low=0.0)
    first_wins, first, second = _pair_and_sign("margin_ranking", y_true, y_pred, rest=0)
    lead = op("where", first_wins, first - second, second - first)
    return op("maximum", margin - lead, 0.0)


class MarginRanking(BuiltinLoss):
    """Which of two scores should be the larger one, by at least the margin.

    Formula: `max(margin - s (a - b), 0)`, `s = 1` where `y_true` is above 0, else -1. An addition to Keras's list.

    Args:
        margin: How much larger; 0 or more. Defaults to 0.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"margin_ranking"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.losses.MarginRanking(margin=1.0)([1], [[3.0, 2.5]]))
    0.5

    Source: PyTorch's `MarginRankingLoss`.
    """

    def __init__(
        self,
        margin: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "margin_ranking",
        dtype: Any = None,
    ) -> None:
        margin = number(margin, "margin", "MarginRanking", low=0.0)
        super().__init__(margin_ranking, reduction, name, dtype, margin=margin)
        self.margin = margin
