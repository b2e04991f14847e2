"""Snapshots that a run cannot go on from: the message says why, and nothing in the model changes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, config
from oxhorn import callbacks as cb
from oxhorn import optimizers as opt
from oxhorn.training.snapshot_records import from_records, to_records
from tests.training.resumed_runs import Interrupt, Interrupted, L, Run, X, Y, assert_equal

Change = Callable[[dict[str, Any]], None]


def usual(
    layers: Callable[[], list[Any]] = lambda: [L.Dense(5, "tanh"), L.Dropout(0.2), L.Dense(1)],
    optimizer: Callable[[], Any] = lambda: opt.Adam(0.01),
    callbacks: Callable[[], list[Any]] = lambda: [cb.EarlyStopping("loss", restore_best_weights=True)],
    seed: int = 5,
    frozen: int | None = None,
    compiled: dict[str, Any] | None = None,
    **options: Any,
) -> Run:
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((4,)), *layers()])
    if frozen is not None:
        model.layers[frozen].trainable = False
    model.compile(optimizer(), **{"loss": "mse", "metrics": ["mae"], **(compiled or {})})
    return Run(model, options, callbacks())


def written(path: Path, **arguments: Any) -> Path:
    run = usual(**arguments)
    with pytest.raises(Interrupted):
        run.fit(resume=path, callbacks=[Interrupt(2)])
    return path


def everything(run: Run) -> Any:
    """What a refused snapshot must not touch."""
    model = run.model
    return [
        [v.numpy() for v in model.variables],
        [v.numpy() for v in model.optimizer.variables],
        [bool(v.trainable) for v in model.variables],
        list(config.seed_stream_state())[::2],
        [int(word) for word in np.random.get_state()[1]],
        list(random.getstate()[1]),
    ]


def refused(path: Path, run: Run, *words: str) -> str:
    """The message; a file that is refused is left as it is."""
    run.model.optimizer.build(run.model.trainable_variables)
    before, content = everything(run), path.read_bytes()
    with pytest.raises(ValueError) as error:
        run.fit(resume=path)
    message = str(error.value)
    assert str(path) in message
    assert "othing was changed" in message
    for word in words:
        assert word in message, message
    assert_equal(everything(run), before)
    assert path.read_bytes() == content
    return message


OTHER_RUNS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "units": (
        {"layers": lambda: [L.Dense(6, "tanh"), L.Dropout(0.2), L.Dense(1)]},
        ("layers, layer 0 (Dense), units: 5 in the snapshot, 6 here",),
    ),
    "activation": (
        {"layers": lambda: [L.Dense(5, "relu"), L.Dropout(0.2), L.Dense(1)]},
        ("layer 0 (Dense), activation: 'tanh' in the snapshot, 'relu' here",),
    ),
    "rate of dropout": (
        {"layers": lambda: [L.Dense(5, "tanh"), L.Dropout(0.3), L.Dense(1)]},
        ("layer 1 (Dropout), rate: 0.2",),
    ),
    "a layer more": (
        {"layers": lambda: [L.Dense(5, "tanh"), L.Dropout(0.2), L.Dense(1), L.Activation("relu")]},
        ("layer 3 (Activation)", "nothing in the snapshot"),
    ),
    "dtype": (
        {"layers": lambda: [L.Dense(5, "tanh", dtype="float64"), L.Dropout(0.2), L.Dense(1)]},
        ("layer 0 (Dense), dtype: 'float32' in",),
    ),
    "optimizer": ({"optimizer": lambda: opt.SGD(0.01)}, ("class: 'Adam' in the snapshot, 'SGD' here",)),
    "hyperparameter": ({"optimizer": lambda: opt.Adam(0.01, beta_1=0.8)}, ("beta_1: 0.9",)),
    "schedule": (
        {"optimizer": lambda: opt.Adam(opt.schedules.ExponentialDecay(0.1, 2, 0.9))},
        ("learning_rate",),
    ),
    "loss": ({"compiled": {"loss": "mae"}}, ("compile, loss: 'mse' in the snapshot, 'mae' here",)),
    "metrics": ({"compiled": {"metrics": ["mse"]}}, ("compile, metrics",)),
    "frozen": ({"frozen": 0}, ("trainable",)),
    "batch size": ({"batch_size": 5}, ("fit, batch_size: 4 in the snapshot, 5 here",)),
    "samples": ({"x": X[:20], "y": Y[:20]}, ("fit, samples: 22 in the snapshot, 20 here",)),
    "shuffle": ({"shuffle": False}, ("fit, shuffle: True in the snapshot, False here",)),
    "steps_per_epoch": ({"steps_per_epoch": 3}, ("steps in an epoch: 6 in the snapshot, 3 here",)),
    "weights of samples": ({"sample_weight": np.ones(22)}, ("fit, shapes",)),
    "kind of data": (
        {"x": [(X[:4], Y[:4])].__iter__(), "y": None, "batch_size": None},
        ("fit, samples: 22 in the snapshot, nothing here",),
    ),
    "seed": ({"seed": 6}, ("seed: 5 in the snapshot, 6 here",)),
    "callback": ({"callbacks": list}, ("callbacks: EarlyStopping in the snapshot, nothing here",)),
}


@pytest.mark.parametrize("name", OTHER_RUNS)
def test_of_another_run(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "run.snapshot")
    arguments, words = OTHER_RUNS[name]
    message = refused(path, usual(**arguments), "of another run", *words)
    assert "here" in message


def test_what_may_differ(tmp_path: Path) -> None:
    path = written(tmp_path / "run.snapshot")
    # Names, first weights, another rate at the start, which is part of the state, and callbacks that begin now.
    keras.layers.Dense(1)
    run = usual(
        layers=lambda: [
            L.Dense(5, "tanh", name="other", kernel_initializer="he_normal"),
            L.Dropout(0.2),
            L.Dense(1),
        ],
        optimizer=lambda: opt.Adam(0.5),
        callbacks=lambda: [cb.ReduceLROnPlateau("loss"), cb.EarlyStopping("loss", restore_best_weights=True)],
    )
    history = run.fit(resume=path, epochs=3)
    assert history.epoch == [0, 1, 2]
    assert float(run.model.optimizer.learning_rate) == np.float32(0.01)


def cut(size: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * size)]


def flipped(place: float) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        at = int(len(content) * place)
        return content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :]

    return change


FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda content: b"", "begins with"),
    "text": (lambda content: b"epoch 3", "begins with"),
    "an archive": (lambda content: b"PK\x03\x04" + content, "begins with"),
    "half of the head": (lambda content: content[:20], ""),
    "half": (cut(0.5), "cut off"),
    "all but the last byte": (lambda content: content[:-1], "cut off"),
    "more than all": (lambda content: content + b"\0", "follows its end"),
    "altered in the index": (lambda content: flipped(0.0)(content[:60]) + content[60:], ""),
    "altered in the data": (flipped(0.7), "as it was written"),
    "altered at the end": (flipped(0.999), "as it was written"),
}


@pytest.mark.parametrize("name", FILES)
def test_damaged(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "run.snapshot")
    change, word = FILES[name]
    path.write_bytes(change(path.read_bytes()))
    refused(path, usual(), word)


def test_weights_alone(tmp_path: Path) -> None:
    run = usual()
    run.model.save_weights(tmp_path / "weights.safetensors")
    refused(tmp_path / "weights.safetensors", run, "begins with")
    path = tmp_path / "other.snapshot"
    _core.write_snapshot(path, {"a": np.ones(3)})
    refused(path, usual(), "something else than a training run")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="expected `resume` to be a file"):
        usual().fit(resume=tmp_path)
    for bad in (3, "", True):
        with pytest.raises(TypeError, match="path of a file"):
            usual().fit(resume=bad)


def put(*keys: Any, value: Any) -> Change:
    """Replaces what is at a place."""

    def change(state: dict[str, Any]) -> None:
        for key in keys[:-1]:
            state = state[key]
        state[keys[-1]] = value

    return change


def drop(*keys: Any) -> Change:
    def change(state: dict[str, Any]) -> None:
        for key in keys[:-1]:
            state = state[key]
        del state[keys[-1]]

    return change


# Files with right checksums whose content nobody would write.
FORGED: dict[str, Change] = {
    "no weights": drop("weights"),
    "no optimizers": drop("optimizers"),
    "no random numbers": drop("random"),
    "no data": drop("feed"),
    "a weight less": drop("weights", "layers/dense/vars/0"),
    "a weight more": put("weights", "layers/dense/vars/7", value=np.zeros(2, np.float32)),
    "another shape": put("weights", "layers/dense/vars/0", value=np.zeros((5, 4), np.float32)),
    "another dtype": put("weights", "layers/dense/vars/0", value=np.zeros((4, 5))),
    "text as a weight": put("weights", "layers/dense/vars/0", value="zeros"),
    "weights as a list": put("weights", value=[]),
    "slots of another shape": put("optimizers", 0, 3, value=np.zeros(9, np.float32)),
    "too few slots": put("optimizers", 0, value=[]),
    "optimizers as a number": put("optimizers", value=3),
    "settings as a text": put("settings", value="none"),
    "epoch as a text": put("epoch", value="three"),
    "negative epoch": put("epoch", value=-1),
    "huge epoch": put("epoch", value=10**30),
    "step as a number": put("step", value=1.5),
    "logs as a list": put("logs", value=[1, 2]),
    "place beyond NumPy's words": put("random", "numpy", "at", value=10**9),
    "too few words": put("random", "numpy", "words", value=np.zeros(3, np.int64)),
    "negative words": put("random", "python", "words", value=np.full(625, -1)),
    "place beyond Python's words": put("random", "python", "words", value=np.full(625, 2**31)),
    "seeds as texts": put("random", "stream", value=["a", "b", "c"]),
    "huge seeds": put("random", "generator", value=[2**70, 2**70]),
    "generators in use as a text": put("random", "in use", value="all"),
    "generators in use without counts": put("random", "in use", value=[[1]]),
    "generators in use with negative seeds": put("random", "in use", value=[[-1, 2]]),
    "place beyond the buffer": put("feed", "order", "buffer_pos", value=-(10**6)),
    "too short a key": put("feed", "order", "state", "key", value=[1]),
    "shuffling as a text": put("feed", "order", value="random"),
    "data as a list": put("feed", value=[]),
    "no place": drop("feed", "at"),
    "trainable as a list": put("trainable", value=[True]),
    "callbacks as a list": put("callbacks", value=["EarlyStopping 1"]),
    "a callback's state as a number": put("callbacks", "EarlyStopping 1", value=7),
    "a callback's state of something else": put("callbacks", "EarlyStopping 1", value={"rate": 1}),
    "a callback's number as a text": put("callbacks", "EarlyStopping 1", "wait", value="long"),
    "a history of numbers": put("callbacks", "History 1", "history", "loss", value=3.5),
    "epochs as a number": put("callbacks", "History 1", "epoch", value=2),
    "a vocabulary for a layer without": put("extra", 1, value=["a", "b"]),
    "history as a number": put("callbacks", "History 1", value=3.5),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "run.snapshot")
    records = _core.read_snapshot(path)
    state = from_records(records)
    FORGED[name](state)
    kept = {key: records[key] for key in ("format", "format_version", "fixed")}
    _core.write_snapshot(path, {**kept, **to_records(state, "a test")})
    refused(path, usual())


RECORDS: dict[str, tuple[dict[str, Any], str]] = {
    "another format": ({"format": "somebody.elses"}, "something else than a training run"),
    "newer": ({"format_version": "2"}, "this release reads version 1"),
    "no JSON": ({"tree": "{"}, "do not fit together"),
    "deep": ({"tree": "[" * 100_000}, "do not fit together"),
    "deep and whole": ({"tree": '{"d":{"a":' * 20_000 + "1" + "}}" * 20_000}, "do not fit together"),
    "huge number": ({"tree": "1" * 10_000}, "do not fit together"),
    "unknown kind": ({"tree": '{"x": 1}'}, "do not fit together"),
    "a dict of two": ({"tree": '{"d": {}, "t": []}'}, "do not fit together"),
    "keys that cannot be keys": ({"tree": '{"p": [[[1], 2]]}'}, "do not fit together"),
    "a number where pairs are": ({"tree": '{"p": 3}'}, "do not fit together"),
    "an array that is not there": ({"tree": '{"a": "nowhere"}'}, "do not fit together"),
    "a text as an array": ({"tree": '{"a": "format"}'}, "do not fit together"),
    "array as tree": ({"tree": np.zeros(3)}, "do not fit together"),
    "array as description": ({"fixed": np.zeros(3)}, "do not fit together"),
    "description as a list": ({"fixed": "[]"}, "do not fit together"),
    "empty description": ({"fixed": "{}"}, "do not fit together"),
}


@pytest.mark.parametrize("name", RECORDS)
def test_forged_records(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "run.snapshot")
    changes, word = RECORDS[name]
    _core.write_snapshot(path, {**_core.read_snapshot(path), **changes})
    refused(path, usual(), word)


def test_the_description_names_no_code(tmp_path: Path) -> None:
    fixed = json.loads(str(_core.read_snapshot(written(tmp_path / "run.snapshot"))["fixed"]))
    assert fixed["compile"]["loss"] == "mse"
    assert fixed["layers"]["layer 0 (Dense)"]["units"] == 5


def test_data_that_end_early(tmp_path: Path) -> None:
    def batches(count: int) -> Any:
        return iter([(X[:4], Y[:4])] * count)

    path = tmp_path / "run.snapshot"
    arguments = {"y": None, "batch_size": None, "steps_per_epoch": 3, "callbacks": list}
    written(path, x=batches(12), **arguments)
    refused(path, usual(x=batches(4), **arguments), "had used 6 batches", "ended after 4")


def test_two_keepers(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one keeper of snapshots; got 2"):
        usual().fit(resume=tmp_path / "a", callbacks=[cb.BackupAndRestore(tmp_path / "b")])


def test_what_cannot_be_kept_says_so_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to resume"):
        usual().fit(resume=tmp_path / "a", callbacks=[cb.LearningRateFinder()])

    class Odd(cb.Callback):
        def get_state(self) -> Any:
            return {"seen": [object()]}

    with pytest.raises(TypeError, match="type object at 'Odd 1/seen/0'"):
        usual().fit(resume=tmp_path / "a", callbacks=[Odd()])
    assert not (tmp_path / "a").exists()
