"""The dtypes of results: what values of two dtypes meet in, and what functions do with whole numbers and booleans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import KerasTensor, ops

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
ORDER = {name: i for i, name in enumerate(DTYPES)}
FLOATS = ("divide", "true_divide", "arctan2", "logaddexp", "hypot", "heaviside", "divide_no_nan")
NUMBERS = (
    "add",
    "multiply",
    "maximum",
    "minimum",
    "fmax",
    "append",
    "dot",
    "outer",
    "inner",
    "matmul",
    "where",
)
CURVES = (
    "sqrt",
    "exp",
    "log",
    "sin",
    "floor",
    "ceil",
    "mean",
    "var",
    "std",
    "logsumexp",
    "deg2rad",
    "sinc",
    "fabs",
)


def tensors(*dtypes: str) -> list[Any]:
    return [ops.cast(np.ones((2, 2)), dtype) for dtype in dtypes]


def apply(name: str, *xs: Any) -> Any:
    return ops.where([[True], [False]], *xs) if name == "where" else getattr(ops, name)(*xs)


def both_ways(name: str, *dtypes: str) -> str:
    """The dtype of the result, the same for values and for symbolic tensors."""
    eager = apply(name, *tensors(*dtypes)).dtype
    assert apply(name, *(KerasTensor((2, 2), dtype) for dtype in dtypes)).dtype == eager
    return str(eager)


@pytest.mark.parametrize("first", DTYPES)
@pytest.mark.parametrize("second", DTYPES)
def test_two_dtypes_meet_in_the_higher(first: str, second: str) -> None:
    higher = max(first, second, key=ORDER.__getitem__)
    assert keras.backend.result_type(first, second) == higher
    for name in NUMBERS:
        assert both_ways(name, first, second) == higher, name
    for name in FLOATS:
        assert both_ways(name, first, second) == (higher if "float" in higher else "float32"), name


@pytest.mark.parametrize("dtype", DTYPES)
def test_python_numbers_are_weak(dtype: str) -> None:
    (x,) = tensors(dtype)
    assert ops.add(x, 1).dtype == ops.add(1, x).dtype == ("int32" if dtype == "bool" else dtype)
    assert ops.multiply(x, 1.5).dtype == (dtype if "float" in dtype else "float32")
    assert ops.where(True, x, 1).dtype == ("int32" if dtype == "bool" else dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_of_one_tensor(dtype: str) -> None:
    for name in CURVES:
        assert both_ways(name, dtype) == (dtype if "float" in dtype else "float32"), name
    small = dtype in ("bool", "uint8")
    assert both_ways("sum", dtype) == both_ways("prod", dtype) == ("int32" if small else dtype)
    assert both_ways("max", dtype) == both_ways("trunc", dtype) == both_ways("abs", dtype) == dtype
    assert both_ways("argmax", dtype) == both_ways("count_nonzero", dtype) == "int32"
    assert both_ways("isnan", dtype) == both_ways("any", dtype) == both_ways("logical_not", dtype) == "bool"


def test_whole_numbers_become_the_configured_float() -> None:
    keras.config.set_floatx("float64")
    try:
        (x,) = tensors("int32")
        assert (
            ops.sqrt(x).dtype
            == ops.mean(x).dtype
            == ops.divide(x, x).dtype
            == ops.add(x, 0.5).dtype
            == "float64"
        )
    finally:
        keras.config.set_floatx("float32")


def test_new_tensors() -> None:
    assert ops.arange(3).dtype == ops.array([1, 2]).dtype == ops.array(True, "int32").dtype == "int32"
    assert (
        ops.arange(3.0).dtype
        == ops.array([1.0]).dtype
        == ops.linspace(0, 1).dtype
        == ops.eye(2).dtype
        == "float32"
    )
    assert ops.array(np.ones(2)).dtype == "float64"
    assert ops.array([2**40]).dtype == "int64"
    assert ops.array([ops.array(1), 2.5]).dtype == "float32"
    assert ops.full((2,), 1).dtype == "float32"
    assert ops.dtype(KerasTensor((2,), "uint8")) == "uint8"


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("float16", "16-bit floats bring nothing on a CPU: use 'float32'"),
        ("bfloat16", "use 'float32'"),
        ("float128", "Use 'float64'"),
        ("int8", "Use 'int32'"),
        ("uint32", "or 'int64' for larger numbers"),
        ("complex64", "one for the imaginary part"),
        ("object", "Tensors hold numbers"),
        ("flot32", "Check the spelling"),
    ],
)
def test_dtypes_that_are_not_there(name: str, use: str) -> None:
    """One sentence everywhere: those there are, what was given, what to use."""
    asked = [
        lambda: ops.cast([1.0], name),
        lambda: ops.zeros((2,), dtype=name),
        lambda: keras.Variable(1.0, dtype=name),
        lambda: keras.random.normal((2,), dtype=name),
        lambda: keras.Input((2,), dtype=name),
        lambda: keras.layers.Dense(2, dtype=name),
        lambda: keras.losses.MeanSquaredError(dtype=name),
        lambda: keras.metrics.Mean(dtype=name),
    ]
    for ask in asked:
        text = rf"must be one of \['float32', .*'bool'\]; got '{name}', which is not supported\. .*{use}"
        with pytest.raises(ValueError, match=text):
            ask()
    with pytest.raises(
        ValueError, match=rf"set_floatx: `value` must be one of \['float32', 'float64'\]; got '{name}'"
    ):
        keras.config.set_floatx(name)
