"""Schedules by configuration."""

from __future__ import annotations

from typing import Any

from oxhorn.lazy import LazyObjects
from oxhorn.lookup import deserialize_from
from oxhorn.optimizers import schedules
from oxhorn.optimizers.schedules.learning_rate_schedule import LearningRateSchedule

_OTHERS = ("LearningRateSchedule", "deserialize", "serialize")

OBJECTS = LazyObjects(schedules.__name__, {name: name for name in schedules.__all__ if name not in _OTHERS})


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """The configuration of a schedule."""
    from oxhorn.saving import serialize_keras_object

    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """A schedule from its configuration.

    Args:
        config: What `serialize` returned.
        custom_objects: Names that stand for classes of yours.
    """
    return deserialize_from(config, "learning-rate schedule", OBJECTS, custom_objects)
