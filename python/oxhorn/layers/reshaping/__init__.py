"""Layers that move numbers without changing them."""

from oxhorn.layers.reshaping.flatten import Flatten
from oxhorn.layers.reshaping.permute import Permute
from oxhorn.layers.reshaping.repeat_vector import RepeatVector
from oxhorn.layers.reshaping.reshape import Reshape
from oxhorn.layers.reshaping.zero_padding1d import ZeroPadding1D
from oxhorn.layers.reshaping.zero_padding2d import ZeroPadding2D

__all__ = [
    "Flatten",
    "Permute",
    "RepeatVector",
    "Reshape",
    "ZeroPadding1D",
    "ZeroPadding2D",
]
