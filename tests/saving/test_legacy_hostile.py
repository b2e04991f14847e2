"""Legacy files that are damaged, or made to do harm: an error that says so, little memory, and a model as before."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers

MEGABYTE = 1 << 20


def small() -> keras.Model:
    inputs = keras.Input((3,), name="x")
    hidden = layers.Dense(4, name="first")(inputs)
    model = keras.Model(
        inputs, layers.Dense(2, name="second")(layers.BatchNormalization(name="norm")(hidden))
    )
    model.compile(keras.optimizers.Adam(name="adam"), "mean_squared_error")
    return model


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is as it should be."""
    path = tmp_path_factory.mktemp("good") / "m.h5"
    model = small()
    model.train_on_batch(np.ones((2, 3)), np.ones((2, 2)))
    model.save(path)
    return path


def refuse(path: Path, *, by_name: bool = True) -> list[str]:
    """The errors of all readers; none of them changes a model or takes much memory."""
    model = small()
    before = [weight.numpy() for weight in model.weights]
    readers: list[Callable[[], Any]] = [
        lambda: keras.saving.load_model(path),
        lambda: model.load_weights(path),
        *([lambda: model.load_weights(path, by_name=True)] if by_name else []),
    ]
    messages = []
    tracemalloc.start()
    try:
        for reader in readers:
            with pytest.raises((ValueError, TypeError, OSError)) as caught:
                reader()
            messages.append(str(caught.value))
        assert tracemalloc.get_traced_memory()[1] < 64 * MEGABYTE
    finally:
        tracemalloc.stop()
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    return messages


def refuse_model(path: Path) -> str:
    """The error of `load_model`, for what concerns whole models alone."""
    tracemalloc.start()
    try:
        with pytest.raises((ValueError, TypeError)) as caught:
            keras.saving.load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 64 * MEGABYTE
    finally:
        tracemalloc.stop()
    return str(caught.value)


# Bytes ------------------------------------------------------------------------------------------------


