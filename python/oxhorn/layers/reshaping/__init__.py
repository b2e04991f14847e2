"""Layers that move numbers without changing them."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.reshaping.cropping1d import Cropping1D
    from oxhorn.layers.reshaping.cropping2d import Cropping2D
    from oxhorn.layers.reshaping.cropping3d import Cropping3D
    from oxhorn.layers.reshaping.flatten import Flatten
    from oxhorn.layers.reshaping.permute import Permute
    from oxhorn.layers.reshaping.repeat_vector import RepeatVector
    from oxhorn.layers.reshaping.reshape import Reshape
    from oxhorn.layers.reshaping.up_sampling1d import UpSampling1D
    from oxhorn.layers.reshaping.up_sampling2d import UpSampling2D
    from oxhorn.layers.reshaping.up_sampling3d import UpSampling3D
    from oxhorn.layers.reshaping.zero_padding1d import ZeroPadding1D
    from oxhorn.layers.reshaping.zero_padding2d import ZeroPadding2D
    from oxhorn.layers.reshaping.zero_padding3d import ZeroPadding3D
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.reshaping.cropping1d": "Cropping1D",
            "oxhorn.layers.reshaping.cropping2d": "Cropping2D",
            "oxhorn.layers.reshaping.cropping3d": "Cropping3D",
            "oxhorn.layers.reshaping.flatten": "Flatten",
            "oxhorn.layers.reshaping.permute": "Permute",
            "oxhorn.layers.reshaping.repeat_vector": "RepeatVector",
            "oxhorn.layers.reshaping.reshape": "Reshape",
            "oxhorn.layers.reshaping.up_sampling1d": "UpSampling1D",
            "oxhorn.layers.reshaping.up_sampling2d": "UpSampling2D",
            "oxhorn.layers.reshaping.up_sampling3d": "UpSampling3D",
            "oxhorn.layers.reshaping.zero_padding1d": "ZeroPadding1D",
            "oxhorn.layers.reshaping.zero_padding2d": "ZeroPadding2D",
            "oxhorn.layers.reshaping.zero_padding3d": "ZeroPadding3D",
        },
    )

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Flatten",
    "Permute",
    "RepeatVector",
    "Reshape",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]
