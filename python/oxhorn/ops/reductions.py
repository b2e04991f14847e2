"""Functions that take axes together: sums, means, extremes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oxhorn import _core
from oxhorn.ops.dispatch import operation

Axis = int | Sequence[int] | None


def _reduction(name: str, doc: str) -> Callable[..., Any]:
    def function(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        chosen = list(axis) if isinstance(axis, (list, tuple)) else axis
        return _core.apply(name, [x], {"axis": chosen, "keepdims": keepdims})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{doc} over the axes `axis` (all by default)."
    return operation("x")(function)


sum = _reduction("sum", "The sum")
mean = _reduction("mean", "The mean")
prod = _reduction("prod", "The product")
max = _reduction("max", "The largest value")
min = _reduction("min", "The smallest value")
var = _reduction("var", "The variance (the mean squared distance from the mean)")
std = _reduction("std", "The standard deviation")
any = _reduction("any", "Whether any value is true,")
all = _reduction("all", "Whether all values are true,")
logsumexp = _reduction("logsumexp", "ln(sum(e^x))")


@operation("x")
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the largest value along an axis (of the flattened tensor by default)."""
    return _core.apply("argmax", [x], {"axis": axis, "keepdims": keepdims})


@operation("x")
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the smallest value along an axis (of the flattened tensor by default)."""
    return _core.apply("argmin", [x], {"axis": axis, "keepdims": keepdims})
