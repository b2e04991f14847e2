"""Good files of every kind, which hostile ones are made of, and an empty table for these."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import oxhorn as keras
from tests.interop.building import new_form, tensor
from tests.saving.hostile import reader
from tests.saving.hostile.table import Table


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good file of every kind."""
    folder = tmp_path_factory.mktemp("good")
    model = reader.small()
    for name in ("m.keras", "m.h5"):
        model.save(folder / name)
    model.save_weights(folder / "m.weights.h5")
    model.save_weights(folder / "t.weights.json", max_shard_size=1)
    model.save_weights(folder / "m.safetensors")
    (folder / "m.json").write_text(model.to_json())
    shapes = {"a.weight": (4, 3), "a.bias": (4,), "b.weight": (2, 4), "b.bias": (2,)}
    arrays = {
        name: tensor(numel=int(np.prod(shape)), size=shape, stride=strides(shape), key=str(i))
        for i, (name, shape) in enumerate(shapes.items())
    }
    content = {str(i): b"\x01" * 4 * int(np.prod(shape)) for i, shape in enumerate(shapes.values())}
    (folder / "m.pth").write_bytes(new_form(arrays, content))
    with tarfile.open(folder / "m.tar.gz", "w:gz") as tar, zipfile.ZipFile(folder / "m.zip", "w") as package:
        tar.add(folder / "m.h5", "inside.h5")
        package.write(folder / "m.h5", "inside.h5")
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / (1 - epoch))
    with pytest.raises(ZeroDivisionError):
        model.fit(
            np.ones((4, 3)),
            np.ones((4, 2)),
            epochs=2,
            verbose=0,
            resume=folder / "m.snapshot",
            callbacks=[stop],
        )
    return folder


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[1], 1) if len(shape) == 2 else (1,)


@pytest.fixture
def table(good: Path, tmp_path: Path) -> Table:
    return Table(good, tmp_path)
