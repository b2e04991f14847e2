"""Layers that prepare data."""

from oxhorn.layers.preprocessing.rescaling import Rescaling

__all__ = [
    "Rescaling",
]
