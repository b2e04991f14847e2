"""`TrainingMonitor`: right numbers, nothing changed by watching, and the first bad value is named."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import layers, ops
from oxhorn.callbacks import TrainingMonitor
from oxhorn.callbacks.training_monitor import cuts_off, dead_share

X = np.random.default_rng(0).normal(size=(48, 5)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(48, 1)).astype(np.float32)


def network(*extra: Any, optimizer: Any = None, **options: Any) -> Any:
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, activation="relu", name="first"),
            *extra,
            layers.Dense(1, name="last"),
        ]
    )
    model.compile(optimizer=optimizer or keras.optimizers.SGD(0.1), loss="mse", **options)
    return model


def length(arrays: Any) -> float:
    return float(np.sqrt(sum(np.sum(np.square(np.asarray(a, np.float64))) for a in arrays)))


@pytest.mark.parametrize("eagerly", [False, True])
def test_the_first_look_is_what_can_be_computed_by_hand(eagerly: bool) -> None:
    model = network(run_eagerly=eagerly)
    gradients = model.gradients(X[:16], Y[:16])
    activations = model.activations(X[:16])
    weights = {name: length(model.get_layer(name).get_weights()) for name in ("first", "last")}
    monitor = TrainingMonitor(data=(X[:16], Y[:16]))
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0, callbacks=[monitor])
    history = monitor.history
    assert history["step"].tolist() == [0, 3, 6] and history["epoch"].tolist() == [0, 1, 2]
    for name in ("first", "last"):
        mine = [g for path, g in gradients.items() if f"{name}/" in path]
        assert len(mine) == 2
        assert history["gradient_norm"][name][0] == pytest.approx(length(mine), rel=1e-5)
        assert history["update_ratio"][name][0] == pytest.approx(0.1 * length(mine) / weights[name], rel=1e-4)
        assert history["activation_mean"][name][0] == pytest.approx(activations[name].mean(), rel=1e-5)
        assert history["activation_std"][name][0] == pytest.approx(activations[name].std(), rel=1e-5)
    expected = np.mean(activations["first"].max(axis=0) <= 0)
    assert list(history["dead_share"]) == ["first"] and history["dead_share"]["first"][0] == expected
    assert history["nonfinite"] is None


@pytest.mark.parametrize(
    "options", [{}, {"every": 2}, {"check_finite": False}, {"every": 1, "check_finite": False}]
)
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
@pytest.mark.parametrize("eagerly", [False, True])
def test_watching_changes_nothing(options: Any, optimizer: str, eagerly: bool) -> None:
    finals = []
    for callbacks in ([], [TrainingMonitor(**options)]):
        model = network(
            layers.Dropout(0.3), layers.BatchNormalization(), optimizer=optimizer, run_eagerly=eagerly
        )
        history = model.fit(X, Y, epochs=3, batch_size=16, verbose=0, callbacks=callbacks)
        found = [v.numpy() for v in [*model.variables, *model.optimizer.variables]]
        finals.append([*found, np.array(history.history["loss"])])
    for alone, watched in zip(*finals, strict=True):
        np.testing.assert_array_equal(alone, watched)


def test_every_so_many_batches() -> None:
    monitor = TrainingMonitor(every=2)
    network().fit(X, Y, epochs=2, batch_size=16, verbose=0, callbacks=[monitor])
    assert monitor.history["step"].tolist() == [0, 2, 4, 6]
    assert monitor.history["epoch"].tolist() == [0, 0, 1, 1]
    assert all(len(v) == 4 for v in monitor.history["update_ratio"].values())


def test_dead_units_are_counted() -> None:
    model = network()
    kernel, bias = model.get_layer("first").get_weights()
    bias[:3] = -100.0
    model.get_layer("first").set_weights([kernel, bias])
    monitor = TrainingMonitor()
    model.fit(X, Y, verbose=0, callbacks=[monitor])
    assert monitor.history["dead_share"]["first"][0] >= 0.5
    images = np.zeros((4, 5, 5, 2), np.float32)
    images[0, 1, 1, 1] = 1.0
    assert dead_share(images, None) == 0.5


def test_what_is_like_a_relu() -> None:
    assert cuts_off(layers.Dense(1, activation="relu")) and cuts_off(layers.Activation("relu"))
    assert cuts_off(layers.ReLU()) and cuts_off(layers.Dense(1, activation=lambda x: ops.maximum(x, 0.0)))
    for other in ("elu", "sigmoid", "linear", "softmax", None):
        assert not cuts_off(layers.Dense(2, activation=other))
    assert not cuts_off(layers.ReLU(negative_slope=0.1)) and not cuts_off(layers.Flatten())


class Broken(layers.Layer):
    """Divides by zero for inputs above a limit."""

    def call(self, x: Any) -> Any:
        return x + ops.where(ops.any(x > 1e3), np.inf, 0.0)


class RootOfZero(layers.Layer):
    """Its value is finite at zero; its slope is not."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(), initializer="zeros", name="scale")

    def call(self, x: Any) -> Any:
        return x + ops.sqrt(ops.square(self.scale))


def with_one(array: Any, place: Any, value: float) -> Any:
    changed = array.copy()
    changed[place] = value
    return changed


