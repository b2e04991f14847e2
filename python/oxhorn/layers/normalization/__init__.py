"""Normalisation."""

from oxhorn.layers.normalization.batch_normalization import BatchNormalization
from oxhorn.layers.normalization.layer_normalization import LayerNormalization

__all__ = [
    "BatchNormalization",
    "LayerNormalization",
]
