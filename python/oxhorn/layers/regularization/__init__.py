"""Layers that act while training only."""

from oxhorn.layers.regularization.dropout import Dropout

__all__ = [
    "Dropout",
]
