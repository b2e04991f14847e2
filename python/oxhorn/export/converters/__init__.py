"""What the ops of the core become in ONNX: one family a file, all in one table."""

from oxhorn.export.converters import (
    attention,
    control,
    elementwise,
    indexing,
    normalization,
    ordering,
    products,
    recurrent,
    reductions,
    shapes,
    signals,
    spatial,
)
from oxhorn.export.converters.activations import activation
from oxhorn.export.converters.refused import REFUSED
from oxhorn.export.converters.table import CONVERTERS, Node

__all__ = ["CONVERTERS", "Node", "REFUSED", "activation"]
