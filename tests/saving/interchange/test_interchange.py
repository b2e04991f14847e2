"""Ours to Keras to ours: equal configs, predictions, losses, metrics and optimizer states, and the same next step.

All models are written first, then Keras works on all of them in one process, then each is a test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.saving.interchange import oracle
from tests.saving.interchange.case import Case, Sent, numbers, send
from tests.saving.interchange.cases_layers import LAYERS
from tests.saving.interchange.cases_models import MODELS
from tests.saving.interchange.cases_training import LOSSES, METRICS, OPTIMIZERS

pytestmark = [
    oracle.needed,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore:.*has no trainable weights"),
    pytest.mark.filterwarnings("ignore:.*legacy"),
]
TABLES = {
    "layers": LAYERS,
    "models": MODELS,
    "losses": LOSSES,
    "metrics": METRICS,
    "optimizers": OPTIMIZERS,
}
EVERY = [case for cases in TABLES.values() for case in cases]


def plain(config: Any) -> Any:
    return json.loads(json.dumps(config))


class Exchange:
    """What came back, by the name of the case; an error on the way is kept for the case's own test."""

    def __init__(self, root: Path, cases: list[Case]) -> None:
        self.sent: dict[str, Sent] = {}
        self.errors: dict[str, Exception] = {}
        folders = {"numpy": root / "numpy", "jax": root / "jax"}
        for folder in folders.values():
            folder.mkdir()
        for number, case in enumerate(cases):
            folder = folders[case.runs_on]
            try:
                self.sent[case.name] = send(case, folder / f"{number:04d}")
            except Exception as error:
                self.errors[case.name] = error
        for backend, folder in folders.items():
            if any(folder.iterdir()):
                oracle.run(folder, backend)


@pytest.fixture(scope="module")
def exchange(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """All cases that are tested this time."""
    items = [item for item in request.session.items if item.path == Path(__file__)]
    cases = [item.callspec.params["case"] for item in items if hasattr(item, "callspec")]
    return Exchange(tmp_path_factory.mktemp("cases"), cases)


def near(got: list[Any], wanted: list[Any], what: str, loose: float = 1.0) -> None:
    assert len(got) == len(wanted), f"{what}: {len(got)} arrays instead of {len(wanted)}"
    for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
        assert a.shape == b.shape, f"{what} {i}"
        if a.dtype.kind in "US":
            assert (a == b).all()
            continue
        scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0.0)))
        np.testing.assert_allclose(
            a.astype("float64"),
            b.astype("float64"),
            rtol=1e-5 * loose,
            atol=1e-5 * scale * loose,
            err_msg=f"{what} {i}",
        )


# Arguments that Keras takes and does not write.
FORGOTTEN = {
    "CosineSimilarity": "axis",
    "Huber": "delta",
    "Identity": "gain",
    "IdentityInitializer": "gain",
    "MaxNumBoundingBoxes": "fill_value",
    "RandomGrayscale": "seed",
}


def alike(got: Any, wanted: Any, place: str = "config") -> None:
    """Equal, but for numbers that Keras has rounded to float32."""
    if isinstance(wanted, dict):
        assert isinstance(got, dict), place
        forgotten = FORGOTTEN.get(place.rpartition(":")[2])
        keys = {*got, *wanted} - {forgotten}
        for key in keys:
            assert key in got, f"{place}/{key} is not there any more"
            assert key in wanted, f"{place}/{key} is new: {got[key]!r}"
            inside = f":{wanted.get('class_name')}" if key == "config" else ""
            alike(got[key], wanted[key], f"{place}/{key}{inside}")
    elif isinstance(wanted, list):
        assert isinstance(got, list), place
        assert len(got) == len(wanted), place
        for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
            alike(a, b, f"{place}[{i}]")
    elif isinstance(wanted, float):
        assert got == pytest.approx(wanted, rel=1e-6), place
    else:
        assert got == wanted, place


def test_there_are_cases_of_every_kind() -> None:
    assert {name: len(cases) > 5 for name, cases in TABLES.items()} == dict.fromkeys(TABLES, True)
    assert len({case.name for case in EVERY}) == len(EVERY) > 500


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name)
def test_there_and_back(case: Case, exchange: Exchange) -> None:
    if case.name in exchange.errors:
        raise exchange.errors[case.name]
    sent = exchange.sent[case.name]
    result = json.loads((sent.folder / "result.json").read_text())
    assert "error" not in result, f"{result['error']}\n{result['trace']}"
    with np.load(sent.folder / "keras.npz") as arrays:
        theirs: dict[str, list[Any]] = {}
        for key in sorted(arrays, key=lambda name: (name.rstrip("0123456789"), len(name), name)):
            theirs.setdefault(key.rstrip("0123456789"), []).append(arrays[key])
    # There.
    near(theirs.get("weight", []), sent.before["weight"], "a weight in Keras")
    if "predict" in case.steps:
        near(theirs["prediction"], sent.before["prediction"], "a prediction of Keras", case.loose)
    if "optimizer" in sent.before:
        near(theirs.get("optimizer", []), sent.before["optimizer"], "the optimizer's state in Keras")
    if "evaluate" in case.steps:
        assert result["logs"] == sorted(sent.logs)
        ours = [np.asarray(v, "float64") for v in keras.tree.flatten(dict(sorted(sent.logs.items())))]
        near(theirs["log"], ours, "a log of Keras", 10 * case.loose)
    if "weights" in case.steps:
        near(theirs["loaded"], sent.before["weight"], "a weight from .weights.h5")
    # And back.
    for name in case.again:
        if name.endswith(".weights.h5"):
            again = keras.models.clone_model(sent.model)
            again.load_weights(sent.folder / name)
        else:
            again = keras.models.load_model(sent.folder / name)
        if name.endswith(".keras") and case.same_config and case.file.endswith(".keras"):
            # Read once, so that neither has arguments that are defaults.
            copy = type(sent.model).from_config(plain(sent.model.get_config()))
            alike(plain(again.get_config()), plain(copy.get_config()))
            alike(plain(again.get_compile_config()), plain(sent.model.get_compile_config()))
        near(again.get_weights(), sent.before["weight"], f"a weight from {name}")
        if "predict" in case.steps:
            near(
                numbers(again(case.inputs, training=False)),
                sent.before["prediction"],
                f"a prediction from {name}",
            )
        if again.compiled and "optimizer" in sent.before:
            near(
                [v.numpy() for v in again.optimizer.variables], sent.before["optimizer"], f"state from {name}"
            )
        if "train" in case.steps and again.compiled:
            again.train_on_batch(case.inputs, case.y)
            near(
                again.get_weights(),
                theirs["trained"],
                f"a weight from {name} after the next step",
                10 * case.loose,
            )
