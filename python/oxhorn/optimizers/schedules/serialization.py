"""Schedules by configuration."""

from __future__ import annotations

from typing import Any

from oxhorn.lookup import deserialize_from
from oxhorn.optimizers.schedules import cosine, cyclic, decay, piecewise, warmup
from oxhorn.optimizers.schedules.learning_rate_schedule import LearningRateSchedule

OBJECTS: dict[str, type[LearningRateSchedule]] = {
    schedule.__name__: schedule
    for schedule in (
        cosine.CosineDecay,
        cosine.CosineDecayRestarts,
        cyclic.CyclicalLearningRate,
        cyclic.OneCycle,
        decay.ExponentialDecay,
        decay.InverseTimeDecay,
        decay.PolynomialDecay,
        decay.PowerDecay,
        decay.StepDecay,
        piecewise.ConstantLearningRate,
        piecewise.PiecewiseConstantDecay,
        warmup.LinearWarmup,
    )
}


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
