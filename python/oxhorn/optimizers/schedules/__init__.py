"""Learning rates that depend on the step."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
    from oxhorn.optimizers.schedules.cyclic import CyclicalLearningRate, OneCycle
    from oxhorn.optimizers.schedules.decay import (
        ExponentialDecay,
        InverseTimeDecay,
        PolynomialDecay,
        PowerDecay,
        StepDecay,
    )
    from oxhorn.optimizers.schedules.learning_rate_schedule import LearningRateSchedule
    from oxhorn.optimizers.schedules.piecewise import ConstantLearningRate, PiecewiseConstantDecay
    from oxhorn.optimizers.schedules.serialization import deserialize, serialize
    from oxhorn.optimizers.schedules.warmup import LinearWarmup
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.optimizers.schedules.cosine": "CosineDecay, CosineDecayRestarts",
            "oxhorn.optimizers.schedules.cyclic": "CyclicalLearningRate, OneCycle",
            "oxhorn.optimizers.schedules.decay": (
                "ExponentialDecay, InverseTimeDecay, PolynomialDecay, PowerDecay, StepDecay"
            ),
            "oxhorn.optimizers.schedules.learning_rate_schedule": "LearningRateSchedule",
            "oxhorn.optimizers.schedules.piecewise": "ConstantLearningRate, PiecewiseConstantDecay",
            "oxhorn.optimizers.schedules.serialization": "deserialize, serialize",
            "oxhorn.optimizers.schedules.warmup": "LinearWarmup",
        },
    )

__all__ = [
    "ConstantLearningRate",
    "CosineDecay",
    "CosineDecayRestarts",
    "CyclicalLearningRate",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "LinearWarmup",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "PowerDecay",
    "StepDecay",
    "deserialize",
    "serialize",
]
