"""`.keras` archives: what is written, and that a model read back is the same model."""

from __future__ import annotations

import io
import json
import threading
import warnings
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import oxhorn as keras
from tests.saving import zoo

GOLDEN = Path(__file__).parent / "golden" / "keras"
L = keras.layers


def same(a: Any, b: Any) -> None:
    for one, other in zip(zoo.flat(a), zoo.flat(b), strict=True):
        np.testing.assert_array_equal(one, other)


def again(model: Any, **arguments: Any) -> Any:
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    return keras.saving.load_model(file, **arguments)


# Keras's files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", zoo.MODELS, ids=lambda make: make.__name__)
def test_files_of_keras(make: Any) -> None:
    path = GOLDEN / f"{make.__name__}.keras"
    expected = dict(np.load(GOLDEN / f"{make.__name__}.npz"))
    outputs = [expected[name] for name in expected if name.startswith("output_")]
    model = keras.saving.load_model(path)
    for a, b in zip(zoo.flat(model.predict(zoo.inputs(model), verbose=0)), outputs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    other = make(keras)
    other.load_weights(path)
    same(other.get_weights(), model.get_weights())


def test_weights_of_keras() -> None:
    model = zoo.trained(keras)
    model.load_weights(GOLDEN / "trained.weights.h5")
    read = keras.saving.load_model(GOLDEN / "trained.keras")
    same(model.get_weights(), read.get_weights())
    same([v.numpy() for v in model.optimizer.variables], [v.numpy() for v in read.optimizer.variables])


def test_a_trained_model_of_keras_goes_on() -> None:
    expected = dict(np.load(GOLDEN / "trained.npz"))
    model = keras.saving.load_model(GOLDEN / "trained.keras")
    slots = [expected[name] for name in expected if name.startswith("optimizer_")]
    same([v.numpy() for v in model.optimizer.variables], slots)
    assert model.metrics_names == ["loss", "compile_metrics"]
    zoo.fitted(model)
    after = [expected[name] for name in expected if name.startswith("after_")]
    for a, b in zip(model.get_weights(), after, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", zoo.MODELS, ids=lambda make: make.__name__)
def test_files_have_the_layout_of_keras(make: Any, tmp_path: Path) -> None:
    """The same groups, datasets, shapes and dtypes, and the same names of members."""
    keras.utils.clear_session()
    make(keras).save(tmp_path / "m.keras")
    members = []
    for path in (tmp_path / "m.keras", GOLDEN / f"{make.__name__}.keras"):
        with zipfile.ZipFile(path) as archive:
            assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
            weights = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
            found: dict[str, Any] = {}
            weights.visititems(
                lambda name, one, found=found: found.update(
                    {name: (one.shape, one.dtype) if isinstance(one, h5py.Dataset) else dict(one.attrs)}
                )
            )
            # Groups without datasets are only names.
            kept = {name: value for name, value in found.items() if isinstance(value, tuple)}
            members.append((archive.namelist(), kept, json.loads(archive.read("config.json"))))
    (names, arrays, config), (keras_names, keras_arrays, keras_config) = members
    assert names == keras_names == ["metadata.json", "config.json", "model.weights.h5"]
    assert arrays == keras_arrays
    assert config["compile_config"] == keras_config["compile_config"]
    assert config["build_config"] == keras_config["build_config"]
    assert set(config) == set(keras_config)


# There and back -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", zoo.MODELS, ids=lambda make: make.__name__)
def test_the_same_model(make: Any, tmp_path: Path) -> None:
    model = make(keras)
    x = zoo.inputs(model)
    expected = model.predict(x, verbose=0)
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "folder", zipped=False)
    for path in (tmp_path / "m.keras", tmp_path / "folder"):
        copy = keras.models.load_model(path)
        same(copy.predict(x, verbose=0), expected)
        assert type(copy) is type(model) and copy.name == model.name
        same(copy.get_weights(), model.get_weights())
    same(again(model).predict(x, verbose=0), expected)


optimizers = keras.optimizers
OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "Adam": lambda: optimizers.Adam(0.01, amsgrad=True, use_ema=True, ema_overwrite_frequency=3),
    "AdamW": lambda: optimizers.AdamW(
        optimizers.schedules.CosineDecay(0.1, 20, warmup_target=0.2, warmup_steps=3)
    ),
    "RMSprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "Nadam": lambda: optimizers.Nadam(0.01),
    "Ftrl": lambda: optimizers.Ftrl(0.01),
    "Lamb": lambda: optimizers.Lamb(0.01),
    "Muon": lambda: optimizers.Muon(0.01),
    "accumulation": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "LossScaleOptimizer": lambda: optimizers.LossScaleOptimizer(
        optimizers.Adam(0.01), dynamic_growth_steps=3
    ),
    "ScheduleFreeAdamW": lambda: optimizers.ScheduleFreeAdamW(0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("kind", ["whole", "weights"])
def test_training_goes_on_to_the_bit(name: str, kind: str, tmp_path: Path) -> None:
    def make() -> Any:
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input((4,)), L.Dense(5, activation="tanh"), L.BatchNormalization(), L.Dense(2)]
        )
        model.compile(OPTIMIZERS[name](), loss="mse", metrics=["mae"])
        return zoo.fitted(model)

    model = make()
    if kind == "whole":
        copy = again(model)
    else:
        model.save_weights(tmp_path / "m.weights.h5")
        copy = make()
        zoo.fitted(copy)
        copy.load_weights(tmp_path / "m.weights.h5")
    same([v.numpy() for v in copy.optimizer.variables], [v.numpy() for v in model.optimizer.variables])
    assert copy.evaluate(*zoo.data(), verbose=0) == model.evaluate(*zoo.data(), verbose=0)
    zoo.fitted(model), zoo.fitted(copy)
    same(copy.get_weights(), model.get_weights())


