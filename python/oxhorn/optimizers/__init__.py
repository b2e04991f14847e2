"""Optimizers: update rules, learning-rate schedules, and `get` for names."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.optimizers import schedules as schedules
    from oxhorn.optimizers.adadelta import Adadelta
    from oxhorn.optimizers.adafactor import Adafactor
    from oxhorn.optimizers.adagrad import Adagrad
    from oxhorn.optimizers.adam import Adam
    from oxhorn.optimizers.adamax import Adamax
    from oxhorn.optimizers.adamw import AdamW
    from oxhorn.optimizers.asgd import ASGD
    from oxhorn.optimizers.clipping import clip_by_global_norm, global_norm
    from oxhorn.optimizers.ftrl import Ftrl
    from oxhorn.optimizers.lamb import Lamb
    from oxhorn.optimizers.lbfgs import LBFGS
    from oxhorn.optimizers.lion import Lion
    from oxhorn.optimizers.loss_scale_optimizer import LossScaleOptimizer
    from oxhorn.optimizers.multi_optimizer import MultiOptimizer
    from oxhorn.optimizers.muon import Muon
    from oxhorn.optimizers.nadam import Nadam
    from oxhorn.optimizers.optimizer import Optimizer
    from oxhorn.optimizers.optimizer_map import OptimizerMap
    from oxhorn.optimizers.rmsprop import RMSprop
    from oxhorn.optimizers.rprop import Rprop
    from oxhorn.optimizers.schedule_free_adamw import ScheduleFreeAdamW
    from oxhorn.optimizers.schedules import LearningRateSchedule
    from oxhorn.optimizers.serialization import deserialize, get, serialize
    from oxhorn.optimizers.sgd import SGD
    from oxhorn.optimizers.sparse_adam import SparseAdam
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.optimizers": "schedules",
            "oxhorn.optimizers.adadelta": "Adadelta",
            "oxhorn.optimizers.adafactor": "Adafactor",
            "oxhorn.optimizers.adagrad": "Adagrad",
            "oxhorn.optimizers.adam": "Adam",
            "oxhorn.optimizers.adamax": "Adamax",
            "oxhorn.optimizers.adamw": "AdamW",
            "oxhorn.optimizers.asgd": "ASGD",
            "oxhorn.optimizers.clipping": "clip_by_global_norm, global_norm",
            "oxhorn.optimizers.ftrl": "Ftrl",
            "oxhorn.optimizers.lamb": "Lamb",
            "oxhorn.optimizers.lbfgs": "LBFGS",
            "oxhorn.optimizers.lion": "Lion",
            "oxhorn.optimizers.loss_scale_optimizer": "LossScaleOptimizer",
            "oxhorn.optimizers.multi_optimizer": "MultiOptimizer",
            "oxhorn.optimizers.muon": "Muon",
            "oxhorn.optimizers.nadam": "Nadam",
            "oxhorn.optimizers.optimizer": "Optimizer",
            "oxhorn.optimizers.optimizer_map": "OptimizerMap",
            "oxhorn.optimizers.rmsprop": "RMSprop",
            "oxhorn.optimizers.rprop": "Rprop",
            "oxhorn.optimizers.schedule_free_adamw": "ScheduleFreeAdamW",
            "oxhorn.optimizers.schedules": "LearningRateSchedule",
            "oxhorn.optimizers.serialization": "deserialize, get, serialize",
            "oxhorn.optimizers.sgd": "SGD",
            "oxhorn.optimizers.sparse_adam": "SparseAdam",
        },
    )

__all__ = [
    "LBFGS",
    "ASGD",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "LearningRateSchedule",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "clip_by_global_norm",
    "Rprop",
    "ScheduleFreeAdamW",
    "SparseAdam",
    "deserialize",
    "get",
    "global_norm",
    "schedules",
    "serialize",
]
