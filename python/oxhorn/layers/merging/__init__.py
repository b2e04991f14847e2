"""Layers that make one value of several."""

from oxhorn.layers.merging.add import Add, add
from oxhorn.layers.merging.average import Average, average
from oxhorn.layers.merging.concatenate import Concatenate, concatenate
from oxhorn.layers.merging.dot import Dot, dot
from oxhorn.layers.merging.maximum import Maximum, maximum
from oxhorn.layers.merging.minimum import Minimum, minimum
from oxhorn.layers.merging.multiply import Multiply, multiply
from oxhorn.layers.merging.subtract import Subtract, subtract

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
