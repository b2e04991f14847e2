"""Layers that act while training only, and one that adds a penalty."""

from oxhorn.layers.regularization.activity_regularization import ActivityRegularization
from oxhorn.layers.regularization.alpha_dropout import AlphaDropout
from oxhorn.layers.regularization.dropout import Dropout
from oxhorn.layers.regularization.gaussian_dropout import GaussianDropout
from oxhorn.layers.regularization.gaussian_noise import GaussianNoise
from oxhorn.layers.regularization.spatial_dropout1d import SpatialDropout1D
from oxhorn.layers.regularization.spatial_dropout2d import SpatialDropout2D
from oxhorn.layers.regularization.spatial_dropout3d import SpatialDropout3D

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
