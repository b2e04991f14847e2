"""Dtype policies under the names that mixed precision has in Keras."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.config import dtype_policy, set_dtype_policy
    from oxhorn.config import dtype_policy as global_policy
    from oxhorn.config import set_dtype_policy as set_global_policy
    from oxhorn.dtype_policies import DTypePolicy
    from oxhorn.dtype_policies import DTypePolicy as Policy
    from oxhorn.optimizers.loss_scale_optimizer import LossScaleOptimizer
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.config": (
                "dtype_policy, dtype_policy as global_policy, set_dtype_policy, "
                "set_dtype_policy as set_global_policy"
            ),
            "oxhorn.dtype_policies": "DTypePolicy, DTypePolicy as Policy",
            "oxhorn.optimizers.loss_scale_optimizer": "LossScaleOptimizer",
        },
    )

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