# name, layers in the middle, x, y, optimizer, what is found: (batch, layer, what)
CASES = [
    ("input", [], with_one(X, (35, 2), np.nan), Y, None, (2, None, "input")),
    ("target", [], X, with_one(Y, (20, 0), np.inf), None, (1, None, "target")),
    ("activation", [Broken(name="broken")], with_one(X, 20, 1e5), Y, None, (1, "broken", "activation")),
    ("gradient", [RootOfZero(name="root")], X, Y, None, (0, "root", "gradient")),
    ("update", [], X, 1e4 * Y, keras.optimizers.SGD(3e38), (0, "first", "update")),
]


@pytest.mark.parametrize(
    ("extra", "x", "y", "optimizer", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
@pytest.mark.parametrize("eagerly", [False, True])
def test_the_first_value_that_is_not_finite_is_named(
    extra: list[Any], x: Any, y: Any, optimizer: Any, expected: Any, eagerly: bool
) -> None:
    extra = [type(layer)(name=layer.name) for layer in extra]
    if optimizer is not None:
        optimizer = type(optimizer).from_config(optimizer.get_config())
    model = network(*extra, optimizer=optimizer, run_eagerly=eagerly)
    monitor = TrainingMonitor(stop_on_nonfinite=True)
    with pytest.warns(UserWarning, match=f"the first value that is not finite is .* in the {expected[2]}"):
        history = model.fit(x, y, epochs=4, batch_size=16, verbose=0, shuffle=False, callbacks=[monitor])
    found = monitor.nonfinite
    assert found is not None and not np.isfinite(found["value"])
    assert (found["batch"], found["layer"], found["what"]) == expected and found["epoch"] == 0
    assert f"in batch {expected[0]} of epoch 1" in found["message"]
    assert len(history.epoch) == 1
    assert monitor.history["nonfinite"] == found
    if not eagerly and expected[2] == "input":
        assert monitor.plot()._suptitle.get_text().startswith("The first value that is not finite")


def test_training_goes_on_unless_it_is_told_to_stop() -> None:
    model = network()
    monitor = TrainingMonitor()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(with_one(X, (3, 3), np.nan), Y, epochs=3, verbose=0, callbacks=[monitor])
    assert len(history.epoch) == 3
    assert sum("not finite" in str(one.message) for one in caught) == 1
    assert np.isnan(monitor.history["gradient_norm"]["first"][-1])


def test_data_in_batches_and_nested_models() -> None:
    inner = keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, activation="relu", name="deep")], name="inner"
    )
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layers.Dense(1, name="last")(inner(inputs)))
    model.compile(loss="mse")
    batches = [(X[i : i + 16], Y[i : i + 16]) for i in (0, 16, 32)]
    monitor = TrainingMonitor(every=1)
    model.fit(
        (batch for _ in range(2) for batch in batches),
        epochs=2,
        steps_per_epoch=3,
        verbose=0,
        callbacks=[monitor],
    )
    history = monitor.history
    assert history["step"].tolist() == list(range(7))
    assert set(history["gradient_norm"]) == {"inner/deep", "last"}
    assert list(history["activation_mean"]) == ["inner/deep", "inner", "last"]
    bad = [*batches[:1], (with_one(X[:16], (1, 1), np.inf), Y[:16])]
    with pytest.warns(UserWarning, match="not finite is inf in the input"):
        model.fit(iter(bad), verbose=0, callbacks=[monitor])
    assert monitor.nonfinite is not None and monitor.nonfinite["batch"] == 1


def test_a_model_with_a_train_step_of_its_own_and_no_loss() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = layers.Dense(1, name="out")

        def call(self, x: Any) -> Any:
            return self.out(x)

        def train_step(self, data: Any) -> dict[str, Any]:
            x, _ = data
            self(x)
            return {"loss": ops.convert_to_tensor(1.0)}

    model = Own()
    model.compile()
    monitor = TrainingMonitor()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[monitor])
    assert np.isnan(monitor.history["loss"]).all() and not monitor.history["gradient_norm"]
    assert np.isfinite(monitor.history["activation_std"]["out"]).all()


def test_the_picture() -> None:
    monitor = TrainingMonitor(every=1)
    network(layers.BatchNormalization(name="norm")).fit(
        X, Y, epochs=3, batch_size=16, verbose=0, callbacks=[monitor]
    )
    figure = monitor.plot()
    assert len(figure.axes) == 6
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles[1:3] == ["gradient norm", "update / weight"]
    assert [len(axis.lines) for axis in figure.axes[1:]] == [3, 4, 3, 3, 1]
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["first", "norm", "last"]
    assert len(monitor.plot(layers=["norm"]).axes[1].lines) == 1
    with pytest.raises(ValueError, match=r"no layers \['nose'\]; it saw \['first'"):
        monitor.plot(layers=["nose"])


def test_the_picture_needs_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        TrainingMonitor().plot()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"every": 0}, "`every` to be 'epoch' or a positive number of batches; got 0"),
        ({"every": "batch"}, "got 'batch'"),
        ({"every": True}, "got True"),
        ({"data": X}, r"`data` to be \(x, y\)"),
    ],
)
def test_bad_arguments(options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TrainingMonitor(**options)


def test_nothing_seen_yet() -> None:
    with pytest.raises(ValueError, match="nothing was seen yet"):
        TrainingMonitor().plot()
    assert TrainingMonitor().history["step"].shape == (0,)
