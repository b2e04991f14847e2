"""Constraints: what a weight is brought back to after each update."""

from oxhorn.constraints.clip import WeightClip
from oxhorn.constraints.clip import WeightClip as weight_clip
from oxhorn.constraints.constraint import Constraint
from oxhorn.constraints.lookup import deserialize, get, serialize
from oxhorn.constraints.norms import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from oxhorn.constraints.norms import MaxNorm as max_norm
from oxhorn.constraints.norms import MinMaxNorm as min_max_norm
from oxhorn.constraints.norms import NonNeg as non_neg
from oxhorn.constraints.norms import UnitNorm as unit_norm

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "WeightClip",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
    "weight_clip",
]
