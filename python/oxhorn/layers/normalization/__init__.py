"""Normalisation."""

from oxhorn.layers.normalization.batch_normalization import BatchNormalization
from oxhorn.layers.normalization.group_normalization import GroupNormalization
from oxhorn.layers.normalization.instance_normalization import InstanceNormalization
from oxhorn.layers.normalization.layer_normalization import LayerNormalization
from oxhorn.layers.normalization.rms_normalization import RMSNormalization
from oxhorn.layers.normalization.spectral_normalization import SpectralNormalization
from oxhorn.layers.normalization.unit_normalization import UnitNormalization
from oxhorn.layers.normalization.weight_normalization import WeightNormalization

__all__ = [
    "BatchNormalization",
    "GroupNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "SpectralNormalization",
    "UnitNormalization",
    "WeightNormalization",
]
