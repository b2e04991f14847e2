"""Bad input is a Python exception that says who refused, what it got, and what it wanted. Never a panic or a hang."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.networks import blobs, mlp

L = keras.layers
X, Y = blobs(20)
EITHER = (ValueError, TypeError)


@dataclass(frozen=True)
class Bad:
    """What is wrong, the call, the exceptions allowed, and words that the message must hold (any case)."""

    what: str
    call: Callable[[], Any]
    says: tuple[str, ...]
    error: Any = EITHER


def compiled(loss: Any = "sparse_categorical_crossentropy", **options: Any) -> keras.Model:
    model = mlp()
    model.compile(keras.optimizers.SGD(0.01), loss, **options)
    return model


def regression() -> keras.Model:
    model = keras.Sequential([keras.Input((6,)), L.Dense(1)])
    model.compile("sgd", "mse")
    return model


def fit(x: Any = X, y: Any = Y, **options: Any) -> Callable[[], Any]:
    return lambda: compiled().fit(x, y, **{"verbose": 0, **options})


NOT_COUNTS = (0, -1, 1.5, "3", None, True, 2**63)
PARAMETERS = [
    *[Bad(f"Dense units {v!r}", lambda v=v: L.Dense(v), ("Dense", "units", str(v))) for v in NOT_COUNTS],
    *[
        Bad(f"Conv2D filters {v!r}", lambda v=v: L.Conv2D(v, 3), ("Conv2D", "filters", str(v)))
        for v in NOT_COUNTS
    ],
    *[
        Bad(f"Conv2D kernel_size {v!r}", lambda v=v: L.Conv2D(2, v), ("Conv2D", "kernel_size", str(v)))
        for v in (0, -1, 1.5, "3", None, (3, 0), (3, 3, 3))
    ],
    *[
        Bad(f"Conv1D strides {v!r}", lambda v=v: L.Conv1D(2, 3, strides=v), ("Conv1D", "strides", str(v)))
        for v in (0, -1, 1.5, "3")
    ],
    *[
        Bad(
            f"Conv2D dilation_rate {v!r}",
            lambda v=v: L.Conv2D(2, 3, dilation_rate=v),
            ("Conv2D", "dilation_rate", str(v)),
        )
        for v in (0, -1, 1.5, "3")
    ],
    Bad(
        "strides with dilation",
        lambda: L.Conv2D(2, 3, strides=2, dilation_rate=2),
        ("strides", "dilation_rate"),
    ),
    Bad("Conv2D padding", lambda: L.Conv2D(2, 3, padding="full"), ("padding", "full", "valid", "same")),
    Bad("Conv2D causal", lambda: L.Conv2D(2, 3, padding="causal"), ("padding", "causal")),
    Bad("Conv2D data_format", lambda: L.Conv2D(2, 3, data_format="NHWC"), ("data_format", "channels_last")),
    Bad("groups 0", lambda: L.Conv2D(2, 3, groups=0), ("groups", "0")),
    Bad("filters not divisible", lambda: L.Conv2D(3, 3, groups=2), ("filters", "groups", "3", "2")),
    Bad(
        "channels not divisible",
        lambda: L.Conv2D(4, 3, groups=2)(np.zeros((1, 5, 5, 3), "float32")),
        ("channels", "groups", "3", "2"),
    ),
    *[
        Bad(
            f"{kind}Pooling2D pool_size {v!r}",
            lambda kind=kind, v=v: getattr(L, f"{kind}Pooling2D")(v),
            ("pool_size", str(v)),
        )
        for kind in ("Max", "Average")
        for v in (0, -1, 1.5, "3", (2, 0))
    ],
    *[
        Bad(f"MaxPooling1D strides {v!r}", lambda v=v: L.MaxPooling1D(2, strides=v), ("strides", str(v)))
        for v in (0, -1, 1.5)
    ],
    *[
        Bad(f"Dropout rate {v!r}", lambda v=v: L.Dropout(v), ("Dropout", "rate", str(v)))
        for v in (-0.1, 1.5, "a")
    ],
    Bad("Dropout rate NaN", lambda: L.Dropout(float("nan")), ("Dropout", "rate", "nan")),
    *[
        Bad(f"Embedding {args}", lambda args=args: L.Embedding(*args), ("Embedding",))
        for args in ((0, 3), (5, -1), (5, 0), (2.5, 3), ("a", 3))
    ],
    *[
        Bad(f"RepeatVector {v!r}", lambda v=v: L.RepeatVector(v), ("RepeatVector", "n"))
        for v in (0, -2, 1.5, "3")
    ],
    *[
        Bad(
            f"BatchNormalization momentum {v!r}",
            lambda v=v: L.BatchNormalization(momentum=v),
            ("momentum", str(v)),
        )
        for v in (-0.1, 1.5, "a")
    ],
    Bad("BatchNormalization axis", lambda: L.BatchNormalization(axis=5)(X), ("axis", "5")),
    Bad("LayerNormalization axis", lambda: L.LayerNormalization(axis=4)(X), ("axis", "4")),
    Bad("Permute dims", lambda: L.Permute((1, 3))(np.zeros((2, 3, 4), "float32")), ("dims",)),
    Bad("Reshape size", lambda: L.Reshape((4, 2))(X), ("Reshape", "6")),
    Bad("Concatenate axis", lambda: L.Concatenate(axis=7)([X, X]), ("axis", "7")),
    Bad("ZeroPadding2D", lambda: L.ZeroPadding2D(-1), ("padding", "-1")),
    Bad("unknown argument", lambda: L.Dense(3, wdith=2), ("wdith",)),
    Bad("unknown activation", lambda: L.Dense(3, activation="rellu"), ("rellu", "relu", "elu")),
    Bad("unknown initializer", lambda: L.Dense(3, kernel_initializer="he_norml"), ("he_norml", "he_normal")),
    Bad("unknown regularizer", lambda: L.Dense(3, kernel_regularizer="l3"), ("l3", "l2")),
    Bad("unknown constraint", lambda: L.Dense(3, kernel_constraint="nonneg2"), ("nonneg2", "non_neg")),
    Bad("negative regularizer", lambda: keras.regularizers.L2(-1.0), ("l2", "-1")),
    Bad("unknown dtype", lambda: L.Dense(3, dtype="float31"), ("float31", "float32")),
    Bad("threads", lambda: keras.config.set_num_threads(10**9), ("num_threads", "1000000000")),
    Bad("no thread", lambda: keras.config.set_num_threads(0), ("num_threads", "0")),
    Bad("floatx", lambda: keras.config.set_floatx("float31"), ("float31", "float32")),
    Bad("Input shape", lambda: keras.Input((-3,)), ("-3",)),
    Bad("Input shape text", lambda: keras.Input("abc"), ("abc",)),
]

OPTIMIZERS = [
    *[
        Bad(f"learning_rate {v!r}", lambda v=v: keras.optimizers.SGD(v), ("learning_rate", str(v)))
        for v in (float("nan"), float("inf"), -0.1, "fast", None)
    ],
    *[
        Bad(f"momentum {v!r}", lambda v=v: keras.optimizers.SGD(0.1, momentum=v), ("momentum",))
        for v in (-0.1, 1.5)
    ],
    *[
        Bad(
            f"{make.__name__} with {beta}={v!r}",
            lambda make=make, beta=beta, v=v: make(**{beta: v}),
            (make.__name__, beta, str(v)),
        )
        for make in (keras.optimizers.Adam, keras.optimizers.Nadam, keras.optimizers.Lamb)
        for beta in ("beta_1", "beta_2")
        for v in (-0.1, 1.0, float("nan"), "much", None)
    ],
    *[
        Bad(f"Ftrl with {name}", lambda name=name: keras.optimizers.Ftrl(**{name: -1.0}), (name, "-1"))
        for name in ("l1_regularization_strength", "initial_accumulator_value", "beta")
    ],
    Bad(
        "Rprop that grows both ways",
        lambda: keras.optimizers.Rprop(etas=(1.1, 1.2)),
        ("Rprop", "etas", "1.1"),
    ),
    Bad("Muon with half a step", lambda: keras.optimizers.Muon(ns_steps=0.5), ("Muon", "ns_steps", "0.5")),
    Bad(
        "a sparse update on a dense layer",
        lambda: _trained_by(keras.optimizers.SparseAdam()),
        ("SparseAdam", "a sparse update on a dense layer", "kernel", "Embedding", "MultiOptimizer"),
    ),
    Bad("two clips", lambda: keras.optimizers.Adam(clipnorm=1.0, clipvalue=1.0), ("clipnorm", "clipvalue")),
    Bad("ema_momentum", lambda: keras.optimizers.Adam(use_ema=True, ema_momentum=2.0), ("ema_momentum", "2")),
    Bad(
        "ema frequency",
        lambda: keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=0.5),
        ("ema_overwrite_frequency", "0.5"),
    ),
    Bad("unknown optimizer", lambda: keras.optimizers.get("adamm"), ("adamm", "adam")),
    Bad("unknown argument", lambda: keras.optimizers.Adam(lrr=3), ("lrr",)),
]

CB, SCHEDULES = keras.callbacks, keras.optimizers.schedules
CALLBACKS = [
    *[
        Bad(
            f"{make.__name__} of what is not there",
            lambda make=make: fit(callbacks=[make(monitor="val_accurate")])(),
            ("val_accurate", "Available metrics are", "loss"),
        )
        for make in (CB.EarlyStopping, CB.ReduceLROnPlateau)
    ],
    Bad(
        "LearningRateScheduler returns a text",
        fit(callbacks=[CB.LearningRateScheduler(lambda epoch: "slow")]),
        ("LearningRateScheduler", "'slow'", "epoch 0"),
    ),
    Bad("a rate for a schedule", lambda: _reduced(SCHEDULES.CosineDecay(0.1, 10)), ("CosineDecay",), EITHER),
    Bad(
        "1cycle without momentum", fit(callbacks=[CB.OneCycleScheduler(0.1)]), ("SGD", "cycle_momentum=False")
    ),
    Bad(
        "averages that are not kept", fit(callbacks=[CB.SwapEMAWeights()]), ("use_ema=True", "use_ema=False")
    ),
    Bad("range without an end", lambda: CB.LearningRateFinder(max_learning_rate=np.inf), ("inf",)),
    Bad("a schedule that rises beyond all bounds", lambda: _run(SCHEDULES.StepDecay(1.0, 1, 1e30)), ("inf",)),
]


def _run(schedule: Any, **options: Any) -> Any:
    model = mlp()
    model.compile(keras.optimizers.SGD(schedule), "sparse_categorical_crossentropy")
    return model.fit(X, Y, batch_size=2, verbose=0, **options)


def _trained_by(optimizer: Any) -> None:
    model = compiled()
    model.compile(optimizer, loss="mse")
    model.fit(X, Y, verbose=0)


def _reduced(schedule: Any) -> Any:
    return _run(schedule, callbacks=[CB.LearningRateScheduler(lambda epoch: 0.1)])


COMPILE_AND_FIT = [
    Bad("not compiled", lambda: mlp().fit(X, Y), ("compile",), (ValueError, RuntimeError)),
    Bad("evaluate not compiled", lambda: mlp().evaluate(X, Y), ("compile",), (ValueError, RuntimeError)),
    Bad(
        "unknown loss",
        lambda: compiled("mean_sqared_error").fit(X, Y),
        ("mean_sqared_error", "mean_squared_error"),
    ),
    Bad("unknown metric", lambda: compiled(metrics=["acuracy"]).fit(X, Y), ("acuracy",)),
    Bad("unknown optimizer", lambda: mlp().compile("sdg", "mse"), ("sdg", "sgd")),
    *[Bad(f"epochs {v!r}", fit(epochs=v), ("epochs", str(v))) for v in (-1, 1.5, "3")],
    *[Bad(f"batch_size {v!r}", fit(batch_size=v), ("batch_size", str(v))) for v in (0, -1, 1.5, "3")],
    *[
        Bad(f"validation_split {v!r}", fit(validation_split=v), ("validation_split", str(v)))
        for v in (1.0, -0.1, 1.5, float("nan"))
    ],
    Bad("validation_split of no sample", fit(validation_split=0.99), ("validation_split", "20")),
    Bad("lengths", fit(X, Y[:-1]), ("20", "19")),
    Bad("no target", lambda: compiled().fit(X), ("y",)),
    Bad("sample_weight length", fit(sample_weight=np.ones(3)), ("sample_weight", "3", "20")),
    Bad("class_weight missing", fit(class_weight={0: 1.0, 1: 1.0}), ("class_weight", "2")),
    Bad("class_weight name", fit(class_weight={"a": 1.0}), ("class_weight", "a")),
    Bad("class_weight negative", fit(class_weight={0: -1.0, 1: 1.0, 2: 1.0}), ("class_weight", "-1")),
    Bad("too many inputs", fit([X, X]), ("2", "1")),
    Bad("unknown callback", fit(callbacks=[3]), ("callback",)),
]

ARRAYS = [
    Bad("width", fit(X[:, :4]), ("6", "4")),
    Bad("width of predict", lambda: mlp().predict(X[:, :4], verbose=0), ("6", "4")),
    Bad("width of a call", lambda: mlp()(X[:, :4]), ("6", "4")),
    Bad("rank up", fit(X[:, :, None, None]), ("(20, 6, 1, 1)",)),
    Bad("rank down", lambda: mlp().predict(X[:, 0], verbose=0), ("6",)),
    Bad("scalar", lambda: mlp().predict(np.float32(3.0), verbose=0), ("shape",)),
    Bad("empty", fit(X[:0], Y[:0]), ("empty", "0")),
    Bad("empty evaluate", lambda: compiled().evaluate(X[:0], Y[:0], verbose=0), ("0",)),
    *[
        Bad(f"array of {np.dtype(kind)}", lambda kind=kind: mlp().predict(X.astype(kind), verbose=0), (name,))
        for kind, name in (("complex64", "complex64"), ("U8", "<U"), ("datetime64[s]", "datetime64"))
    ],
    Bad(
        "objects", lambda: mlp().predict(np.array([[1, "a", None, 2, 3, 4]], object), verbose=0), ("object",)
    ),
    Bad("ragged list", lambda: mlp().predict([[1.0, 2.0], [3.0]], verbose=0), ()),
    Bad(
        "structured",
        lambda: mlp().predict(np.zeros(5, [("a", "f4"), ("b", "f4")]), verbose=0),
        ("dtype",),
    ),
    Bad("text", lambda: mlp().predict("hello", verbose=0), ("str",)),
    Bad("None", lambda: mlp().predict(None, verbose=0), ("none",)),
    Bad(
        "array that raises",
        lambda: mlp().predict(Refuses(), verbose=0),
        ("refuses to be an array",),
        RuntimeError,
    ),
    Bad("kernel larger than image", lambda: L.Conv2D(2, 5)(np.zeros((1, 3, 3, 1), "float32")), ("5", "3")),
    Bad("pool larger than image", lambda: L.MaxPooling2D(4)(np.zeros((1, 3, 3, 1), "float32")), ("4", "3")),
    Bad("pool larger, symbolic", lambda: L.AveragePooling1D(9)(keras.Input((4, 2))), ("9", "4")),
    Bad("Conv2D on vectors", lambda: L.Conv2D(2, 3)(X), ("Conv2D", "4", "2")),
    Bad("Conv1D on images", lambda: L.Conv1D(2, 3)(np.zeros((1, 3, 3, 1), "float32")), ("Conv1D", "3", "4")),
    Bad(
        "RepeatVector on images",
        lambda: L.RepeatVector(2)(np.zeros((1, 3, 3), "float32")),
        ("RepeatVector", "2"),
    ),
    Bad("Add of no list", lambda: L.Add()(X), ("list",)),
    Bad("Add of two shapes", lambda: L.Add()([X, X[:, :4]]), ("6", "4")),
    Bad("Subtract of three", lambda: L.Subtract()([X, X, X]), ("2", "3")),
    Bad("Concatenate of two shapes", lambda: L.Concatenate(axis=1)([X, X[:9]]), ("20", "9")),
    Bad("Dot of two sizes", lambda: L.Dot(axes=1)([X, X[:, :4]]), ("6", "4")),
    Bad(
        "Embedding outside",
        lambda: L.Embedding(3, 2)(np.array([[0, 3]])),
        ("Embedding", "[0, 3)", "3"),
        IndexError,
    ),
    Bad("Embedding fraction", lambda: L.Embedding(3, 2)(np.array([[0, 1.5]])), ("whole numbers", "1.5")),
    Bad("Embedding NaN", lambda: L.Embedding(3, 2)(np.array([[0, np.nan]])), ("whole numbers", "NaN")),
    Bad("Embedding negative", lambda: L.Embedding(3, 2)(np.array([[0, -1]])), ("[0, 3)", "-1"), IndexError),
    Bad("unknown data width", lambda: L.Dense(3)(keras.Input((None,))), ("Dense", "None")),
    Bad("set_weights of another shape", lambda: mlp().set_weights([np.zeros(3)] * 8), ("shape", "(3,)")),
    Bad("set_weights too few", lambda: mlp().set_weights([np.zeros((6, 8))]), ("1", "8")),
]

PROBABILITIES = np.full((4, 3), 1 / 3, "float32")
SCC = keras.losses.SparseCategoricalCrossentropy()
CC = keras.losses.CategoricalCrossentropy()

LABELS = [
    Bad("label too large", fit(X, np.where(Y == 2, 3, Y)), ("3", "[0, 3)")),
    Bad("negative label", fit(X, np.where(Y == 2, -1, Y)), ("-1", "[0, 3)")),
    Bad("label too large, loss", lambda: SCC(np.array([0, 1, 2, 3]), PROBABILITIES), ("3", "[0, 3)")),
    Bad("float labels", fit(X, Y + 0.5), (".5", "whole numbers")),
    Bad(
        "one-hot to sparse",
        fit(X, np.eye(3)[Y]),
        ("sparse_categorical_crossentropy", "categorical_crossentropy"),
    ),
    Bad(
        "sparse to one-hot",
        lambda: compiled("categorical_crossentropy").fit(X, Y, verbose=0),
        ("categorical_crossentropy", "sparse_categorical_crossentropy"),
    ),
    Bad("classes differ", lambda: CC(np.eye(4), PROBABILITIES), ("(4, 4)", "(4, 3)")),
    Bad(
        "mse of (N,) against (N, 3)",
        lambda: keras.losses.MeanSquaredError()(np.zeros(4), PROBABILITIES),
        ("(4,)",),
    ),
    Bad(
        "mse of (N, 1) against (N, 3)",
        lambda: keras.losses.MeanSquaredError()(np.zeros((4, 1)), PROBABILITIES),
        ("(4, 1)", "(4, 3)"),
    ),
    Bad(
        "mse of (1, 3) against (4, 3)",
        lambda: keras.losses.MeanSquaredError()(np.zeros((1, 3)), PROBABILITIES),
        ("(1, 3)", "(4, 3)"),
    ),
    Bad("y of another width", lambda: regression().fit(X, np.zeros((20, 2)), verbose=0), ("(", "2")),
    Bad("reduction", lambda: keras.losses.MeanSquaredError(reduction="avg"), ("avg", "sum_over_batch_size")),
    Bad(
        "label_smoothing",
        lambda: keras.losses.BinaryCrossentropy(label_smoothing=2.0),
        ("label_smoothing", "2"),
    ),
    Bad("unknown loss", lambda: keras.losses.get("msee"), ("msee", "mean_squared_error")),
    Bad("unknown metric", lambda: keras.metrics.get("msee"), ("msee",)),
    Bad(
        "soft_shrink",
        lambda: keras.activations.soft_shrink(np.ones(3), threshold=-1.0),
        ("threshold", "-1.0"),
    ),
    Bad(
        "hard_shrink",
        lambda: keras.activations.hard_shrink(np.ones(3), threshold=-1.0),
        ("threshold", "-1.0"),
    ),
    Bad("glu of an odd size", lambda: keras.activations.glu(np.ones((3, 3))), ("even", "(3, 3)")),
    Bad(
        "statistics of no sample",
        lambda: keras.layers.BatchNormalization()(np.ones((0, 3), "float32"), training=True),
        ("at least one sample", "(0, 3)"),
    ),
    Bad(
        "LBFGS search",
        lambda: keras.optimizers.LBFGS(line_search_fn="armijo"),
        ("strong_wolfe", "None", "armijo"),
    ),
    Bad("AUC thresholds", lambda: keras.metrics.AUC(num_thresholds=1), ("num_thresholds", "1")),
    Bad("AUC curve", lambda: keras.metrics.AUC(curve="RCO"), ("RCO", "ROC")),
    Bad("F1 average", lambda: keras.metrics.F1Score(average="mean"), ("average", "mean", "macro")),
    Bad("Precision threshold", lambda: keras.metrics.Precision(thresholds=[0.5, 1.5]), ("threshold", "1.5")),
]

GRAPHS = [
    Bad("tensor of another model", lambda: keras.Model(keras.Input((3,)), keras.Input((3,))), ()),
    Bad("no layer", lambda: keras.Sequential([3]), ("3",)),
    Bad("get_layer", lambda: mlp().get_layer("dens"), ("dens",)),
    Bad("get_layer index", lambda: mlp().get_layer(index=99), ("99",)),
    Bad("value of a symbolic tensor", lambda: np.asarray(keras.Input((3,))), ("symbolic",)),
    Bad("truth of a symbolic tensor", lambda: bool(keras.Input((3,))), ("symbolic",)),
]

TABLES = {
    "parameters": PARAMETERS,
    "optimizers": OPTIMIZERS,
    "callbacks": CALLBACKS,
    "compile and fit": COMPILE_AND_FIT,
    "arrays": ARRAYS,
    "labels": LABELS,
    "graphs": GRAPHS,
}
ROWS = [(table, bad) for table, rows in TABLES.items() for bad in rows]


class Refuses:
    """An object whose conversion to an array fails."""

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise RuntimeError("refuses to be an array")


def test_no_table_is_empty() -> None:
    assert all(len(rows) > 3 for rows in TABLES.values())


@pytest.mark.parametrize("bad", [bad for _, bad in ROWS], ids=[f"{t}: {b.what}" for t, b in ROWS])
def test_is_refused(bad: Bad) -> None:
    with pytest.raises(bad.error) as caught:
        bad.call()
    message = str(caught.value)
    assert len(message) > 10
    for word in bad.says:
        assert word.lower() in message.lower(), message
    assert "panicked" not in message
    assert len(message) < 3000


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_numbers(value: float) -> None:
    """Not refused: they go through the network, and the loss shows them."""
    x = X.copy()
    x[3, 2] = value
    p = mlp().predict(x, verbose=0)
    assert not np.isfinite(p[3]).all()
    assert np.isfinite(np.delete(p, 3, axis=0)).all()


def test_one_class_only() -> None:
    compiled().fit(X, np.ones(20, int), verbose=0)


def test_after_an_error_the_model_works() -> None:
    model = compiled()
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    for x, y in ((X[:, :4], Y), (X, Y[:-1]), (X, Y + 7)):
        with pytest.raises(EITHER):
            model.fit(x, y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.fit(X, Y, verbose=0)
    assert np.isfinite(model.predict(X, verbose=0)).all()


def test_zero_sized_axes() -> None:
    """No features or no time steps: an exception, or a result of that size; never a crash."""
    for call in (
        lambda: L.Dense(3)(np.zeros((4, 0), "float32")),
        lambda: L.Conv1D(2, 3)(np.zeros((4, 0, 2), "float32")),
        lambda: L.GlobalMaxPooling1D()(np.zeros((4, 0, 2), "float32")),
        lambda: L.GlobalAveragePooling1D()(np.zeros((4, 0, 2), "float32")),
        lambda: L.Flatten()(np.zeros((4, 0, 2), "float32")),
        lambda: L.BatchNormalization()(np.zeros((0, 3), "float32"), training=True),
        lambda: L.Softmax()(np.zeros((4, 0), "float32")),
    ):
        try:
            call()
        except EITHER as error:
            assert len(str(error)) > 10
