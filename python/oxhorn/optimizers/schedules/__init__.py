"""Learning rates that depend on the step."""

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
