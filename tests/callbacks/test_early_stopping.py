import numpy as np
import pytest

from oxhorn.callbacks import EarlyStopping
from tests.fake_model import FakeModel, run

NAN = float("nan")

# name, arguments, values of val_loss, number of epochs run, epoch (from 1) whose weights the model ends with
TABLE = [
    ("stops after patience", {"patience": 2}, [3, 2, 2, 2, 2], 4, 4),
    ("patience 0 stops at the first that is no better", {}, [3, 2, 2, 1], 3, 3),
    ("stops and restores", {"patience": 2, "restore_best_weights": True}, [3, 1, 2, 2, 2], 4, 2),
    ("restores when epochs run out", {"patience": 9, "restore_best_weights": True}, [3, 1, 2], 3, 2),
    ("last epoch is the best", {"patience": 9, "restore_best_weights": True}, [3, 2, 1], 3, 3),
    ("NaN is never the best", {"patience": 5, "restore_best_weights": True}, [NAN, 2, NAN, 3], 4, 2),
    ("NaN counts as no improvement", {"patience": 2, "restore_best_weights": True}, [1, NAN, NAN, NAN], 3, 1),
    ("only NaN restores nothing", {"patience": 9, "restore_best_weights": True}, [NAN, NAN], 2, 2),
    ("min_delta", {"patience": 1, "min_delta": 0.5}, [3, 2.6, 1], 2, 2),
    ("negative min_delta means its size", {"patience": 1, "min_delta": -0.5}, [3, 2.6, 1], 2, 2),
    ("start_from_epoch", {"patience": 1, "start_from_epoch": 3}, [1, 2, 3, 9, 9, 9], 5, 5),
    (
        "warm-up epochs are not the best",
        {"patience": 5, "start_from_epoch": 2, "restore_best_weights": True},
        [0, 0, 5, 4, 6],
        5,
        4,
    ),
    ("baseline not reached", {"patience": 2, "baseline": 1}, [4, 3, 2, 2], 4, 4),
    ("baseline reached", {"patience": 2, "baseline": 3}, [4, 2, 2, 2, 2], 4, 4),
    (
        "best is restored though no epoch reached the baseline",
        {"patience": 2, "baseline": 1, "restore_best_weights": True},
        [4, 2, 3, 3],
        3,
        2,
    ),
    ("mode max", {"mode": "max", "patience": 1, "restore_best_weights": True}, [1, 5, 4], 3, 2),
]


@pytest.mark.parametrize(
    ("arguments", "values", "epochs", "weights"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE]
)
def test_table(arguments, values, epochs, weights):
    seen = []
    stop = EarlyStopping(**arguments)
    original = stop.on_epoch_end
    stop.on_epoch_end = lambda epoch, logs=None: (seen.append(epoch), original(epoch, logs))
    model = run(stop, values)
    assert len(seen) == epochs
    np.testing.assert_array_equal(model.weights[0], np.full(3, float(weights)))


def test_used_again_starts_afresh():
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    run(stop, [1, 2, 2])
    model = run(stop, [9, 8, 7])  # worse than the first run's best, yet improving
    assert not model.stop_training
    np.testing.assert_array_equal(model.weights[0], np.full(3, 3.0))
    assert (stop.stopped_epoch, stop.best, stop.best_epoch) == (0, 7, 2)


def test_stopped_by_something_else_still_restores():
    stop = EarlyStopping(patience=9, restore_best_weights=True)
    model = FakeModel()
    stop.set_model(model)
    stop.on_train_begin()
    for epoch, value in enumerate([1, 2]):
        model.weights = [np.full(3, epoch + 1.0)]
        stop.on_epoch_end(epoch, {"val_loss": value})
    model.weights = [np.full(3, NAN)]  # an epoch that broke off
    stop.on_train_end()
    np.testing.assert_array_equal(model.weights[0], np.ones(3))


def test_missing_metric_warns_with_the_names():
    for stop in (EarlyStopping(monitor="val_accuracy"), EarlyStopping(monitor="val_acuracy", mode="max")):
        with pytest.warns(
            UserWarning,
            match=rf"`{stop.monitor}` which is not available. Available metrics are: loss, accuracy",
        ):
            stop.on_epoch_end(0, {"loss": 1, "accuracy": 0.5})


def test_unknown_metric_without_a_mode_is_an_error_with_the_names():
    stop = EarlyStopping(monitor="val_acuracy")
    with pytest.raises(
        ValueError,
        match=r"EarlyStopping: monitor='val_acuracy' is not available.* metrics are: loss, accuracy. Monitor one",
    ):
        stop.on_epoch_end(0, {"loss": 1, "accuracy": 0.5})


@pytest.mark.parametrize(
    "arguments",
    [
        {"patience": -1},
        {"patience": 1.5},
        {"start_from_epoch": -1},
        {"baseline": float("nan")},
        {"min_delta": "0.1"},
    ],
    ids=str,
)
def test_arguments_out_of_range(arguments):
    with pytest.raises(ValueError, match=f"EarlyStopping: expected `{next(iter(arguments))}` to be"):
        EarlyStopping(**arguments)
    with pytest.raises(TypeError, match="EarlyStopping: expected `monitor` to be the name of a metric"):
        EarlyStopping(monitor=None)


@pytest.mark.parametrize(
    ("monitor", "up"),
    [
        ("loss", False),
        ("val_loss", False),
        ("out_loss", False),
        ("val_accuracy", True),
        ("val_acc", True),
        ("auc", True),
        ("val_mean_absolute_error", False),
        ("top_k_categorical_accuracy", True),
        ("f1_score", True),
        ("binary_crossentropy", False),
    ],
)
def test_auto_mode_by_name(monitor, up):
    stop = EarlyStopping(monitor=monitor)
    assert stop.is_improvement(2.0, 1.0) is up


def test_auto_mode_asks_the_metric_first():
    class Speed:
        name = "speed"
        _direction = "up"

    class Container:
        metrics = [Speed()]

    stop = EarlyStopping(monitor="val_speed")
    stop.set_model(FakeModel(metrics=[Container()]))
    assert stop.is_improvement(2.0, 1.0)


def test_auto_mode_that_cannot_tell():
    with pytest.raises(
        ValueError, match=r"monitor='val_speed' does not tell .* Pass mode='max' or mode='min'"
    ):
        run(EarlyStopping(monitor="val_speed"), [1.0], monitor="val_speed")


def test_unknown_mode_warns():
    with pytest.warns(UserWarning, match="EarlyStopping mode 'least' is unknown, fallback to auto mode"):
        stop = EarlyStopping(mode="least")
    assert stop.mode == "auto"


def test_array_valued_metric_is_an_error():
    with pytest.raises(
        ValueError, match=r"expected `val_loss` to be one number, got an array of shape \(3,\)"
    ):
        EarlyStopping().on_epoch_end(0, {"val_loss": np.ones(3)})


def test_says_what_it_did(capsys):
    run(EarlyStopping(patience=1, verbose=1, restore_best_weights=True), [1, 2])
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nRestoring model weights from the end of the best epoch: 1.\n"
    )
