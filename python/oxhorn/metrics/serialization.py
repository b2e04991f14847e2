"""Metrics by name and by configuration."""

from __future__ import annotations

from typing import Any

from oxhorn.engine.naming import to_snake_case
from oxhorn.lookup import deserialize_from, get_from
from oxhorn.losses.regression import huber, log_cosh
from oxhorn.metrics.accuracies import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from oxhorn.metrics.agreement import BalancedAccuracy, CohenKappa, MatthewsCorrelation
from oxhorn.metrics.at_constraint import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from oxhorn.metrics.auc import AUC
from oxhorn.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from oxhorn.metrics.correlation import ConcordanceCorrelation, PearsonCorrelation
from oxhorn.metrics.f_score import F1Score, FBetaScore
from oxhorn.metrics.hinges import CategoricalHinge, Hinge, SquaredHinge
from oxhorn.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from oxhorn.metrics.metric import Metric
from oxhorn.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from oxhorn.metrics.r2_score import R2Score
from oxhorn.metrics.reduction import Mean, MeanMetricWrapper, Sum
from oxhorn.metrics.regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)

_CLASSES: tuple[type[Metric], ...] = (
    AUC,
    Accuracy,
    BalancedAccuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    BinaryIoU,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CohenKappa,
    ConcordanceCorrelation,
    CosineSimilarity,
    F1Score,
    FBetaScore,
    FalseNegatives,
    FalsePositives,
    Hinge,
    IoU,
    KLDivergence,
    LogCoshError,
    MatthewsCorrelation,
    Mean,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanIoU,
    MeanMetricWrapper,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Metric,
    OneHotIoU,
    OneHotMeanIoU,
    PearsonCorrelation,
    Poisson,
    Precision,
    PrecisionAtRecall,
    R2Score,
    Recall,
    RecallAtPrecision,
    RootMeanSquaredError,
    SensitivityAtSpecificity,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SpecificityAtSensitivity,
    SquaredHinge,
    Sum,
    TopKCategoricalAccuracy,
    TrueNegatives,
    TruePositives,
)

_ALIASES: dict[str, type[Metric]] = {
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
    "rmse": RootMeanSquaredError,
}

OBJECTS: dict[str, Any] = {
    # Losses that have no metric class of their name.
    "huber": huber,
    "log_cosh": log_cosh,
    "logcosh": log_cosh,
    **{kind.__name__: kind for kind in _CLASSES},
    **{to_snake_case(kind.__name__): kind for kind in _CLASSES},
    **_ALIASES,
    **{name.upper(): kind for name, kind in _ALIASES.items()},
}


def serialize(metric: Any) -> Any:
    """The configuration of a metric.

    Args:
        metric: A `Metric`, or a metric function.

    Returns:
        A dict that `deserialize` understands.
    """
    from oxhorn.saving import serialize_keras_object

    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """A metric from its configuration.

    Args:
        config: What `serialize` returned, or the name of a metric.
        custom_objects: Names that stand for classes and functions of yours.

    Returns:
        A `Metric`, or a metric function.
    """
    return deserialize_from(config, "metric", OBJECTS, custom_objects)


def get(identifier: Any) -> Any:
    """A metric by name, configuration, or as it is.

    Args:
        identifier: None, a name such as `"mse"` or `"AUC"`, a configuration, a class, a function or a `Metric`.

    Returns:
        None, a `Metric`, or a metric function.

    Raises:
        ValueError: If there is no such metric.

    Example:
    >>> import oxhorn as keras
    >>> keras.metrics.get("mse").name
    'mean_squared_error'
    """
    if isinstance(identifier, Metric):
        return identifier
    return get_from(identifier, "metric", OBJECTS)
