from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    yield
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy(None)


def test_defaults() -> None:
    assert keras.config.floatx() == keras.backend.floatx() == "float32"
    assert keras.config.epsilon() == 1e-7
    assert keras.config.image_data_format() == "channels_last"
    assert keras.config.backend() == "oxhorn"


def test_floatx_reaches_weights() -> None:
    keras.config.set_floatx("float64")
    layer = keras.layers.Dense(2)
    assert layer(np.ones((1, 3))).dtype == "float64"
    assert layer.kernel.dtype == "float64"
    assert keras.Variable([1.0]).dtype == "float64"


@pytest.mark.parametrize("name", ["float16", "int32", "double", None])
def test_other_floats_are_refused(name: Any) -> None:
    with pytest.raises(ValueError, match=r"\['float32', 'float64'\]"):
        keras.config.set_floatx(name)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_16_bit_floats_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"16-bit floats .* use 'float32'"):
        keras.layers.Dense(1, dtype=name)


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_computes_in_float32_and_says_so(name: str) -> None:
    with pytest.warns(UserWarning, match=f"{name}.*computes in float32"):
        layer = keras.layers.Dense(1, dtype=name)
    assert layer(np.ones((2, 3))).dtype == layer.compute_dtype == layer.variable_dtype == "float32"
    assert layer.get_config()["dtype"]["config"] == {"name": name}


def test_dtype_policy() -> None:
    policy = keras.DTypePolicy("float64")
    assert (policy.compute_dtype, policy.variable_dtype) == ("float64", "float64")
    assert policy == keras.dtype_policies.get(keras.dtype_policies.serialize(policy))
    assert keras.dtype_policies.get(np.float64) == policy
    keras.config.set_dtype_policy("float64")
    assert keras.layers.Dense(1).dtype == "float64"


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", True, None])
def test_bad_seeds(seed: Any) -> None:
    with pytest.raises(ValueError, match="set_random_seed expects"):
        keras.utils.set_random_seed(seed)


def test_set_random_seed_repeats_everything() -> None:
    def draw() -> tuple[Any, ...]:
        keras.utils.set_random_seed(7)
        dense = keras.layers.Dense(3)
        dense.build((None, 4))
        return random.random(), np.random.rand(), dense.kernel.numpy().tolist(), keras.config.next_seed()

    assert draw() == draw()


@pytest.mark.parametrize("threads", [0, -1, 10**9, 1.5, None, True])
def test_bad_thread_counts(threads: Any) -> None:
    with pytest.raises(ValueError, match="set_num_threads expects"):
        keras.config.set_num_threads(threads)


def test_import_loads_only_what_is_used() -> None:
    code = (
        "import sys, oxhorn\n"
        "heavy = ('h5py', 'matplotlib', 'pandas', 'IPython', 'oxhorn.layers', 'oxhorn.callbacks')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(keras.__file__).parents[1])}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert result.stdout == "[]\n"
    assert result.stderr == ""


def test_unknown_names_of_the_package() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        keras.nonsense  # type: ignore[attr-defined]
    assert {"Model", "layers", "ops", "__version__"} <= set(dir(keras))
