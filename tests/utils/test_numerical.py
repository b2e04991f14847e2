import numpy as np
import pytest

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
