"""Tensors and variables among NumPy arrays, numbers, formats and pickles."""

from __future__ import annotations

import copy
import operator
import pickle

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

X = np.arange(6, dtype="float32").reshape(2, 3)


@pytest.fixture(params=["tensor", "variable"])
def x(request):
    return ops.convert_to_tensor(X) if request.param == "tensor" else keras.Variable(X)


BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
]


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
@pytest.mark.parametrize(
    "other", [2, 2.5, np.float32(1.5), np.full((2, 3), 2.0, "float32"), np.ones(3, "float32")]
)
def test_operators_with_numbers_and_arrays_on_either_side(x, op, other):
    with np.errstate(all="ignore"):
        for result, expected in ((op(x, other), op(X, other)), (op(other, x), op(other, X))):
            assert isinstance(result, type(ops.zeros(1)))
            np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)
            assert result.dtype == ("bool" if expected.dtype == bool else "float32")


def test_an_array_times_a_tensor_stays_on_the_tape():
    v = keras.Variable(X)
    with keras.GradientTape() as tape:
        y = ops.sum(np.full((2, 3), 3.0, "float32") * v)
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), np.full((2, 3), 3.0))


def test_an_array_times_a_symbolic_tensor_is_symbolic():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, np.array([1.0, 2.0, 3.0], "float32") * inputs)
    np.testing.assert_array_equal(model.predict(X, verbose=0), X * [1.0, 2.0, 3.0])


def test_unary_operators(x):
    for op in (operator.neg, operator.pos, abs):
        np.testing.assert_array_equal(op(x).numpy(), op(X))
    np.testing.assert_array_equal((~(x > 2)).numpy(), X <= 2)
    np.testing.assert_array_equal(round(x + 0.26, 1).numpy(), np.round(X + np.float32(0.26), 1))


def test_matmul_and_transpose(x):
    np.testing.assert_allclose((x @ x.T).numpy(), X @ X.T)
    np.testing.assert_allclose((X @ x.T).numpy(), X @ X.T)
    np.testing.assert_allclose((x.T @ np.ones(2, "float32")).numpy(), X.sum(0))


def test_methods_that_arrays_have(x):
    assert x.astype("int64").dtype == "int64"
    assert x.astype(np.float64).dtype == "float64"
    np.testing.assert_array_equal(x.reshape(3, 2).numpy(), X.reshape(3, 2))
    np.testing.assert_array_equal(x.reshape((-1, 2)).numpy(), X.reshape(-1, 2))
    assert x.tolist() == X.tolist()
    assert (x.ndim, x.size, len(x)) == (2, 6, 2)
    assert 3.0 in x
    assert 7.0 not in x
    np.testing.assert_array_equal(np.stack([row.numpy() for row in x[0:2]]), X)


def test_numpy_functions(x):
    np.testing.assert_array_equal(np.asarray(x), X)
    np.testing.assert_array_equal(np.asarray(x, dtype="float64"), X.astype("float64"))
    np.testing.assert_allclose(np.exp(x), np.exp(X))
    assert np.allclose(x, X)
    assert np.concatenate([x, x]).shape == (4, 3)


def test_results_own_their_memory(x):
    before = x.numpy()
    before[:] = -1
    np.testing.assert_array_equal(x.numpy(), X)
    shared = np.from_dlpack(x)
    np.testing.assert_array_equal(shared, X)


def test_dlpack(x):
    assert x.__dlpack_device__() == (1, 0)
    np.testing.assert_array_equal(np.from_dlpack(x), X)


def test_formats():
    scalar = ops.convert_to_tensor(2.5)
    assert f"{scalar:.2f}" == "2.50"
    assert f"{ops.convert_to_tensor(7):03d}" == "007"
    assert f"{scalar}" == str(scalar)
    with pytest.raises(TypeError, match=r"one element.*\(2, 3\).*numpy"):
        f"{ops.convert_to_tensor(X):.2f}"


def test_numbers():
    scalar = ops.convert_to_tensor(2.5)
    assert (float(scalar), int(scalar), bool(scalar), scalar.item()) == (2.5, 2, True, 2.5)
    assert list(range(5))[ops.convert_to_tensor(3)] == 3
    with pytest.raises(TypeError, match=r"one element.*\(2, 3\)"):
        bool(ops.convert_to_tensor(X))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
def test_pickle_and_copy(dtype):
    tensor = ops.convert_to_tensor(X.astype(dtype))
    for again in (pickle.loads(pickle.dumps(tensor)), copy.deepcopy(tensor), copy.copy(tensor)):
        assert again.dtype == dtype
        np.testing.assert_array_equal(again.numpy(), tensor.numpy())


class TestVariable:
    def test_assignments(self):
        v = keras.Variable(X, name="w")
        v.assign(X + 1)
        v.assign_add(np.ones_like(X))
        v.assign_sub(X)
        np.testing.assert_array_equal(v.numpy(), np.full((2, 3), 2.0))
        with pytest.raises(ValueError, match=r"'w'.*\(2, 3\).*\(3,\).*keeps its shape"):
            v.assign(np.zeros(3))

    def test_properties(self):
        v = keras.Variable([1.0, 2.0], trainable=False, name="scale")
        assert (v.name, v.path, v.trainable, v.shape, v.dtype) == ("scale", "scale", False, (2,), "float32")
        v.trainable = True
        assert v.trainable
        assert "scale" in repr(v)


@pytest.mark.parametrize("name", ["multiply", "add", "maximum", "less"])
def test_arrays_without_elements_broadcast(name: str) -> None:
    x, y = np.ones((2, 1, 1, 1), "float32"), np.ones((2, 0, 5, 3), "float32")
    assert getattr(ops, name)(x, y).shape == getattr(np, name)(x, y).shape
