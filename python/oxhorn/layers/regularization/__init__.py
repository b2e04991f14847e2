"""Layers that act while training only, and one that adds a penalty."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.regularization.activity_regularization import ActivityRegularization
    from oxhorn.layers.regularization.alpha_dropout import AlphaDropout
    from oxhorn.layers.regularization.dropout import Dropout
    from oxhorn.layers.regularization.gaussian_dropout import GaussianDropout
    from oxhorn.layers.regularization.gaussian_noise import GaussianNoise
    from oxhorn.layers.regularization.spatial_dropout1d import SpatialDropout1D
    from oxhorn.layers.regularization.spatial_dropout2d import SpatialDropout2D
    from oxhorn.layers.regularization.spatial_dropout3d import SpatialDropout3D
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.regularization.activity_regularization": "ActivityRegularization",
            "oxhorn.layers.regularization.alpha_dropout": "AlphaDropout",
            "oxhorn.layers.regularization.dropout": "Dropout",
            "oxhorn.layers.regularization.gaussian_dropout": "GaussianDropout",
            "oxhorn.layers.regularization.gaussian_noise": "GaussianNoise",
            "oxhorn.layers.regularization.spatial_dropout1d": "SpatialDropout1D",
            "oxhorn.layers.regularization.spatial_dropout2d": "SpatialDropout2D",
            "oxhorn.layers.regularization.spatial_dropout3d": "SpatialDropout3D",
        },
    )

__all__ = [
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]
