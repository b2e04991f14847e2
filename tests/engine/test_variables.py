from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.engine import naming
from oxhorn.engine.seed_generator import SeedGenerator, draw_seed


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dense", "dense"),
        ("Conv2D", "conv2d"),
        ("BatchNormalization", "batch_normalization"),
        ("LSTM", "lstm"),
        ("PReLU", "p_re_lu"),
        ("RMSprop", "rm_sprop"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
    ],
)
def test_snake_case(name: str, expected: str) -> None:
    assert naming.to_snake_case(name) == expected


def test_automatic_names() -> None:
    keras.backend.clear_session()
    assert [keras.layers.Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    keras.backend.clear_session()
    assert keras.layers.Dense(1).name == "dense"


def test_scopes_make_paths() -> None:
    with keras.name_scope("outer"), keras.name_scope("inner"):
        assert keras.Variable(0.0, name="v").path == "outer/inner/v"
    assert keras.Variable(0.0, name="v").path == "v"
    with pytest.raises(ValueError, match="has no '/'"):
        keras.name_scope("a/b")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.5, "float32"),
        ([1, 2], "int32"),
        (np.ones(2), "float64"),
        (np.array([True]), "bool"),
        (np.int64(3), "int64"),
    ],
)
def test_dtype_of_a_value(value: Any, dtype: str) -> None:
    variable = keras.Variable(value)
    assert variable.dtype == dtype
    np.testing.assert_array_equal(variable.numpy(), np.asarray(value))


def test_from_an_initializer() -> None:
    variable = keras.Variable("ones", shape=(2, 3), dtype="float64", trainable=False)
    assert variable.numpy().tolist() == [[1.0] * 3] * 2
    assert variable.dtype == "float64"
    assert not variable.trainable
    with pytest.raises(ValueError, match="the `shape` argument should be specified"):
        keras.Variable("ones")
    with pytest.raises(ValueError, match="every size must be known"):
        keras.Variable("ones", shape=(None, 2))
    with pytest.raises(ValueError, match=r"asked for shape \(2,\) and returned \(3,\)"):
        keras.Variable(lambda shape, dtype: np.ones(3, dtype), shape=(2,))
    with pytest.raises(ValueError, match=r"has shape \(2,\) but `shape` is \(3,\)"):
        keras.Variable([1.0, 2.0], shape=(3,))


def test_copies_are_independent() -> None:
    variable = keras.Variable([1.0, 2.0], name="v", trainable=False)
    for other in (copy.deepcopy(variable), pickle.loads(pickle.dumps(variable))):
        assert (other.name, other.trainable, other.dtype) == ("v", False, "float32")
        other.assign([3.0, 4.0])
    assert variable.numpy().tolist() == [1.0, 2.0]


def test_seed_generators_give_new_keys() -> None:
    generator = SeedGenerator(5)
    assert [generator.next().numpy().tolist() for _ in range(3)] == [[5, 0], [5, 1], [5, 2]]
    assert generator.state.path.endswith("/seed_generator_state")
    assert SeedGenerator.from_config(generator.get_config()).next().numpy().tolist() == [5, 0]
    assert draw_seed(3).numpy().tolist() == draw_seed(3).numpy().tolist() == [3, 0]
    with pytest.raises(ValueError, match="must be an integer"):
        SeedGenerator("1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be either an integer or an instance of `SeedGenerator`"):
        draw_seed(1.5)  # type: ignore[arg-type]
