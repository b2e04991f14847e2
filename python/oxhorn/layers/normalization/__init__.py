"""Normalisation."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.normalization.batch_normalization import BatchNormalization
    from oxhorn.layers.normalization.group_normalization import GroupNormalization
    from oxhorn.layers.normalization.instance_normalization import InstanceNormalization
    from oxhorn.layers.normalization.layer_normalization import LayerNormalization
    from oxhorn.layers.normalization.rms_normalization import RMSNormalization
    from oxhorn.layers.normalization.spectral_normalization import SpectralNormalization
    from oxhorn.layers.normalization.unit_normalization import UnitNormalization
    from oxhorn.layers.normalization.weight_normalization import WeightNormalization
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.normalization.batch_normalization": "BatchNormalization",
            "oxhorn.layers.normalization.group_normalization": "GroupNormalization",
            "oxhorn.layers.normalization.instance_normalization": "InstanceNormalization",
            "oxhorn.layers.normalization.layer_normalization": "LayerNormalization",
            "oxhorn.layers.normalization.rms_normalization": "RMSNormalization",
            "oxhorn.layers.normalization.spectral_normalization": "SpectralNormalization",
            "oxhorn.layers.normalization.unit_normalization": "UnitNormalization",
            "oxhorn.layers.normalization.weight_normalization": "WeightNormalization",
        },
    )

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
