"""Shapes that contain the open batch size of a trace: the same results as eagerly, for every batch size."""

from __future__ import annotations

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, ops

FUNCTIONS = {
    "zeros": lambda x: ops.zeros((ops.shape(x)[0], 3)),
    "ones": lambda x: ops.ones((2, ops.shape(x)[0] * 2), dtype="int32"),
    "full": lambda x: ops.full((ops.shape(x)[0], 2), 7.0),
    "full of a tensor": lambda x: ops.full((ops.shape(x)[0], 2), ops.sum(x)),
    "broadcast_to": lambda x: ops.broadcast_to(ops.ones((1, 5)), (ops.shape(x)[0], 5)),
    "reshape": lambda x: ops.reshape(x, (ops.shape(x)[0], 3, 2)),
    "reshape, the rest": lambda x: ops.reshape(x, (ops.shape(x)[0], -1, 2)),
    "reshape, joined": lambda x: ops.reshape(x, (ops.shape(x)[0] * 2, 3)),
    "reshape, taken apart": lambda x: ops.reshape(ops.tile(x, (2, 1)), (2, ops.shape(x)[0], 6)),
    "tile": lambda x: ops.tile(ops.ones((1, 2, 3)), [ops.shape(x)[0], 1, 1]),
    "tile of open axes": lambda x: ops.tile(x, (ops.shape(x)[1] // 3, 1)),
    "arange": lambda x: ops.arange(ops.shape(x)[0]),
    "arange, from and by": lambda x: ops.arange(1, ops.shape(x)[0] + 3, 2, dtype="float32"),
    "sum / size": lambda x: ops.sum(x, axis=0) / ops.shape(x)[0],
    "size / number": lambda x: ops.shape(x)[0] / 2,
    "cast": lambda x: ops.cast(ops.shape(x)[0], "float32") * x,
    "size in a function": lambda x: ops.multiply(ops.shape(x)[0], x),
    "compared": lambda x: ops.where(ops.shape(x)[0] > 3, x, -x),
    "sizes of a product": lambda x: (3 - ops.shape(x)[0] * 2 + 9) * ops.ones(2),
    "stacked sizes": lambda x: ops.stack([ops.shape(x)[0], 2]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_traced_with_an_open_batch_equals_eager(name):
    function = FUNCTIONS[name]
    graph = _core.Graph()
    with graph:
        x = graph.input((None, 6), "float32")
        program = graph.compile([ops.convert_to_tensor(function(x))])
    for rows in (1, 2, 5):
        array = np.arange(rows * 6, dtype="float32").reshape(rows, 6)
        (got,) = program.run([array])
        expected = ops.convert_to_tensor(function(ops.convert_to_tensor(array))).numpy()
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


def test_gradients_flow_through_reshape_and_broadcast():
    class Pairs(keras.layers.Layer):
        def call(self, x):
            rows = ops.shape(x)[0]
            y = ops.reshape(x, (rows, -1, 2))
            return ops.sum(y * ops.broadcast_to(ops.ones((1, 1, 2)), (rows, 3, 2)), axis=(1, 2))

    keras.testing.check_gradients(Pairs(dtype="float64"), np.random.default_rng(0).normal(size=(4, 6)))
    model = keras.Sequential([keras.Input((6,)), Pairs()])
    x = np.random.default_rng(1).normal(size=(4, 6)).astype("float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), x.sum(1), rtol=1e-5)


def test_symbolic_tensors_have_none():
    assert ops.shape(keras.Input((3,))) == (None, 3)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda size: list(range(9))[size], "open while the model is traced.*run_eagerly=True"),
        (lambda size: int(size), r"`int\(\)`.*ops.zeros"),
        (lambda size: float(size), r"`float\(\)`"),
        (lambda size: range(size), "run_eagerly"),
        (lambda size: bool(size == 3), "run_eagerly"),
    ],
)
def test_it_has_no_value(use, message):
    graph = _core.Graph()
    with graph:
        x = graph.input((None, 6), "float32")
        with pytest.raises(TypeError, match=message):
            use(ops.shape(x)[0])


def test_what_does_not_fit_is_refused():
    graph = _core.Graph()
    with graph:
        x = graph.input((None, 6), "float32")
        program = graph.compile([ops.reshape(x, (ops.shape(x)[0] // 2, 12))])
        with pytest.raises(ValueError, match="`step`"):
            ops.arange(0, ops.shape(x)[0], -1)
    assert program.run([np.zeros((4, 6), "float32")])[0].shape == (2, 12)
    with pytest.raises(ValueError, match="elements"):
        program.run([np.zeros((3, 6), "float32")])


# Sizes that are values ------------------------------------------------------------------------------------


def test_reshape_by_values() -> None:
    """Symbolic sizes leave the shape open; a `Function` runs it, since it runs eagerly; a traced model cannot."""
    x, sizes, one = (
        keras.KerasTensor((None, 20)),
        keras.KerasTensor((2,), "int32"),
        keras.KerasTensor((), "int32"),
    )
    assert ops.reshape(x, sizes).shape == (None, None)
    assert ops.reshape(x, (None, one)).shape == (None, None)
    assert ops.reshape(x, (-1, 4, one)).shape == (None, 4, None)
    of_array = ops.reshape(np.zeros(20), sizes)
    assert (of_array.shape, of_array.dtype) == ((None, None), "float64")
    run = keras.Function([x, sizes], ops.reshape(x, sizes))
    numbers = np.arange(40.0).reshape(2, 20)
    np.testing.assert_array_equal(run([numbers, np.array([4, 10], "int32")]).numpy(), numbers.reshape(4, 10))
    run = keras.Function([x, one], ops.reshape(x, (-1, one)))
    np.testing.assert_array_equal(run([numbers, np.int32(5)]).numpy(), numbers.reshape(8, 5))
    inputs, size = keras.Input((20,)), keras.Input((), dtype="int32")
    model = keras.Model([inputs, size], ops.reshape(inputs, (-1, size[0])))
    text = r"reshape: the sizes in `newshape` are computed inside a traced call.*ops.shape"
    with pytest.raises(TypeError, match=text):
        model.predict([numbers.astype("float32"), np.array([4, 4], "int32")], verbose=0)
    with pytest.raises(ValueError, match=r"one row of sizes, of a known length; got shape \(None,\)"):
        ops.reshape(x, keras.KerasTensor((None,), "int32"))


def test_gaussian_blur_by_values() -> None:
    images, size = keras.KerasTensor((12, 12, 3)), keras.KerasTensor((2,), "int32")
    assert ops.image.gaussian_blur(images, size, keras.KerasTensor((2,))).shape == (12, 12, 3)
    numbers = np.random.default_rng(0).uniform(size=(12, 12, 3)).astype("float32")
    run = keras.Function([images, size], ops.image.gaussian_blur(images, size, (1.0, 2.0)))
    right = ops.image.gaussian_blur(numbers, (3, 5), (1.0, 2.0)).numpy()
    np.testing.assert_array_equal(run([numbers, np.array([3, 5])]).numpy(), right)
    inputs, size = keras.Input((12, 12, 3)), keras.Input((), dtype="int32")
    model = keras.Model([inputs, size], ops.image.gaussian_blur(inputs, (size[0], size[0])))
    with pytest.raises(
        TypeError, match="gaussian_blur: the sizes in `kernel_size` are computed inside a traced call"
    ):
        model.predict([numbers[None], np.array([3], "int32")], verbose=0)
