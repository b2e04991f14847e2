"""Activation functions and encodings, under the names they have in `ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn import _core
from oxhorn.ops.dispatch import operation


def _activation(name: str, doc: str) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        return _core.activation(name, x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return operation("x")(function)


relu = _activation("relu", "max(x, 0).")
relu6 = _activation("relu6", "min(max(x, 0), 6).")
sigmoid = _activation("sigmoid", "1 / (1 + e^-x).")
softplus = _activation("softplus", "ln(1 + e^x).")
softsign = _activation("softsign", "x / (1 + |x|).")
silu = _activation("silu", "x * sigmoid(x).")
selu = _activation("selu", "The scaled exponential linear unit.")
hard_sigmoid = _activation("hard_sigmoid", "clip(x / 6 + 1/2, 0, 1).")
log_sigmoid = _activation("log_sigmoid", "ln(sigmoid(x)).")


@operation("x")
def gelu(x: Any, approximate: bool = True) -> Any:
    """The value x * P(X <= x) for a standard normal X; by the tanh formula if `approximate`."""
    return _core.activation("gelu", x, {"approximate": approximate})


@operation("x")
def elu(x: Any, alpha: float = 1.0) -> Any:
    """The value x where positive, alpha * (e^x - 1) elsewhere."""
    return _core.activation("elu", x, {"alpha": alpha})


@operation("x")
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """The value x where positive, negative_slope * x elsewhere."""
    return _core.activation("leaky_relu", x, {"negative_slope": negative_slope})


@operation("x")
def softmax(x: Any, axis: int = -1) -> Any:
    """e^x / sum(e^x) along an axis."""
    return _core.apply("softmax", [x], {"axis": axis})


@operation("x")
def log_softmax(x: Any, axis: int = -1) -> Any:
    """The value x - ln(sum(e^x)) along an axis."""
    return _core.apply("log_softmax", [x], {"axis": axis})
