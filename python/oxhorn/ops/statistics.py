"""Weighted means, correlations, and integrals of sampled values."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.ops.arguments import Axis, as_dtype, as_float, as_tensor, axis_list, one_axis, promoted, some_axes
from oxhorn.ops.dispatch import operation

__all__ = ["average", "corrcoef", "correlate", "trapezoid"]


@operation("x", "weights")
def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """The mean over axes, each value times its weight.

    `sum(w x) / sum(w)`

    Args:
        x: A tensor.
        axis: The axes that are taken together: one, several, or all by default.
        weights: Weights of the shape of `x`, or of those axes alone; all 1 by default.

    Raises:
        ValueError: If the weights have neither shape.

    >>> import oxhorn as keras
    >>> float(keras.ops.average([1.0, 5.0], weights=[3.0, 1.0]))
    2.0
    """
    if weights is None:
        x = as_float(x)
        return _core.apply("mean", [x], {"axis": axis_list(axis)})
    x, weights = promoted(x, weights, floats=True)
    attrs = {"axis": axis_list(axis)}
    if len(weights.shape) != len(x.shape):
        if axis is None:
            raise ValueError(
                "average: without an axis, `weights` must have the same shape as `x`; got "
                f"`weights` of shape {tuple(weights.shape)} and `x` of shape {tuple(x.shape)}."
            )
        places = some_axes("average", axis, len(x.shape))
        sizes = [x.shape[place] for place in places]
        if len(weights.shape) != len(places) or not _fit(weights.shape, sizes):
            raise ValueError(
                f"average: `weights` must have the shape of `x`, {tuple(x.shape)}, or that of its axes {places}, "
                f"{tuple(sizes)}; got shape {tuple(weights.shape)}."
            )
        order = sorted(range(len(places)), key=places.__getitem__)
        weights = _core.apply("transpose", [weights], {"axes": order}) if len(order) > 1 else weights
        for place in range(len(x.shape)):
            if place not in places:
                weights = _core.apply("expand_dims", [weights], {"axis": place})
    elif not _fit(weights.shape, x.shape):
        raise ValueError(
            f"average: `weights` must have the same shape as `x`; got `weights` of shape {tuple(weights.shape)} and "
            f"`x` of shape {tuple(x.shape)}."
        )
    total = _core.apply("sum", [_core.apply("multiply", [x, weights])], attrs)
    weights = _core.apply("broadcast_like", [weights, x])
    return _core.apply("divide", [total, _core.apply("sum", [weights], attrs)])


def _fit(shape: Any, expected: Any) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(shape, expected, strict=True))


@operation("x")
def corrcoef(x: Any) -> Any:
    """Pearson's correlation of each two rows: their covariance over the product of their standard deviations.

    Args:
        x: A tensor of shape (variables, samples), or (samples,) for one variable.

    Returns:
        A tensor of shape (variables, variables), or a single 1 for one variable.

    Raises:
        ValueError: If `x` has more than two axes.

    >>> import oxhorn as keras
    >>> keras.ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).numpy().round(3).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    x = as_float(x)
    if len(x.shape) > 2:
        raise ValueError(f"corrcoef: expected a tensor with one or two axes; got shape {tuple(x.shape)}.")
    single = len(x.shape) < 2
    if single:
        x = _core.apply("reshape", [x], {"newshape": [1, -1]})
    mean = _core.apply("mean", [x], {"axis": -1, "keepdims": True})
    distance = _core.apply("subtract", [x, mean])
    turned = _core.apply("transpose", [distance])
    covariance = _core.apply("matmul", [distance, turned])
    # The diagonal of the covariance.
    squares = _core.apply("sum", [_core.apply("square", [distance])], {"axis": -1, "keepdims": True})
    spread = _core.apply("sqrt", [squares])
    scaled = _core.apply("divide", [covariance, spread])
    scaled = _core.apply("divide", [scaled, _core.apply("transpose", [spread])])
    limited = _core.apply("minimum", [_core.apply("maximum", [scaled, -1.0]), 1.0])
    return _core.apply("reshape", [limited], {"newshape": []}) if single else limited


