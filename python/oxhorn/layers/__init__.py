"""Layers: functions with weights, the parts of models."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.engine.input_spec import InputSpec
    from oxhorn.layers.activations import (
        CELU,
        ELU,
        GELU,
        GLU,
        SELU,
        Activation,
        Hardshrink,
        Hardsigmoid,
        Hardswish,
        Hardtanh,
        LeakyReLU,
        LogSigmoid,
        LogSoftmax,
        Mish,
        PReLU,
        ReLU,
        ReLU6,
        RReLU,
        Sigmoid,
        SiLU,
        Softmax,
        Softplus,
        Softshrink,
        Softsign,
        Tanh,
        Tanhshrink,
        Threshold,
    )
    from oxhorn.layers.attention import AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention
    from oxhorn.layers.convolutional import (
        Conv1D,
        Conv1DTranspose,
        Conv2D,
        Conv2DTranspose,
        Conv3D,
        Conv3DTranspose,
        DepthwiseConv1D,
        DepthwiseConv2D,
        SeparableConv1D,
        SeparableConv2D,
    )
    from oxhorn.layers.convolutional import Conv1D as Convolution1D
    from oxhorn.layers.convolutional import Conv1DTranspose as Convolution1DTranspose
    from oxhorn.layers.convolutional import Conv2D as Convolution2D
    from oxhorn.layers.convolutional import Conv2DTranspose as Convolution2DTranspose
    from oxhorn.layers.convolutional import Conv3D as Convolution3D
    from oxhorn.layers.convolutional import Conv3DTranspose as Convolution3DTranspose
    from oxhorn.layers.convolutional import SeparableConv1D as SeparableConvolution1D
    from oxhorn.layers.convolutional import SeparableConv2D as SeparableConvolution2D
    from oxhorn.layers.core import (
        Dense,
        DenseTranspose,
        EinsumDense,
        Embedding,
        Identity,
        Lambda,
        Masking,
        ReversibleEmbedding,
        Wrapper,
    )
    from oxhorn.layers.input_layer import Input, InputLayer
    from oxhorn.layers.layer import Layer
    from oxhorn.layers.lookup import deserialize, serialize
    from oxhorn.layers.merging.add import Add, add
    from oxhorn.layers.merging.average import Average, average
    from oxhorn.layers.merging.concatenate import Concatenate, concatenate
    from oxhorn.layers.merging.dot import Dot, dot
    from oxhorn.layers.merging.maximum import Maximum, maximum
    from oxhorn.layers.merging.minimum import Minimum, minimum
    from oxhorn.layers.merging.multiply import Multiply, multiply
    from oxhorn.layers.merging.subtract import Subtract, subtract
    from oxhorn.layers.normalization import (
        BatchNormalization,
        GroupNormalization,
        InstanceNormalization,
        LayerNormalization,
        RMSNormalization,
        SpectralNormalization,
        UnitNormalization,
        WeightNormalization,
    )
    from oxhorn.layers.pooling import (
        AdaptiveAveragePooling1D,
        AdaptiveAveragePooling2D,
        AdaptiveAveragePooling3D,
        AdaptiveMaxPooling1D,
        AdaptiveMaxPooling2D,
        AdaptiveMaxPooling3D,
        AveragePooling1D,
        AveragePooling2D,
        AveragePooling3D,
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalAveragePooling3D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        GlobalMaxPooling3D,
        MaxPooling1D,
        MaxPooling2D,
        MaxPooling3D,
    )
    from oxhorn.layers.pooling import AveragePooling1D as AvgPool1D
    from oxhorn.layers.pooling import AveragePooling2D as AvgPool2D
    from oxhorn.layers.pooling import AveragePooling3D as AvgPool3D
    from oxhorn.layers.pooling import GlobalAveragePooling1D as GlobalAvgPool1D
    from oxhorn.layers.pooling import GlobalAveragePooling2D as GlobalAvgPool2D
    from oxhorn.layers.pooling import GlobalAveragePooling3D as GlobalAvgPool3D
    from oxhorn.layers.pooling import GlobalMaxPooling1D as GlobalMaxPool1D
    from oxhorn.layers.pooling import GlobalMaxPooling2D as GlobalMaxPool2D
    from oxhorn.layers.pooling import GlobalMaxPooling3D as GlobalMaxPool3D
    from oxhorn.layers.pooling import MaxPooling1D as MaxPool1D
    from oxhorn.layers.pooling import MaxPooling2D as MaxPool2D
    from oxhorn.layers.pooling import MaxPooling3D as MaxPool3D
    from oxhorn.layers.preprocessing import (
        AugMix,
        AutoContrast,
        CategoryEncoding,
        CenterCrop,
        ContrastLimitedAdaptiveHistogramEqualization,
        CutMix,
        Discretization,
        Equalization,
        HashedCrossing,
        Hashing,
        IntegerLookup,
        MaxNumBoundingBoxes,
        MelSpectrogram,
        MixUp,
        Normalization,
        Pipeline,
        RandAugment,
        RandomBrightness,
        RandomColorDegeneration,
        RandomColorJitter,
        RandomContrast,
        RandomCrop,
        RandomElasticTransform,
        RandomErasing,
        RandomFlip,
        RandomGaussianBlur,
        RandomGrayscale,
        RandomHue,
        RandomInvert,
        RandomPerspective,
        RandomPosterization,
        RandomRotation,
        RandomSaturation,
        RandomSharpness,
        RandomShear,
        RandomTranslation,
        RandomZoom,
        Rescaling,
        Resizing,
        Solarization,
        STFTSpectrogram,
        StringLookup,
        TextVectorization,
    )
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
    from oxhorn.layers.reshaping import (
        Cropping1D,
        Cropping2D,
        Cropping3D,
        Flatten,
        Permute,
        RepeatVector,
        Reshape,
        UpSampling1D,
        UpSampling2D,
        UpSampling3D,
        ZeroPadding1D,
        ZeroPadding2D,
        ZeroPadding3D,
    )
    from oxhorn.layers.rnn import (
        GRU,
        LSTM,
        RNN,
        Bidirectional,
        ConvLSTM1D,
        ConvLSTM2D,
        ConvLSTM3D,
        GRUCell,
        LSTMCell,
        SimpleRNN,
        SimpleRNNCell,
        StackedRNNCells,
        TimeDistributed,
    )
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.engine.input_spec": "InputSpec",
            "oxhorn.layers.activations": (
                "Activation, CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, "
                "LeakyReLU, LogSigmoid, LogSoftmax, Mish, PReLU, RReLU, ReLU, ReLU6, SELU, SiLU, "
                "Sigmoid, Softmax, Softplus, Softshrink, Softsign, Tanh, Tanhshrink, Threshold"
            ),
            "oxhorn.layers.attention": (
                "AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention"
            ),
            "oxhorn.layers.convolutional": (
                "Conv1D, Conv1D as Convolution1D, Conv1DTranspose, "
                "Conv1DTranspose as Convolution1DTranspose, Conv2D, Conv2D as Convolution2D, "
                "Conv2DTranspose, Conv2DTranspose as Convolution2DTranspose, Conv3D, "
                "Conv3D as Convolution3D, Conv3DTranspose, Conv3DTranspose as Convolution3DTranspose, "
                "DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, "
                "SeparableConv1D as SeparableConvolution1D, SeparableConv2D, "
                "SeparableConv2D as SeparableConvolution2D"
            ),
            "oxhorn.layers.core": (
                "Dense, DenseTranspose, EinsumDense, Embedding, Identity, Lambda, Masking, ReversibleEmbedding, "
                "Wrapper"
            ),
            "oxhorn.layers.input_layer": "Input, InputLayer",
            "oxhorn.layers.layer": "Layer",
            "oxhorn.layers.lookup": "deserialize, serialize",
            "oxhorn.layers.merging.add": "Add, add",
            "oxhorn.layers.merging.average": "Average, average",
            "oxhorn.layers.merging.concatenate": "Concatenate, concatenate",
            "oxhorn.layers.merging.dot": "Dot, dot",
            "oxhorn.layers.merging.maximum": "Maximum, maximum",
            "oxhorn.layers.merging.minimum": "Minimum, minimum",
            "oxhorn.layers.merging.multiply": "Multiply, multiply",
            "oxhorn.layers.merging.subtract": "Subtract, subtract",
            "oxhorn.layers.normalization": (
                "BatchNormalization, GroupNormalization, InstanceNormalization, LayerNormalization, "
                "RMSNormalization, SpectralNormalization, UnitNormalization, WeightNormalization"
            ),
            "oxhorn.layers.pooling": (
                "AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D, "
                "AdaptiveMaxPooling1D, AdaptiveMaxPooling2D, AdaptiveMaxPooling3D, AveragePooling1D, "
                "AveragePooling1D as AvgPool1D, AveragePooling2D, AveragePooling2D as AvgPool2D, "
                "AveragePooling3D, AveragePooling3D as AvgPool3D, GlobalAveragePooling1D, "
                "GlobalAveragePooling1D as GlobalAvgPool1D, GlobalAveragePooling2D, "
                "GlobalAveragePooling2D as GlobalAvgPool2D, GlobalAveragePooling3D, "
                "GlobalAveragePooling3D as GlobalAvgPool3D, GlobalMaxPooling1D as GlobalMaxPool1D, "
                "GlobalMaxPooling1D, GlobalMaxPooling2D as GlobalMaxPool2D, GlobalMaxPooling2D, "
                "GlobalMaxPooling3D as GlobalMaxPool3D, GlobalMaxPooling3D, MaxPooling1D as MaxPool1D, "
                "MaxPooling1D, MaxPooling2D as MaxPool2D, MaxPooling2D, MaxPooling3D as MaxPool3D, "
                "MaxPooling3D"
            ),
            "oxhorn.layers.preprocessing": (
                "AugMix, AutoContrast, CategoryEncoding, CenterCrop, "
                "ContrastLimitedAdaptiveHistogramEqualization, CutMix, Discretization, Equalization, "
                "HashedCrossing, Hashing, IntegerLookup, MaxNumBoundingBoxes, MelSpectrogram, MixUp, "
                "Normalization, Pipeline, RandAugment, RandomBrightness, RandomColorDegeneration, "
                "RandomColorJitter, RandomContrast, RandomCrop, RandomElasticTransform, RandomErasing, "
                "RandomFlip, RandomGaussianBlur, RandomGrayscale, RandomHue, RandomInvert, "
                "RandomPerspective, RandomPosterization, RandomRotation, RandomSaturation, "
                "RandomSharpness, RandomShear, RandomTranslation, RandomZoom, Rescaling, Resizing, "
                "STFTSpectrogram, Solarization, StringLookup, TextVectorization"
            ),
            "oxhorn.layers.regularization": (
                "ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise, "
                "SpatialDropout1D, SpatialDropout2D, SpatialDropout3D"
            ),
            "oxhorn.layers.reshaping": (
                "Cropping1D, Cropping2D, Cropping3D, Flatten, Permute, RepeatVector, Reshape, "
                "UpSampling1D, UpSampling2D, UpSampling3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D"
            ),
            "oxhorn.layers.rnn": (
                "Bidirectional, ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, GRU, GRUCell, LSTM, LSTMCell, RNN, "
                "SimpleRNN, SimpleRNNCell, StackedRNNCells, TimeDistributed"
            ),
        },
    )

__all__ = [
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CELU",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DenseTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GELU",
    "GLU",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "InstanceNormalization",
    "LSTM",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "Mish",
    "MultiHeadAttention",
    "Multiply",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RNN",
    "RReLU",
    "ReLU",
    "ReLU6",
    "RepeatVector",
    "AugMix",
    "AutoContrast",
    "CenterCrop",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CutMix",
    "Equalization",
    "MaxNumBoundingBoxes",
    "MixUp",
    "Pipeline",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "Resizing",
    "Solarization",
    "Rescaling",
    "Reshape",
    "ReversibleEmbedding",
    "SELU",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SiLU",
    "Sigmoid",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Softplus",
    "Softshrink",
    "Softsign",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "Subtract",
    "Tanh",
    "Tanhshrink",
    "Threshold",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "WeightNormalization",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
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
    "CategoryEncoding",
    "Discretization",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "MelSpectrogram",
    "Normalization",
    "StringLookup",
    "TextVectorization",
    "STFTSpectrogram",
]
