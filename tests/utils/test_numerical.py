import numpy as np
import pytest

import oxhorn as keras
from oxhorn.utils import normalize, to_categorical


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32", ">i4"])
@pytest.mark.parametrize("shape", [(), (4,), (4, 1), (2, 3), (2, 3, 1)])
def test_to_categorical(dtype, shape):
    classes = np.random.default_rng(0).integers(0, 5, shape).astype(dtype)
    result = to_categorical(classes, num_classes=5)
    inner = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
    assert result.shape == (*inner, 5)
    np.testing.assert_array_equal(result.argmax(-1), classes.reshape(inner))
    np.testing.assert_array_equal(result.sum(-1), 1)


def test_to_categorical_counts_the_classes_itself():
    np.testing.assert_array_equal(to_categorical([0, 2]), [[1, 0, 0], [0, 0, 1]])
    assert to_categorical([], num_classes=3).shape == (0, 3)


@pytest.mark.parametrize(
    ("x", "classes", "message"),
    [
        ([0, 5], 5, "expected class numbers from 0 to 4, got numbers from 0 to 5"),
        ([-1, 0], 5, "got numbers from -1 to 0"),
        ([0.5], 2, "expected whole class numbers"),
        ([float("nan")], 2, "expected whole class numbers"),
        (["a"], 2, "expected class numbers, got an array of dtype <U1"),
        ([1j], 2, "got an array of dtype complex128"),
        ([], None, "Pass num_classes"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_to_categorical_refuses(x, classes, message):
    with pytest.raises(ValueError, match=message):
        to_categorical(x, classes)


def test_normalize():
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    for axis in (0, 1, -1):
        for order in (1, 2):
            np.testing.assert_allclose(np.linalg.norm(normalize(x, axis, order), order, axis), 1)
    np.testing.assert_array_equal(normalize(np.zeros(3)), np.zeros(3))


def test_tensors_give_tensors():
    classes = keras.ops.convert_to_tensor([[0], [2], [1]])
    for given in (classes, keras.Variable([0, 2, 1], dtype="int32")):
        one_hot = keras.utils.to_categorical(given, 4)
        assert keras.ops.is_tensor(one_hot)
        np.testing.assert_array_equal(one_hot.numpy(), keras.utils.to_categorical([0, 2, 1], 4))
    assert keras.utils.to_categorical(classes).shape == (3, 3)
    with pytest.raises(ValueError, match="class numbers from 0 to 1"):
        keras.utils.to_categorical(classes, 2)
    traced = keras.layers.Lambda(lambda x: keras.utils.to_categorical(keras.ops.cast(x, "int32"), 4))
    symbolic = keras.Input((1,))
    model = keras.Model(symbolic, traced(symbolic))
    np.testing.assert_array_equal(model.predict(classes.numpy(), verbose=0), one_hot.numpy())
    x = np.array([[3.0, 4.0], [0.0, 0.0]], "float32")
    for order in (1, 2, 3):
        norms = keras.utils.normalize(keras.ops.convert_to_tensor(x), order=order)
        assert keras.ops.is_tensor(norms)
        np.testing.assert_allclose(norms.numpy(), keras.utils.normalize(x, order=order), rtol=1e-6)
