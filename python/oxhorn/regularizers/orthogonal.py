"""A penalty on rows or columns that point the same way."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.arguments import choice
from oxhorn.regularizers.regularizer import CoreRegularizer, factor_of

__all__ = ["OrthogonalRegularizer"]


class OrthogonalRegularizer(CoreRegularizer):
    """Penalise rows (or columns) of a matrix that are not orthogonal to each other.

    `penalty = factor * sum over i < j of |<v_i, v_j>|`, divided by the number of such pairs, where `v_i` are
    the rows (or columns), each divided by its length.

    Args:
        factor: Factor of the penalty. Defaults to 0.01.
        mode: "rows" or "columns". Defaults to "rows".

    Returns:
        When called with a weight of shape `(rows, columns)`: a scalar tensor.

    Raises:
        ValueError: If an argument is out of range, or the weight is no matrix.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> float(keras.regularizers.OrthogonalRegularizer(factor=1.0)(np.eye(3)))
    0.0
    """

    core_name = "OrthogonalRegularizer"

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = factor_of(factor, "factor", "OrthogonalRegularizer")
        self.mode = choice(mode, ("rows", "columns"), "mode", "OrthogonalRegularizer")

    def __call__(self, x: Any) -> Any:
        """Return the penalty of a matrix, a scalar tensor of its dtype.

        Args:
            x: The weight: a variable, a tensor or an array of two axes.
        """
        shape = tuple(np.shape(x) if isinstance(x, (list, tuple)) else x.shape)
        if len(shape) != 2:
            error = ValueError(
                f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={shape}"
            )
            error.add_note("Its rows or columns are compared: use it for kernels of Dense layers.")
            raise error
        return super().__call__(x)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"factor": self.factor, "mode": self.mode}
