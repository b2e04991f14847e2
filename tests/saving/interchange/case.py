"""One model that goes to Keras and comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import oxhorn as keras


@dataclass(frozen=True)
class Case:
    """A model, what it is fed with, and what both sides do with it.

    `steps`: "predict"; "evaluate" on (x, y); "train", one step on (x, y); "weights": `model.weights.h5` is read too.
    `file` is what Oxhorn writes, `again` what Keras writes. `backend` is that of Keras, if it matters.
    """

    name: str
    make: Callable[[], Any]
    x: tuple[Any, ...]
    y: Any = None
    steps: tuple[str, ...] = ("predict",)
    file: str = "model.keras"
    again: tuple[str, ...] = ("again.keras",)
    loose: float = 1.0
    same_config: bool = True
    backend: str = ""

    @property
    def runs_on(self) -> str:
        """The backend of Keras: NumPy starts at once, but trains nothing."""
        return self.backend or ("jax" if "train" in self.steps else "numpy")

    @property
    def inputs(self) -> Any:
        """What the model is called with."""
        return self.x[0] if len(self.x) == 1 else list(self.x)


@dataclass
class Sent:
    """A case whose files are written: the model as it was, and the folder."""

    case: Case
    model: Any
    folder: Path
    before: dict[str, list[Any]]
    logs: dict[str, float]


def numbers(tensors: Any) -> list[Any]:
    """Tensors in any structure as NumPy arrays, in order."""
    return [np.asarray(tensor) for tensor in keras.tree.flatten(tensors)]


def send(case: Case, folder: Path) -> Sent:
    """Write the files of a case for Keras."""
    folder.mkdir()
    keras.utils.set_random_seed(7)
    model = case.make()
    before: dict[str, list[Any]] = {}
    model.save(folder / case.file)
    if "weights" in case.steps:
        model.save_weights(folder / "model.weights.h5")
    arrays = {f"x{i}": x for i, x in enumerate(case.x)}
    if case.y is not None:
        arrays["y"] = case.y
    np.savez(folder / "data.npz", **arrays)
    steps = {"steps": case.steps, "file": case.file, "again": case.again}
    (folder / "case.json").write_text(json.dumps(steps))
    before["weight"] = model.get_weights()
    if "predict" in case.steps:
        before["prediction"] = numbers(model(case.inputs, training=False))
    if model.compiled and model.optimizer.built and case.file.endswith(".keras"):
        before["optimizer"] = [variable.numpy() for variable in model.optimizer.variables]
    logs = {}
    if "evaluate" in case.steps:
        logs = model.test_on_batch(case.inputs, case.y, return_dict=True)
    return Sent(case, model, folder, before, logs)
