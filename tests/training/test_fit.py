"""fit and evaluate: steps, hooks, logs, kinds of data."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.training.models import (
    CLASSES,
    L,
    Recorder,
    X,
    Y,
    assert_same,
    classifier,
    linear,
    two_inputs,
    weights,
)


def test_the_order_of_hooks() -> None:
    seen = Recorder()
    model = linear()
    model.fit(X, Y, batch_size=10, epochs=2, verbose=0, validation_data=(X[:5], Y[:5]), callbacks=[seen])
    epoch = [("batch_begin", 0), ("batch_end", 0), ("batch_begin", 1), ("batch_end", 1)]
    test = [("test_begin",), ("test_batch_begin", 0), ("test_batch_end", 0), ("test_end",)]
    expected: list[Any] = [("train_begin",)]
    for number in (0, 1):
        expected += [("epoch_begin", number), *epoch, *test, ("epoch_end", number)]
    assert seen.calls == [*expected, ("train_end",)]
    assert [list(logs) for name, logs in seen.logs if name == "batch_end"] == [["loss"]] * 4
    assert [list(logs) for name, logs in seen.logs if name == "epoch_end"] == [["loss", "val_loss"]] * 2
    assert list(seen.logs[-1][1]) == ["loss", "val_loss"]
    assert all(type(value) is float for _, logs in seen.logs for value in logs.values())


def test_batch_logs_are_means_so_far() -> None:
    seen = Recorder()
    model = linear(optimizer=keras.optimizers.SGD(0.0))
    model.fit(X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=[seen])
    error = (model.predict(X, verbose=0) - Y)[:, 0] ** 2
    got = [logs["loss"] for name, logs in seen.logs if name == "batch_end"]
    # The last batch is short and counts by its size.
    np.testing.assert_allclose(got, [error[:8].mean(), error[:16].mean(), error.mean()], rtol=1e-5)


def test_steps_per_execution() -> None:
    seen = Recorder()
    model = linear(steps_per_execution=3)
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[seen])
    batches = [call for call in seen.calls if call[0].startswith("batch")]
    assert batches == [("batch_begin", 0), ("batch_end", 2), ("batch_begin", 3), ("batch_end", 4)]
    assert_same(weights(compiled={"steps_per_execution": 2}), weights())


def test_hooks_change_nothing_in_the_weights() -> None:
    assert_same(weights(callbacks=[Recorder()]), weights())


def test_eager_is_traced() -> None:
    assert_same(weights(compiled={"run_eagerly": True}), weights(), 1e-6)
    for optimizer in ("adam", "rmsprop"):
        assert_same(
            weights(compiled={"run_eagerly": True, "optimizer": optimizer}),
            weights(compiled={"optimizer": optimizer}),
            1e-5,
        )


def test_kinds_of_data_are_one() -> None:
    plain = weights()

    def batches() -> Iterator[Any]:
        for _ in range(2):
            for at in range(0, 20, 6):
                yield X[at : at + 6], Y[at : at + 6]

    class Dataset(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            return X[index * 6 : index * 6 + 6], Y[index * 6 : index * 6 + 6]

    assert_same(weights(x=batches(), y=None, batch_size=None, steps_per_epoch=4), plain)
    for options in ({}, {"workers": 3, "max_queue_size": 2}, {"use_multiprocessing": True}):
        assert_same(weights(x=Dataset(**options), y=None, batch_size=None), plain)
    again = [(X[at : at + 6], Y[at : at + 6]) for at in range(0, 20, 6)]

    class Loader:
        def __iter__(self) -> Iterator[Any]:
            return iter(again)

    assert_same(weights(x=Loader(), y=None, batch_size=None), plain)
    assert_same(weights(x=X.tolist(), y=Y.tolist()), plain)
    assert_same(weights(x=keras.ops.convert_to_tensor(X), y=keras.ops.convert_to_tensor(Y)), plain)
    assert_same(weights(y=Y[:, 0]), plain)
    assert_same(weights(x=(X,)), plain)
    assert_same(weights(y=[Y]), plain)


def test_two_inputs() -> None:
    model = two_inputs()
    model.compile("sgd", "mse")
    left, right = X, X[:, :2] * 2
    start = model.get_weights()
    results = []
    for x in ([left, right], (left, right), {"right": right, "left": left}):
        model.set_weights(start)
        model.fit(x, Y, shuffle=False, verbose=0)
        results.append(model.get_weights())
    assert_same(results[0], results[1])
    assert_same(results[0], results[2])
    with pytest.raises(
        ValueError, match=r"inputs named \['left', 'right'\].*missing \['right'\], unknown \['wrong'\]"
    ):
        model.fit({"left": left, "wrong": right}, Y, verbose=0)
    with pytest.raises(ValueError, match=r"2 inputs \['left', 'right'\]; got 1 array"):
        model.fit(left, Y, verbose=0)
    with pytest.raises(
        ValueError, match=r"expected 2 at axis 1 of its input 'right' \(shape \(samples, 2\)\)"
    ):
        model.fit([left, left], Y, verbose=0)


def test_dataset_hooks_and_shuffling() -> None:
    calls: list[Any] = []

    class Dataset(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int) -> Any:
            calls.append(index)
            return X[index * 4 : index * 4 + 4], Y[index * 4 : index * 4 + 4]

        def on_epoch_begin(self) -> None:
            calls.append("begin")

        def on_epoch_end(self) -> None:
            calls.append("end")

    linear().fit(Dataset(), epochs=2, verbose=0, shuffle=False)
    assert calls == ["begin", 0, 1, 2, 3, 4, "end"] * 2
    calls.clear()
    keras.utils.set_random_seed(1)
    linear().fit(Dataset(), epochs=3, verbose=0)
    drawn = [calls[i * 7 + 1 : i * 7 + 6] for i in range(3)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in drawn)
    assert len({tuple(epoch) for epoch in drawn}) > 1


def test_shuffling_repeats_with_the_seed() -> None:
    def run(seed: int) -> list[Any]:
        keras.utils.set_random_seed(seed)
        return weights(shuffle=True)

    assert_same(run(5), run(5))
    assert not np.array_equal(run(5)[0], run(6)[0])


def test_every_row_is_drawn_once_an_epoch() -> None:
    seen: list[float] = []

    class Spy(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = L.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            seen.extend(np.asarray(data[0])[:, 0].tolist())
            return super().train_step(data)

    model = Spy()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=6, verbose=0, epochs=2)
    assert sorted(seen[:20]) == sorted(X[:, 0].tolist()) == sorted(seen[20:])
    assert seen[:20] != seen[20:]


def test_validation_forms() -> None:
    model = linear()
    right = model.evaluate(X[:5], Y[:5], verbose=0)
    pairs = [(X[:3], Y[:3]), (X[3:5], Y[3:5])]
    for data, options in (
        ((X[:5], Y[:5]), {}),
        ([X[:5], Y[:5]], {}),
        ((X[:5], Y[:5], np.ones(5)), {}),
        (iter(pairs), {}),
        ((X, Y), {"validation_batch_size": 5, "validation_steps": 1}),
    ):
        history = _still(model).fit(X, Y, verbose=0, validation_data=data, **options).history
        np.testing.assert_allclose(history["val_loss"], [right], rtol=1e-5)


def _still(model: keras.Model) -> keras.Model:
    """The model with an optimizer that does not move it."""
    model.compile(keras.optimizers.SGD(0.0), "mse")
    return model


def test_validation_split_is_the_last_part() -> None:
    model = _still(linear())
    history = model.fit(X, Y, verbose=0, validation_split=0.25, batch_size=4).history
    np.testing.assert_allclose(history["val_loss"], [model.evaluate(X[15:], Y[15:], verbose=0)], rtol=1e-5)
    np.testing.assert_allclose(history["loss"], [model.evaluate(X[:15], Y[:15], verbose=0)], rtol=1e-5)


@pytest.mark.parametrize(("freq", "count"), [(1, 4), (2, 2), ([1, 4], 2), (5, 0)])
def test_validation_freq(freq: Any, count: int) -> None:
    history = linear().fit(X, Y, epochs=4, verbose=0, validation_data=(X, Y), validation_freq=freq).history
    assert len(history.get("val_loss", [])) == count
    assert len(history["loss"]) == 4


def test_initial_epoch() -> None:
    history = linear().fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_steps_per_epoch_of_arrays_go_on() -> None:
    seen: list[float] = []

    class Spy(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            seen.extend(np.asarray(data[0])[:, 0].tolist())
            return super().train_step(data)

    model = Spy([keras.Input((3,)), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=5, steps_per_epoch=2, epochs=2, shuffle=False, verbose=0)
    assert seen == X[:, 0].tolist()
    with pytest.warns(UserWarning, match="ended after 4 of 6 steps, so fit stops there"):
        model.fit(X, Y, batch_size=5, steps_per_epoch=6, shuffle=False, verbose=0)
    assert linear().fit(X, Y, steps_per_epoch=4, verbose=0).params["steps"] == 4


def test_generators_that_end() -> None:
    with pytest.raises(ValueError, match="yields no batch: it is empty"):
        linear().fit(iter(()), verbose=0)
    with pytest.warns(UserWarning, match="ended after 2 of 3 steps"):
        history = linear().fit(iter([(X, Y)] * 2), steps_per_epoch=3, verbose=0)
    assert len(history.history["loss"]) == 1
    with pytest.warns(UserWarning, match="The data ended"):
        history = linear().fit(iter([(X, Y)] * 2), epochs=3, verbose=0)
    assert len(history.history["loss"]) == 1
    with pytest.raises(ValueError, match=r"without an end .* needs `steps_per_epoch`"):
        linear().fit(itertools.repeat((X, Y)), verbose=0)
    with pytest.raises(ValueError, match=r"got no validation .* used it up"):
        linear().fit(X, Y, epochs=2, verbose=0, validation_data=iter([(X, Y)]))


def test_class_weight_with_several_outputs() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, [L.Dense(1, name="a")(x), L.Dense(1, name="b")(x)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"single output; .*\['a', 'b'\]"):
        model.fit(X, [Y, Y], class_weight={0: 1.0}, verbose=0)


def test_weights_of_samples_and_classes() -> None:
    """sum(w * l) / n, by Keras's default reduction; metrics see weights only if they are weighted ones."""
    rng = np.random.default_rng(2)
    w = rng.uniform(0.5, 2.0, 20)
    model = classifier(
        optimizer=keras.optimizers.SGD(0.0), metrics=["accuracy"], weighted_metrics=["accuracy"]
    )
    p = model.predict(X, verbose=0)
    loss = -np.log(p[np.arange(20), CLASSES])
    right = p.argmax(1) == CLASSES
    logs = model.fit(X, CLASSES, sample_weight=w, batch_size=20, verbose=0).history
    np.testing.assert_allclose(logs["loss"], [np.sum(w * loss) / 20], rtol=1e-5)
    np.testing.assert_allclose(logs["accuracy"], [right.mean()], rtol=1e-5)
    np.testing.assert_allclose(logs["weighted_accuracy"], [np.sum(w * right) / np.sum(w)], rtol=1e-5)
    by_class = {0: 1.0, 1: 0.25, 2: 3.0, 3: 0.0}
    logs = model.fit(X, CLASSES, class_weight=by_class, batch_size=20, verbose=0).history
    np.testing.assert_allclose(
        logs["loss"], [np.sum(np.array([by_class[c] for c in CLASSES]) * loss) / 20], rtol=1e-5
    )
    evaluated = model.evaluate(X, CLASSES, sample_weight=w, batch_size=20, verbose=0, return_dict=True)
    np.testing.assert_allclose(evaluated["loss"], np.sum(w * loss) / 20, rtol=1e-5)


