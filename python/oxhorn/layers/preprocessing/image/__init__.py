"""Layers that prepare images, and layers that vary them while a model is trained."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.preprocessing.image.aug_mix import AugMix
    from oxhorn.layers.preprocessing.image.auto_contrast import AutoContrast
    from oxhorn.layers.preprocessing.image.center_crop import CenterCrop
    from oxhorn.layers.preprocessing.image.clahe import ContrastLimitedAdaptiveHistogramEqualization
    from oxhorn.layers.preprocessing.image.cut_mix import CutMix
    from oxhorn.layers.preprocessing.image.equalization import Equalization
    from oxhorn.layers.preprocessing.image.max_num_bounding_boxes import MaxNumBoundingBoxes
    from oxhorn.layers.preprocessing.image.mix_up import MixUp
    from oxhorn.layers.preprocessing.image.rand_augment import RandAugment
    from oxhorn.layers.preprocessing.image.random_brightness import RandomBrightness
    from oxhorn.layers.preprocessing.image.random_color_degeneration import RandomColorDegeneration
    from oxhorn.layers.preprocessing.image.random_color_jitter import RandomColorJitter
    from oxhorn.layers.preprocessing.image.random_contrast import RandomContrast
    from oxhorn.layers.preprocessing.image.random_crop import RandomCrop
    from oxhorn.layers.preprocessing.image.random_elastic_transform import RandomElasticTransform
    from oxhorn.layers.preprocessing.image.random_erasing import RandomErasing
    from oxhorn.layers.preprocessing.image.random_flip import RandomFlip
    from oxhorn.layers.preprocessing.image.random_gaussian_blur import RandomGaussianBlur
    from oxhorn.layers.preprocessing.image.random_grayscale import RandomGrayscale
    from oxhorn.layers.preprocessing.image.random_hue import RandomHue
    from oxhorn.layers.preprocessing.image.random_invert import RandomInvert
    from oxhorn.layers.preprocessing.image.random_perspective import RandomPerspective
    from oxhorn.layers.preprocessing.image.random_posterization import RandomPosterization
    from oxhorn.layers.preprocessing.image.random_rotation import RandomRotation
    from oxhorn.layers.preprocessing.image.random_saturation import RandomSaturation
    from oxhorn.layers.preprocessing.image.random_sharpness import RandomSharpness
    from oxhorn.layers.preprocessing.image.random_shear import RandomShear
    from oxhorn.layers.preprocessing.image.random_translation import RandomTranslation
    from oxhorn.layers.preprocessing.image.random_zoom import RandomZoom
    from oxhorn.layers.preprocessing.image.resizing import Resizing
    from oxhorn.layers.preprocessing.image.solarization import Solarization
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.preprocessing.image.aug_mix": "AugMix",
            "oxhorn.layers.preprocessing.image.auto_contrast": "AutoContrast",
            "oxhorn.layers.preprocessing.image.center_crop": "CenterCrop",
            "oxhorn.layers.preprocessing.image.clahe": "ContrastLimitedAdaptiveHistogramEqualization",
            "oxhorn.layers.preprocessing.image.cut_mix": "CutMix",
            "oxhorn.layers.preprocessing.image.equalization": "Equalization",
            "oxhorn.layers.preprocessing.image.max_num_bounding_boxes": "MaxNumBoundingBoxes",
            "oxhorn.layers.preprocessing.image.mix_up": "MixUp",
            "oxhorn.layers.preprocessing.image.rand_augment": "RandAugment",
            "oxhorn.layers.preprocessing.image.random_brightness": "RandomBrightness",
            "oxhorn.layers.preprocessing.image.random_color_degeneration": "RandomColorDegeneration",
            "oxhorn.layers.preprocessing.image.random_color_jitter": "RandomColorJitter",
            "oxhorn.layers.preprocessing.image.random_contrast": "RandomContrast",
            "oxhorn.layers.preprocessing.image.random_crop": "RandomCrop",
            "oxhorn.layers.preprocessing.image.random_elastic_transform": "RandomElasticTransform",
            "oxhorn.layers.preprocessing.image.random_erasing": "RandomErasing",
            "oxhorn.layers.preprocessing.image.random_flip": "RandomFlip",
            "oxhorn.layers.preprocessing.image.random_gaussian_blur": "RandomGaussianBlur",
            "oxhorn.layers.preprocessing.image.random_grayscale": "RandomGrayscale",
            "oxhorn.layers.preprocessing.image.random_hue": "RandomHue",
            "oxhorn.layers.preprocessing.image.random_invert": "RandomInvert",
            "oxhorn.layers.preprocessing.image.random_perspective": "RandomPerspective",
            "oxhorn.layers.preprocessing.image.random_posterization": "RandomPosterization",
            "oxhorn.layers.preprocessing.image.random_rotation": "RandomRotation",
            "oxhorn.layers.preprocessing.image.random_saturation": "RandomSaturation",
            "oxhorn.layers.preprocessing.image.random_sharpness": "RandomSharpness",
            "oxhorn.layers.preprocessing.image.random_shear": "RandomShear",
            "oxhorn.layers.preprocessing.image.random_translation": "RandomTranslation",
            "oxhorn.layers.preprocessing.image.random_zoom": "RandomZoom",
            "oxhorn.layers.preprocessing.image.resizing": "Resizing",
            "oxhorn.layers.preprocessing.image.solarization": "Solarization",
        },
    )

__all__ = [
    "AugMix",
    "AutoContrast",
    "CenterCrop",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CutMix",
    "Equalization",
    "MaxNumBoundingBoxes",
    "MixUp",
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
]