def test_without_compiling() -> None:
    model = zoo.trained(keras)
    copy = again(model, compile=False)
    assert not copy.compiled
    same(copy.get_weights(), model.get_weights())


@keras.saving.register_keras_serializable("archive_tests")
class Blocks(keras.Model):
    """Layers in attributes, in containers inside containers, and a weight of its own."""

    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.last = L.Dense(units)
        self.blocks = [L.Dense(units), [L.Dense(units), {"a": L.Dense(units)}]]
        self._hidden = L.Dense(units)

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")
        inner = (*shape[:-1], self.units)
        self.blocks[0].build(shape)
        for layer in (self.blocks[1][0], self.blocks[1][1]["a"], self._hidden, self.last):
            layer.build(inner)

    def call(self, x: Any) -> Any:
        x = self.blocks[1][0](self.blocks[0](x * self.scale))
        return self.last(self._hidden(self.blocks[1][1]["a"](x)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def test_own_classes_and_their_paths(tmp_path: Path) -> None:
    model = Blocks(4)
    model.build((None, 3))
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        config = json.loads(archive.read("config.json"))
        root = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
        paths: list[str] = []
        root.visit(paths.append)
    assert config["registered_name"] == "archive_tests>Blocks"
    assert sorted(path for path in paths if path.endswith("/0")) == [
        "blocks/container/container/dense/vars/0",
        "blocks/container/dense/vars/0",
        "blocks/dense/vars/0",
        "last/vars/0",
        "layers/dense_4/vars/0",
        "vars/0",
    ]
    copy = keras.models.load_model(tmp_path / "m.keras")
    same(copy.get_weights(), model.get_weights())


def test_custom_objects() -> None:
    class Twice(L.Layer):
        def call(self, x: Any) -> Any:
            return x + x

    def bent(x: Any) -> Any:
        return keras.ops.where(x > 0, x, x / 8)

    model = keras.Sequential([keras.Input((3,)), Twice(), L.Dense(2, activation=bent)])
    with pytest.raises(TypeError, match=r"Unknown class 'Twice'.*custom_objects"):
        again(model)
    x = np.ones((2, 3), "float32")
    copy = again(model, custom_objects={"Twice": Twice, "bent": bent})
    same(copy.predict(x, verbose=0), model.predict(x, verbose=0))
    with keras.saving.custom_object_scope({"Twice": Twice, "bent": bent}):
        same(again(model).predict(x, verbose=0), model.predict(x, verbose=0))


def test_vocabularies_and_own_assets(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("archive_tests")
    class Noted(L.Layer):
        note = ""

        def call(self, x: Any) -> Any:
            return x

        def save_own_variables(self, store: Any) -> None:
            store["length"] = np.array(len(self.note))

        def load_own_variables(self, store: Any) -> None:
            self.length = int(store["length"])

        def save_assets(self, folder: str) -> None:
            (Path(folder) / "inner").mkdir()
            (Path(folder) / "inner" / "note.txt").write_text(self.note, "utf-8")

        def load_assets(self, folder: str) -> None:
            self.note = (Path(folder) / "inner" / "note.txt").read_text("utf-8")

    words = L.TextVectorization(output_mode="tf_idf")
    words.adapt(["a b c", "b c d", "c"])
    x = keras.Input((), dtype="string")
    noted = Noted()
    noted.note = "\u00fcber"
    model = keras.Model(x, noted(words(x)))
    model.save(tmp_path / "m.keras")
    names = zipfile.ZipFile(tmp_path / "m.keras").namelist()
    assert names[3:] == sorted(names[3:]) and "assets/layers/text_vectorization/vocabulary.txt" in names
    copy = keras.models.load_model(tmp_path / "m.keras")
    assert copy.layers[1].get_vocabulary() == words.get_vocabulary()
    assert (copy.layers[2].note, copy.layers[2].length) == ("\u00fcber", 4)
    text = np.array(["a c", "d d e"])
    same(copy.predict(text, verbose=0), model.predict(text, verbose=0))
    model.save(tmp_path / "folder", zipped=False)
    assert keras.models.load_model(tmp_path / "folder").layers[2].note == "\u00fcber"


def test_statistics_of_data(tmp_path: Path) -> None:
    normalize = L.Normalization()
    normalize.adapt(np.random.default_rng(0).normal(3, 2, size=(50, 4)).astype("float32"))
    model = keras.Sequential([keras.Input((4,)), normalize])
    x = np.ones((2, 4), "float32")
    same(again(model).predict(x, verbose=0), model.predict(x, verbose=0))


def test_not_built() -> None:
    model = keras.Sequential([L.Dense(3), L.Dense(2)])
    with pytest.warns(UserWarning, match="has not yet been built"):
        copy = again(model)
    assert not copy.built and [layer.units for layer in copy.layers] == [3, 2]


def test_threads_read_side_by_side(tmp_path: Path) -> None:
    model = zoo.nested(keras)
    model.save(tmp_path / "m.keras")
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(keras.models.load_model(tmp_path / "m.keras")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    for copy in found:
        same(copy.get_weights(), model.get_weights())


# Paths --------------------------------------------------------------------------------------------------


def _model() -> Any:
    return keras.Sequential([keras.Input((3,)), L.Dense(2)])


@pytest.mark.parametrize(
    ("path", "arguments", "error", "message"),
    [
        ("m.png", {}, ValueError, "Invalid filepath extension for saving"),
        ("m", {}, ValueError, "Invalid filepath extension for saving"),
        ("m.keras", {"zipped": False}, ValueError, r"should not end in '.keras'"),
        (
            "m.keras",
            {"shuffle": 1},
            ValueError,
            r"The following argument\(s\) are not supported: \['shuffle'\]",
        ),
        ("m.txt", {"save_format": "tf"}, ValueError, "The `save_format` argument is deprecated"),
        ("none/m.keras", {}, FileNotFoundError, "there is no folder .*none.*Make it first"),
        ("hf://a/b", {}, ValueError, "only local files"),
    ],
)
def test_names_that_are_refused(path: str, arguments: Any, error: Any, message: str, tmp_path: Path) -> None:
    where = path if "://" in path else tmp_path / path
    with pytest.raises(error, match=message):
        _model().save(where, **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("m.keras", "File not found"),
        ("m.pkl", "File format not supported"),
        ("m", "File format not supported"),
        ("hf://a/b", "only local files"),
    ],
)
def test_files_that_are_not_there(path: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        keras.saving.load_model(path if "://" in path else tmp_path / path)


def test_what_is_no_path() -> None:
    with pytest.raises(TypeError, match="expected a path"):
        _model().save(3)


def test_an_old_format_argument_is_only_told(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="save_format"):
        _model().save(tmp_path / "m.keras", save_format="keras")


def test_a_file_is_replaced_only_if_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.keras"
    _model().save(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite is False"):
        _model().save(path, overwrite=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = iter(["what?", "n", "y"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    _model().save(path, overwrite=False)
    assert path.read_bytes() == before
    _model().save(path, overwrite=False)
    assert path.read_bytes() != before


class _Fails(L.Layer):
    def call(self, x: Any) -> Any:
        return x

    def save_own_variables(self, store: Any) -> None:
        raise OSError("the disk is full")


def test_an_error_while_saving_keeps_the_old_file(tmp_path: Path) -> None:
    bad = keras.Sequential([keras.Input((3,)), L.Dense(2), _Fails()])
    for path, save in (
        (tmp_path / "m.keras", "save"),
        (tmp_path / "m.weights.h5", "save_weights"),
    ):
        getattr(_model(), save)(path)
        before = path.read_bytes()
        with pytest.raises(OSError, match="the disk is full"):
            getattr(bad, save)(path)
        assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.keras", "m.weights.h5"]


def test_what_no_config_can_hold(tmp_path: Path) -> None:
    class Odd(L.Layer):
        def call(self, x: Any) -> Any:
            return x

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "x": {1, 2}}

    for layer in (L.Lambda(lambda x: x), Odd()):
        with pytest.raises((TypeError, ValueError), match=r"lambda|get_config|config"):
            keras.Sequential([keras.Input((3,)), layer]).save(tmp_path / "m.keras")
    assert list(tmp_path.iterdir()) == []


def test_safe_mode_is_the_only_one() -> None:
    config = {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}
    for mode in (True, False):
        with pytest.raises(ValueError, match="arbitrary code execution"):
            keras.saving.deserialize_keras_object(config, safe_mode=mode)


def test_no_warning_on_the_way(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = zoo.trained(keras)
        model.save(tmp_path / "m.keras")
        keras.models.load_model(tmp_path / "m.keras")
