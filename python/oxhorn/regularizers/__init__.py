"""Regularizers: penalties on weights and outputs, added to the loss."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.regularizers.lookup import deserialize, get, serialize
    from oxhorn.regularizers.norms import L1, L1L2, L2
    from oxhorn.regularizers.norms import L1 as l1
    from oxhorn.regularizers.norms import L1L2 as l1_l2
    from oxhorn.regularizers.norms import L2 as l2
    from oxhorn.regularizers.orthogonal import OrthogonalRegularizer
    from oxhorn.regularizers.orthogonal import OrthogonalRegularizer as orthogonal_regularizer
    from oxhorn.regularizers.regularizer import Regularizer
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.regularizers.lookup": "deserialize, get, serialize",
            "oxhorn.regularizers.norms": "L1, L1 as l1, L1L2, L1L2 as l1_l2, L2, L2 as l2",
            "oxhorn.regularizers.orthogonal": (
                "OrthogonalRegularizer, OrthogonalRegularizer as orthogonal_regularizer"
            ),
            "oxhorn.regularizers.regularizer": "Regularizer",
        },
    )

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
