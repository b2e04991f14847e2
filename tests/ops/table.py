"""One row is one op on one kind of input: what to compute, and the NumPy function that says what is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Row:
    """op(inputs, attrs) must equal reference(*inputs).

    `op` is an op of the core, an activation, or a public function of `oxhorn.ops` that takes the inputs one by one, or
    as one list (`listed`). With `ops.` in front it is the public function, even if an op has the same name.
    Inputs of float64 are tested as float32 and float64, others as they are. `gradient` names the inputs with a
    gradient ("all floats" by default; () for none). `smooth` rows are differentiated twice. `batch` rows also run
    with the first axis of their float inputs unknown while traced. `loose` multiplies the float32 tolerances.
    `through` is the number of outputs that pass a gradient on; the others are results only. `names` are the
    parameters of a public function that the inputs are, where those are not its first ones.
    """

    op: str
    inputs: Sequence[Array]
    reference: Callable[..., Any]
    attrs: dict[str, Any] = field(default_factory=dict)
    gradient: Sequence[int] | None = None
    smooth: bool = True
    batch: bool = True
    loose: float = 1.0
    through: int | None = None
    listed: bool = False
    note: str = ""
    names: Sequence[str] = ()

    @property
    def id(self) -> str:
        shapes = "x".join("(" + ",".join(map(str, x.shape)) + ")" for x in self.inputs)
        attrs = ",".join(f"{k}={v}" for k, v in self.attrs.items())
        return f"{self.op}-{shapes}" + (f"-{attrs}" if attrs else "") + (f"-{self.note}" if self.note else "")

    def differentiable(self) -> list[int]:
        """Places of the inputs whose gradient is checked."""
        if self.gradient is not None:
            return list(self.gradient)
        return [i for i, x in enumerate(self.inputs) if x.dtype == np.float64]

    def cast(self, dtype: str) -> list[Array]:
        """The inputs, floats as `dtype`."""
        return [x.astype(dtype) if x.dtype == np.float64 else x for x in self.inputs]


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def real(*shape: int, seed: int = 1) -> Array:
    """Numbers of both signs between 0.1 and 2.5 away from zero: no kink at 0 is met."""
    rng = _rng(seed)
    return np.asarray(rng.uniform(0.1, 2.5, shape) * rng.choice([-1.0, 1.0], shape))


def positive(*shape: int, seed: int = 2) -> Array:
    """Between 0.2 and 3."""
    return _rng(seed).uniform(0.2, 3.0, shape)


def unit(*shape: int, seed: int = 3) -> Array:
    """Within (-0.9, 0.9)."""
    return _rng(seed).uniform(-0.9, 0.9, shape)


def apart(*shape: int, seed: int = 4) -> Array:
    """All numbers differ by at least 0.05, in random order: no ties for max, sort or top_k."""
    n = int(np.prod(shape))
    return (_rng(seed).permutation(n) * 0.05 - n * 0.025 + 0.013).reshape(shape)


def integers(low: int, high: int, *shape: int, seed: int = 5, dtype: str = "int32") -> Array:
    """Whole numbers in [low, high)."""
    return _rng(seed).integers(low, high, shape).astype(dtype)


def booleans(*shape: int, seed: int = 6) -> Array:
    """Coin throws."""
    return _rng(seed).integers(0, 2, shape).astype(bool)
