"""Optimizers: update rules, learning-rate schedules, and `get` for names."""

from oxhorn.optimizers import schedules
from oxhorn.optimizers.adagrad import Adagrad
from oxhorn.optimizers.adam import Adam
from oxhorn.optimizers.adamw import AdamW
from oxhorn.optimizers.clipping import clip_by_global_norm, global_norm
from oxhorn.optimizers.lbfgs import LBFGS
from oxhorn.optimizers.loss_scale_optimizer import LossScaleOptimizer
from oxhorn.optimizers.multi_optimizer import MultiOptimizer
from oxhorn.optimizers.optimizer import Optimizer
from oxhorn.optimizers.optimizer_map import OptimizerMap
from oxhorn.optimizers.rmsprop import RMSprop
from oxhorn.optimizers.schedules import LearningRateSchedule
from oxhorn.optimizers.serialization import deserialize, get, serialize
from oxhorn.optimizers.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "LearningRateSchedule",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "clip_by_global_norm",
    "deserialize",
    "get",
    "global_norm",
    "schedules",
    "serialize",
]
