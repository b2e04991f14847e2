"""The layers that most models are made of."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.core.dense import Dense
    from oxhorn.layers.core.dense_transpose import DenseTranspose
    from oxhorn.layers.core.einsum_dense import EinsumDense
    from oxhorn.layers.core.embedding import Embedding
    from oxhorn.layers.core.identity import Identity
    from oxhorn.layers.core.lambda_layer import Lambda
    from oxhorn.layers.core.masking import Masking
    from oxhorn.layers.core.reversible_embedding import ReversibleEmbedding
    from oxhorn.layers.core.wrapper import Wrapper
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.core.dense": "Dense",
            "oxhorn.layers.core.dense_transpose": "DenseTranspose",
            "oxhorn.layers.core.einsum_dense": "EinsumDense",
            "oxhorn.layers.core.embedding": "Embedding",
            "oxhorn.layers.core.identity": "Identity",
            "oxhorn.layers.core.lambda_layer": "Lambda",
            "oxhorn.layers.core.masking": "Masking",
            "oxhorn.layers.core.reversible_embedding": "ReversibleEmbedding",
            "oxhorn.layers.core.wrapper": "Wrapper",
        },
    )

__all__ = [
    "Dense",
    "DenseTranspose",
    "EinsumDense",
    "Embedding",
    "Identity",
    "Lambda",
    "Masking",
    "ReversibleEmbedding",
    "Wrapper",
]