@operation("x1", "x2")
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """Sums of products of two sequences, one moved along the other.

    `y_k = sum_n x1_(n + k) x2_n`

    Args:
        x1: A tensor with one axis.
        x2: A tensor with one axis.
        mode: `"valid"`: only where they overlap fully; `"same"`: as many values as the longer has; `"full"`:
            wherever they overlap.

    Raises:
        ValueError: For another mode, or tensors with more axes.

    >>> import oxhorn as keras
    >>> keras.ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0]).numpy().tolist()
    [2.0, 3.0]
    """
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"correlate: `mode` must be 'valid', 'same' or 'full'; got {mode!r}.")
    x1, x2 = promoted(x1, x2, floats=True)
    if len(x1.shape) != 1 or len(x2.shape) != 1:
        raise ValueError(
            f"correlate: expected two tensors with one axis; got shapes {tuple(x1.shape)} and {tuple(x2.shape)}."
        )
    n, m = x1.shape[0], x2.shape[0]
    # The second is the window; a longer one takes the place of the first, and then the result runs backwards.
    swapped = n is not None and m is not None and n < m
    if swapped:
        x1, x2, n, m = x2, x1, m, n
    if m is None:
        raise ValueError(f"correlate: the length of one tensor must be known; got shapes ({n},) and ({m},).")
    if m == 0:
        raise ValueError("correlate: expected at least one value in each tensor; got an empty one.")
    left, right = {"valid": (0, 0), "same": (m // 2, m - 1 - m // 2), "full": (m - 1, m - 1)}[mode]
    if swapped:
        left, right = right, left
    if left or right:
        x1 = _core.apply("pad", [x1], {"pad_width": [[left, right]], "mode": "constant"})
    line = _core.apply("reshape", [x1], {"newshape": [1, -1, 1]})
    window = _core.apply("reshape", [x2], {"newshape": [m, 1, 1]})
    result = _core.apply("reshape", [_core.apply("conv", [line, window])], {"newshape": [-1]})
    return _core.apply("flip", [result], {"axis": 0}) if swapped else result


@operation("y", "x")
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The integral of sampled values along an axis by the trapezoidal rule.

    `sum_i (x_(i+1) - x_i) (y_i + y_(i+1)) / 2`

    Args:
        y: The values.
        x: Where they were sampled: along one axis, or in the shape of `y`; at distances `dx` by default.
        dx: The distance.
        axis: The axis.

    >>> import oxhorn as keras
    >>> float(keras.ops.trapezoid([1.0, 2.0, 3.0]))
    4.0
    """
    if x is None:
        y = as_float(y)
        place = one_axis("trapezoid", axis, len(y.shape))
        pairs = _core.apply("add", [_part(y, place, 1, None), _part(y, place, None, -1)])
        half = _core.apply("multiply", [as_dtype(as_tensor(dx), y.dtype), 0.5])
        return _core.apply("multiply", [_core.apply("sum", [pairs], {"axis": place}), half])
    y, x = promoted(y, x, floats=True)
    place = one_axis("trapezoid", axis, len(y.shape))
    if len(x.shape) == 1:
        for _ in range(len(y.shape) - 1 - place):
            x = _core.apply("expand_dims", [x], {"axis": -1})
    own = len(x.shape) - (len(y.shape) - place)
    steps = _core.apply("subtract", [_part(x, own, 1, None), _part(x, own, None, -1)])
    pairs = _core.apply("add", [_part(y, place, 1, None), _part(y, place, None, -1)])
    products = _core.apply("multiply", [_core.apply("multiply", [pairs, steps]), 0.5])
    return _core.apply("sum", [products], {"axis": place})


def _part(x: Any, axis: int, begin: int | None, end: int | None) -> Any:
    return x[(slice(None),) * axis + (slice(begin, end),)]
