"""Intersection over union: how well predicted classes cover the true ones."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.arguments import boolean, integer, number
from oxhorn.losses.loss import apply_mask
from oxhorn.losses.values import FLOATS, align_weights, cast, convert, mask_of, op, show
from oxhorn.metrics.metric import Metric
from oxhorn.metrics.reduction import TOTAL


def count_pairs(
    truth: _core.Tensor, said: _core.Tensor, ones: _core.Tensor, num_classes: int
) -> _core.Tensor:
    """The confusion matrix of classes: the sum of `ones` over the samples of class i that were taken for class j."""
    place = op("reshape", truth * num_classes + said, newshape=[-1])
    sums = op("segment_sum", op("reshape", ones, newshape=[-1]), place, num_segments=num_classes**2)
    return op("reshape", sums, newshape=[num_classes, num_classes])


class IoU(Metric):
    """What targets and predictions of a class have in common over what either has, mean over some classes.

    Formula: `tp / (tp + fp + fn)` for each class, from the confusion matrix of all samples; the mean over those of
    `target_class_ids` that occur

    Args:
        num_classes: Number of classes. Numbers outside `[0, num_classes)` do not count.
        target_class_ids: The classes whose mean is taken.
        name: Name of the metric. Defaults to `"io_u"`.
        dtype: Type of the result; a whole-number type stands for float32. Defaults to `"int32"`.
        ignore_class: A class whose samples do not count. Defaults to None.
        sparse_y_true: Whether targets are class numbers rather than one-hot. Defaults to True.
        sparse_y_pred: Whether predictions are class numbers rather than scores. Defaults to True.
        axis: The axis of the classes, of targets or predictions that are not class numbers. Defaults to -1.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.IoU(num_classes=2, target_class_ids=[0])
    >>> round(float(metric([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333

    Source: P. Jaccard, 1901.
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        who = type(self).__name__
        super().__init__(name=name, dtype=dtype or "int32")
        self.num_classes = integer(num_classes, "num_classes", who, low=1)
        self.target_class_ids = [integer(i, "target_class_ids", who, low=0) for i in target_class_ids]
        if not self.target_class_ids:
            raise ValueError(f"{who}: expected `target_class_ids` to name at least one class; got none.")
        if max(self.target_class_ids) >= num_classes:
            raise ValueError(
                f"{who}: Target class id {max(self.target_class_ids)} is out of range, which is [0, {num_classes})."
            )
        self.ignore_class = None if ignore_class is None else integer(ignore_class, "ignore_class", who)
        self.sparse_y_true = boolean(sparse_y_true, "sparse_y_true", who)
        self.sparse_y_pred = boolean(sparse_y_pred, "sparse_y_pred", who)
        self.axis = integer(axis, "axis", who)
        self.total_cm = self._add_total("total_confusion_matrix", (self.num_classes, self.num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Class numbers, or one-hot.
            y_pred: Class numbers, or scores.
            sample_weight: None, or weights of a shape with which that of the class numbers begins.
        """
        self._warn_of_float_weights(sample_weight)
        weights = apply_mask(sample_weight, mask_of(y_pred), TOTAL, "sum", self.name)
        truth = self._classes(y_true, self.sparse_y_true)
        said = self._classes(y_pred, self.sparse_y_pred)
        ones = cast(op("ones_like", truth), TOTAL)
        if weights is not None:
            weights = convert(weights, TOTAL)
            ones = ones * (align_weights(self.name, weights, truth) if weights.ndim else weights)
        flat = [op("reshape", x, newshape=[-1]) for x in (truth, said, ones)]
        truth, said, ones = flat
        if None not in (truth.shape[0], said.shape[0]) and truth.shape != said.shape:
            raise ValueError(
                f"{self.name}: expected as many predictions as targets; got y_true {show(convert(y_true).shape)} and "
                f"y_pred {show(convert(y_pred).shape)}."
            )
        counts = op("logical_and", self._is_class(truth), self._is_class(said))
        if self.ignore_class is not None:
            counts = op("logical_and", counts, op("not_equal", truth, self.ignore_class))
        truth, said = (op("where", counts, x, op("zeros_like", x)) for x in (truth, said))
        ones = op("where", counts, ones, op("zeros_like", ones))
        self.total_cm.assign_add(count_pairs(truth, said, ones, self.num_classes))

    def _classes(self, x: Any, sparse: bool) -> _core.Tensor:
        x = convert(x)
        return cast(x if sparse else op("argmax", x, axis=self.axis), "int64")

    def _is_class(self, x: _core.Tensor) -> _core.Tensor:
        return op("logical_and", op("greater_equal", x, 0), op("less", x, self.num_classes))

    def _warn_of_float_weights(self, sample_weight: Any) -> None:
        is_float = "float" in str(getattr(sample_weight, "dtype", ""))
        if is_float and not getattr(sample_weight, "is_traced", False) and self.dtype not in FLOATS:
            warnings.warn(
                f"{self.name}: sample weights are `float`, but the metric's dtype is `int`. They count as they are, "
                "without casting; pass dtype='float32' to say so.",
                stacklevel=3,
            )

    def result(self) -> _core.Tensor:
        """The mean so far; 0 before the first sample."""
        matrix = self.total_cm.value
        targets = _core.tensor(self.target_class_ids, "int64")
        right = op("take", op("diag", matrix), targets, axis=0)
        either = op("take", op("sum", matrix, axis=0) + op("sum", matrix, axis=1), targets, axis=0) - right
        occurs = cast(op("greater", either, 1e-9), TOTAL)
        shares = op("divide_no_nan", right, either)
        mean = op("divide_no_nan", op("sum", shares * occurs), op("sum", occurs))
        return cast(mean, self.dtype if self.dtype in FLOATS else "float32")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _config_without(self, *names: str) -> dict[str, Any]:
        return {key: value for key, value in IoU.get_config(self).items() if key not in names}


class BinaryIoU(IoU):
    """Intersection over union of two classes, from probabilities.

    Formula: `tp / (tp + fp + fn)` for each class of `target_class_ids`, with a yes where `y_pred >= threshold`; their
    mean

    Args:
        target_class_ids: The classes whose mean is taken: 0, 1 or both. Defaults to both.
        threshold: From it up a prediction is a 1. Defaults to 0.5.
        name: Name of the metric. Defaults to `"binary_io_u"`.
        dtype: Type of the result; a whole-number type stands for float32. Defaults to `"int32"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.3)
    >>> round(float(metric([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
    0.3333

    Source: P. Jaccard, 1901.
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_classes=2, target_class_ids=target_class_ids, name=name, dtype=dtype)
        self.threshold = number(threshold, "threshold", type(self).__name__)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets, 0 or 1.
            y_pred: Predictions.
            sample_weight: None, or weights of a shape with which that of the targets begins.
        """
        mask = mask_of(y_pred)
        yes = cast(op("greater_equal", convert(y_pred), self.threshold), "int64")
        yes._keras_mask = mask
        super().update_state(y_true, yes, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "target_class_ids": self.target_class_ids,
            "threshold": self.threshold,
        }


class MeanIoU(IoU):
    """Intersection over union, mean over all classes that occur.

    Formula: mean of `tp / (tp + fp + fn)`

    Args:
        num_classes: Number of classes. Numbers outside `[0, num_classes)` do not count.
        name: Name of the metric. Defaults to `"mean_io_u"`.
        dtype: Type of the result; a whole-number type stands for float32. Defaults to `"int32"`.
        ignore_class: A class whose samples do not count. Defaults to None.
        sparse_y_true: Whether targets are class numbers rather than one-hot. Defaults to True.
        sparse_y_pred: Whether predictions are class numbers rather than scores. Defaults to True.
        axis: The axis of the classes, of targets or predictions that are not class numbers. Defaults to -1.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.metrics.MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333

    Source: P. Jaccard, 1901.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(integer(num_classes, "num_classes", type(self).__name__, low=1)),
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=sparse_y_true,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return self._config_without("target_class_ids")


class OneHotIoU(IoU):
    """Intersection over union of one-hot targets and scores, mean over some classes.

    Formula: `tp / (tp + fp + fn)` for each class of `target_class_ids`; their mean

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes whose mean is taken.
        name: Name of the metric. Defaults to `"one_hot_io_u"`.
        dtype: Type of the result; a whole-number type stands for float32. Defaults to `"int32"`.
        ignore_class: A class whose samples do not count. Defaults to None.
        sparse_y_pred: Whether predictions are class numbers rather than scores. Defaults to False.
        axis: The axis of the classes. Defaults to -1.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.OneHotIoU(num_classes=2, target_class_ids=[1])
    >>> round(float(metric([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])), 4)
    0.5

    Source: P. Jaccard, 1901.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            target_class_ids,
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=False,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return self._config_without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """Intersection over union of one-hot targets and scores, mean over all classes that occur.

    Formula: mean of `tp / (tp + fp + fn)`

    Args:
        num_classes: Number of classes.
        name: Name of the metric. Defaults to `"one_hot_mean_io_u"`.
        dtype: Type of the result; a whole-number type stands for float32. Defaults to `"int32"`.
        ignore_class: A class whose samples do not count. Defaults to None.
        sparse_y_pred: Whether predictions are class numbers rather than scores. Defaults to False.
        axis: The axis of the classes. Defaults to -1.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> metric = keras.metrics.OneHotMeanIoU(num_classes=2)
    >>> round(float(metric([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])), 4)
    0.5

    Source: P. Jaccard, 1901.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=False,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return self._config_without("target_class_ids", "sparse_y_true")