def test_cut_off(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    path = tmp_path / "cut.h5"
    lengths = [*range(0, 100, 7), *range(100, len(content) - 1, len(content) // 25), len(content) - 1]
    for length in lengths:
        path.write_bytes(content[:length])
        refuse(path)


def test_other_files(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    for content in (
        b"",
        b"PK\x03\x04" + bytes(100),
        b"\x80\x04\x95" + bytes(50),
        b"{}",
        b"\x89HDF\r\n\x1a\n",
    ):
        path.write_bytes(content)
        refuse(path)
    with pytest.raises(OSError):
        keras.saving.load_model(tmp_path / "missing.h5")
    (tmp_path / "folder.h5").mkdir()
    with pytest.raises(OSError):
        small().load_weights(tmp_path / "folder.h5")


def test_altered_bytes(good: Path, tmp_path: Path) -> None:
    """Any byte may be another one: an error, or a model."""
    content = bytearray(good.read_bytes())
    path = tmp_path / "m.h5"
    random = np.random.default_rng(5)
    for position in random.integers(0, len(content), 150):
        altered = bytearray(content)
        altered[position] ^= int(random.integers(1, 256))
        path.write_bytes(altered)
        try:
            keras.saving.load_model(path)
        except (ValueError, TypeError, OSError):
            continue


# The tree ---------------------------------------------------------------------------------------------

KERNEL = "model_weights/first/first/kernel"


def replaced(name: str, make: Callable[[h5py.File, str], None]) -> Callable[[h5py.File], None]:
    """Another thing in the place of `name`."""

    def change(file: h5py.File) -> None:
        del file[name]
        make(file, name)

    return change


def link_to(kind: Any, *target: str) -> Callable[[h5py.File, str], None]:
    return lambda file, name: file.__setitem__(name, kind(*target))


def external(file: h5py.File, name: str) -> None:
    file.create_dataset(name, (3, 4), "f4", external=[("/etc/passwd", 0, 48)])


def virtual(file: h5py.File, name: str) -> None:
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", (3, 4))
    file.create_virtual_dataset(name, layout)


def array(shape: tuple[int, ...], dtype: Any = "f4", **options: Any) -> Callable[[h5py.File, str], None]:
    return lambda file, name: file.create_dataset(name, shape, dtype, **options)


def in_a_circle(file: h5py.File, name: str) -> None:
    file[name] = file["model_weights"]


# What is changed, and the words of the error.
TREES: list[tuple[Callable[[h5py.File], None], str]] = [
    (replaced("model_weights", link_to(h5py.ExternalLink, "other.h5", "/")), "ExternalLink"),
    (replaced("model_weights", link_to(h5py.SoftLink, "/optimizer_weights")), "SoftLink"),
    (replaced("model_weights/first", link_to(h5py.ExternalLink, "/etc/passwd", "/")), "ExternalLink"),
    (replaced("model_weights/first", link_to(h5py.SoftLink, "/model_weights/second")), "SoftLink"),
    (replaced("model_weights/first", in_a_circle), "Weight count mismatch|weight"),
    (replaced(KERNEL, link_to(h5py.ExternalLink, "other.h5", "/data")), "ExternalLink"),
    (replaced(KERNEL, link_to(h5py.SoftLink, "/model_weights/first/first/bias")), "SoftLink"),
    (replaced(KERNEL, external), "another file"),
    (replaced(KERNEL, virtual), "virtual"),
    (replaced(KERNEL, array((1 << 20, 1 << 20), chunks=(1, 1024))), "Shape mismatch"),
    (replaced(KERNEL, array((1 << 40,), chunks=(1024,), compression="gzip")), "Shape mismatch"),
    (replaced(KERNEL, array((3, 4), chunks=(3, 4), maxshape=(None, None))), "stored"),
    (replaced(KERNEL, array((0, 4))), "Shape mismatch"),
    (replaced(KERNEL, array(())), "Shape mismatch"),
    (replaced(KERNEL, array((4, 3))), "Shape mismatch"),
    (replaced(KERNEL, array((3, 4), "S10")), "text"),
    (replaced(KERNEL, array((3, 4), h5py.string_dtype())), "text"),
    (replaced(KERNEL, array((3, 4), np.dtype([("a", "f4")]))), "kind"),
    (replaced(KERNEL, array((3, 4), "c8")), "kind"),
    (replaced(KERNEL, lambda file, name: file.create_group(name)), "group"),
    (replaced("model_weights/first", array((3,))), "dataset"),
    (replaced("model_weights", array((3,))), "dataset"),
    (lambda file: file.__delitem__(KERNEL), "listed, but not there"),
    (lambda file: file.__delitem__("model_weights/first"), "listed, but has no group"),
    (lambda file: file.__delitem__("model_weights"), "model_weights"),
]


@pytest.mark.parametrize(("change", "message"), TREES)
def test_trees(change: Callable[[h5py.File], None], message: str, good: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    shutil.copy(good, path)
    with h5py.File(path, "a") as file:
        change(file)
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["data"] = np.ones((3, 4), "f4")
    for text in refuse(path):
        assert any(word in text for word in message.split("|")), text


# Attributes -------------------------------------------------------------------------------------------

FIRST = "model_weights/first"
LISTS: list[tuple[str, str, Any, str]] = [
    ("model_weights", "layer_names", 5, "list of names"),
    ("model_weights", "layer_names", "first", "list of names"),
    ("model_weights", "layer_names", np.ones(3), "list of names"),
    ("model_weights", "layer_names", [b"first", b"norm", b"norm", b"second"], "twice"),
    ("model_weights", "layer_names", [b"first", b"norm"], "Layer count mismatch"),
    ("model_weights", "layer_names", [b"first", b"norm", b"second", b"third"], "'third'"),
    ("model_weights", "layer_names", [b"../first", b"norm", b"second"], "not a name"),
    ("model_weights", "layer_names", [b"/etc/passwd", b"norm", b"second"], "not a name"),
    ("model_weights", "layer_names", [b"", b"norm", b"second"], "not a name"),
    ("model_weights", "layer_names", [b"a" * 20_000, b"norm", b"second"], "too long"),
    ("model_weights", "layer_names", [b"a/" * 300, b"norm", b"second"], "too long|not a name"),
    ("model_weights", "layer_names", [b"\xff\xfe", b"norm", b"second"], "UTF-8"),
    (FIRST, "weight_names", [b"first/kernel"], "Weight count mismatch"),
    (FIRST, "weight_names", [b"first/kernel", b"first/bias", b"first/bias"], "Weight count mismatch"),
    (FIRST, "weight_names", [b"../second/second/kernel", b"first/bias"], "not a name"),
    (FIRST, "weight_names", [b"first/kernel/..", b"first/bias"], "not a name|not there"),
    (FIRST, "weight_names", [b"first//kernel", b"first/bias"], "not a name"),
    (FIRST, "weight_names", 7.0, "list of names"),
    ("model_weights", "keras_version", "1.1.0", "Keras 1.1.0"),
    ("model_weights", "keras_version", [1, 2], "must be a version"),
]


@pytest.mark.parametrize(("place", "name", "value", "message"), LISTS)
def test_lists(place: str, name: str, value: Any, message: str, good: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    shutil.copy(good, path)
    with h5py.File(path, "a") as file:
        file[place].attrs[name] = value
        if name == "keras_version":
            file.attrs[name] = value
    # By names, what the file lacks is left alone.
    missing = "Layer count" in message
    for text in refuse(path, by_name=not missing):
        assert any(word in text for word in message.split("|")), text


def test_endless_pieces(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    shutil.copy(good, path)
    with h5py.File(path, "a") as file:
        group = file["model_weights"]
        del group.attrs["layer_names"]
        group.attrs["layer_names0"] = np.zeros(0)
    assert all("empty pieces" in text for text in refuse(path))


def config_of(path: Path) -> dict[str, Any]:
    with h5py.File(path) as file:
        return json.loads(file.attrs["model_config"])


def deep(levels: int) -> str:
    return '{"class_name": "Sequential", "config": {"name": "s", "layers": [' * levels + "]}}" * levels


# `model_config`, and the words of the error.
CONFIGS: list[tuple[Any, str]] = [
    (5, "must be JSON text"),
    ("", "JSON"),
    ("{", "JSON"),
    ("[]", "class_name"),
    ("null", "class_name|model"),
    ("NaN", "class_name"),
    ('{"class_name": "Sequential"}', "must be a dict"),
    ('{"class_name": "Sequential", "class_name": "Model", "config": {}}', "more than once"),
    ("[" * 10_000 + "]" * 10_000, "nested too deep"),
    (deep(10_000), "nested too deep"),
    (deep(150), "nested too deep|layers"),
    ('{"class_name": "builtins.eval", "config": {"code": "1"}}', "builtins.eval"),
    ('{"class_name": "system", "module": "os", "config": {"command": "true"}}', "system"),
    ('{"class_name": "enable_unsafe_deserialization", "module": "keras.config", "config": {}}', "enable_unsafe"),
    ('{"class_name": "Dense", "config": {"units": 3}}', "not a model"),
    ('{"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}', "lambda|must be|layers"),
    ('{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "StringLookup", "config": '
     '{"name": "v", "vocabulary": "/etc/passwd"}}]}}', "vocabulary"),
    ('{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Lambda", "config": {"name": "l", '
     '"function": ["4wEAAAA=", null, null], "function_type": "lambda"}}]}}', "arbitrary code execution|lambda"),
    ('{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Lambda", "config": {"name": "l", '
     '"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}}}]}}', "arbitrary code execution"),
    ('{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", '
     '"units": 1e400}}]}}', "units"),
    ('{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", '
     f'"units": {"9" * 5000}}}}}]}}}}', "JSON|units"),
    ('{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "config": '
     '{"batch_input_shape": [null, 9999999], "name": "i"}}, {"class_name": "Dense", "config": {"name": "d", "units": '
     "9999999}}]}}", "does not hold that much"),
]  # fmt: skip


@pytest.mark.parametrize("version", ["2.9.0", "3.15.1"])
@pytest.mark.parametrize(("text", "message"), CONFIGS)
def test_configs(text: Any, message: str, version: str, good: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    shutil.copy(good, path)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = text
        file.attrs["keras_version"] = version
    error = refuse_model(path)
    assert any(word in error for word in message.split("|")), error


def test_two_layers_of_one_name(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    shutil.copy(good, path)
    config = config_of(good)
    config["config"]["layers"].append(config["config"]["layers"][1])
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps(config)
    assert "'first' twice" in refuse_model(path)


def test_names_stay_names(good: Path, tmp_path: Path) -> None:
    """A layer may be called like a path; nothing is opened or written by that name."""
    path = tmp_path / "m.h5"
    shutil.copy(good, path)
    text = json.dumps(config_of(good)).replace('"first"', '"../../first"')
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = text
    assert ".." in refuse_model(path) or "mismatch" in refuse_model(path)
    assert sorted(tmp_path.iterdir()) == [path]


# The optimizer's state: (what is in the file, whether the model is still to be had).
STATES: list[tuple[Callable[[h5py.File], None], bool]] = [
    (replaced("optimizer_weights/adam/first_kernel_momentum", array((5, 5))), True),
    (replaced("optimizer_weights/adam/first_kernel_momentum", array((1 << 40,), chunks=(1024,))), True),
    (replaced("optimizer_weights/adam/iteration", array((), "S3")), True),
    (replaced("optimizer_weights/adam/first_kernel_momentum", external), False),
    (replaced("optimizer_weights", link_to(h5py.ExternalLink, "other.h5", "/")), False),
    (lambda file: file.__delitem__("optimizer_weights/adam/iteration"), False),
    (lambda file: file["optimizer_weights"].attrs.__setitem__("weight_names", [b"../x"]), False),
    (lambda file: file["optimizer_weights"].attrs.__setitem__("weight_names", np.zeros(0)), True),
]


@pytest.mark.parametrize(("change", "opens"), STATES)
def test_states(
    change: Callable[[h5py.File], None],
    opens: bool,
    good: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "m.h5"
    shutil.copy(good, path)
    with h5py.File(path, "a") as file:
        change(file)
    if not opens:
        refuse_model(path)
        return
    caplog.clear()
    model = keras.saving.load_model(path)
    assert "freshly initialized optimizer" in caplog.text
    assert all(not np.any(v.numpy()) for v in model.optimizer.variables if "learning_rate" not in v.path)


def test_weights_that_are_not_numbers_are_kept(good: Path, tmp_path: Path) -> None:
    """NaN is a value like others: whoever saved it gets it back."""
    model = small()
    model.layers[1].kernel.assign(np.full((3, 4), np.nan))
    model.save(tmp_path / "m.h5")
    assert np.isnan(keras.saving.load_model(tmp_path / "m.h5").layers[1].kernel.numpy()).all()
