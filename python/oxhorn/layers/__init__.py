"""Layers: functions with weights, the parts of models."""

from oxhorn.engine.input_spec import InputSpec
from oxhorn.layers.activations import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from oxhorn.layers.convolutional import Conv1D, Conv2D
from oxhorn.layers.convolutional import Conv1D as Convolution1D
from oxhorn.layers.convolutional import Conv2D as Convolution2D
from oxhorn.layers.core import Dense, Embedding, Identity, Lambda, Masking, ReversibleEmbedding, Wrapper
from oxhorn.layers.input_layer import Input, InputLayer
from oxhorn.layers.layer import Layer
from oxhorn.layers.lookup import deserialize, serialize
from oxhorn.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from oxhorn.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    SpectralNormalization,
    UnitNormalization,
)
from oxhorn.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from oxhorn.layers.pooling import AveragePooling1D as AvgPool1D
from oxhorn.layers.pooling import AveragePooling2D as AvgPool2D
from oxhorn.layers.pooling import GlobalAveragePooling1D as GlobalAvgPool1D
from oxhorn.layers.pooling import GlobalAveragePooling2D as GlobalAvgPool2D
from oxhorn.layers.pooling import GlobalMaxPooling1D as GlobalMaxPool1D
from oxhorn.layers.pooling import GlobalMaxPooling2D as GlobalMaxPool2D
from oxhorn.layers.pooling import MaxPooling1D as MaxPool1D
from oxhorn.layers.pooling import MaxPooling2D as MaxPool2D
from oxhorn.layers.preprocessing import Rescaling
from oxhorn.layers.regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from oxhorn.layers.reshaping import Flatten, Permute, RepeatVector, Reshape, ZeroPadding1D, ZeroPadding2D

__all__ = [
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Convolution1D",
    "Convolution2D",
    "Dense",
    "Dot",
    "Dropout",
    "ELU",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "ReversibleEmbedding",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "Subtract",
    "UnitNormalization",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
