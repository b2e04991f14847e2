"""Writes tests/saving/golden/keras: the models of tests/saving/zoo.py, as Keras writes them, and what they compute.

    KERAS_BACKEND=jax python tools/make_keras_files.py

in an environment with Keras 3.15.1. For each model NAME.keras and NAME.npz, its outputs; for `trained` also
trained.weights.h5, the variables of the optimizer, and the weights after two more epochs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.saving import zoo  # noqa: E402 - the path comes first

FOLDER = ROOT / "tests" / "saving" / "golden" / "keras"


def main() -> None:
    """Writes the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in zoo.MODELS:
        keras.utils.clear_session()
        keras.utils.set_random_seed(7)
        model = make(keras)
        results = {
            f"output_{i}": a for i, a in enumerate(zoo.flat(model.predict(zoo.inputs(model), verbose=0)))
        }
        model.save(FOLDER / f"{make.__name__}.keras")
        if make is zoo.trained:
            model.save_weights(FOLDER / f"{make.__name__}.weights.h5")
            results.update({f"optimizer_{i}": np.asarray(v) for i, v in enumerate(model.optimizer.variables)})
            zoo.fitted(model)
            results.update({f"after_{i}": value for i, value in enumerate(model.get_weights())})
        np.savez(FOLDER / f"{make.__name__}.npz", **results)


if __name__ == "__main__":
    main()
