"""Constraints: what a weight is brought back to after each update."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.constraints.clip import WeightClip
    from oxhorn.constraints.clip import WeightClip as weight_clip
    from oxhorn.constraints.constraint import Constraint
    from oxhorn.constraints.lookup import deserialize, get, serialize
    from oxhorn.constraints.norms import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
    from oxhorn.constraints.norms import MaxNorm as max_norm
    from oxhorn.constraints.norms import MinMaxNorm as min_max_norm
    from oxhorn.constraints.norms import NonNeg as non_neg
    from oxhorn.constraints.norms import UnitNorm as unit_norm
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.constraints.clip": "WeightClip, WeightClip as weight_clip",
            "oxhorn.constraints.constraint": "Constraint",
            "oxhorn.constraints.lookup": "deserialize, get, serialize",
            "oxhorn.constraints.norms": (
                "MaxNorm, MaxNorm as max_norm, MinMaxNorm, MinMaxNorm as min_max_norm, NonNeg, "
                "NonNeg as non_neg, UnitNorm, UnitNorm as unit_norm"
            ),
        },
    )

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
