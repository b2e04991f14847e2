"""How far predicted classes agree with the true ones, beyond what chance or the most frequent class would give."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.arguments import boolean, choice, integer, number
from oxhorn.losses.loss import apply_mask
from oxhorn.losses.values import align_weights, cast, convert, mask_of, op, show
from oxhorn.metrics.iou import count_pairs
from oxhorn.metrics.metric import Metric, as_result
from oxhorn.metrics.reduction import TOTAL


class _Agreement(Metric):
    """A number from the confusion matrix: row i, column j counts samples of class i that were taken for class j."""

    _direction = "up"

    def __init__(
        self,
        num_classes: int = 2,
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        who = type(self).__name__
        self.num_classes = integer(num_classes, "num_classes", who, low=2)
        self.threshold = number(threshold, "threshold", who)
        self.sparse_y_true = boolean(sparse_y_true, "sparse_y_true", who)
        self.sparse_y_pred = boolean(sparse_y_pred, "sparse_y_pred", who)
        self.total_cm = self._add_total("total_confusion_matrix", (self.num_classes, self.num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Class numbers, or one-hot.
            y_pred: Scores, shape `(N, ..., num_classes)`; for two classes also probabilities of class 1; or class
                numbers.
            sample_weight: None, or weights of a shape with which that of the class numbers begins.

        Raises:
            ValueError: If the shapes do not fit.
            IndexError: If a class number is not in `[0, num_classes)`.
        """
        weights = apply_mask(sample_weight, mask_of(y_pred), TOTAL, "sum", self.name)
        truth, said = self._class_numbers(convert(y_true), convert(y_pred))
        ones = cast(op("ones_like", truth), TOTAL)
        if weights is not None:
            weights = convert(weights, TOTAL)
            ones = ones * (align_weights(self.name, weights, truth) if weights.ndim else weights)
        truth, said = self._checked(truth, "y_true"), self._checked(said, "y_pred")
        self.total_cm.assign_add(count_pairs(truth, said, ones, self.num_classes))

    def _checked(self, classes: _core.Tensor, which: str) -> _core.Tensor:
        """The class numbers, each in [0, num_classes): an op tells of others where a trace runs."""
        if not classes.is_traced:
            outside = (classes.numpy() < 0) | (classes.numpy() >= self.num_classes)
            if outside.any():
                raise IndexError(
                    f"{self.name}: expected class numbers in [0, {self.num_classes}); got "
                    f"{classes.numpy()[outside][0]} in {which}. Number the classes from 0, and set num_classes."
                )
        beyond = op("ones_like", classes) * self.num_classes
        known = _core.tensor(np.arange(self.num_classes), "int64")
        return op("take", known, op("where", op("less", classes, 0), beyond, classes), axis=0)

    def _class_numbers(self, y_true: _core.Tensor, y_pred: _core.Tensor) -> tuple[_core.Tensor, _core.Tensor]:
        given = f"y_true {show(y_true.shape)} and y_pred {show(y_pred.shape)}"
        truth = y_true if self.sparse_y_true else self._chosen(y_true, "y_true", given)
        if self.sparse_y_pred:
            said = y_pred
        elif self.num_classes == 2 and (y_pred.ndim < 2 or y_pred.shape[-1] != 2):
            said = op("greater", y_pred, self.threshold)
        else:
            said = self._chosen(y_pred, "y_pred", given)
        truth, said = cast(truth, "int64"), cast(said, "int64")
        if truth.ndim == said.ndim + 1 and truth.shape[-1] == 1:
            truth = op("squeeze", truth, axis=-1)
        elif said.ndim == truth.ndim + 1 and said.shape[-1] == 1:
            said = op("squeeze", said, axis=-1)
        fits = truth.ndim == said.ndim and all(
            a is None or b is None or a == b for a, b in zip(truth.shape, said.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{self.name}: expected one class for each prediction; got {given} for {self.num_classes} classes. "
                "One-hot targets need sparse_y_true=False, class numbers as predictions sparse_y_pred=True."
            )
        return truth, said

    def _chosen(self, x: _core.Tensor, which: str, given: str) -> _core.Tensor:
        if x.ndim < 2 or x.shape[-1] != self.num_classes:
            raise ValueError(
                f"{self.name}: expected {which} of shape (N, ..., {self.num_classes}), a number for each class; got "
                f"{given}. Class numbers need sparse_{which}=True."
            )
        return op("argmax", x, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "threshold": self.threshold,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
        }


class MatthewsCorrelation(_Agreement):
    """The correlation of predicted and true classes: 1 is perfect, 0 no better than a guess.

    Formula, for two classes: `(tp tn - fp fn) / sqrt((tp + fp) (tp + fn) (tn + fp) (tn + fn))`; for more, with s
    samples, c of them right, `t_k` of class k and `p_k` taken for it: `(c s - sum(t p)) / sqrt((s^2 - sum(t^2)) (s^2 -
    sum(p^2)))`; 0 where the denominator is. An addition to Keras's list.

    Args:
        num_classes: Number of classes. Defaults to 2.
        threshold: For two classes and probabilities: above it a prediction is class 1. Defaults to 0.5.
        name: Name of the metric. Defaults to `"matthews_correlation"`.
        dtype: Type of the result. Defaults to `floatx()`.
        sparse_y_true: Whether targets are class numbers rather than one-hot. Defaults to True.
        sparse_y_pred: Whether predictions are class numbers rather than scores. Defaults to False.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.MatthewsCorrelation()
    >>> round(float(metric([1, 1, 1, 0], [0.9, 0.2, 0.8, 0.3])), 4)
    0.5774

    Source: B. Matthews, 1975; J. Gorodkin, Comparing two K-category assignments by a K-category correlation
    coefficient, 2004.
    """

    def result(self) -> _core.Tensor:
        """The correlation so far; 0 before the first sample."""
        matrix = self.total_cm.value
        total, right = op("sum", matrix), op("sum", op("diag", matrix))
        truth, said = op("sum", matrix, axis=1), op("sum", matrix, axis=0)
        above = right * total - op("sum", truth * said)
        spread = [op("square", total) - op("sum", op("square", x)) for x in (truth, said)]
        # Two roots: the product of both could overflow.
        below = op("sqrt", op("maximum", spread[0], 0.0)) * op("sqrt", op("maximum", spread[1], 0.0))
        return as_result(self, op("divide_no_nan", above, below))


class CohenKappa(_Agreement):
    """Agreement of predicted and true classes beyond chance: 1 is perfect, 0 what chance gives.

    Formula: `1 - sum(d O) / sum(d E)`, with the confusion matrix O, `E_ij = t_i p_j / s` what chance would give, and
    the weight d of a confusion: `[i != j]`, `|i - j|` (linear) or `(i - j)^2` (quadratic). An addition to Keras's list.

    Args:
        num_classes: Number of classes. Defaults to 2.
        weightage: None, `"linear"` or `"quadratic"`: how much worse confusions of distant classes are. Defaults to
            None.
        threshold: For two classes and probabilities: above it a prediction is class 1. Defaults to 0.5.
        name: Name of the metric. Defaults to `"cohen_kappa"`.
        dtype: Type of the result. Defaults to `floatx()`.
        sparse_y_true: Whether targets are class numbers rather than one-hot. Defaults to True.
        sparse_y_pred: Whether predictions are class numbers rather than scores. Defaults to False.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.CohenKappa(num_classes=3, sparse_y_pred=True)
    >>> round(float(metric([0, 1, 2, 2], [0, 1, 1, 2])), 4)
    0.6364

    Source: J. Cohen, A coefficient of agreement for nominal scales, 1960; Weighted kappa, 1968.
    """

    def __init__(
        self,
        num_classes: int = 2,
        weightage: str | None = None,
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = False,
    ) -> None:
        super().__init__(num_classes, threshold, name, dtype, sparse_y_true, sparse_y_pred)
        kinds = ("linear", "quadratic")
        self.weightage = (
            None if weightage is None else choice(weightage, kinds, "weightage", type(self).__name__)
        )

    def result(self) -> _core.Tensor:
        """The agreement so far; 0 before the first sample, and where there was one class alone."""
        matrix = self.total_cm.value
        number = np.arange(self.num_classes)
        apart = np.abs(number[:, None] - number[None, :]).astype(TOTAL)
        distance = {None: (apart > 0).astype(TOTAL), "linear": apart, "quadratic": apart**2}[self.weightage]
        weights = _core.tensor(distance, TOTAL)
        truth, said = op("sum", matrix, axis=1, keepdims=True), op("sum", matrix, axis=0, keepdims=True)
        chance = op("divide_no_nan", op("sum", weights * truth * said), op("sum", matrix))
        # 1 - seen / chance, and 0 without chance.
        return as_result(self, op("divide_no_nan", chance - op("sum", weights * matrix), chance))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {**super().get_config(), "weightage": self.weightage}


class BalancedAccuracy(_Agreement):
    """The mean of the classes' recalls, so that rare classes count as much as frequent ones.

    Formula: `mean over classes k of c_k / t_k`, with `t_k` samples of class k, `c_k` of them right; over those that
    occur. An addition to Keras's list.

    Args:
        num_classes: Number of classes. Defaults to 2.
        threshold: For two classes and probabilities: above it a prediction is class 1. Defaults to 0.5.
        name: Name of the metric. Defaults to `"balanced_accuracy"`.
        dtype: Type of the result. Defaults to `floatx()`.
        sparse_y_true: Whether targets are class numbers rather than one-hot. Defaults to True.
        sparse_y_pred: Whether predictions are class numbers rather than scores. Defaults to False.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.BalancedAccuracy()
    >>> float(metric([1, 1, 1, 1, 0], [0.9, 0.2, 0.8, 0.7, 0.3]))
    0.875

    Source: K. Brodersen et al., The balanced accuracy and its posterior distribution, 2010.
    """

    def result(self) -> _core.Tensor:
        """The mean so far; 0 before the first sample."""
        matrix = self.total_cm.value
        truth = op("sum", matrix, axis=1)
        shares = op("divide_no_nan", op("diag", matrix), truth)
        occurs = cast(op("greater", truth, 0.0), TOTAL)
        return as_result(self, op("divide_no_nan", op("sum", shares * occurs), op("sum", occurs)))
