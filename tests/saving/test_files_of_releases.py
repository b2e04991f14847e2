"""Files that releases wrote: opened, the same outputs, and training goes on from where it was.

`tools/write_golden_files.py` writes them for each release; none is ever written again.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.saving.golden_models import GOLDEN, run

FOLDER = Path(__file__).parent / "golden"
ARCHIVES = sorted(FOLDER.glob("oxhorn-*.zip"))
MEMBERS = {path.stem: zipfile.ZipFile(path).namelist() for path in ARCHIVES}
FILES = [
    (version, name)
    for version, names in MEMBERS.items()
    for name in names
    if not name.endswith(".npz") and not name.startswith("run.")
]
# The same instructions give the same bits; other machines have others.
NEAR = {"rtol": 1e-6, "atol": 1e-6}
AFTER_A_STEP = {"rtol": 1e-5, "atol": 2e-6}

pytestmark = pytest.mark.filterwarnings("ignore:.*legacy")


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The files of one release."""
    version = request.node.callspec.params["version"]
    with zipfile.ZipFile(FOLDER / f"{version}.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


def stored(folder: Path, name: str) -> dict[str, list[Any]]:
    """The arrays of a model by what they are, in order."""
    found: dict[str, list[Any]] = {}
    with np.load(folder / f"{name}.npz") as arrays:
        for key in sorted(arrays.files, key=lambda key: (len(key), key)):
            found.setdefault(key.rstrip("0123456789"), []).append(arrays[key])
    return found


def agree(got: list[Any], wanted: list[Any], tolerance: dict[str, float]) -> None:
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def test_there_are_files() -> None:
    assert "oxhorn-0.1.0" in MEMBERS
    for names in MEMBERS.values():
        assert {"dense.keras", "dense.h5", "dense.weights.h5", "dense.safetensors", "run.snapshot"} <= set(
            names
        )
    assert sum(path.stat().st_size for path in ARCHIVES) < 300_000 * len(ARCHIVES)


@pytest.mark.parametrize(("version", "name"), FILES)
def test_the_same_outputs_and_the_same_next_step(version: str, name: str, folder: Path) -> None:
    model_name, _, ending = name.partition(".")
    right = stored(folder, model_name)
    whole = ending in ("keras", "h5")
    # The architecture for files of weights is that of the whole model, with other weights.
    model = keras.models.load_model(folder / (name if whole else f"{model_name}.keras"))
    if not whole:
        model.set_weights([np.zeros(w.shape, w.dtype) for w in model.get_weights()])
        model.load_weights(folder / name)
    for a, b in zip(model.get_weights(), right["weight"], strict=True):
        np.testing.assert_array_equal(a, b)
    (x,) = right["x"]
    y: Any = right["y"]
    y = {"one": y[0], "two": y[1]} if model_name == "nested" else y[0]
    agree(keras.tree.flatten(model.predict(x, verbose=0)), right["prediction"], NEAR)
    for variable, value in zip(model.optimizer.variables, right["optimizer"], strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    model.train_on_batch(x, y)
    agree(model.get_weights(), right["next"], AFTER_A_STEP)


@pytest.mark.parametrize("version", list(MEMBERS))
def test_a_run_goes_on(version: str, folder: Path) -> None:
    right = stored(folder, "run")
    model = run(folder / "run.snapshot", right["x"][0], right["y"][0])
    agree(model.get_weights(), right["end"], AFTER_A_STEP)


@pytest.mark.parametrize("version", list(MEMBERS))
def test_what_is_one_layer_is_one_layer_again(version: str, folder: Path) -> None:
    nested = keras.models.load_model(folder / "nested.keras")
    assert nested.get_layer("shared") is nested.get_layer("inner").get_layer("shared")
    tied = keras.models.load_model(folder / "tied.keras")
    for coder, decoder in tied.levels:
        assert decoder.kernel is coder.kernel


def test_models_that_are_made_now_are_those_of_the_last_release() -> None:
    """What a file of weights is for can still be built by hand."""
    for name, golden in GOLDEN.items():
        model = golden.make()
        with (
            zipfile.ZipFile(ARCHIVES[-1]) as archive,
            archive.open(f"{name}.npz") as file,
            np.load(file) as arrays,
        ):
            shapes = [arrays[f"weight{i}"].shape for i in range(len(model.weights))]
            assert [tuple(w.shape) for w in model.weights] == shapes
            assert f"weight{len(shapes)}" not in arrays
