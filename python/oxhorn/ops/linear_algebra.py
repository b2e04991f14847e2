"""Products of matrices, and norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.ops.creation import cast, convert_to_tensor
from oxhorn.ops.dispatch import operation


def _to_one_dtype(*tensors: Any) -> list[Any]:
    """Next to floats, whole numbers become floats, and float32 becomes float64 next to float64."""
    converted = [convert_to_tensor(x) for x in tensors]
    floats = sorted({str(x.dtype) for x in converted if str(x.dtype).startswith("float")})
    if not floats:
        return converted
    dtype = floats[-1]
    return [x if str(x.dtype) == dtype else cast(x, dtype) for x in converted]


@operation("x1", "x2")
def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes."""
    return _core.apply("matmul", _to_one_dtype(x1, x2))


@operation("x1", "x2")
def dot(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of `x1` and the second to last (or only) axis of `x2`.

    Raises:
        ValueError: If `x2` has more than two axes.
    """
    if not getattr(x1, "shape", ()) or not getattr(x2, "shape", ()):
        return _core.apply("multiply", [x1, x2])
    if len(x2.shape) > 2:
        raise ValueError(f"dot: the second tensor may have at most two axes; got shape {tuple(x2.shape)}.")
    return _core.apply("matmul", _to_one_dtype(x1, x2))


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
