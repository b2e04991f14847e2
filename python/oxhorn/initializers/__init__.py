"""Initializers: where the first values of the weights come from."""

from oxhorn.initializers.constant_initializers import Constant, Identity, Ones, Zeros
from oxhorn.initializers.constant_initializers import Constant as constant
from oxhorn.initializers.constant_initializers import Identity as IdentityInitializer
from oxhorn.initializers.constant_initializers import Identity as identity
from oxhorn.initializers.constant_initializers import Ones as ones
from oxhorn.initializers.constant_initializers import Zeros as zeros
from oxhorn.initializers.dirac import Dirac
from oxhorn.initializers.dirac import Dirac as dirac
from oxhorn.initializers.initializer import Initializer
from oxhorn.initializers.lookup import deserialize, get, serialize
from oxhorn.initializers.lsuv import LayerStart, lsuv
from oxhorn.initializers.orthogonal import Orthogonal
from oxhorn.initializers.orthogonal import Orthogonal as OrthogonalInitializer
from oxhorn.initializers.orthogonal import Orthogonal as orthogonal
from oxhorn.initializers.random_initializers import RandomNormal, RandomUniform, TruncatedNormal
from oxhorn.initializers.random_initializers import RandomNormal as random_normal
from oxhorn.initializers.random_initializers import RandomUniform as random_uniform
from oxhorn.initializers.random_initializers import TruncatedNormal as truncated_normal
from oxhorn.initializers.stft import STFT
from oxhorn.initializers.stft import STFT as STFTInitializer
from oxhorn.initializers.stft import STFT as stft
from oxhorn.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from oxhorn.initializers.variance_scaling import GlorotNormal as glorot_normal
from oxhorn.initializers.variance_scaling import GlorotUniform as glorot_uniform
from oxhorn.initializers.variance_scaling import HeNormal as he_normal
from oxhorn.initializers.variance_scaling import HeUniform as he_uniform
from oxhorn.initializers.variance_scaling import LecunNormal as lecun_normal
from oxhorn.initializers.variance_scaling import LecunUniform as lecun_uniform
from oxhorn.initializers.variance_scaling import VarianceScaling as variance_scaling

__all__ = [
    "Constant",
    "Dirac",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LayerStart",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFT",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "dirac",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "lsuv",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
