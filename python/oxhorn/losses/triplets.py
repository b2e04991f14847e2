"""The triplet loss: an anchor lies closer to its own kind than to others, by a margin."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.arguments import boolean, choice, number
from oxhorn.losses.metric_learning import _labels
from oxhorn.losses.values import cast, convert_float, op, show
from oxhorn.losses.wrapper import BuiltinLoss

_DISTANCES = ("euclidean", "squared_euclidean", "cosine")
_MININGS = ("semi_hard", "hard", "all")
_WHO = "triplet_margin"


def triplet_margin(
    y_true: Any,
    y_pred: Any,
    margin: float = 1.0,
    mining: str | None = "semi_hard",
    distance: str = "euclidean",
    soft: bool = False,
) -> _core.Tensor:
    """An anchor `a` closer to a positive `p`, of its own class, than to a negative `n`, by a margin.

    Formula: `max(d(a, p) - d(a, n) + margin, 0)`. Each sample of a batch is an anchor; positives and negatives are
    found by `mining` among the others:

    - `"semi_hard"`: for each positive, the closest negative that is farther away than the positive; where there is
      none, the farthest negative. The mean over the positives.
    - `"hard"`: the farthest positive and the closest negative.
    - `"all"`: the mean over all pairs of a positive and a negative.

    Without mining, `y_pred` holds triplets. An addition to Keras's list.

    Args:
        y_true: Class numbers, shape `(N,)` or `(N, 1)`; not used without mining.
        y_pred: Embeddings, shape `(N, d)`; without mining, anchor, positive and negative: shape `(N, 3, d)`.
        margin: 0 or more. Defaults to 1.
        mining: See above, or None. Defaults to `"semi_hard"`.
        distance: `"euclidean"`, `"squared_euclidean"`, or `"cosine"` (`1 - cos`). Defaults to `"euclidean"`.
        soft: `log(1 + exp(d(a, p) - d(a, n)))` in place of the margin. Defaults to False.

    Returns:
        Shape `(N,)`. An anchor without a positive or a negative has the value 0, and a mask leaves it out of the mean.

    Raises:
        ValueError: If the shapes do not fit, or an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> embeddings = [[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]
    >>> keras.losses.triplet_margin([0, 0, 1], embeddings, margin=2.0).numpy().tolist()
    [1.0, 0.0, 0.0]

    Source: F. Schroff et al., FaceNet, 2015 (https://arxiv.org/abs/1503.03832); A. Hermans et al., In defense of the
    triplet loss, 2017 (https://arxiv.org/abs/1703.07737).
    """
    margin = number(margin, "margin", _WHO, low=0.0)
    distance = choice(distance, _DISTANCES, "distance", _WHO)
    soft = boolean(soft, "soft", _WHO)
    y_pred = convert_float(y_pred)
    if mining is None:
        return _of_triplets(y_pred, margin, distance, soft)
    mining = choice(mining, _MININGS, "mining", _WHO)
    labels = _labels(y_true)
    if y_pred.ndim != 2 or labels.ndim != 1:
        raise ValueError(
            f"{_WHO}: expected embeddings (N, d) and class numbers (N,); got y_pred {show(y_pred.shape)} and y_true "
            f"{show(labels.shape)}. Triplets of shape (N, 3, d) go with mining=None."
        )
    far = _between(op("expand_dims", y_pred, axis=1), op("expand_dims", y_pred, axis=0), distance)
    same = op("equal", op("expand_dims", labels, axis=1), op("expand_dims", labels, axis=0))
    # Row and column numbers, whatever the number of rows.
    ones = op("ones_like", far)
    other = op("not_equal", op("cumsum", ones, axis=0), op("cumsum", ones, axis=1))
    positive, negative = op("logical_and", same, other), op("logical_not", same)
    complete = op("logical_and", op("any", positive, axis=1), op("any", negative, axis=1))
    if mining == "hard":
        values = _shortfall(_largest(far, positive) - _smallest(far, negative), margin, soft)
    else:
        values = _over_pairs(far, positive, negative, margin, mining, soft)
    # Whatever came of anchors without a partner, infinities among them, is left behind.
    losses = op("where", complete, values, op("zeros_like", values))
    losses._keras_mask = complete
    return losses


def _of_triplets(y_pred: _core.Tensor, margin: float, distance: str, soft: bool) -> _core.Tensor:
    if y_pred.ndim != 3 or y_pred.shape[1] != 3:
        raise ValueError(
            f"{_WHO}: without mining, expected y_pred of shape (N, 3, d), anchors, positives and negatives; got "
            f"{show(y_pred.shape)}. Stack them: ops.stack([anchor, positive, negative], axis=1)."
        )
    anchor, positive, negative = (y_pred[:, i] for i in range(3))
    lead = _between(anchor, positive, distance) - _between(anchor, negative, distance)
    return _shortfall(lead, margin, soft)


def _over_pairs(
    far: _core.Tensor, positive: _core.Tensor, negative: _core.Tensor, margin: float, mining: str, soft: bool
) -> _core.Tensor:
    """The mean over positives j of anchor i (and over negatives k, or the one semi-hard negative)."""
    count = op("sum", cast(positive, far.dtype), axis=1)
    d_ij, d_ik = op("expand_dims", far, axis=2), op("expand_dims", far, axis=1)
    negatives = op("expand_dims", negative, axis=1)
    if mining == "all":
        values = _shortfall(d_ij - d_ik, margin, soft)
        values = op("sum", op("where", negatives, values, op("zeros_like", values)), axis=2)
        values = op("divide_no_nan", values, op("sum", cast(negatives, far.dtype), axis=2))
    else:
        farther = op("logical_and", negatives, op("greater", d_ik, d_ij))
        hardest = op("where", op("any", farther, axis=2), _smallest(d_ik, farther), _largest(d_ik, negatives))
        values = _shortfall(far - hardest, margin, soft)
    total = op("sum", op("where", positive, values, op("zeros_like", values)), axis=1)
    return op("divide_no_nan", total, count)


def _between(a: _core.Tensor, b: _core.Tensor, distance: str) -> _core.Tensor:
    """Distances along the last axis; the slope of the Euclidean one is 0 where both points are the same."""
    if distance == "cosine":
        return 1.0 - op("sum", _unit(a) * _unit(b), axis=-1)
    squares = op("sum", op("square", a - b), axis=-1)
    return squares if distance == "squared_euclidean" else _root(squares)


def _root(squares: _core.Tensor) -> _core.Tensor:
    apart = op("greater", squares, 0.0)
    zeros = op("zeros_like", squares)
    return op("where", apart, op("sqrt", op("where", apart, squares, op("ones_like", squares))), zeros)


def _unit(x: _core.Tensor) -> _core.Tensor:
    return op("divide_no_nan", x, _root(op("sum", op("square", x), axis=-1, keepdims=True)))


def _shortfall(lead: _core.Tensor, margin: float, soft: bool) -> _core.Tensor:
    return _core.activation("softplus", lead) if soft else op("maximum", lead + margin, 0.0)


# Where none is among those that count, these are infinite.
def _smallest(x: _core.Tensor, which: _core.Tensor) -> _core.Tensor:
    return op("min", op("where", which, x, float("inf")), axis=-1)


def _largest(x: _core.Tensor, which: _core.Tensor) -> _core.Tensor:
    return op("max", op("where", which, x, float("-inf")), axis=-1)


class TripletMargin(BuiltinLoss):
    """An anchor closer to a positive, of its own class, than to a negative, by a margin; see `triplet_margin`.

    Formula: `max(d(a, p) - d(a, n) + margin, 0)`. An addition to Keras's list.

    Args:
        margin: 0 or more. Defaults to 1.
        mining: `"semi_hard"`, `"hard"` or `"all"`; None for predictions that are triplets `(N, 3, d)`. Defaults to
            `"semi_hard"`.
        distance: `"euclidean"`, `"squared_euclidean"` or `"cosine"`. Defaults to `"euclidean"`.
        soft: `log(1 + exp(d(a, p) - d(a, n)))` in place of the margin. Defaults to False.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`: the mean over
            the anchors that have a positive and a negative.
        name: Name of the loss. Defaults to `"triplet_margin"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> embeddings = [[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]
    >>> float(keras.losses.TripletMargin(margin=2.0)([0, 0, 1], embeddings))
    0.5

    Source: F. Schroff et al., FaceNet, 2015 (https://arxiv.org/abs/1503.03832).
    """

    def __init__(
        self,
        margin: float = 1.0,
        mining: str | None = "semi_hard",
        distance: str = "euclidean",
        soft: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "triplet_margin",
        dtype: Any = None,
    ) -> None:
        who = "TripletMargin"
        super().__init__(
            triplet_margin,
            reduction,
            name,
            dtype,
            margin=number(margin, "margin", who, low=0.0),
            mining=None if mining is None else choice(mining, _MININGS, "mining", who),
            distance=choice(distance, _DISTANCES, "distance", who),
            soft=boolean(soft, "soft", who),
        )
        self.margin = margin
        self.mining = mining
        self.distance = distance
        self.soft = soft
