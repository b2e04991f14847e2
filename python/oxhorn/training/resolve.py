"""Losses and metrics from what a person typed: a string, a function, a class or an object."""

from __future__ import annotations

import re
from typing import Any

from oxhorn import losses, metrics

_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


def kind_of_target(y_true: Any, y_pred: Any) -> str:
    """`"binary"`, `"sparse_categorical"` or `"categorical"`, from the shapes alone.

    One output unit means binary. Targets with one axis fewer than the predictions, or with a last axis of one
    against several classes, are class indices. Everything else is one-hot.
    """
    if len(y_pred.shape) == 0:
        raise ValueError(
            "'accuracy' and 'crossentropy' need predictions with at least one axis; got a scalar."
        )
    classes = y_pred.shape[-1]
    if classes == 1:
        return "binary"
    fewer_axes = len(y_true.shape) < len(y_pred.shape)
    if fewer_axes or (y_true.shape[-1] == 1 and classes is not None and classes > 1):
        return "sparse_categorical"
    return "categorical"


def get_metric(identifier: Any, y_true: Any, y_pred: Any) -> metrics.Metric:
    """The metric that `identifier` names, called as the person called it."""
    if identifier is None:
        raise ValueError("compile expected a metric (a name, a function or a `Metric`); got None.")
    found: Any
    if isinstance(identifier, str) and identifier.lower() in _ACCURACY:
        by_kind = {
            "binary": metrics.BinaryAccuracy,
            "sparse_categorical": metrics.SparseCategoricalAccuracy,
            "categorical": metrics.CategoricalAccuracy,
        }
        found = by_kind[kind_of_target(y_true, y_pred)](name=identifier)
    elif isinstance(identifier, str) and identifier.lower() in _CROSSENTROPY:
        by_kind = {
            "binary": metrics.BinaryCrossentropy,
            "sparse_categorical": metrics.SparseCategoricalCrossentropy,
            "categorical": metrics.CategoricalCrossentropy,
        }
        found = by_kind[kind_of_target(y_true, y_pred)](name=identifier)
    else:
        found = metrics.get(identifier)
    name = identifier if isinstance(identifier, str) else object_name(found)
    if not isinstance(found, metrics.Metric):
        found = metrics.MeanMetricWrapper(found, name=name)
    found.name = name
    assert isinstance(found, metrics.Metric)
    return found


def check_loss(identifier: Any) -> None:
    """Raises a `ValueError` if a name stands for no loss."""
    if isinstance(identifier, str) and identifier.lower() not in _CROSSENTROPY:
        losses.get(identifier)


def get_loss(identifier: Any, y_true: Any, y_pred: Any) -> losses.Loss:
    """The loss that `identifier` names, as an object that reduces over the batch."""
    found: Any
    if isinstance(identifier, str) and identifier.lower() in _CROSSENTROPY:
        by_kind = {
            "binary": losses.binary_crossentropy,
            "sparse_categorical": losses.sparse_categorical_crossentropy,
            "categorical": losses.categorical_crossentropy,
        }
        found = by_kind[kind_of_target(y_true, y_pred)]
    else:
        found = losses.get(identifier)
    if not isinstance(found, losses.Loss):
        name = identifier if isinstance(identifier, str) else object_name(found)
        found = losses.LossFunctionWrapper(found, name=name)
    assert isinstance(found, losses.Loss)
    return found


def object_name(thing: Any) -> str:
    """`thing.name`, the name of a function, or the class name in snake case."""
    name = getattr(thing, "name", None)
    if isinstance(name, str):
        return name
    name = getattr(thing, "__name__", None)
    if isinstance(name, str):
        return name
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(thing).__name__)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()
