"""Losses for probabilities."""

from __future__ import annotations

import warnings
from typing import Any

from oxhorn import _core
from oxhorn.arguments import boolean, integer, probability
from oxhorn.losses.values import convert, convert_float, op
from oxhorn.losses.wrapper import BuiltinLoss, run_loss


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> _core.Tensor:
    """The cross-entropy of yes-or-no targets, mean over an axis.

    Formula: `-mean(y log(p) + (1 - y) log(1 - p), axis)`, with `y = y_true (1 - s) + s / 2` for smoothing `s`; with
    logits `z`, `max(z, 0) - z y + log(1 + exp(-|z|))`

    Args:
        y_true: Targets in [0, 1], shape `(N, ..., d)`.
        y_pred: Probabilities, or logits; of the same shape. Probabilities that a traced sigmoid computed are taken
            back to its logits, which loses nothing; others are kept within `epsilon` of 0 and 1.
        from_logits: Whether `y_pred` are logits. Defaults to False.
        label_smoothing: How far targets move to 1/2, in [0, 1]. Defaults to 0.
        axis: The axis of the mean. Defaults to -1.

    Returns:
        The shape without that axis.

    Raises:
        ValueError: If the shapes differ, or an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]])[0]), 5)
    0.69315

    Source: I. J. Good, Rational decisions, 1952.
    """
    probability(label_smoothing, "label_smoothing", "binary_crossentropy")
    return run_loss(
        "binary_crossentropy",
        y_true,
        y_pred,
        from_logits=boolean(from_logits, "from_logits", "binary_crossentropy"),
        label_smoothing=label_smoothing,
        axis=integer(axis, "axis", "binary_crossentropy"),
    )


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> _core.Tensor:
    """The cross-entropy of one-hot targets (or of target distributions).

    Formula: `-sum(y log(p), axis)`, with `y = y_true (1 - s) + s / classes` for smoothing `s`, and `p` the predictions
    divided by their sum; with logits `z`, `log(p) = z - log(sum(exp(z)))`

    Args:
        y_true: Targets, shape `(N, ..., classes)`.
        y_pred: Probabilities, or logits; of the same shape. Probabilities that a traced softmax computed are taken
            back to its logits; others are kept within `epsilon` of 0 and 1.
        from_logits: Whether `y_pred` are logits. Defaults to False.
        label_smoothing: How far targets move to the uniform distribution, in [0, 1]. Defaults to 0.
        axis: The axis of the classes. Defaults to -1.

    Returns:
        The shape without that axis.

    Raises:
        ValueError: If the shapes differ, or an argument is out of range.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 5)
    0.69315

    Source: J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990.
    """
    probability(label_smoothing, "label_smoothing", "categorical_crossentropy")
    axis = integer(axis, "axis", "categorical_crossentropy")
    y_pred = convert_float(y_pred)
    warn_of_one_class("categorical_crossentropy", y_pred)
    return run_loss(
        "categorical_crossentropy",
        y_true,
        y_pred,
        from_logits=boolean(from_logits, "from_logits", "categorical_crossentropy"),
        label_smoothing=label_smoothing,
        axis=axis,
    )


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> _core.Tensor:
    """The cross-entropy of targets that are class numbers.

    Formula: `-log(p[y_true])`, with `p` the predictions divided by their sum; with logits `z`,
    `log(sum(exp(z))) - z[y_true]`

    Args:
        y_true: Class numbers from 0 to classes - 1; shape `(N, ...)`, or with an axis of size 1 for the classes.
        y_pred: Probabilities, or logits; shape `(N, ..., classes)`. Probabilities that a traced softmax computed are
            taken back to its logits; others are kept within `epsilon` of 0 and 1.
        from_logits: Whether `y_pred` are logits. Defaults to False.
        ignore_class: A number that marks targets without a loss, such as -1 or 255; they are left out of means.
            Defaults to None.
        axis: The axis of the classes. Defaults to -1.

    Returns:
        The shape without that axis.

    Raises:
        ValueError: If the shapes do not match, or a target is not the number of a class.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]])[0]), 5)
    0.69315

    Source: J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990.
    """
    axis = integer(axis, "axis", "sparse_categorical_crossentropy")
    y_true, y_pred = convert(y_true), convert_float(y_pred)
    if ignore_class is None:
        return run_loss(
            "sparse_categorical_crossentropy",
            y_true,
            y_pred,
            from_logits=boolean(from_logits, "from_logits", "sparse_categorical_crossentropy"),
            axis=axis,
        )
    ignore_class = integer(ignore_class, "ignore_class", "sparse_categorical_crossentropy")
    losses = run_loss(
        "sparse_categorical_crossentropy",
        y_true,
        y_pred,
        from_logits=boolean(from_logits, "from_logits", "sparse_categorical_crossentropy"),
        axis=axis,
        ignore_class=ignore_class,
    )
    if y_true.ndim == y_pred.ndim:
        y_true = op("squeeze", y_true, axis=axis)
    losses._keras_mask = op("not_equal", y_true, _core.tensor(ignore_class, y_true.dtype))
    return losses


