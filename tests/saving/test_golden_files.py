"""Files that other versions of Keras wrote: opened, the same outputs, the same step of training, saved again.

`tools/make_golden_models.py` made them.
"""

from __future__ import annotations

import logging
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import oxhorn as keras

FOLDER = Path(__file__).parent / "golden"
ARCHIVES = sorted(FOLDER.glob("keras-*.zip"))


@cache
def members(path: Path) -> tuple[str, ...]:
    with zipfile.ZipFile(path) as archive:
        return tuple(archive.namelist())


FILES = [
    (path.stem, name)
    for path in ARCHIVES
    for name in members(path)
    if name.endswith((".h5", ".keras")) and not name.endswith("_weights.h5")
]
# In Keras 2, Nadam's schedule was another one, RMSprop's epsilon stood outside of the root, and the moving variance of
# batch normalisation was that of n / (n - 1).
AFTER = {
    ("keras-2.15.0", "nadam"): 5e-3,
    ("keras-2.15.0", "old_nadam"): 5e-3,
    ("keras-2.15.0", "old_rmsprop"): 1e-4,
    ("keras-2.15.0", "cnn"): 1e-4,
}


def extracted(version: str, name: str, folder: Path) -> Path:
    path = folder / name
    with zipfile.ZipFile(FOLDER / f"{version}.zip") as archive:
        path.write_bytes(archive.read(name))
    return path


def arrays(version: str, name: str, folder: Path) -> dict[str, list[np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {}
    with np.load(extracted(version, f"{name}.npz", folder)) as stored:
        for key in sorted(stored.files):
            found.setdefault(key[:-1], []).append(stored[key])
    return found


def one_or_all(values: list[np.ndarray]) -> object:
    return values[0] if len(values) == 1 else values


def outputs(model: keras.Model, x: list[np.ndarray]) -> list[np.ndarray]:
    result = model.predict(one_or_all(x), verbose=0)
    return result if isinstance(result, list) else [result]


def assert_close(got: list[np.ndarray], expected: list[np.ndarray], atol: float) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=atol, rtol=1e-5)


def test_there_are_files() -> None:
    versions = {path.stem for path in ARCHIVES}
    assert {"keras-2.15.0", "keras-3.4.1", "keras-3.6.0", "keras-3.11.3"} <= versions
    assert len(FILES) > 60


@pytest.mark.parametrize(("version", "file"), FILES)
def test_opened(version: str, file: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    name, _, ending = file.rpartition(".")
    data = arrays(version, name, tmp_path)
    with caplog.at_level(logging.WARNING):
        model = keras.saving.load_model(extracted(version, file, tmp_path))
    assert caplog.text == ""  # The optimizer's state was understood.
    assert_close(outputs(model, data["x"]), data["before"], 2e-6)

    again = tmp_path / f"again.{ending}"
    model.save(again)
    copy = keras.saving.load_model(again)
    for each in (model, copy):
        each.train_on_batch(one_or_all(data["x"]), one_or_all(data["y"]))
        assert_close(outputs(each, data["x"]), data["after"], AFTER.get((version, name), 1e-5))
    for weight, other in zip(model.weights, copy.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), other.numpy())
    for weight, other in zip(model.optimizer.variables, copy.optimizer.variables, strict=True):
        np.testing.assert_array_equal(weight.numpy(), other.numpy())


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("name", ["cnn", "branches"])
def test_weights_alone(name: str, by_name: bool, tmp_path: Path) -> None:
    version = "keras-2.15.0"
    data = arrays(version, name, tmp_path)
    model = keras.saving.load_model(extracted(version, f"{name}.h5", tmp_path), compile=False)
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape))
    model.load_weights(extracted(version, f"{name}_weights.h5", tmp_path), by_name=by_name)
    assert_close(outputs(model, data["x"]), data["before"], 2e-6)
