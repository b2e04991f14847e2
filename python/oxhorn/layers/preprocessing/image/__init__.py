"""Layers that prepare images, and layers that vary them while a model is trained."""

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