def warn_of_one_class(who: str, y_pred: _core.Tensor) -> None:
    """A cross-entropy between classes, of which there is only one, is always 0."""
    if y_pred.ndim and y_pred.shape[-1] == 1:
        warnings.warn(
            f"{who}: expected y_pred of shape (N, classes) with more than one class; got"
            f" {tuple(y_pred.shape)}, for which the loss is always 0. For two classes in one column use"
            " binary_crossentropy.",
            SyntaxWarning,
            stacklevel=3,
        )


def kl_divergence(y_true: Any, y_pred: Any) -> _core.Tensor:
    """The divergence of predicted distributions from the targets.

    Formula: `sum(y_true log(y_true / y_pred), axis=-1)`, both kept within `epsilon` and 1

    Args:
        y_true: Target distributions, shape `(N, ..., classes)`.
        y_pred: Predicted distributions of the same shape.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.kl_divergence([[0.0, 1.0]], [[0.5, 0.5]])[0]), 5)
    0.69315

    Source: S. Kullback, R. A. Leibler, On information and sufficiency, 1951.
    """
    return run_loss("kl_divergence", y_true, y_pred)


def poisson(y_true: Any, y_pred: Any) -> _core.Tensor:
    """The log-likelihood of counts, up to its constant and with the sign of a loss; mean over the last axis.

    Formula: `mean(y_pred - y_true log(y_pred + epsilon), axis=-1)`

    Args:
        y_true: Counts, shape `(N, ..., d)`.
        y_pred: Predicted rates of the same shape, positive.

    Returns:
        Shape `(N, ...)`.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.poisson([[2.0]], [[1.0]])[0]), 5)
    1.0

    Source: S. D. Poisson, 1837.
    """
    return run_loss("poisson", y_true, y_pred)


class BinaryCrossentropy(BuiltinLoss):
    """The cross-entropy of yes-or-no targets.

    Formula: `-mean(y log(p) + (1 - y) log(1 - p))` along `axis`, see `binary_crossentropy`

    Args:
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.
        label_smoothing: How far targets move to the uniform distribution, in [0, 1]. Defaults to 0.
        axis: The axis of the mean. Defaults to -1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"binary_crossentropy"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.BinaryCrossentropy()([[1.0, 0.0]], [[0.5, 0.5]])), 5)
    0.69315

    Source: I. J. Good, Rational decisions, 1952.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        probability(label_smoothing, "label_smoothing", "BinaryCrossentropy")
        from_logits = boolean(from_logits, "from_logits", "BinaryCrossentropy")
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class CategoricalCrossentropy(BuiltinLoss):
    """The cross-entropy of one-hot targets.

    Formula: `-sum(y_true log(p))` along `axis`, see `categorical_crossentropy`

    Args:
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.
        label_smoothing: How far targets move to the uniform distribution, in [0, 1]. Defaults to 0.
        axis: The axis of the classes. Defaults to -1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"categorical_crossentropy"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 5)
    0.69315

    Source: J. S. Bridle, 1990.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        probability(label_smoothing, "label_smoothing", "CategoricalCrossentropy")
        from_logits = boolean(from_logits, "from_logits", "CategoricalCrossentropy")
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(BuiltinLoss):
    """The cross-entropy of targets that are class numbers.

    Formula: `-log(p[y_true])`, see `sparse_categorical_crossentropy`

    Args:
        from_logits: Whether predictions are logits rather than probabilities. Defaults to False.
        ignore_class: A number that marks targets without a loss, such as -1 or 255. Defaults to None.
        axis: The axis of the classes. Defaults to -1.
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"sparse_categorical_crossentropy"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 5)
    0.69315

    Source: J. S. Bridle, 1990.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        from_logits = boolean(from_logits, "from_logits", "SparseCategoricalCrossentropy")
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again; the axis only if it is not the last one."""
        config = super().get_config()
        if self.axis == -1:
            del config["axis"]
        return config


class KLDivergence(BuiltinLoss):
    """The divergence of predicted distributions from the targets.

    Formula: `sum(y_true log(y_true / y_pred))` over the last axis, both kept within `epsilon` and 1

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"kl_divergence"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.KLDivergence()([[0.0, 1.0]], [[0.5, 0.5]])), 5)
    0.69315

    Source: S. Kullback, R. A. Leibler, On information and sufficiency, 1951.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(BuiltinLoss):
    """The log-likelihood of counts, up to its constant and with the sign of a loss.

    Formula: `mean(y_pred - y_true log(y_pred + epsilon))` over the last axis

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"poisson"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import oxhorn as keras
    >>> round(float(keras.losses.Poisson()([[2.0]], [[1.0]])), 5)
    1.0

    Source: S. D. Poisson, 1837.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
