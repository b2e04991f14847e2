"""Dtype policies under the names that mixed precision has in Keras."""

from oxhorn.config import dtype_policy, set_dtype_policy
from oxhorn.config import dtype_policy as global_policy
from oxhorn.config import set_dtype_policy as set_global_policy
from oxhorn.dtype_policies import DTypePolicy
from oxhorn.dtype_policies import DTypePolicy as Policy
from oxhorn.optimizers.loss_scale_optimizer import LossScaleOptimizer

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
