"""Write the files that every later version has to open: run once for a release.

    python tools/write_golden_files.py

Into tests/saving/golden/oxhorn-VERSION.zip: for each model of tests/saving/golden_models.py its `.keras` file and
others, and in `NAME.npz` what it is fed with, what it makes of that, and its weights after one more step;
`run.snapshot`, of a run that ended before its time, and in `run.npz` where the run was to end. An archive that is there
is not written again: it shows what a release wrote.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

import oxhorn as keras  # noqa: E402
from tests.saving.golden_models import GOLDEN, Golden, PlugPulledError, run  # noqa: E402


def arrays_of(prefix: str, values: Any) -> dict[str, Any]:
    """The arrays in any structure by numbered names."""
    return {f"{prefix}{i}": np.asarray(value) for i, value in enumerate(keras.tree.flatten(values))}


def write_model(folder: Path, name: str, golden: Golden) -> None:
    """The files of one model, trained for two steps."""
    keras.utils.set_random_seed(3)
    x, y = golden.data(np.random.default_rng(5))
    model = golden.make()
    for _ in range(2):
        model.train_on_batch(x, y)
    model.save(folder / f"{name}.keras")
    for ending in golden.formats:
        if ending == ".h5":
            model.save(folder / f"{name}.h5")
        else:
            model.save_weights(folder / f"{name}{ending}")
    found = {**arrays_of("x", x), **arrays_of("y", y), **arrays_of("prediction", model.predict(x, verbose=0))}
    found.update(arrays_of("weight", model.get_weights()))
    found.update(arrays_of("optimizer", [variable.numpy() for variable in model.optimizer.variables]))
    model.train_on_batch(x, y)
    found.update(arrays_of("next", model.get_weights()))
    np.savez(folder / f"{name}.npz", **found)


def write_run(folder: Path) -> None:
    """A snapshot of a run that ended after two of its four epochs."""
    rng = np.random.default_rng(9)
    x, y = (np.round(rng.normal(size=(10, n)), 2).astype("float32") for n in (6, 2))
    path = folder / "run.snapshot"
    model = run(path, x, y)
    path.unlink()
    try:
        run(path, x, y, plug=2)
    except PlugPulledError:
        np.savez(folder / "run.npz", x=x, y=y, **arrays_of("end", model.get_weights()))


def main(archive: Path) -> int:
    """All files of this version, in one archive: HDF5 files are nearly empty, and small when packed."""
    if archive.exists():
        print(f"{archive} is there already: what a release wrote stays as it is.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model, golden in GOLDEN.items():
            write_model(folder, model, golden)
        write_run(folder)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
            for path in sorted(folder.iterdir()):
                packed.write(path, path.name)
        print(f"{archive}: {len(list(folder.iterdir()))} files, {archive.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
    sys.exit(main(ROOT / "tests" / "saving" / "golden" / f"oxhorn-{version}.zip"))
