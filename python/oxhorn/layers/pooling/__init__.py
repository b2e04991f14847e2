"""Pooling."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.pooling.adaptive_average_pooling1d import AdaptiveAveragePooling1D
    from oxhorn.layers.pooling.adaptive_average_pooling2d import AdaptiveAveragePooling2D
    from oxhorn.layers.pooling.adaptive_average_pooling3d import AdaptiveAveragePooling3D
    from oxhorn.layers.pooling.adaptive_max_pooling1d import AdaptiveMaxPooling1D
    from oxhorn.layers.pooling.adaptive_max_pooling2d import AdaptiveMaxPooling2D
    from oxhorn.layers.pooling.adaptive_max_pooling3d import AdaptiveMaxPooling3D
    from oxhorn.layers.pooling.average_pooling1d import AveragePooling1D
    from oxhorn.layers.pooling.average_pooling2d import AveragePooling2D
    from oxhorn.layers.pooling.average_pooling3d import AveragePooling3D
    from oxhorn.layers.pooling.global_average_pooling1d import GlobalAveragePooling1D
    from oxhorn.layers.pooling.global_average_pooling2d import GlobalAveragePooling2D
    from oxhorn.layers.pooling.global_average_pooling3d import GlobalAveragePooling3D
    from oxhorn.layers.pooling.global_max_pooling1d import GlobalMaxPooling1D
    from oxhorn.layers.pooling.global_max_pooling2d import GlobalMaxPooling2D
    from oxhorn.layers.pooling.global_max_pooling3d import GlobalMaxPooling3D
    from oxhorn.layers.pooling.max_pooling1d import MaxPooling1D
    from oxhorn.layers.pooling.max_pooling2d import MaxPooling2D
    from oxhorn.layers.pooling.max_pooling3d import MaxPooling3D
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.pooling.adaptive_average_pooling1d": "AdaptiveAveragePooling1D",
            "oxhorn.layers.pooling.adaptive_average_pooling2d": "AdaptiveAveragePooling2D",
            "oxhorn.layers.pooling.adaptive_average_pooling3d": "AdaptiveAveragePooling3D",
            "oxhorn.layers.pooling.adaptive_max_pooling1d": "AdaptiveMaxPooling1D",
            "oxhorn.layers.pooling.adaptive_max_pooling2d": "AdaptiveMaxPooling2D",
            "oxhorn.layers.pooling.adaptive_max_pooling3d": "AdaptiveMaxPooling3D",
            "oxhorn.layers.pooling.average_pooling1d": "AveragePooling1D",
            "oxhorn.layers.pooling.average_pooling2d": "AveragePooling2D",
            "oxhorn.layers.pooling.average_pooling3d": "AveragePooling3D",
            "oxhorn.layers.pooling.global_average_pooling1d": "GlobalAveragePooling1D",
            "oxhorn.layers.pooling.global_average_pooling2d": "GlobalAveragePooling2D",
            "oxhorn.layers.pooling.global_average_pooling3d": "GlobalAveragePooling3D",
            "oxhorn.layers.pooling.global_max_pooling1d": "GlobalMaxPooling1D",
            "oxhorn.layers.pooling.global_max_pooling2d": "GlobalMaxPooling2D",
            "oxhorn.layers.pooling.global_max_pooling3d": "GlobalMaxPooling3D",
            "oxhorn.layers.pooling.max_pooling1d": "MaxPooling1D",
            "oxhorn.layers.pooling.max_pooling2d": "MaxPooling2D",
            "oxhorn.layers.pooling.max_pooling3d": "MaxPooling3D",
        },
    )

__all__ = [
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]