def test_a_row_twice_is_weight_two() -> None:
    options = {"compiled": {"loss": keras.losses.MeanSquaredError(reduction="sum")}, "batch_size": 100}
    twice = np.concatenate([np.arange(20), [4, 7]])
    w = np.ones(20)
    w[[4, 7]] = 2.0
    optimizer = {"optimizer": keras.optimizers.SGD(0.001)}
    a = weights(x=X[twice], y=Y[twice], **{**options, "compiled": {**options["compiled"], **optimizer}})
    optimizer = {"optimizer": keras.optimizers.SGD(0.001)}
    b = weights(sample_weight=w, **{**options, "compiled": {**options["compiled"], **optimizer}})
    assert_same(a, b, 1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "`epochs` to be a positive integer; got 0"),
        ({"epochs": -1}, "`epochs` .* got -1"),
        ({"epochs": 1.5}, "`epochs` .* got 1.5 of type float"),
        ({"epochs": "3"}, "`epochs` .* got '3' of type str"),
        ({"epochs": True}, "`epochs` .* got True"),
        ({"batch_size": 0}, "`batch_size` to be a positive integer, or None; got 0"),
        ({"batch_size": 2.0}, "`batch_size` .* got 2.0"),
        ({"initial_epoch": -1}, "`initial_epoch` to be an integer of at least 0"),
        ({"steps_per_epoch": 0}, "`steps_per_epoch` .* got 0"),
        ({"validation_freq": 0}, "`validation_freq` .* got 0"),
        ({"validation_freq": "x"}, "`validation_freq` .* got 'x'"),
        ({"verbose": 3}, "`verbose` to be 'auto', 0, 1 or 2; got 3"),
        ({"shuffle": "batch"}, "`shuffle` to be True or False; got 'batch'"),
        ({"x": None}, "`x` is None"),
        ({"x": X[:, :2]}, r"expected 3 at axis 1 .* got an array of shape \(20, 2\)"),
        ({"x": X[:, :, None, None]}, r"expected rank 2 .* \(20, 3, 1, 1\)"),
        ({"x": X[0]}, "same number of samples"),
        ({"x": [X, X]}, r"expected 1 input .*; got 2 arrays in `x`"),
        ({"x": list(X)}, "same number of samples|np.stack"),
        ({"x": lambda: 3, "y": None}, "If it is a generator function, call it"),
        ({"x": iter([(X, Y)])}, "got `y` although `x` .* yields whole batches"),
        ({"x": iter([(X, Y)]), "y": None, "batch_size": 3}, "got `batch_size` although"),
        ({"x": iter([(X, Y)]), "y": None, "validation_split": 0.5}, "only from arrays"),
        ({"x": iter([(X, Y, Y, Y)]), "y": None}, "a tuple of 4 elements"),
        ({"sample_weight": np.ones(3)}, "x has 20, y has 20, sample_weight has 3"),
        ({"class_weight": {0: 1.0}, "sample_weight": np.ones(20)}, "both `class_weight` and `sample_weight`"),
        ({"callbacks": [3]}, "3"),
    ],
)
def test_bad_arguments(options: dict[str, Any], message: str) -> None:
    model = linear()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(**{"x": X, "y": Y, "verbose": 0, **options})
    assert_same(model.get_weights(), before)
    model.fit(X, Y, verbose=0)
