"""Norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.ops.dispatch import operation


@operation("x")
def norm(x: Any, ord: Any = None, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """sqrt(sum(x^2)) over the axes (all by default); with `ord=1` sum(|x|).

    Raises:
        ValueError: For other values of `ord`.
    """
    attrs = {"axis": list(axis) if isinstance(axis, (list, tuple)) else axis, "keepdims": keepdims}
    if ord in (None, 2, "euclidean"):
        return _core.apply("sqrt", [_core.apply("sum", [_core.apply("square", [x])], attrs)])
    if ord == 1:
        return _core.apply("sum", [_core.apply("absolute", [x])], attrs)
    raise ValueError(f"norm: `ord` must be None, 'euclidean', 1 or 2; got {ord!r}.")
