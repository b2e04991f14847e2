"""`.weights.h5` and sharded `.weights.json` files: layout, what does not fit, and that nothing is half loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import oxhorn as keras
from tests.saving import zoo

L = keras.layers


def stack(*units: int, **arguments: Any) -> Any:
    return keras.Sequential([keras.Input((3,)), *(L.Dense(n, **arguments) for n in units)])


def same(a: Any, b: Any) -> None:
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("make", zoo.MODELS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("shards", [None, 1e-6, 1e-3])
def test_there_and_back(make: Any, shards: Any, tmp_path: Path) -> None:
    model, other = make(keras), make(keras)
    path = tmp_path / ("m.weights.h5" if shards is None else "m.weights.json")
    model.save_weights(path, max_shard_size=shards)
    for variable in other.weights:
        variable.assign(variable.numpy() + 1)
    other.load_weights(path)
    same(other.get_weights(), model.get_weights())


def test_places_do_not_depend_on_names(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((3,)), L.Dense(2, name="a"), L.Dense(2, name="b")]).save_weights(
        tmp_path / "m.weights.h5"
    )
    with h5py.File(tmp_path / "m.weights.h5") as root:
        assert list(root["layers"]) == ["dense", "dense_1"]
        assert root["layers/dense_1/vars"].attrs["name"] == "b"
        assert list(root["layers/dense_1/vars"]) == ["0", "1"]
        assert dict(root.attrs) == {}
    stack(2, 2).load_weights(tmp_path / "m.weights.h5")


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    model = zoo.trained(keras)
    for name in ("a", "b"):
        model.save_weights(tmp_path / f"{name}.weights.h5")
    assert (tmp_path / "a.weights.h5").read_bytes() == (tmp_path / "b.weights.h5").read_bytes()


OTHERS = {
    "fewer layers": (lambda: stack(4, 2), "not in the model: 'layers/dense_2/vars'"),
    "more layers": (lambda: stack(4, 2, 5, 6), "received 0 variables during loading"),
    "other shapes": (
        lambda: stack(4, 3, 5),
        r"has shape \(4, 3\), and \(4, 2\) in the file; shape and kind must match",
    ),
    "no bias": (
        lambda: stack(4, 2, 5, use_bias=False),
        r"expected 1 variables, \['kernel'\], but received 2",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
def test_what_does_not_fit_changes_nothing(name: str, ending: str, tmp_path: Path) -> None:
    make, message = OTHERS[name]
    model = stack(4, 2, 5)
    path = tmp_path / f"m{ending}"
    (model.save_weights if ending == ".weights.h5" else model.save)(path)
    other = make()
    before = other.get_weights()
    with pytest.raises(ValueError, match=rf"(?s)nothing was changed.*{message}.*skip_mismatch=True"):
        other.load_weights(path)
    same(other.get_weights(), before)
    with pytest.warns(UserWarning, match="skipped what does not fit"):
        other.load_weights(path, skip_mismatch=True)
    if name == "other shapes":
        same(other.layers[0].get_weights(), model.layers[0].get_weights())
        same(other.layers[1].get_weights(), before[2:4])


def test_an_own_reader_is_undone_if_the_rest_fails(tmp_path: Path) -> None:
    class Own(L.Layer):
        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(2,), name="w")

        def call(self, x: Any) -> Any:
            return x

        def save_own_variables(self, store: Any) -> None:
            store["mine"] = self.w + 1.0

        def load_own_variables(self, store: Any) -> None:
            assert list(store.keys()) == ["mine"] and "mine" in store and len(store) == 1
            self.w.assign(store["mine"] - 1.0)

    def make(units: int) -> Any:
        return keras.Sequential([keras.Input((3,)), Own(), L.Dense(units)])

    model, good, bad = make(2), make(2), make(4)
    model.save_weights(tmp_path / "m.weights.h5")
    good.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(good.layers[0].w, model.layers[0].w, atol=1e-6)
    before = bad.get_weights()
    with pytest.raises(ValueError, match="nothing was changed"):
        bad.load_weights(tmp_path / "m.weights.h5")
    same(bad.get_weights(), before)


def test_another_optimizer_is_left_alone_with_a_warning(tmp_path: Path) -> None:
    model = zoo.trained(keras)
    model.save_weights(tmp_path / "m.weights.h5")
    other = zoo.trained(keras)
    other.compile(keras.optimizers.SGD(name="other"), "mse")
    with pytest.warns(
        UserWarning, match="Skipping variable loading for optimizer 'other', because it has 2 variables"
    ):
        other.load_weights(tmp_path / "m.weights.h5")
    same(other.get_weights(), model.get_weights())


def test_without_an_optimizer_its_state_stays_in_the_file(tmp_path: Path) -> None:
    model = zoo.trained(keras)
    model.save_weights(tmp_path / "m.weights.h5")
    config = model.get_config()
    plain = keras.Sequential.from_config(config)
    plain.load_weights(tmp_path / "m.weights.h5")
    same(plain.get_weights(), model.get_weights())


def test_objects_that_are_left_out(tmp_path: Path) -> None:
    model, other = stack(4, 2), stack(4, 2)
    model.save_weights(tmp_path / "all.weights.h5")
    keras.saving.save_weights(model, tmp_path / "some.weights.h5", objects_to_skip=[model.layers[0]])
    before = other.get_weights()
    for name in ("all", "some"):
        other.load_weights(tmp_path / f"{name}.weights.h5", objects_to_skip=[other.layers[0]])
        same(other.get_weights(), [*before[:2], *model.get_weights()[2:]])


def test_files_from_before_containers_in_containers(tmp_path: Path) -> None:
    class Pairs(L.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.pairs = [[L.Dense(2)], [L.Dense(2)]]

        def build(self, shape: Any) -> None:
            for (layer,) in self.pairs:
                layer.build(shape)

        def call(self, x: Any) -> Any:
            return self.pairs[1][0](self.pairs[0][0](x))

    model, other = (keras.Sequential([keras.Input((2,)), Pairs(), L.Dense(2)]) for _ in range(2))
    model.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5", "a") as root:
        del root["layers/pairs/pairs"]
    before = other.get_weights()
    with pytest.warns(
        UserWarning, match="Skipping nested container at 'layers/pairs/pairs/container"
    ) as told:
        other.load_weights(tmp_path / "m.weights.h5")
    assert len(told) == 2
    same(other.get_weights(), [*before[:4], *model.get_weights()[4:]])


def test_wider_and_narrower_numbers(tmp_path: Path) -> None:
    model = stack(2)
    wide = keras.Sequential([keras.Input((3,), dtype="float64"), L.Dense(2, dtype="float64")])
    model.save_weights(tmp_path / "m.weights.h5")
    wide.load_weights(tmp_path / "m.weights.h5")
    assert wide.weights[0].dtype == "float64"
    same([w.astype("float32") for w in wide.get_weights()], model.get_weights())


# Shards -------------------------------------------------------------------------------------------------


def test_shards_and_their_table(tmp_path: Path) -> None:
    model = stack(40, 30, 20)
    model.save_weights(tmp_path / "m.weights.json", max_shard_size=6e-6)
    table = json.loads((tmp_path / "m.weights.json").read_text("utf-8"))
    files = sorted(path.name for path in tmp_path.glob("*.h5"))
    assert len(files) >= 2 and files[0] == "m_00000.weights.h5"
    assert table["metadata"]["total_size"] == 4 * model.count_params()
    assert set(table["weight_map"]) == {f"/layers/dense{i}/vars" for i in ("", "_1", "_2")}
    assert all((tmp_path / name).stat().st_size < 30_000 for name in files)


def test_a_name_of_h5_becomes_one_of_json(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"will be renamed to .*m.weights.json"):
        stack(2).save_weights(tmp_path / "m.weights.h5", max_shard_size=1)
    stack(2).load_weights(tmp_path / "m.weights.json")


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("m.weights.json", 1e-9, "exceeds the maximum shard size"),
        ("m.weights.json", 0, "above 0"),
        ("m.weights.json", float("nan"), "above 0"),
        ("m.weights.json", None, "must end in `.weights.h5`"),
        ("m.safetensors", 1, "must end in `.weights.json`"),
        ("m.h5", None, "must end in `.weights.h5`"),
        ("m", None, "must end in `.weights.h5`"),
    ],
)
def test_names_and_sizes(name: str, size: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        stack(2).save_weights(tmp_path / name, max_shard_size=size)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "table",
    [
        "[]",
        "{}",
        '{"weight_map": {"/layers/dense/vars": "../m_00000.weights.h5"}}',
        '{"weight_map": {"/layers/dense/vars": "/etc/passwd"}}',
        '{"weight_map": {"/layers/dense/vars": 7}}',
        '{"weight_map": {"/layers/dense/vars": "a.h5", "/layers/dense/vars": "b.h5"}}',
        '{"weight_map": {"/layers/dense/vars": "..\\\\m_00000.weights.h5"}}',
        '{"weight_map": ' + "[" * 100_000,
    ],
)
def test_tables_that_are_refused(table: str, tmp_path: Path) -> None:
    (tmp_path / "m.weights.json").write_text(table, "utf-8")
    with pytest.raises(ValueError, match=r"m\.weights\.json"):
        stack(2).load_weights(tmp_path / "m.weights.json")


def test_a_missing_shard(tmp_path: Path) -> None:
    model = stack(40, 30)
    model.save_weights(tmp_path / "m.weights.json", max_shard_size=5e-6)
    (tmp_path / "m_00001.weights.h5").unlink()
    before = model.get_weights()
    with pytest.raises(FileNotFoundError):
        model.load_weights(tmp_path / "m.weights.json")
    same(model.get_weights(), before)


# Arguments ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("m.pkl", {}, "File format not supported"),
        ("m.keras", {"objects_to_skip": []}, r"only supports loading '.weights.h5' files"),
        ("m.h5", {"objects_to_skip": []}, r"only supports loading '.weights.h5' files"),
        ("m.keras", {"by_name": True}, r"only supports loading legacy '.h5' or '.hdf5' files"),
        ("m.weights.h5", {"by_name": True}, r"only supports loading legacy '.h5' or '.hdf5' files"),
        ("m.weights.h5", {"speed": 2}, "Invalid keyword arguments"),
    ],
)
def test_arguments_of_load_weights(
    name: str, arguments: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        stack(2).load_weights(tmp_path / name, **arguments)


def test_models_that_are_not_built(tmp_path: Path) -> None:
    stack(2).save_weights(tmp_path / "m.weights.h5")
    model = keras.Sequential([L.Dense(2)])
    with pytest.raises(ValueError, match="You are saving a model that has not yet been built"):
        model.save_weights(tmp_path / "n.weights.h5")
    with pytest.raises(ValueError, match="You are loading weights into a model that has not yet been built"):
        model.load_weights(tmp_path / "m.weights.h5")


def test_the_editor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = stack(4, 2)
    model.save(tmp_path / "m.keras")
    editor = keras.saving.KerasFileEditor(tmp_path / "m.keras")
    assert editor.config["class_name"] == "Sequential"
    editor.summary()
    assert "dense_1 ('" in capsys.readouterr().out
    assert editor.compare(model) == {"status": "success", "error_count": 0, "match_count": 4}
    deeper = stack(4, 4, 2)
    assert editor.compare(deeper)["status"] == "error"
    editor.rename_object("dense_1", "dense_2")
    editor.add_object("layers/dense_1", {"0": np.ones((4, 4)), "1": np.zeros(4)})
    assert editor.compare(deeper)["status"] == "success"
    editor.save(tmp_path / "n.weights.h5")
    deeper.load_weights(tmp_path / "n.weights.h5")
    same(deeper.get_weights()[4:], model.get_weights()[2:])
    for call, message in (
        (lambda: editor.rename_object("dense", "a/b"), "leaf name"),
        (lambda: editor.delete_object("nothing"), "does not appear"),
        (lambda: editor.delete_object("layers/nothing"), "not found in model"),
        (lambda: editor.delete_weight("dense", "7"), "Weight 7 not found"),
        (lambda: editor.add_weights("dense", [1]), "should be a dict"),
        (lambda: editor.add_object("x/y", {}), "not found in model"),
        (lambda: editor.delete_object("0"), "more than once"),
        (lambda: editor.save(tmp_path / "n.h5"), "Invalid `filepath`"),
        (lambda: keras.saving.KerasFileEditor(tmp_path / "n.h5"), "Invalid filename"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
