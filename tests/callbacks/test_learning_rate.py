import numpy as np
import pytest

import oxhorn as keras
from oxhorn.callbacks import CallbackList, History, LearningRateScheduler, ReduceLROnPlateau
from tests.fake_model import FakeModel, run


@pytest.mark.parametrize(
    ("arguments", "values", "rates"),
    [
        ({"patience": 2, "factor": 0.5}, [3, 2, 2, 2, 2, 2], [1, 1, 1, 1, 0.5, 0.5]),
        ({"patience": 1, "factor": 0.5}, [3, 3, 3, 3], [1, 1, 0.5, 0.25]),
        ({"patience": 1, "factor": 0.5, "cooldown": 2}, [3, 3, 3, 3, 3], [1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 1, "factor": 0.1, "min_lr": 0.3}, [3, 3, 3, 3], [1, 1, 0.3, 0.3]),
        ({"patience": 1, "factor": 0.5, "mode": "max"}, [1, 2, 2, 3], [1, 1, 1, 0.5]),
        ({"patience": 1, "factor": 0.5, "min_delta": 0.5}, [3, 2.8, 2.6, 1], [1, 1, 0.5, 0.25]),
        ({"patience": 1, "factor": 0.5}, [3, float("nan"), 2], [1, 1, 0.5]),
    ],
)
def test_reduce_on_plateau(arguments, values, rates):
    model, seen = FakeModel(learning_rate=1.0), []
    reduce = ReduceLROnPlateau(**arguments)
    history = History()
    both = CallbackList([reduce, history], model=model)
    both.on_train_begin()
    for epoch, value in enumerate(values):
        both.on_epoch_end(epoch, {"val_loss": value})
        seen.append(history.history["learning_rate"][-1])
    np.testing.assert_allclose(seen, rates)


def test_reduce_starts_afresh_when_used_again():
    reduce = ReduceLROnPlateau(patience=2, factor=0.5)
    run(reduce, [1, 1])
    model = run(reduce, [9, 9])  # worse than before, and only one epoch without improvement
    assert model.optimizer.learning_rate == 1.0


def test_reduce_says_what_it_did_and_what_is_missing(capsys):
    run(ReduceLROnPlateau(patience=1, factor=0.5, verbose=1), [1, 1])
    assert capsys.readouterr().out == "\nEpoch 2: ReduceLROnPlateau reducing learning rate to 0.5.\n"
    with pytest.warns(
        UserWarning, match=r"`val_loss` which is not available. Available metrics are: learning_rate"
    ):
        run(ReduceLROnPlateau(), [None])


@pytest.mark.parametrize("factor", [1.0, 2, 0, -0.5, float("nan")])
def test_bad_factor(factor):
    with pytest.raises(ValueError, match="expected 0 < factor < 1, got"):
        ReduceLROnPlateau(factor=factor)


@pytest.mark.parametrize(
    "arguments", [{"patience": -1}, {"cooldown": -1}, {"min_lr": -0.1}, {"min_lr": float("nan")}], ids=str
)
def test_bad_arguments_of_reduce(arguments):
    with pytest.raises(ValueError, match=f"ReduceLROnPlateau: expected `{next(iter(arguments))}` to be"):
        ReduceLROnPlateau(**arguments)


def test_reduce_knows_the_metrics_that_there_are():
    with pytest.raises(
        ValueError, match=r"ReduceLROnPlateau: monitor='val_lost'.* are: val_loss, learning_rate"
    ):
        run(ReduceLROnPlateau("val_lost"), [1, 1])


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (lambda epoch: 0.1 * (epoch + 1), [0.1, 0.2, 0.3]),
        (lambda epoch, lr: lr / 2, [0.5, 0.25, 0.125]),
        (lambda epoch, lr=3.0: np.float32(lr), [1, 1, 1]),
        (keras.optimizers.schedules.StepDecay(0.5, 2, 0.5), [0.5, 0.5, 0.25]),
    ],
)
def test_scheduler(schedule, rates):
    model = FakeModel(learning_rate=1.0)
    both = CallbackList([LearningRateScheduler(schedule), History()], model=model)
    both.on_train_begin()
    for epoch in range(3):
        both.on_epoch_begin(epoch)
        both.on_epoch_end(epoch, {"loss": 1})
    np.testing.assert_allclose(model.history.history["learning_rate"], rates)


@pytest.mark.parametrize("value", ["0.1", None, float("nan"), float("inf"), -1.0, True, [0.1]])
def test_scheduler_returns_no_learning_rate(value):
    with pytest.raises(
        ValueError, match="expected the output of the `schedule` function to be a finite number"
    ):
        run(LearningRateScheduler(lambda epoch: value), [1])


def test_error_in_the_schedule_gets_out():
    def schedule(epoch, lr):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        run(LearningRateScheduler(schedule), [1])


def test_scheduler_wants_a_function_and_an_optimizer():
    with pytest.raises(TypeError, match=r"expected schedule to be a function, got 0.1"):
        LearningRateScheduler(0.1)
    model = FakeModel()
    model.optimizer = None
    with pytest.raises(
        ValueError, match=r"LearningRateScheduler: expected a model whose optimizer has .*compile"
    ):
        run(LearningRateScheduler(lambda epoch: 0.1), [1], model=model)


def of_two():
    first, second = keras.optimizers.SGD(1.0, name="first"), keras.optimizers.SGD(0.5, name="second")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    by_layer = {id(v): first for v in model.layers[0].variables}
    return keras.optimizers.MultiOptimizer(lambda v: by_layer.get(id(v), second)), model


def test_each_of_several_optimizers_has_its_rate(capsys):
    optimizer, model = of_two()
    model.compile(optimizer, "mse")
    schedule = LearningRateScheduler(lambda epoch, lr: lr / 2, verbose=1)
    x = np.zeros((4, 3))
    history = model.fit(x, x[:, :1], epochs=2, callbacks=[schedule], verbose=0).history
    assert history["learning_rate_first"] == [0.5, 0.25]
    assert history["learning_rate_second"] == [0.25, 0.125]
    assert "Epoch 2: LearningRateScheduler setting second learning rate to 0.125." in capsys.readouterr().out
    reduce = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_lr=0.1)
    history = model.fit(x, x[:, :1], epochs=3, callbacks=[reduce], verbose=0).history
    np.testing.assert_allclose(history["learning_rate_first"], [0.25, 0.25, 0.125])
    np.testing.assert_allclose(history["learning_rate_second"], [0.125, 0.125, 0.1])
    for needs_one in (keras.callbacks.LearningRateFinder(), keras.callbacks.OneCycleScheduler(0.1)):
        with pytest.raises(ValueError, match="expected a model whose optimizer has a learning rate"):
            model.fit(x, x[:, :1], callbacks=[needs_one], verbose=0)
