"""Metrics by name and by configuration."""

from __future__ import annotations

from typing import Any

from oxhorn import metrics
from oxhorn.engine.naming import to_snake_case
from oxhorn.lazy import LazyObjects
from oxhorn.lookup import deserialize_from, get_from
from oxhorn.metrics.metric import Metric

_ALIASES = {
    "bce": "BinaryCrossentropy",
    "kld": "KLDivergence",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
    "rmse": "RootMeanSquaredError",
}

# A class where there is one, so that `get` gives something that sums up over batches.
_CLASSES = tuple(name for name in metrics.__all__ if name[0].isupper() and name.lower() not in _ALIASES)

OBJECTS = LazyObjects(
    metrics.__name__,
    {
        # Losses that have no metric class of their name.
        "huber": "huber",
        "log_cosh": "log_cosh",
        "logcosh": "log_cosh",
        **{name: name for name in _CLASSES},
        **{to_snake_case(name): name for name in _CLASSES},
        **_ALIASES,
        **{name.upper(): kind for name, kind in _ALIASES.items()},
    },
)


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
