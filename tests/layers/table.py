"""One row is one layer with its arguments, an input, and the NumPy function that says what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class LayerRow:
    """layer(**arguments) on arrays of `shapes` must equal reference(x, *weights).

    `shapes` holds the batch axis; several shapes mean a list of inputs. `below` makes the inputs whole numbers in
    [0, below). `weights` are the names and shapes to be built. `training` is the reference in training where it
    differs; `random` marks layers that draw numbers in training. `inside` is the layer within that owns the weights.
    """

    layer: str
    arguments: dict[str, Any]
    shapes: list[tuple[int, ...]]
    reference: Callable[..., Any]
    weights: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    below: int | None = None
    training: Callable[..., Any] | None = None
    random: bool = False
    loose: float = 1.0
    inside: str = ""

    @property
    def id(self) -> str:
        arguments = {k: getattr(v, "__name__", v) for k, v in self.arguments.items()}
        return f"{self.layer}-{arguments}-{self.shapes}".replace(" ", "").replace("'", "")

    def arrays(self, dtype: str, seed: int = 0) -> list[Array]:
        """Inputs at least 0.01 apart from each other and from zero, so that no kink and no tie is met."""
        rng = np.random.default_rng(seed)
        if self.below is not None:
            return [rng.integers(0, self.below, s).astype("int32") for s in self.shapes]
        n = sum(int(np.prod(s)) for s in self.shapes)
        values = (rng.permutation(n) - n / 2 + 0.37) * (4.0 / n)
        cuts = np.cumsum([int(np.prod(s)) for s in self.shapes])[:-1]
        return [v.reshape(s).astype(dtype) for v, s in zip(np.split(values, cuts), self.shapes, strict=True)]

    def inputs(self, dtype: str, seed: int = 0) -> Any:
        """What the layer is called with: one array, or a list."""
        arrays = self.arrays(dtype, seed)
        return arrays[0] if len(arrays) == 1 else arrays

    def new_weights(self, dtype: str) -> list[Array]:
        """Values for all weights; variances are positive."""
        rng = np.random.default_rng(5)
        return [
            (rng.uniform(0.5, 2.0, s) if "variance" in name else rng.normal(size=s)).astype(dtype)
            for name, s in self.weights
        ]
