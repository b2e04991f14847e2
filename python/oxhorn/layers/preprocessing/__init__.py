"""Layers that prepare data."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.preprocessing.category_encoding import CategoryEncoding
    from oxhorn.layers.preprocessing.discretization import Discretization
    from oxhorn.layers.preprocessing.hashed_crossing import HashedCrossing
    from oxhorn.layers.preprocessing.hashing import Hashing
    from oxhorn.layers.preprocessing.image import (
        AugMix,
        AutoContrast,
        CenterCrop,
        ContrastLimitedAdaptiveHistogramEqualization,
        CutMix,
        Equalization,
        MaxNumBoundingBoxes,
        MixUp,
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
        Resizing,
        Solarization,
    )
    from oxhorn.layers.preprocessing.integer_lookup import IntegerLookup
    from oxhorn.layers.preprocessing.mel_spectrogram import MelSpectrogram
    from oxhorn.layers.preprocessing.normalization import Normalization
    from oxhorn.layers.preprocessing.pipeline import Pipeline
    from oxhorn.layers.preprocessing.rescaling import Rescaling
    from oxhorn.layers.preprocessing.stft_spectrogram import STFTSpectrogram
    from oxhorn.layers.preprocessing.string_lookup import StringLookup
    from oxhorn.layers.preprocessing.text_vectorization import TextVectorization
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.preprocessing.category_encoding": "CategoryEncoding",
            "oxhorn.layers.preprocessing.discretization": "Discretization",
            "oxhorn.layers.preprocessing.hashed_crossing": "HashedCrossing",
            "oxhorn.layers.preprocessing.hashing": "Hashing",
            "oxhorn.layers.preprocessing.image": (
                "AugMix, AutoContrast, CenterCrop, ContrastLimitedAdaptiveHistogramEqualization, CutMix, "
                "Equalization, MaxNumBoundingBoxes, MixUp, RandAugment, RandomBrightness, "
                "RandomColorDegeneration, RandomColorJitter, RandomContrast, RandomCrop, "
                "RandomElasticTransform, RandomErasing, RandomFlip, RandomGaussianBlur, RandomGrayscale, "
                "RandomHue, RandomInvert, RandomPerspective, RandomPosterization, RandomRotation, "
                "RandomSaturation, RandomSharpness, RandomShear, RandomTranslation, RandomZoom, "
                "Resizing, Solarization"
            ),
            "oxhorn.layers.preprocessing.integer_lookup": "IntegerLookup",
            "oxhorn.layers.preprocessing.mel_spectrogram": "MelSpectrogram",
            "oxhorn.layers.preprocessing.normalization": "Normalization",
            "oxhorn.layers.preprocessing.pipeline": "Pipeline",
            "oxhorn.layers.preprocessing.rescaling": "Rescaling",
            "oxhorn.layers.preprocessing.stft_spectrogram": "STFTSpectrogram",
            "oxhorn.layers.preprocessing.string_lookup": "StringLookup",
            "oxhorn.layers.preprocessing.text_vectorization": "TextVectorization",
        },
    )

__all__ = [
    "AugMix",
    "AutoContrast",
    "CategoryEncoding",
    "CenterCrop",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CutMix",
    "Discretization",
    "Equalization",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "MaxNumBoundingBoxes",
    "MelSpectrogram",
    "MixUp",
    "Normalization",
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
    "Rescaling",
    "Resizing",
    "STFTSpectrogram",
    "Solarization",
    "StringLookup",
    "TextVectorization",
]
