"""Tools for everybody's tests: gradient checks, batteries of layers, losses, metrics and optimizers, exercises."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.testing import exercises as exercises
    from oxhorn.testing import reference as reference
    from oxhorn.testing.gradients import check_gradients
    from oxhorn.testing.layers import check_layer
    from oxhorn.testing.losses import check_loss
    from oxhorn.testing.metrics import check_metric
    from oxhorn.testing.optimizers import check_optimizer
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.testing": "exercises, reference",
            "oxhorn.testing.gradients": "check_gradients",
            "oxhorn.testing.layers": "check_layer",
            "oxhorn.testing.losses": "check_loss",
            "oxhorn.testing.metrics": "check_metric",
            "oxhorn.testing.optimizers": "check_optimizer",
        },
    )

__all__ = [
    "check_gradients",
    "check_layer",
    "check_loss",
    "check_metric",
    "check_optimizer",
    "exercises",
    "reference",
]
