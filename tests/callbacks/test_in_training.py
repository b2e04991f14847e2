"""Callbacks in real training: the order of hooks, and what each leaves behind."""

from __future__ import annotations

import csv
import itertools
from typing import Any

import numpy as np
import pytest

import oxhorn as keras

HOOKS = sorted(
    name for name in vars(keras.callbacks.Callback) if name.startswith("on_") and "on_batch" not in name
)


class Recorder(keras.callbacks.Callback):
    """Writes down every hook, its epoch or batch, and the names in its logs."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, Any, list[str]]] = []


def _record(name: str) -> Any:
    def hook(self: Recorder, *args: Any, logs: Any = None) -> None:
        number = args[0] if args and isinstance(args[0], int) else None
        logs = logs if logs is not None else next((a for a in args if isinstance(a, dict)), {})
        self.calls.append((name, number, sorted(logs)))

    return hook


for _name in HOOKS:
    setattr(Recorder, _name, _record(_name))


def small_model(metrics: Any = ("mae",), learning_rate: float = 0.1) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate), loss="mse", metrics=list(metrics))
    return model


def data(rows: int = 40) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3))
    return x, x @ np.array([[1.0], [-2.0], [0.5]])


def batches(kind: str, count: int, names: list[str]) -> list[Any]:
    pairs = ([(f"on_{kind}_batch_begin", i, []), (f"on_{kind}_batch_end", i, names)] for i in range(count))
    return list(itertools.chain.from_iterable(pairs))


def test_order_of_hooks_is_keras_s() -> None:
    model, recorder = small_model(), Recorder()
    x, y = data(5)
    arguments = {"batch_size": 2, "validation_data": (x[:3], y[:3]), "validation_batch_size": 2, "verbose": 0}
    model.fit(x, y, epochs=2, callbacks=[recorder], **arguments)
    seen, both = ["loss", "mae"], ["loss", "mae", "val_loss", "val_mae"]
    test = [("on_test_begin", None, []), *batches("test", 2, seen), ("on_test_end", None, seen)]
    epochs = [
        [("on_epoch_begin", e, []), *batches("train", 3, seen), *test, ("on_epoch_end", e, both)]
        for e in range(2)
    ]
    assert recorder.calls == [
        ("on_train_begin", None, []),
        *epochs[0],
        *epochs[1],
        ("on_train_end", None, both),
    ]

    recorder.calls.clear()
    model.evaluate(x, y, batch_size=3, callbacks=[recorder], verbose=0)
    assert recorder.calls == test

    recorder.calls.clear()
    model.predict(x, batch_size=3, callbacks=[recorder], verbose=0)
    predict = batches("predict", 2, ["outputs"])
    assert recorder.calls == [("on_predict_begin", None, []), *predict, ("on_predict_end", None, [])]


def test_watching_batches_changes_nothing_in_the_result() -> None:
    x, y = data()
    plain, watched = small_model(), small_model()
    keras.utils.set_random_seed(5)
    one = plain.fit(x, y, epochs=3, batch_size=7, validation_split=0.2, verbose=0)
    keras.utils.set_random_seed(5)
    two = watched.fit(x, y, epochs=3, batch_size=7, validation_split=0.2, verbose=0, callbacks=[Recorder()])
    assert one.history == two.history
    for a, b in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_early_stopping_restores_the_best_epoch() -> None:
    x, y = data()
    kept: list[list[np.ndarray]] = []
    model = small_model(learning_rate=0.1)
    # From the third epoch on the learning rate is far too large: the loss grows.
    blow_up = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 if epoch < 2 else 2.0)
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(model.get_weights()))
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(
        x, y, epochs=10, batch_size=8, validation_split=0.25, callbacks=[blow_up, keep, stop], verbose=0
    )
    losses = history.history["val_loss"]
    assert len(losses) == 4
    assert int(np.argmin(losses)) == 1
    for now, best in zip(model.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(now, best)
    assert model.evaluate(x[30:], y[30:], verbose=0)[0] == pytest.approx(losses[1], rel=1e-5)


def test_checkpoint_can_be_loaded(tmp_path: Any) -> None:
    x, y = data()
    path = tmp_path / "best-{epoch}.weights.safetensors"
    keep = keras.callbacks.ModelCheckpoint(path, save_weights_only=True, monitor="loss", save_best_only=True)
    model = small_model()
    model.fit(x, y, epochs=3, callbacks=[keep], verbose=0)
    other = small_model()
    other.load_weights(tmp_path / "best-3.weights.safetensors")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))


def test_learning_rate_of_every_epoch_is_in_the_history() -> None:
    x, y = data()
    model = small_model(learning_rate=1.0)
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 4)
    history = model.fit(x, y, epochs=3, callbacks=[schedule], verbose=0)
    assert history.history["learning_rate"] == [0.25, 0.0625, 0.015625]
    assert float(np.asarray(model.optimizer.learning_rate)) == 0.015625


def test_reduce_on_plateau_changes_the_steps() -> None:
    x, y = data()
    model = small_model(learning_rate=0.5)
    reduce = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    history = model.fit(x, y, epochs=4, callbacks=[reduce], verbose=0)
    assert history.history["learning_rate"] == [0.5, 0.5, 0.25, 0.125]


def test_nan_stops_at_its_batch(capsys: Any) -> None:
    x, y = data()
    x[17, 1] = np.nan
    model = small_model()
    history = model.fit(
        x, y, epochs=5, batch_size=5, shuffle=False, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0
    )
    assert len(history.epoch) == 1
    assert "Epoch 1, batch 3: Invalid loss (nan)" in capsys.readouterr().out


def test_csv_equals_history(tmp_path: Any) -> None:
    x, y = data()
    path = tmp_path / "log.csv"
    history = small_model().fit(
        x, y, epochs=3, validation_split=0.2, callbacks=[keras.callbacks.CSVLogger(path)], verbose=0
    )
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name, values in history.history.items():
        assert [float(row[name]) for row in rows] == values


def test_stop_training_after_a_batch() -> None:
    x, y = data()
    model, seen = small_model(), []

    def stop(batch: int, logs: Any) -> None:
        seen.append(batch)
        model.stop_training = batch == 2

    model.fit(
        x,
        y,
        epochs=3,
        batch_size=5,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=stop)],
        verbose=0,
    )
    assert seen == [0, 1, 2]
    model.fit(x, y, epochs=1, batch_size=20, verbose=0)  # and can be trained again


@pytest.mark.parametrize("hook", HOOKS)
def test_an_error_in_a_hook_leaves_the_model_usable(hook: str) -> None:
    x, y = data()
    model = small_model()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("mine")

    broken = keras.callbacks.LambdaCallback(**{hook: fail})
    with pytest.raises(RuntimeError, match="mine"):
        if "predict" in hook:
            model.predict(x, callbacks=[broken], verbose=0)
        else:
            model.fit(x, y, epochs=2, validation_split=0.2, callbacks=[broken], verbose=0)
    history = model.fit(x, y, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert np.isfinite(model.predict(x, verbose=0)).all()


def test_weights_set_in_a_hook_stay() -> None:
    x, y = data()
    model = small_model()

    def reset(epoch: int, logs: Any) -> None:
        model.layers[0].set_weights([np.zeros((3, 1)), np.zeros(1)])

    model.fit(x, y, epochs=1, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=reset)], verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), np.zeros((40, 1)))


def test_progress_bar_of_fit(capsys: Any) -> None:
    x, y = data()
    small_model().fit(x, y, epochs=2, batch_size=10, validation_split=0.25)
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[2]] == ["Epoch 1/2", "Epoch 2/2"]
    assert lines[1].startswith("3/3 ━━━━━━━━━━━━━━━━━━━━ 0s ")
    for name in ("loss", "mae", "val_loss", "val_mae"):
        assert f" - {name}: " in lines[1]
