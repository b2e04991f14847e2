"""The mathematics of this package in plain NumPy, float64, one formula a function.

Nothing here is fast. It is the text against which every kernel, layer, loss, metric and optimizer is tested,
and it is short enough to be read as a lesson. Only NumPy is needed.
"""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.testing.reference import activations as activations
    from oxhorn.testing.reference import attention as attention
    from oxhorn.testing.reference import constraints as constraints
    from oxhorn.testing.reference import fourier as fourier
    from oxhorn.testing.reference import indexing as indexing
    from oxhorn.testing.reference import initializers as initializers
    from oxhorn.testing.reference import layers as layers
    from oxhorn.testing.reference import linalg as linalg
    from oxhorn.testing.reference import losses as losses
    from oxhorn.testing.reference import metrics as metrics
    from oxhorn.testing.reference import ops as ops
    from oxhorn.testing.reference import optimizers as optimizers
    from oxhorn.testing.reference import pretraining as pretraining
    from oxhorn.testing.reference import regularizers as regularizers
    from oxhorn.testing.reference import rnn as rnn
    from oxhorn.testing.reference import schedules as schedules
    from oxhorn.testing.reference.lookup import find, missing
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.testing.reference": (
                "activations, attention, constraints, fourier, indexing, initializers, layers, linalg, "
                "losses, metrics, ops, optimizers, pretraining, regularizers, rnn, schedules"
            ),
            "oxhorn.testing.reference.lookup": "find, missing",
        },
    )

__all__ = [
    "activations",
    "attention",
    "constraints",
    "find",
    "fourier",
    "indexing",
    "initializers",
    "layers",
    "linalg",
    "losses",
    "metrics",
    "missing",
    "ops",
    "optimizers",
    "pretraining",
    "regularizers",
    "rnn",
    "schedules",
]
