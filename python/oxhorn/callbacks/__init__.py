"""Callbacks: code that runs at set points of training, evaluation and prediction."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.callbacks.backup_and_restore import BackupAndRestore
    from oxhorn.callbacks.callback import Callback
    from oxhorn.callbacks.callback_list import CallbackList
    from oxhorn.callbacks.csv_logger import CSVLogger
    from oxhorn.callbacks.early_stopping import EarlyStopping
    from oxhorn.callbacks.gradual_unfreezing import GradualUnfreezing
    from oxhorn.callbacks.history import History
    from oxhorn.callbacks.lambda_callback import LambdaCallback
    from oxhorn.callbacks.learning_rate_finder import LearningRateFinder
    from oxhorn.callbacks.learning_rate_scheduler import LearningRateScheduler
    from oxhorn.callbacks.model_checkpoint import ModelCheckpoint
    from oxhorn.callbacks.one_cycle_scheduler import OneCycleScheduler
    from oxhorn.callbacks.progbar_logger import ProgbarLogger
    from oxhorn.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
    from oxhorn.callbacks.stochastic_weight_averaging import StochasticWeightAveraging
    from oxhorn.callbacks.swap_ema_weights import SwapEMAWeights
    from oxhorn.callbacks.terminate_on_nan import TerminateOnNaN
    from oxhorn.callbacks.training_monitor import TrainingMonitor
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.callbacks.backup_and_restore": "BackupAndRestore",
            "oxhorn.callbacks.callback": "Callback",
            "oxhorn.callbacks.callback_list": "CallbackList",
            "oxhorn.callbacks.csv_logger": "CSVLogger",
            "oxhorn.callbacks.early_stopping": "EarlyStopping",
            "oxhorn.callbacks.gradual_unfreezing": "GradualUnfreezing",
            "oxhorn.callbacks.history": "History",
            "oxhorn.callbacks.lambda_callback": "LambdaCallback",
            "oxhorn.callbacks.learning_rate_finder": "LearningRateFinder",
            "oxhorn.callbacks.learning_rate_scheduler": "LearningRateScheduler",
            "oxhorn.callbacks.model_checkpoint": "ModelCheckpoint",
            "oxhorn.callbacks.one_cycle_scheduler": "OneCycleScheduler",
            "oxhorn.callbacks.progbar_logger": "ProgbarLogger",
            "oxhorn.callbacks.reduce_lr_on_plateau": "ReduceLROnPlateau",
            "oxhorn.callbacks.stochastic_weight_averaging": "StochasticWeightAveraging",
            "oxhorn.callbacks.swap_ema_weights": "SwapEMAWeights",
            "oxhorn.callbacks.terminate_on_nan": "TerminateOnNaN",
            "oxhorn.callbacks.training_monitor": "TrainingMonitor",
        },
    )

__all__ = [
    "BackupAndRestore",
    "Callback",
    "CallbackList",
    "CSVLogger",
    "EarlyStopping",
    "GradualUnfreezing",
    "History",
    "LambdaCallback",
    "LearningRateFinder",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "OneCycleScheduler",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "StochasticWeightAveraging",
    "SwapEMAWeights",
    "TerminateOnNaN",
    "TrainingMonitor",
]
