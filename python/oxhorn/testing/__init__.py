"""Tools for everybody's tests: gradient checks, batteries for layers, losses, metrics and optimizers, the reference."""

from oxhorn.testing import reference as reference
from oxhorn.testing.gradients import check_gradients as check_gradients
from oxhorn.testing.layers import check_layer as check_layer
from oxhorn.testing.losses import check_loss as check_loss
from oxhorn.testing.metrics import check_metric as check_metric
from oxhorn.testing.optimizers import check_optimizer as check_optimizer

__all__ = ["check_gradients", "check_layer", "check_loss", "check_metric", "check_optimizer", "reference"]
