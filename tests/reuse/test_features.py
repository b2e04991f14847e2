"""Features of frozen layers: training on them gives the same numbers; what cannot be stored is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import reuse
from tests.reuse.models import (
    IMAGES,
    RNG,
    L,
    X,
    Y,
    images,
    nested,
    ops_of_a_step,
    residual,
    same,
    stack,
    towers,
)

TOKENS = RNG.integers(1, 40, (50, 12)).astype("int32")
SERIES = RNG.normal(size=(50, 6, 8)).astype("float32")
TEXTS = np.array(["a b", "c", "b b c a", "d a"] * 13)[:50]


def recurrent() -> Any:
    return keras.Sequential(
        [
            keras.Input((12,)),
            L.Embedding(40, 8, name="embedding"),
            L.LSTM(9, return_sequences=True, name="lstm"),
            L.GRU(6, name="gru"),
            L.Dense(3),
        ]
    )


def masked() -> Any:
    layers = [L.Embedding(40, 8, mask_zero=True, name="embedding"), L.LSTM(9, name="lstm"), L.Dense(3)]
    return keras.Sequential([keras.Input((12,)), *layers])


def attention() -> Any:
    x = keras.Input((6, 8))
    seen = L.MultiHeadAttention(2, 4, name="attention")(x, x)
    normal = L.LayerNormalization(name="norm")(L.Add(name="sum")([seen, x]))
    return keras.Model(x, L.Dense(3)(L.Flatten()(normal)))


def with_dropout() -> Any:
    layers = [L.Dense(16, "relu", name="low"), L.Dropout(0.3), L.Dense(12, "relu"), L.Dense(3)]
    return keras.Sequential([keras.Input((8,)), *layers])


def quiet_dropout() -> Any:
    """Dropout below the cut, called as in inference: how pretrained models are put into others."""
    base = keras.Sequential([keras.Input((8,)), L.Dense(6, "relu"), L.Dropout(0.5)], name="base")
    x = keras.Input((8,))
    return keras.Model(x, L.Dense(3)(base(x, training=False)))


def regularized() -> Any:
    layers = [L.Dense(n, "relu", kernel_regularizer="l2", name=name) for n, name in ((6, "low"), (5, "high"))]
    return keras.Sequential([keras.Input((8,)), *layers, L.Dense(3)])


def two_results() -> Any:
    x = keras.Input((8,), name="x")
    low = L.Dense(6, "relu", name="low")(x)
    return keras.Model(x, {"p": L.Dense(3, name="p")(low), "q": L.Dense(3, name="q")(low)})


def read() -> Any:
    reader = L.TextVectorization(
        output_mode="int", output_sequence_length=4, vocabulary=["a", "b", "c"], name="reader"
    )
    layers = [reader, L.Embedding(6, 4, name="embedding"), L.Flatten(name="flat"), L.Dense(3)]
    return keras.Sequential([keras.Input((), dtype="string"), *layers])


def averaged() -> Any:
    layers = [L.Embedding(40, 8, name="embedding"), L.GlobalAveragePooling1D(name="mean"), L.Dense(3)]
    return keras.Sequential([keras.Input((12,)), *layers])


# The model, its data, and where it is cut.
SAME: list[tuple[Callable[[], Any], Any, Any]] = [
    (stack, X, "hidden1"),
    (stack, X, "hidden3"),
    (stack, X, 1),
    (residual, X, "b"),
    (residual, X, "sum"),
    (residual, X, "c"),
    (towers, {"i": X, "j": X[:, :2]}, "a"),
    (towers, {"i": X, "j": X[:, :2]}, ["a", "b"]),
    (images, IMAGES, "norm1"),
    (images, IMAGES, "pool1"),
    (images, IMAGES, "norm2"),
    (images, IMAGES, "mean"),
    (nested, X, "base"),
    (recurrent, TOKENS, "embedding"),
    (averaged, TOKENS, "mean"),
    (recurrent, TOKENS, "lstm"),
    (recurrent, TOKENS, "gru"),
    (masked, TOKENS * (TOKENS > 9), "lstm"),
    (attention, SERIES, "attention"),
    (attention, SERIES, "norm"),
    (with_dropout, X, "low"),
    (quiet_dropout, X, "base"),
    (regularized, X, "high"),
    (two_results, X, "low"),
    (read, TEXTS, "flat"),
]


def rows(x: Any, count: int) -> Any:
    return {key: part[:count] for key, part in x.items()} if isinstance(x, dict) else x[:count]


@pytest.mark.parametrize(("make", "x", "until"), SAME, ids=lambda v: getattr(v, "__name__", str(v)[:12]))
def test_the_same_numbers(make: Any, x: Any, until: Any) -> None:
    """To the bit, whatever the sizes of batches: losses, metrics, validation, weights."""
    results = []
    for cached in (False, True):
        keras.utils.set_random_seed(1)
        model = make()
        for each in until if isinstance(until, list) else [until]:
            reuse.freeze(model, until=each)
        model.compile(keras.optimizers.Adam(0.01, clipvalue=0.5), "mse", metrics=["mae"])
        count = len(next(iter(x.values())) if isinstance(x, dict) else x)
        y: Any = {"p": Y, "q": -Y} if make is two_results else Y[:count]
        weights = np.linspace(0.1, 2.0, count) if make is not two_results else None
        held = (rows(x, 11), rows(y, 11))
        options: Any = {"batch_size": 7, "epochs": 3, "verbose": 0, "sample_weight": weights}
        if make is two_results:
            model.compile(model.optimizer, "mse")
        keras.utils.set_random_seed(2)
        if cached:
            cache = model.cache_features(x, until=until, batch_size=13)
            history = cache.fit(y, validation_data=held, **options)
        else:
            history = model.fit(x, y, validation_data=held, **options)
        results.append((history.history, model.get_weights(), model.predict(x, verbose=0)))
    assert results[0][0] == results[1][0]
    same(results[0][1], results[1][1])
    for one, other in zip(
        *(r[2].values() if isinstance(r[2], dict) else [r[2]] for r in results), strict=True
    ):
        np.testing.assert_array_equal(one, other)


OPT = keras.optimizers
LABELS = np.arange(50) % 3
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

# What `compile` and `fit` are called with.
WAYS: dict[str, tuple[Callable[[], dict[str, Any]], dict[str, Any]]] = {
    "eager": (lambda: {"optimizer": "adam", "metrics": ["accuracy"], "run_eagerly": True}, {}),
    "closures": (lambda: {"optimizer": OPT.LBFGS()}, {}),
    "class weights": (
        lambda: {"optimizer": "adam", "weighted_metrics": ["accuracy"]},
        {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    ),
    "validation split": (lambda: {"optimizer": "adam", "metrics": ["accuracy"]}, {"validation_split": 0.2}),
    "steps": (
        lambda: {"optimizer": "adam", "steps_per_execution": 3},
        {"steps_per_epoch": 2, "batch_size": 5},
    ),
    "surroundings": (
        lambda: {
            "optimizer": OPT.AdamW(0.01, gradient_accumulation_steps=2, use_ema=True, global_clipnorm=1.0)
        },
        {"batch_size": 4},
    ),
    "several optimizers": (lambda: {"optimizer": OPT.MultiOptimizer(lambda v: OPT.SGD(0.1))}, {}),
    "scaled losses": (lambda: {"optimizer": OPT.LossScaleOptimizer(OPT.SGD(0.1))}, {}),
    "a schedule": (lambda: {"optimizer": OPT.SGD(OPT.schedules.CosineDecay(0.1, 10))}, {}),
    "factors": (lambda: {"optimizer": OPT.SGD(0.1, learning_rate_multipliers={"output": 0.5})}, {}),
}


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@pytest.mark.parametrize("way", WAYS)
def test_the_same_numbers_however_it_is_trained(way: str, floatx: str) -> None:
    compiled, options = WAYS[way]
    results = []
    keras.config.set_floatx(floatx)
    try:
        for cached in (False, True):
            model = stack(1)
            reuse.freeze(model, until="hidden2")
            model.compile(loss=LOSS, **compiled())
            keras.utils.set_random_seed(2)
            options = {"epochs": 3, "verbose": 0, **options}
            if cached:
                history = model.cache_features(X, until="hidden2").fit(LABELS, **options)
            else:
                history = model.fit(X, LABELS, **options)
            results.append((history.history, model.get_weights()))
    finally:
        keras.config.set_floatx("float32")
    assert results[0][0] == results[1][0]
    same(results[0][1], results[1][1])


@pytest.mark.parametrize("frozen", [1, 2, 3])
def test_a_step_on_features_runs_the_upper_part_alone(frozen: int) -> None:
    model = stack(compiled="sgd")
    reuse.freeze(model, slice(frozen))
    model.compile("sgd", "mse")
    cache = model.cache_features(X, until=frozen - 1)
    ops = ops_of_a_step(cache.model, cache.features)
    above = 4 - frozen
    # Forward through each layer, back through all but the lowest, and the gradient of each kernel.
    assert ops.count("dense") + ops.count("matmul") == above + above - 1
    assert ops.count("contract_rows") == above
    assert len(ops) < len(ops_of_a_step(model))


def test_a_run_on_features_goes_on(tmp_path: Path) -> None:
    def run(epochs: int, **options: Any) -> Any:
        model = stack(1, compiled="adam")
        reuse.freeze(model, until="hidden2")
        model.compile("adam", "mse")
        keras.utils.set_random_seed(2)
        cache = model.cache_features(X, until="hidden2")
        history = cache.fit(Y, epochs=epochs, batch_size=7, verbose=0, **options).history
        return history, model.get_weights()

    run(2, resume=tmp_path / "run.snapshot")
    resumed, straight = run(5, resume=tmp_path / "run.snapshot"), run(5)
    assert resumed[0] == straight[0]
    same(resumed[1], straight[1])


def test_text() -> None:
    """Layers that read text are a part of what is stored."""
    model = read()
    reuse.freeze(model, until="flat")
    assert model.cache_features(TEXTS, until="flat").features.shape == (50, 16)


@pytest.mark.parametrize(("make", "x", "until"), [(images, IMAGES, "conv2"), (averaged, TOKENS, "embedding")])
def test_a_cut_through_what_is_computed_in_one_pass(make: Any, x: Any, until: str) -> None:
    """A convolution and the normalization after it round once less together: close, and said so."""
    model = make()
    reuse.freeze(model, until=until)
    model.compile("sgd", "mse")
    with pytest.warns(
        UserWarning, match=rf"the cut at \['{until}'\] is between layers that are computed in one pass"
    ):
        cache = model.cache_features(x, until=until)
    cache.fit(Y[: len(x)], epochs=3, verbose=0)
    other = cache.model.predict(cache.features, verbose=0)
    np.testing.assert_allclose(other, model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_several_tensors_cross_the_cut() -> None:
    model = residual()
    reuse.freeze(model, until="c")
    cache = model.cache_features(X, until="c")
    assert [part.shape for part in cache.features] == [(50, 6), (50, 6)]
    model = towers()
    reuse.freeze(model, until="a")
    cache = model.cache_features({"i": X, "j": X[:, :2]}, until="a")
    assert sorted(part.shape for part in cache.features) == [(50, 2), (50, 6)]


def test_real_digits() -> None:
    """A top that is trained on features of digits reaches what it reaches on the images."""
    (x, y), (x_test, y_test) = keras.datasets.digits.load_data()
    x, x_test = (each.reshape(len(each), -1).astype("float32") / each.max() for each in (x, x_test))
    keras.utils.set_random_seed(0)
    base = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            L.Dense(64, "relu", name="low"),
            L.Dense(32, "relu", name="high"),
            L.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    base.compile("adam", loss, metrics=["accuracy"])
    small = y < 5
    base.fit(x[small], y[small], epochs=10, verbose=0)
    model = reuse.with_new_top(base, "high", [L.Dense(10, name="new")])
    reuse.freeze(model, until="high")
    model.compile("adam", loss, metrics=["accuracy"])
    model.cache_features(x, until="high").fit(y, epochs=60, verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    assert accuracy > 0.85


# What is shared ------------------------------------------------------------------------------------------


def test_layers_optimizer_and_losses_are_those_of_the_model() -> None:
    model = stack()
    reuse.freeze(model, until="hidden2")
    model.compile("adam", "mse", metrics=["mae"])
    cache = model.cache_features(X, until="hidden2")
    assert cache.model.optimizer is model.optimizer and cache.base is model and cache.computed
    assert [layer.name for layer in cache.model.layers[1:]] == ["hidden3", "output"]
    assert cache.model.layers[1] is model.layers[2]
    cache.fit(Y, epochs=2, batch_size=10, verbose=0)
    np.testing.assert_array_equal(cache.model.predict(cache.features, verbose=0), model.predict(X, verbose=0))
    assert int(model.optimizer.iterations) == 10
    model.fit(X, Y, verbose=0)  # The whole model goes on.
    model.compile("sgd", "mae")
    cache.fit(Y, verbose=0)  # And the cache with what it was compiled with since.
    assert cache.model.optimizer is model.optimizer
    moved = cache.transform(X[:5])
    np.testing.assert_array_equal(moved, cache.features[:5])


def test_the_cache_may_be_made_before_compile() -> None:
    model = stack()
    reuse.freeze(model, until="hidden2")
    cache = model.cache_features(X, until="hidden2")
    with pytest.raises(ValueError, match=r"FeatureCache.fit: the model .* is not compiled"):
        cache.fit(Y, verbose=0)
    model.compile("sgd", "mse")
    cache.fit(Y, verbose=0)


# What would be out of date -----------------------------------------------------------------------------


def test_weights_that_changed() -> None:
    model = stack()
    reuse.freeze(model, until="hidden2")
    model.compile("sgd", "mse")
    cache = model.cache_features(X, until="hidden2")
    kernel = model.layers[0].kernel
    kernel.assign(kernel * 2.0)
    for attempt in (lambda: cache.fit(Y, verbose=0), lambda: cache.transform(X)):
        with pytest.raises(
            ValueError, match="weights below the cut changed since the features were computed"
        ):
            attempt()
    cache = model.cache_features(X, until="hidden2")
    cache.fit(Y, verbose=0)
    reuse.unfreeze(model, "hidden1")
    with pytest.raises(ValueError, match=r"layers below the cut were unfrozen .*'stack/hidden1/bias'"):
        cache.fit(Y, verbose=0)


# What cannot be stored -----------------------------------------------------------------------------------


class ByTraining(L.Layer):
    def call(self, x: Any, training: bool = False) -> Any:
        return x * (2.0 if training else 1.0)


class Counting(L.Layer):
    def build(self, shape: Any) -> None:
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, x: Any) -> Any:
        self.calls.assign_add(1.0)
        return x * 2.0


class OwnStep(keras.Model):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


class OwnCall(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.low = L.Dense(2, name="low")

    def call(self, x: Any) -> Any:
        return self.low(x)


def under(*layers: Any, x: tuple[int, ...] = (8,), frozen: bool = True) -> Any:
    model = keras.Sequential([keras.Input(x), *layers, L.Flatten(), L.Dense(3, name="out")], name="m")
    if frozen:
        reuse.freeze(model, slice(len(layers)))
    return model


def moving() -> Any:
    model = under(L.BatchNormalization(center=False, scale=False, name="low"))
    model.layers[0].trainable = True
    return model


def inner_dropout() -> Any:
    return under(keras.Sequential([keras.Input((8,)), L.Dense(4), L.Dropout(0.5)], name="low"))


def own_step() -> Any:
    x = keras.Input((8,))
    return OwnStep(x, L.Dense(3)(L.Dense(2, trainable=False, name="low")(x)))


def twice() -> Any:
    x = keras.Input((8,))
    low = L.Dense(8, trainable=False, name="low")
    return keras.Model(x, L.Dense(3)(low(low(x))))


REFUSED: list[tuple[Callable[[], Any], Any, str]] = [
    (
        lambda: under(L.Dense(4, name="low"), frozen=False),
        "low",
        r"the layers \['low'\] of 'm' are trained",
    ),
    (
        lambda: under(L.Dropout(0.5, name="low")),
        "low",
        r"'low' \(Dropout\) of 'm' .* draws random numbers in training",
    ),
    (lambda: under(L.GaussianNoise(0.1, name="low")), "low", r"\(GaussianNoise\).* draws random numbers"),
    (inner_dropout, "low", r"'low' \(Sequential\) .* draws random numbers"),
    (moving, "low", r"\(BatchNormalization\).* uses the statistics of each batch.*in \['low'\]. Freeze it"),
    (lambda: under(L.Dense(4, activity_regularizer="l2", name="low")), "low", "it adds to the loss"),
    (lambda: under(ByTraining(name="low")), "low", "gives other numbers in training than in `predict`"),
    (lambda: under(Counting(name="low")), "low", "or changes a state"),
    (
        lambda: under(L.Embedding(9, 4, mask_zero=True, name="low"), L.LSTM(3)),
        "low",
        "'low' of 'm' hands a mask",
    ),
    (lambda: under(L.Dense(4, name="low")), "out", r"the output .* made by 'out', is not above \['out'\]"),
    (lambda: under(L.Dense(4, name="low")), "nope", "'nope' names no layer of the model 'm'"),
    (own_step, "low", r"OwnStep overrides \['train_step'\], which sees the whole model"),
    (OwnCall, "low", "OwnCall is a subclassed model"),
    (twice, "low", "calls 'low' 2 times, so it is not clear where to cut"),
    (lambda: under(L.Dense(4, name="low")), [], "expected `until` to name at least one layer of 'm'"),
]


@pytest.mark.parametrize(("make", "until", "match"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(make: Any, until: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        make().cache_features(X, until=until)


def test_states_are_refused() -> None:
    lstm = L.LSTM(4, stateful=True, trainable=False, name="low")
    model = keras.Sequential([keras.Input((1, 8), batch_size=5), lstm, L.Dense(3)])
    with pytest.raises(ValueError, match=r"'low' \(LSTM\) .* is stateful"):
        model.cache_features(X[:, None], until="low")


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (None, "cache_features: expected arrays, of which the features can be put in order; got None"),
        ((pair for pair in [(X, Y)]), "expected arrays, .* got <generator"),
        (X[:, :3], "expected 8 at axis 1"),
        (X[:0], "at least one sample"),
        (3.0, "at least one sample; got 3.0"),
        ({}, "at least one sample; got {}"),
    ],
    ids=["none", "generator", "shape", "empty", "number", "nothing"],
)
def test_bad_data(x: Any, match: str, tmp_path: Path) -> None:
    for path in (None, tmp_path):
        with pytest.raises(ValueError, match=match):
            under(L.Dense(4, name="low")).cache_features(x, until="low", path=path)
    assert list(tmp_path.iterdir()) == []


def test_bad_arguments_of_fit() -> None:
    model = under(L.Dense(4, name="low"))
    model.compile("sgd", "mse")
    cache = model.cache_features(X, until="low")
    with pytest.raises(
        TypeError, match=r"FeatureCache\.fit: the inputs are the stored features; expected no `x`"
    ):
        cache.fit(Y, x=X)
    with pytest.raises(ValueError, match="expected `validation_data` to be arrays"):
        cache.fit(Y, validation_data=iter([(X, Y)]), verbose=0)
    with pytest.raises(ValueError, match="expected `batch_size` to be a positive integer"):
        model.cache_features(X, until="low", batch_size=0)
