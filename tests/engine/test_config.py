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
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(keras.config, "_dtype_policy", None)
    yield
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)


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


def small() -> tuple[Any, Any, Any]:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model, np.ones((10, 2)), np.ones((10, 1))


def test_limits_of_training() -> None:
    model, x, y = small()
    assert keras.config.max_epochs() is keras.config.max_steps_per_epoch() is None
    keras.config.set_max_epochs(2)
    with pytest.warns(UserWarning, match="Limiting epochs to 2"):
        assert len(model.fit(x, y, epochs=5, verbose=0).epoch) == 2
    assert len(model.fit(x, y, epochs=1, verbose=0).epoch) == 1
    keras.config.set_max_steps_per_epoch(3)
    before = int(model.optimizer.iterations)
    with pytest.warns(UserWarning, match="Limiting steps_per_epoch to 3"):
        model.fit(x, y, batch_size=2, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) - before == 6
    with pytest.warns(UserWarning, match="Limiting steps_per_epoch to 3"):
        assert len(model.predict(x, batch_size=2, verbose=0)) == 6
    batches = [(x[:2], y[:2])] * 9
    with pytest.warns(UserWarning, match="Limiting steps_per_epoch to 3"):
        model.fit((batch for batch in batches), verbose=0)
    assert int(model.optimizer.iterations) - before == 9
    assert len(model.predict(x, batch_size=4, verbose=0)) == 10


@pytest.mark.parametrize("bad", [0, -1, 1.5, "3", True])
def test_limits_that_are_none(bad: Any) -> None:
    with pytest.raises(ValueError, match="set_max_epochs expects"):
        keras.config.set_max_epochs(bad)
    with pytest.raises(ValueError, match="set_max_steps_per_epoch expects"):
        keras.config.set_max_steps_per_epoch(bad)


def test_limits_of_the_environment() -> None:
    code = "import oxhorn as k; print(k.config.max_epochs(), k.config.max_steps_per_epoch())"
    environment = {**os.environ, "KERAS_MAX_EPOCHS": "4", "KERAS_MAX_STEPS_PER_EPOCH": "5"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["4", "5"], done.stderr
    environment["KERAS_MAX_EPOCHS"] = "many"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "KERAS_MAX_EPOCHS must be a whole number" in done.stderr


def test_device() -> None:
    for name in ("cpu", "CPU:0", "cpu:0", "/cpu:0"):
        with keras.device(name):
            assert float(keras.ops.square(3.0)) == 9.0
    for name in ("gpu", "gpu:0", "cpu:1", "", None, 0):
        with pytest.raises(ValueError, match="there is only one device here, 'cpu'"), keras.device(name):
            pass


def test_uids() -> None:
    keras.utils.clear_session()
    assert [keras.backend.get_uid("of_a_kind") for _ in range(3)] == [1, 2, 3]
    keras.utils.clear_session()
    assert keras.backend.get_uid("of_a_kind") == 1


def test_set_dtype_policy_refuses_none() -> None:
    with pytest.raises(ValueError, match="Invalid `policy` argument"):
        keras.config.set_dtype_policy(None)


def test_interactive_logging_under_both_names() -> None:
    keras.utils.disable_interactive_logging()
    try:
        assert keras.config.is_interactive_logging_enabled() is False
    finally:
        keras.utils.enable_interactive_logging()
    assert keras.utils.is_interactive_logging_enabled() is True
    assert keras.utils.standardize_dtype(np.float32) == "float32"
