"""The layers that most models are made of."""

from oxhorn.layers.core.dense import Dense
from oxhorn.layers.core.embedding import Embedding
from oxhorn.layers.core.identity import Identity

__all__ = [
    "Dense",
    "Embedding",
    "Identity",
]
