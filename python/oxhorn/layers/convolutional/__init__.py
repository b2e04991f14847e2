"""Convolutions."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.convolutional.conv1d import Conv1D
    from oxhorn.layers.convolutional.conv1d_transpose import Conv1DTranspose
    from oxhorn.layers.convolutional.conv2d import Conv2D
    from oxhorn.layers.convolutional.conv2d_transpose import Conv2DTranspose
    from oxhorn.layers.convolutional.conv3d import Conv3D
    from oxhorn.layers.convolutional.conv3d_transpose import Conv3DTranspose
    from oxhorn.layers.convolutional.depthwise_conv1d import DepthwiseConv1D
    from oxhorn.layers.convolutional.depthwise_conv2d import DepthwiseConv2D
    from oxhorn.layers.convolutional.separable_conv1d import SeparableConv1D
    from oxhorn.layers.convolutional.separable_conv2d import SeparableConv2D
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.convolutional.conv1d": "Conv1D",
            "oxhorn.layers.convolutional.conv1d_transpose": "Conv1DTranspose",
            "oxhorn.layers.convolutional.conv2d": "Conv2D",
            "oxhorn.layers.convolutional.conv2d_transpose": "Conv2DTranspose",
            "oxhorn.layers.convolutional.conv3d": "Conv3D",
            "oxhorn.layers.convolutional.conv3d_transpose": "Conv3DTranspose",
            "oxhorn.layers.convolutional.depthwise_conv1d": "DepthwiseConv1D",
            "oxhorn.layers.convolutional.depthwise_conv2d": "DepthwiseConv2D",
            "oxhorn.layers.convolutional.separable_conv1d": "SeparableConv1D",
            "oxhorn.layers.convolutional.separable_conv2d": "SeparableConv2D",
        },
    )

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
]
