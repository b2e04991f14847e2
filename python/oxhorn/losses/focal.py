"""Cross-entropies that care little for what is already right."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import boolean, integer, number, probability
from oxhorn.losses.probabilistic import warn_of_one_class
from oxhorn.losses.values import convert, op, same_shape
from oxhorn.losses.wrapper import BuiltinLoss


def _inside(p: _core.Tensor) -> _core.Tensor:
    epsilon = config.epsilon()
    return op("clip", p, epsilon, 1.0 - epsilon)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> _core.Tensor:
    """The cross-entropy of yes-or-no targets, weighted down where the prediction is good.

    Formula, with `y = y_true (1 - s) + s / 2` for smoothing `s`, and the probability of what is true
    `p_t = y p + (1 - y) (1 - p)`: mean over the axis of `(1 - p_t)^gamma` times the binary cross-entropy; with class
    balancing also times `alpha y + (1 - alpha) (1 - y)`

    Args:
        y_true: Targets in [0, 1], shape `(N, ..., d)`.
        y_pred: Probabilities, or logits; of the same shape.
        apply_class_balancing: Whether to weigh the two classes by `alpha`. Defaults to False.
        alpha: The weight of class 1, in [0, 1]. Defaults to 0.25.
        gamma: How much less good predictions count; 0 is the cross-entropy. Defaults to 2.
        from_logits: Whether `y_pred` are logits. Defaults to False.
        label_smoothing: How far targets move to 1/2, in [0, 1]. Defaults to 0.
        axis: The axis of the mean. Defaults to -1.

    Returns:
        The shape without that axis.

    Raises:
        ValueError: If the shapes differ, or an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.binary_focal_crossentropy([[1.0, 0.0]], [[0.5, 0.5]])[0]), 5)
    0.17329

    Source: T.-Y. Lin et al., Focal loss for dense object detection, 2018 (https://arxiv.org/abs/1708.02002).
    """
    who = "binary_focal_crossentropy"
    smoothing = probability(label_smoothing, "label_smoothing", who)
    gamma = number(gamma, "gamma", who, low=0.0)
    y_true, y_pred = same_shape(who, y_true, y_pred)
    if smoothing:
        y_true = y_true * (1.0 - smoothing) + 0.5 * smoothing
    if boolean(from_logits, "from_logits", who):
        y_pred = _core.activation("sigmoid", y_pred)
    bounded = _inside(y_pred)
    entropy = -(y_true * op("log", bounded) + (1.0 - y_true) * op("log", 1.0 - bounded))
    right = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    values = op("power", 1.0 - right, gamma) * entropy
    if boolean(apply_class_balancing, "apply_class_balancing", who):
        share = probability(alpha, "alpha", who)
        values = values * (y_true * share + (1.0 - y_true) * (1.0 - share))
    return op("mean", values, axis=integer(axis, "axis", who))


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> _core.Tensor:
    """The cross-entropy of one-hot targets, weighted down where the prediction is good.

    Formula, with `y = y_true (1 - s) + s / classes` for smoothing `s`, and `p` the predictions divided by their sum:
    `-sum(alpha (1 - p)^gamma y log(p), axis)`

    Args:
        y_true: Targets, shape `(N, ..., classes)`.
        y_pred: Probabilities, or logits; of the same shape.
        alpha: A weight, or one for each class. Defaults to 0.25.
        gamma: How much less good predictions count; 0 is the cross-entropy. Defaults to 2.
        from_logits: Whether `y_pred` are logits. Defaults to False.
        label_smoothing: How far targets move to the uniform distribution, in [0, 1]. Defaults to 0.
        axis: The axis of the classes. Defaults to -1.

    Returns:
        The shape without that axis.

    Raises:
        ValueError: If the shapes differ, or an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 5)
    0.04332

    Source: T.-Y. Lin et al., Focal loss for dense object detection, 2018 (https://arxiv.org/abs/1708.02002).
    """
    who = "categorical_focal_crossentropy"
    axis = integer(axis, "axis", who)
    smoothing = probability(label_smoothing, "label_smoothing", who)
    gamma = number(gamma, "gamma", who, low=0.0)
    y_true, y_pred = same_shape(who, y_true, y_pred)
    warn_of_one_class(who, y_pred)
    if smoothing:
        y_true = y_true * (1.0 - smoothing) + smoothing / _classes(who, y_pred, axis)
    if boolean(from_logits, "from_logits", who):
        y_pred = _core.activation("softmax", y_pred, {"axis": axis})
    p = _inside(y_pred / op("sum", y_pred, axis=axis, keepdims=True))
    weights = op("power", 1.0 - p, gamma) * convert(alpha, p.dtype)
    return op("sum", -(weights * y_true * op("log", p)), axis=axis)


def _classes(who: str, y_pred: _core.Tensor, axis: int) -> int:
    size: int | None = y_pred.shape[axis]
    if size is None:
        raise ValueError(
            f"{who}: label_smoothing needs a known number of classes; got y_pred of shape {tuple(y_pred.shape)}."
        )
    return size


class BinaryFocalCrossentropy(BuiltinLoss):
    """The cross-entropy of yes-or-no targets, weighted down where the prediction is good.

    Formula: mean of `(1 - p_t)^gamma` times the binary cross-entropy, see `binary_focal_crossentropy`

    Args:
        apply_class_balancing: Whether to weigh the two classes by `alpha`. Defaults to False.
        alpha: The weight of class 1, in [0, 1]. Defaults to 0.25.
        gamma: How much less good predictions count; 0 is the cross-entropy. Defaults to 2.
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.
        label_smoothing: How far targets move to 1/2, in [0, 1]. Defaults to 0.
        axis: The axis of the mean. Defaults to -1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"binary_focal_crossentropy"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.BinaryFocalCrossentropy()([[1.0, 0.0]], [[0.5, 0.5]])), 5)
    0.17329

    Source: T.-Y. Lin et al., Focal loss for dense object detection, 2018 (https://arxiv.org/abs/1708.02002).
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        who = "BinaryFocalCrossentropy"
        probability(label_smoothing, "label_smoothing", who)
        probability(alpha, "alpha", who)
        number(gamma, "gamma", who, low=0.0)
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma


class CategoricalFocalCrossentropy(BuiltinLoss):
    """The cross-entropy of one-hot targets, weighted down where the prediction is good.

    Formula: `-sum(alpha (1 - p)^gamma y_true log(p))` along `axis`, see `categorical_focal_crossentropy`

    Args:
        alpha: A weight, or one for each class. Defaults to 0.25.
        gamma: How much less good predictions count; 0 is the cross-entropy. Defaults to 2.
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.
        label_smoothing: How far targets move to the uniform distribution, in [0, 1]. Defaults to 0.
        axis: The axis of the classes. Defaults to -1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"categorical_focal_crossentropy"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 5)
    0.04332

    Source: T.-Y. Lin et al., Focal loss for dense object detection, 2018 (https://arxiv.org/abs/1708.02002).
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        who = "CategoricalFocalCrossentropy"
        probability(label_smoothing, "label_smoothing", who)
        number(gamma, "gamma", who, low=0.0)
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            alpha=alpha,
            gamma=gamma,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self.alpha = alpha
        self.gamma = gamma
