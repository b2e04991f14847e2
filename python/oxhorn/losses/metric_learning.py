"""Losses of embeddings: the same class close together, others apart."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.arguments import boolean, number
from oxhorn.losses.values import cast, convert, convert_float, op, show
from oxhorn.losses.wrapper import BuiltinLoss

# The score of a pair that does not count: its exponential is 0, and sums of it stay finite.
_NONE = -1e30


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> _core.Tensor:
    """Embeddings of one class drawn together and those of others pushed apart, the more the worse they lie.

    Formula, with distances `d = max(1 - y_pred . reference, 0)` to references of the same class (`d_p`) and of others
    (`d_n`), and the margin `m`: `softplus(logsumexp(-gamma (m + d_p) (m - d_p)) + logsumexp(gamma max(1 + m - d_n, 0)
    (1 - m - d_n)))`

    Args:
        y_true: Class numbers, shape `(N,)`.
        y_pred: Embeddings of length 1, shape `(N, d)`.
        ref_labels: Class numbers of the references, shape `(M,)`. Defaults to `y_true`.
        ref_embeddings: Embeddings of the references, shape `(M, d)`. Defaults to `y_pred`.
        remove_diagonal: Whether a sample is no reference for itself. Defaults to True.
        gamma: The scale, above 0. Defaults to 80.
        margin: The margin. Defaults to 0.4.

    Returns:
        Shape `(N,)`; its mean is taken over those that are not 0.

    Raises:
        ValueError: If the shapes do not fit.

    Example:
    >>> import oxhorn as keras
    >>> embeddings = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]
    >>> loss = keras.losses.circle([0, 1, 1], embeddings, gamma=1.0)
    >>> [round(float(x), 4) for x in loss]
    [0.0, 0.7339, 0.5629]

    Source: Y. Sun et al., Circle loss, 2020 (https://arxiv.org/abs/2002.10857).
    """
    gamma = number(gamma, "gamma", "circle", above=0.0)
    margin = number(margin, "margin", "circle")
    y_pred, labels = convert_float(y_pred), _labels(y_true)
    others = y_pred if ref_embeddings is None else cast(convert(ref_embeddings), y_pred.dtype)
    references = labels if ref_labels is None else _labels(ref_labels)
    if y_pred.ndim != 2 or others.ndim != 2 or labels.ndim != 1 or references.ndim != 1:
        raise ValueError(
            f"circle: expected embeddings (N, d) and class numbers (N,); got y_pred {show(y_pred.shape)}, y_true "
            f"{show(labels.shape)}, ref_embeddings {show(others.shape)}, ref_labels {show(references.shape)}."
        )
    distances = op("maximum", 1.0 - op("matmul", y_pred, op("transpose", others)), 0.0)
    same = op("equal", op("expand_dims", labels, axis=1), op("expand_dims", references, axis=0))
    different = op("logical_not", same)
    if boolean(remove_diagonal, "remove_diagonal", "circle"):
        # Row and column numbers, whatever the number of rows.
        ones = op("ones_like", distances)
        off = op("not_equal", op("cumsum", ones, axis=0), op("cumsum", ones, axis=1))
        same = op("logical_and", same, off)
    near = op("maximum", margin + distances, 0.0) * (distances - margin)
    far = op("maximum", 1.0 + margin - distances, 0.0) * (1.0 - margin - distances)

    def total(pairs: _core.Tensor, scores: _core.Tensor) -> _core.Tensor:
        return op("logsumexp", op("where", pairs, gamma * scores, _NONE), axis=1)

    losses = _core.activation("softplus", total(same, near) + total(different, far))
    losses._keras_mask = op("greater", losses, 0.0)
    return losses


def _labels(y_true: Any) -> _core.Tensor:
    labels = cast(convert(y_true), "int64")
    return op("squeeze", labels, axis=-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels


class Circle(BuiltinLoss):
    """Embeddings of one class drawn together and those of others pushed apart, the more the worse they lie.

    Formula: `softplus(logsumexp(-gamma (m + d_p) (m - d_p)) + logsumexp(gamma (1 + m - d_n) (1 - m - d_n)))`, see
    `circle`

    Args:
        gamma: The scale, above 0. Defaults to 80.
        margin: The margin. Defaults to 0.4.
        remove_diagonal: Whether a sample is no reference for itself. Defaults to True.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"circle"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> embeddings = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]
    >>> round(float(keras.losses.Circle(gamma=1.0, reduction="sum")([0, 1, 1], embeddings)), 4)
    1.2969

    Source: Y. Sun et al., Circle loss, 2020 (https://arxiv.org/abs/2002.10857).
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            circle,
            reduction,
            name,
            dtype,
            gamma=number(gamma, "gamma", "Circle", above=0.0),
            margin=number(margin, "margin", "Circle"),
            remove_diagonal=boolean(remove_diagonal, "remove_diagonal", "Circle"),
        )
        self.gamma = gamma
        self.margin = margin
        self.remove_diagonal = remove_diagonal
