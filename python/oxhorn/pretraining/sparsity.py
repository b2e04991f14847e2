"""A penalty on units that are active too often."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments, ops
from oxhorn.ops.arguments import as_tensor
from oxhorn.regularizers.regularizer import Regularizer

__all__ = ["KLSparsity"]


class KLSparsity(Regularizer):
    """Keep the mean activity of each unit near a small target; an activity regularizer of sigmoid units.

    `penalty = weight * sum_j (t log(t / m_j) + (1 - t) log((1 - t) / (1 - m_j)))`, with t the target and m_j the mean
    of unit j over the batch (and over all other axes but the last)

    An addition to Keras's list.

    Args:
        target: t: the wanted mean, between 0 and 1. Defaults to 0.05.
        weight: Factor. Defaults to 0.1.

    Returns:
        When called with activities in [0, 1]: a scalar tensor.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> penalty = keras.pretraining.KLSparsity(target=0.25, weight=1.0)
    >>> float(penalty(np.array([[0.2], [0.3]], "float32")))
    0.0
    >>> layer = keras.layers.Dense(8, activation="sigmoid", activity_regularizer=penalty)

    Source: H. Lee et al., Sparse deep belief net model for visual area V2, 2008; the divergence as in A. Ng, Sparse
    autoencoder (https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf).
    """

    def __init__(self, target: float = 0.05, weight: float = 0.1) -> None:
        self.target = arguments.number(target, "target", "KLSparsity", above=0.0, below=1.0)
        self.weight = arguments.number(weight, "weight", "KLSparsity", low=0.0)

    def __call__(self, x: Any) -> Any:
        """Return the penalty, a scalar tensor.

        Args:
            x: Activities, `(batch, ..., units)`.
        """
        x = as_tensor(x)
        # The means are kept off 0 and 1, where the divergence has no end.
        means = ops.clip(ops.mean(x, axis=list(range(len(x.shape) - 1))), 1e-6, 1.0 - 1e-6)
        t = self.target
        divergence = t * ops.log(t / means) + (1.0 - t) * ops.log((1.0 - t) / (1.0 - means))
        return self.weight * ops.sum(divergence)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"target": self.target, "weight": self.weight}
