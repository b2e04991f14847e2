"""Initializers: where the first values of the weights come from."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.initializers.constant_initializers import Constant, Identity, Ones, Zeros
    from oxhorn.initializers.constant_initializers import Constant as constant
    from oxhorn.initializers.constant_initializers import Identity as IdentityInitializer
    from oxhorn.initializers.constant_initializers import Identity as identity
    from oxhorn.initializers.constant_initializers import Ones as ones
    from oxhorn.initializers.constant_initializers import Zeros as zeros
    from oxhorn.initializers.fourier_bases import STFT
    from oxhorn.initializers.fourier_bases import STFT as STFTInitializer
    from oxhorn.initializers.fourier_bases import STFT as stft
    from oxhorn.initializers.impulses import Dirac
    from oxhorn.initializers.impulses import Dirac as dirac
    from oxhorn.initializers.initializer import Initializer
    from oxhorn.initializers.layer_starts import LayerStart, lsuv
    from oxhorn.initializers.lookup import deserialize, get, serialize
    from oxhorn.initializers.orthogonal_matrices import Orthogonal
    from oxhorn.initializers.orthogonal_matrices import Orthogonal as OrthogonalInitializer
    from oxhorn.initializers.orthogonal_matrices import Orthogonal as orthogonal
    from oxhorn.initializers.random_initializers import RandomNormal, RandomUniform, TruncatedNormal
    from oxhorn.initializers.random_initializers import RandomNormal as random_normal
    from oxhorn.initializers.random_initializers import RandomUniform as random_uniform
    from oxhorn.initializers.random_initializers import TruncatedNormal as truncated_normal
    from oxhorn.initializers.scaled_by_fans import (
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        LecunNormal,
        LecunUniform,
        VarianceScaling,
    )
    from oxhorn.initializers.scaled_by_fans import GlorotNormal as glorot_normal
    from oxhorn.initializers.scaled_by_fans import GlorotUniform as glorot_uniform
    from oxhorn.initializers.scaled_by_fans import HeNormal as he_normal
    from oxhorn.initializers.scaled_by_fans import HeUniform as he_uniform
    from oxhorn.initializers.scaled_by_fans import LecunNormal as lecun_normal
    from oxhorn.initializers.scaled_by_fans import LecunUniform as lecun_uniform
    from oxhorn.initializers.scaled_by_fans import VarianceScaling as variance_scaling
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.initializers.constant_initializers": (
                "Constant, Constant as constant, Identity, Identity as IdentityInitializer, "
                "Identity as identity, Ones, Ones as ones, Zeros, Zeros as zeros"
            ),
            "oxhorn.initializers.fourier_bases": "STFT, STFT as STFTInitializer, STFT as stft",
            "oxhorn.initializers.impulses": "Dirac, Dirac as dirac",
            "oxhorn.initializers.initializer": "Initializer",
            "oxhorn.initializers.layer_starts": "LayerStart, lsuv",
            "oxhorn.initializers.lookup": "deserialize, get, serialize",
            "oxhorn.initializers.orthogonal_matrices": (
                "Orthogonal, Orthogonal as OrthogonalInitializer, Orthogonal as orthogonal"
            ),
            "oxhorn.initializers.random_initializers": (
                "RandomNormal, RandomNormal as random_normal, RandomUniform, "
                "RandomUniform as random_uniform, TruncatedNormal, TruncatedNormal as truncated_normal"
            ),
            "oxhorn.initializers.scaled_by_fans": (
                "GlorotNormal, GlorotNormal as glorot_normal, GlorotUniform, "
                "GlorotUniform as glorot_uniform, HeNormal, HeNormal as he_normal, HeUniform, "
                "HeUniform as he_uniform, LecunNormal, LecunNormal as lecun_normal, LecunUniform, "
                "LecunUniform as lecun_uniform, VarianceScaling, VarianceScaling as variance_scaling"
            ),
        },
    )

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
