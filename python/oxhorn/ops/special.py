"""Bessel's function, and the neighbours of floating-point numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.ops.arguments import as_float, promoted
from oxhorn.ops.dispatch import operation

__all__ = ["i0", "nextafter"]

# e^-x I0(x) for x from 0 to 8, as a sum of Chebyshev polynomials in x / 4 - 1.
_NEAR = (
    0.338397637204738, -0.30468267234319835, 0.17162090152220863, -0.09490109704804749, 0.049305284239670545,
    -0.023737414805899353, 0.010546460394594748, -0.004324309995050515, 0.001639475616941317,
    -0.0005763755745385569, 0.00018850288509575486, -5.754195010051921e-05, 1.644844807049961e-05,
    -4.416738358531402e-06, 1.1173875389114407e-06, -2.6707938531211896e-07, 6.046995004727052e-08,
    -1.3000250169148409e-08, 2.659823703510256e-09, -5.18979322849944e-10, 9.675803380737591e-11,
    -1.726826348580346e-11, 2.954790856435352e-12, -4.85346207668158e-13, 7.646439037500841e-14,
    -1.1679268663300491e-14, 1.5376588891058418e-15,
)  # fmt: skip
# sqrt(x) e^-x I0(x) for x from 8 on, as a sum of Chebyshev polynomials in 16 / x - 1.
_FAR = (
    0.40224520550705434, 0.003369116478255698, 6.889758346915187e-05, 2.891370520892167e-06,
    2.048918588570814e-07, 2.266668996497856e-08, 3.396231893493251e-09, 4.940602815750595e-10,
    1.1889156326105876e-11, -3.149915883682297e-11, -1.3215872840532938e-11, -1.7940782193193173e-12,
    7.179368211041038e-13, 3.8527847578961885e-13, 1.5307755063531658e-14, -4.1466829969749597e-14,
    -9.658940314238862e-15, 3.733680031814402e-15, 1.8118839761882555e-15,
)  # fmt: skip


@operation("x")
def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind of order 0.

    `I0(x) = sum_k (x / 2)^(2 k) / k!^2`, computed from sums of Chebyshev polynomials (exact to 14 digits in float64).

    >>> import oxhorn as keras
    >>> keras.ops.i0([0.0, 1.0]).numpy().round(4)
    array([1.    , 1.2661], dtype=float32)
    """
    size = _core.apply("absolute", [as_float(x)])
    near = _core.apply("minimum", [size, 8.0])
    far = _core.apply("maximum", [size, 8.0])
    close = _chebyshev(_core.apply("subtract", [_core.apply("multiply", [near, 0.25]), 1.0]), _NEAR)
    distant = _chebyshev(_core.apply("subtract", [_core.apply("divide", [16.0, far]), 1.0]), _FAR)
    distant = _core.apply("divide", [distant, _core.apply("sqrt", [far])])
    scaled = _core.apply("where", [_core.apply("less_equal", [size, 8.0]), close, distant])
    # In two factors: e^x alone overflows where the product does not.
    half = _core.apply("exp", [_core.apply("multiply", [size, 0.5])])
    return _core.apply("multiply", [_core.apply("multiply", [scaled, half]), half])


def _chebyshev(t: Any, coefficients: tuple[float, ...]) -> Any:
    """sum_k c_k T_k(t) by Clenshaw's recurrence: b_k = c_k + 2 t b_(k+1) - b_(k+2)."""
    twice = _core.apply("multiply", [t, 2.0])
    before = _core.apply("zeros_like", [t])
    last = _core.apply("add", [before, coefficients[-1]])
    for c in coefficients[-2:0:-1]:
        product = _core.apply("multiply", [twice, last])
        before, last = last, _core.apply("add", [_core.apply("subtract", [product, before]), c])
    product = _core.apply("multiply", [t, last])
    return _core.apply("add", [_core.apply("subtract", [product, before]), coefficients[0]])


@operation("x1", "x2")
def nextafter(x1: Any, x2: Any) -> Any:
    """The next number after x1, among those that its dtype can hold, on the way to x2.

    >>> import oxhorn as keras
    >>> float(keras.ops.nextafter(1.0, 2.0)) == 1.0 + 2.0**-23
    True
    """
    x1, x2 = (_core.apply("stop_gradient", [x]) for x in promoted(x1, x2, floats=True))
    limits = np.finfo(x1.dtype)
    up = _core.apply("greater", [x2, x1])
    size = _core.apply("absolute", [x1])
    # The largest power of two that is not above |x1|; below the least one, steps do not get smaller.
    least, largest = float(limits.smallest_normal), float(limits.max)
    normal = _core.apply("minimum", [_core.apply("maximum", [size, least]), largest])
    exponent = _core.apply("floor", [_core.apply("log2", [normal])])
    exponent = _core.apply("minimum", [exponent, float(limits.maxexp - 1)])
    power = _power(exponent)
    power = _core.apply("where", [_core.apply("greater", [power, normal]), _scaled(power, 0.5), power])
    doubled = _core.apply("greater_equal", [_scaled(normal, 0.5), power])
    power = _core.apply("where", [doubled, _scaled(power, 2.0), power])
    step = _scaled(power, float(limits.eps))
    # Towards 0 from a power of two, steps are half as large.
    inwards = _core.apply("not_equal", [up, _core.apply("greater_equal", [x1, 0.0])])
    edge = _core.apply(
        "logical_and", [_core.apply("equal", [size, power]), _core.apply("greater", [size, least])]
    )
    edge = _core.apply("logical_and", [edge, inwards])
    step = _core.apply("where", [edge, _scaled(step, 0.5), step])
    moved = _core.apply("where", [up, _core.apply("add", [x1, step]), _core.apply("subtract", [x1, step])])
    # From infinity: the largest number.
    inner = _scaled(_core.apply("sign", [x1]), largest)
    moved = _core.apply("where", [_core.apply("isinf", [x1]), inner, moved])
    same = _core.apply("equal", [x1, x2])
    moved = _core.apply("where", [same, x2, moved])
    missing = _core.apply("isnan", [_core.apply("add", [x1, x2])])
    opposite = _core.apply("logical_and", [_core.apply("isinf", [x1]), _core.apply("isinf", [x2])])
    missing = _core.apply("logical_and", [missing, _core.apply("logical_not", [opposite])])
    return _core.apply("where", [missing, float("nan"), moved])


def _power(exponent: Any) -> Any:
    return _core.apply("power", [_core.tensor(2.0, exponent.dtype), exponent])


def _scaled(x: Any, factor: float) -> Any:
    return _core.apply("multiply", [x, factor])
