"""The layers that most models are made of."""

from oxhorn.layers.core.dense import Dense
from oxhorn.layers.core.einsum_dense import EinsumDense
from oxhorn.layers.core.embedding import Embedding
from oxhorn.layers.core.identity import Identity
from oxhorn.layers.core.lambda_layer import Lambda
from oxhorn.layers.core.masking import Masking
from oxhorn.layers.core.reversible_embedding import ReversibleEmbedding
from oxhorn.layers.core.wrapper import Wrapper

__all__ = [
    "Dense",
    "EinsumDense",
    "Embedding",
    "Identity",
    "Lambda",
    "Masking",
    "ReversibleEmbedding",
    "Wrapper",
]
