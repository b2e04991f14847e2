"""`data.Dataset` in use: training on it, random numbers on threads, and runs that go on."""

from __future__ import annotations

import gc
import time
import weakref
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.data import Dataset
from tests.data.small import generated, numbers, values


def model() -> keras.Sequential:
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1)])
    made.compile("adam", "mse", metrics=["mae"])
    return made


X = np.random.default_rng(0).normal(size=(50, 2)).astype("float32")
Y = X[:, :1] - X[:, 1:]


def test_set_random_seed_decides_the_order() -> None:
    orders = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        orders.append(values(numbers(30).shuffle(30)))
    assert orders[0] == orders[1] != values(numbers(30).shuffle(30))


def test_a_look_changes_no_order() -> None:
    def orders(look: bool) -> list[Any]:
        data = generated(30).shuffle(30, seed=3).batch(10).map(lambda n: n)
        if look:
            assert data.element_spec == "int32[10]"
        return [values(data), values(data)]

    assert orders(True) == orders(False)
    batches = Dataset.from_generator(lambda: ((X[i : i + 10], Y[i : i + 10]) for i in range(0, 50, 10)))
    looked_at, known = (model() for _ in range(2))
    looked_at.fit(batches.shuffle(5, seed=1), epochs=2, verbose=0)
    rows = Dataset.from_tensor_slices((X, Y)).batch(10)
    known.fit(rows.shuffle(5, seed=1), epochs=2, verbose=0)
    for a, b in zip(looked_at.get_weights(), known.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("threads", [None, 2])
def test_training_on_it_is_training_on_arrays(threads: int | None) -> None:
    data = Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (x, y), num_parallel_calls=threads).batch(8)
    from_arrays, from_dataset = model(), model()
    expected = from_arrays.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    history = from_dataset.fit(data.prefetch(2), epochs=3, verbose=0).history
    assert history == expected
    for a, b in zip(from_arrays.get_weights(), from_dataset.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert from_dataset.evaluate(data, verbose=0) == from_arrays.evaluate(X, Y, batch_size=8, verbose=0)
    np.testing.assert_array_equal(from_dataset.predict(data, verbose=0), from_arrays.predict(X, verbose=0))


def test_sample_weights_validation_and_dicts() -> None:
    x = keras.Input((2,), name="point")
    made = keras.Model({"point": x}, keras.layers.Dense(1)(x))
    made.compile("sgd", "mse", weighted_metrics=["mse"])
    data = Dataset.from_tensor_slices(({"point": X}, Y, np.ones(50, "float32"))).batch(10)
    history = made.fit(data.shuffle(5), validation_data=data.take(2), epochs=2, verbose=0).history
    assert len(history["val_loss"]) == 2


def test_endless_data_needs_steps() -> None:
    data = Dataset.from_tensor_slices((X, Y)).batch(10).repeat()
    with pytest.raises(ValueError, match="steps_per_epoch"):
        model().fit(data, verbose=0)
    assert len(model().fit(data, steps_per_epoch=3, epochs=2, verbose=0).history["loss"]) == 2


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_single_samples_are_no_batches(method: str) -> None:
    data = Dataset.from_tensor_slices((X, Y))
    for single in (data, data.map(lambda x, y: (x, y[0]))):
        with pytest.raises(ValueError, match=r"batch\(32\)"):
            getattr(model(), method)(single, verbose=0)


def test_an_empty_dataset_says_so() -> None:
    nothing = Dataset.range(5).filter(lambda i: i > 9)
    with pytest.raises(ValueError, match="fit got a Dataset that yields no batch: it has no elements"):
        model().fit(nothing)
    empty = Dataset.from_tensor_slices((X, Y)).batch(8).take(0)
    with pytest.raises(ValueError, match="fit got a Dataset that yields no batch: it has no elements"):
        model().fit(empty, verbose=0)
    # Of batches that are filtered out, only the pass tells.
    gone = Dataset.from_tensor_slices((X, Y)).batch(8).filter(lambda x, y: False)
    for method in ("fit", "evaluate", "predict"):
        with pytest.raises(ValueError, match=f"{method} got data that yields no batch: it is empty. Look"):
            getattr(model(), method)(gone, verbose=0)
    with pytest.raises(ValueError, match=r"no validation or test data: it is empty\. Look"):
        model().fit(X, Y, validation_data=gone, verbose=0)


def test_a_look_at_the_first_element_is_one_look() -> None:
    passes: list[int] = []

    def batches() -> Any:
        passes.append(1)
        yield X, Y

    data = Dataset.from_generator(batches)
    made = model()
    made.fit(data, epochs=2, verbose=0)
    assert len(passes) == 3
    made.evaluate(data, verbose=0)
    assert len(passes) == 4


def test_errors_while_training_come_out() -> None:
    def bad(x: Any, y: Any) -> Any:
        if x[0] == X[20, 0]:
            raise RuntimeError("cannot read this one")
        return x, y

    data = Dataset.from_tensor_slices((X, Y)).map(bad).batch(8).prefetch(1)
    with pytest.raises(RuntimeError, match="cannot read") as caught:
        model().fit(data, verbose=0)
    assert "element 20" in caught.value.__notes__[0]


def test_preprocessing_layers_in_map_and_adapt() -> None:
    normalization = keras.layers.Normalization()
    data = Dataset.from_tensor_slices(X)
    normalization.adapt(data.batch(16))
    scaled = np.concatenate(list(data.batch(16).map(normalization)))
    np.testing.assert_allclose(scaled.mean(0), 0.0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(0), 1.0, atol=1e-5)


def test_random_layers_in_map_are_the_same_for_any_number_of_threads() -> None:
    def passes(threads: int | None) -> list[Any]:
        keras.utils.set_random_seed(7)
        noise, drop = keras.layers.GaussianNoise(1.0), keras.layers.Dropout(0.5)
        rows = Dataset.from_tensor_slices(np.ones((200, 3), "float32")).batch(2)
        once = rows.map(lambda x: drop(noise(x, training=True), training=True), num_parallel_calls=threads)
        twice = once.map(lambda x: x + keras.random.normal((1,)) + noise(x, training=True))
        return [np.stack(list(twice)) for _ in range(2)]

    first, second = passes(None)
    assert len(np.unique(np.concatenate([first, second]))) > 1190, "no two numbers are of one key"
    for threads in (1, 2, 5):
        for found, expected in zip(passes(threads), (first, second), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_passes_inside_a_call_have_keys_of_that_call() -> None:
    def sums(threads: int | None) -> list[Any]:
        seeds = keras.random.SeedGenerator(5)

        def draw(n: Any) -> Any:
            time.sleep(0.001 * np.random.rand())
            return keras.random.uniform((), seed=seeds)

        inside = numbers(2).map(draw)
        data = numbers(8).map(lambda n: sum(inside), num_parallel_calls=threads)
        return [values(data), values(data)]

    expected = sums(None)
    assert len(np.unique(expected)) == 16
    assert sums(4) == expected


def test_a_look_draws_nothing_from_a_generator_of_several_steps() -> None:
    def pairs(look: bool) -> list[Any]:
        keras.utils.set_random_seed(3)
        data = Dataset.zip(*(numbers(3).map(lambda n: keras.random.uniform(())) for _ in range(2)))
        if look:
            assert data.element_spec == "(float32[], float32[])"
        return [values(data), values(data)]

    assert pairs(True) == pairs(False)


def test_a_generator_of_several_steps_goes_on_once() -> None:
    def make() -> Dataset:
        seeds = keras.random.SeedGenerator(3)

        def draw(n: Any) -> Any:
            return n + keras.random.uniform((), seed=seeds)

        return numbers(4).map(draw).map(draw)

    data, again = make(), make()
    values(data)
    again.set_state(data.get_state())
    assert values(again) == values(data)


def test_a_state_of_other_steps_is_refused() -> None:
    data = numbers().shuffle(7, seed=1).map(lambda n: n)
    expected = [values(data), values(data)]
    state = data.get_state()
    for bad in (
        3,
        [],
        {},
        {"orders": []},
        {"orders": [], "keys": [[]]},
        {"orders": [[1, "a"]], "keys": [[]]},
    ):
        with pytest.raises(ValueError, match=r"Dataset\.set_state"):
            data.set_state(bad)
    with pytest.raises(ValueError, match="1 shuffling and 1 mapping steps; got 1 and 0"):
        data.set_state({"orders": [[1, 0]], "keys": []})
    assert data.get_state() == state
    again = numbers().shuffle(7, seed=1).map(lambda n: n)
    again.set_state({"orders": [[1, 1]], "keys": [[]]})
    assert values(again) == expected[1]


def test_layers_that_are_made_in_each_call_go_away() -> None:
    made: list[Any] = []

    def change(x: Any) -> Any:
        noise = keras.layers.GaussianNoise(1.0, seed=3)
        made.append(weakref.ref(noise.seed_generator))
        return noise(np.ones(2, "float32"), training=True)

    data = numbers(5).map(change)
    first = values(data)
    assert len({tuple(row) for row in first}) == 5 and values(data) == first
    gc.collect()
    assert len(made) == 10 and all(generator() is None for generator in made)


def test_generators_of_calls_under_way_are_in_no_state() -> None:
    def change(n: Any) -> Any:
        drawn = keras.random.uniform((), seed=keras.random.SeedGenerator(3))
        return keras.random.uniform((), seed=shared) + drawn

    def slow(n: Any) -> Any:
        made = keras.random.SeedGenerator(3)
        drawn = keras.random.uniform((), seed=made)
        states.append(data.get_state()["keys"])
        return drawn

    shared = keras.random.SeedGenerator(4)
    states: list[Any] = []
    data = numbers(5).map(slow, num_parallel_calls=2)
    values(data)
    assert states == [[[]]] * 5
    data = numbers(5).map(change)
    values(data)
    assert data.get_state()["keys"] == [[[4, 1]]]
