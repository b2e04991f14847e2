"""Tools for everybody's tests: gradient checks and the NumPy reference."""

from oxhorn.testing import reference as reference
from oxhorn.testing.gradients import check_gradients as check_gradients

__all__ = ["check_gradients", "reference"]
