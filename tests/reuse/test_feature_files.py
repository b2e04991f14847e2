"""Features on the disk: found again when nothing changed, computed again when anything did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import reuse
from tests.reuse.models import L, X, Y, residual, same, stack


def frozen(seed: int = 0, **first: Any) -> Any:
    model = stack(seed)
    reuse.freeze(model, until="hidden2")
    model.compile("sgd", "mse")
    return model


def test_they_are_mapped_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    cache = frozen().cache_features(X, until="hidden2", path=folder)
    assert cache.computed and isinstance(cache.features, np.memmap)
    assert sorted(path.name for path in folder.iterdir()) == ["features.json", "features_0.npy"]
    in_memory = frozen().cache_features(X, until="hidden2")
    np.testing.assert_array_equal(cache.features, in_memory.features)
    np.testing.assert_array_equal(np.load(folder / "features_0.npy", allow_pickle=False), in_memory.features)
    written = (folder / "features_0.npy").stat().st_mtime_ns
    keras.backend.clear_session()
    again = frozen().cache_features(X.copy(), until="hidden2", path=str(folder))
    assert not again.computed and (folder / "features_0.npy").stat().st_mtime_ns == written
    np.testing.assert_array_equal(again.features, in_memory.features)
    keras.utils.set_random_seed(3)
    a = again.fit(Y, epochs=2, validation_data=(X, Y), verbose=0)
    keras.utils.set_random_seed(3)
    b = in_memory.fit(Y, epochs=2, validation_data=(X, Y), verbose=0)
    assert a.history == b.history


def test_more_rows_than_are_computed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from oxhorn.reuse import features

    monkeypatch.setattr(features, "_BLOCK", 16)
    model = residual()
    reuse.freeze(model, until="c")
    cache = model.cache_features(X, until="c", path=tmp_path)
    same(cache.features, model.cache_features(X, until="c").features)


def changed_activation() -> Any:
    model = frozen()
    kernel = model.layers[0].get_weights()
    other = reuse.replace_layer(model, "hidden1", L.Dense(7, "relu", name="hidden1", trainable=False))
    other.layers[0].set_weights(kernel)
    return other


CHANGES: dict[str, Any] = {
    "weights": lambda: (frozen(1), X),
    "one weight": lambda: (nudged(), X),
    "data": lambda: (frozen(), X + 1e-6),
    "order of data": lambda: (frozen(), X[::-1]),
    "fewer data": lambda: (frozen(), X[:40]),
    "dtype of data": lambda: (frozen(), X.astype("float64")),
    "activation": lambda: (changed_activation(), X),
}


def nudged() -> Any:
    model = frozen()
    bias = model.layers[1].bias
    bias.assign(bias + np.eye(1, 6, 5, dtype="float32")[0] * 1e-6)
    return model


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_what_makes_them_out_of_date(what: str, tmp_path: Path) -> None:
    frozen().cache_features(X, until="hidden2", path=tmp_path)
    model, x = CHANGES[what]()
    cache = model.cache_features(x, until="hidden2", path=tmp_path)
    assert cache.computed
    np.testing.assert_array_equal(cache.features, model.cache_features(x, until="hidden2").features)
    assert not model.cache_features(x, until="hidden2", path=tmp_path).computed


def test_another_cut_is_something_else(tmp_path: Path) -> None:
    frozen().cache_features(X, until="hidden2", path=tmp_path)
    assert frozen().cache_features(X, until="hidden1", path=tmp_path).features.shape == (50, 7)


def damage(path: Path, how: str) -> None:
    npy, note = path / "features_0.npy", path / "features.json"
    data = bytearray(npy.read_bytes())
    if how == "truncated":
        npy.write_bytes(data[:-7])
    elif how == "header alone":
        npy.write_bytes(data[:64])
    elif how == "empty":
        npy.write_bytes(b"")
    elif how == "one bit":
        data[-1] ^= 1
        npy.write_bytes(data)
    elif how == "other shape":
        np.save(npy, np.zeros((50, 5), "float32"))
    elif how == "pickle":
        np.save(npy, np.array([{"a": 1}] * 50), allow_pickle=True)
    elif how == "missing":
        npy.unlink()
    elif how == "no note":
        note.unlink()
    elif how == "fewer digests":
        note.write_text(json.dumps({**json.loads(note.read_text()), "digests": []}))
    elif how == "odd digests":
        note.write_text(json.dumps({**json.loads(note.read_text()), "digests": 7}))


DAMAGES = [
    "truncated",
    "header alone",
    "empty",
    "one bit",
    "other shape",
    "pickle",
    "missing",
    "no note",
    "fewer digests",
    "odd digests",
]


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_files_are_computed_again(how: str, tmp_path: Path) -> None:
    frozen().cache_features(X, until="hidden2", path=tmp_path)
    damage(tmp_path, how)
    cache = frozen().cache_features(X, until="hidden2", path=tmp_path)
    assert cache.computed
    np.testing.assert_array_equal(cache.features, frozen().cache_features(X, until="hidden2").features)


@pytest.mark.parametrize(
    ("note", "match"),
    [
        (b"{}", "is not a note of stored features, so the folder is left alone"),
        (b"[1, 2]", "is not a note of stored features"),
        (b"\xff\x00", "is not a note of stored features"),
        (b"[" * 100_000, "is not a note of stored features"),
        (b" " * (1 << 21), "is not a note of stored features"),
        (b'{"format": "oxhorn.features", "format_version": 2}', "has version 2 of the format"),
    ],
    ids=range(6),
)
def test_folders_of_others_are_left_alone(note: bytes, match: str, tmp_path: Path) -> None:
    (tmp_path / "features.json").write_bytes(note)
    (tmp_path / "features_0.npy").write_bytes(b"theirs")
    with pytest.raises(ValueError, match=match):
        frozen().cache_features(X, until="hidden2", path=tmp_path)
    assert (tmp_path / "features_0.npy").read_bytes() == b"theirs"
    assert (tmp_path / "features.json").read_bytes() == note


def test_a_path_that_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(ValueError, match="is a file; `path` is a folder for features"):
        frozen().cache_features(X, until="hidden2", path=path)


def test_an_error_on_the_way_leaves_no_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from oxhorn.reuse import features

    model = frozen()
    monkeypatch.setattr(features, "_BLOCK", 16)
    calls = []

    def failing(self: Any, x: Any) -> Any:
        calls.append(len(x))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return self._lower.predict(x, verbose=0)

    with monkeypatch.context() as patch:
        patch.setattr(reuse.FeatureCache, "_predict", failing)
        with pytest.raises(KeyboardInterrupt):
            model.cache_features(X, until="hidden2", path=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert model.cache_features(X, until="hidden2", path=tmp_path).computed
