"""Open models that Oxhorn wrote with Keras, use them, and write them again; run by a Python that has Keras.

    KERAS_BACKEND=jax python tools/keras_roundtrip.py FOLDER

Each folder in FOLDER is a case: `model.keras` (or `model.h5`), the arrays `x0`, `x1`, ... and `y` in `data.npz`, and in
`case.json` what to do. Written into it: `again.keras`, arrays in `keras.npz`, and `result.json` with logs or the error.
Driven by tests/saving/interchange.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np


def numbers(tensors: Any) -> list[Any]:
    """Tensors in any structure as NumPy arrays, in order."""
    return [np.asarray(keras.ops.convert_to_numpy(tensor)) for tensor in keras.tree.flatten(tensors)]


def run(folder: Path) -> dict[str, Any]:
    """One case: what `result.json` is to hold."""
    case = json.loads((folder / "case.json").read_text())
    steps = case["steps"]
    with np.load(folder / "data.npz") as arrays:
        x = [arrays[name] for name in sorted(key for key in arrays if key.startswith("x"))]
        y = arrays.get("y")
    x = x[0] if len(x) == 1 else x
    model = keras.saving.load_model(folder / case["file"])
    found: dict[str, Any] = {}
    result: dict[str, Any] = {}

    def keep(kind: str, arrays: list[Any]) -> None:
        found.update({f"{kind}{i}": array for i, array in enumerate(arrays)})

    keep("weight", numbers([v.value for v in model.weights]))
    if "predict" in steps:
        keep("prediction", numbers(model(x, training=False)))
    if model.compiled:
        model.run_eagerly = True
        if model.optimizer is not None:
            keep("optimizer", numbers([v.value for v in model.optimizer.variables]))
    if "evaluate" in steps:
        logs = model.test_on_batch(x, y, return_dict=True)
        keep(
            "log", [np.asarray(value, "float64") for value in keras.tree.flatten(dict(sorted(logs.items())))]
        )
        result["logs"] = sorted(logs)
    for name in case["again"]:
        if name.endswith(".weights.h5"):
            model.save_weights(folder / name)
        else:
            model.save(folder / name)
    if "weights" in steps:
        copy = keras.models.clone_model(model)
        copy.load_weights(folder / "model.weights.h5")
        keep("loaded", numbers([v.value for v in copy.weights]))
    if "train" in steps:
        model.train_on_batch(x, y)
        keep("trained", numbers([v.value for v in model.weights]))
    np.savez(folder / "keras.npz", **found)
    result["version"] = keras.__version__
    return result


def main(root: Path) -> int:
    """All cases below `root`."""
    warnings.simplefilter("ignore")
    folders = sorted(path.parent for path in root.glob("*/case.json"))
    for folder in folders:
        try:
            result = run(folder)
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()[-3000:]}
        (folder / "result.json").write_text(json.dumps(result))
    print(f"{len(folders)} cases")
    return 0 if folders else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
