"""Optimizers: update rules, learning-rate schedules, and `get` for names."""

from oxhorn.optimizers import schedules
from oxhorn.optimizers.adagrad import Adagrad
from oxhorn.optimizers.adam import Adam
from oxhorn.optimizers.adamw import AdamW
from oxhorn.optimizers.optimizer import Optimizer
from oxhorn.optimizers.rmsprop import RMSprop
from oxhorn.optimizers.schedules import LearningRateSchedule
from oxhorn.optimizers.serialization import deserialize, get, serialize
from oxhorn.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "LearningRateSchedule",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
