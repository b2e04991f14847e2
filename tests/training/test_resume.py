"""A run that was interrupted and goes on ends where an uninterrupted one does, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import callbacks as cb
from oxhorn import optimizers as opt
from tests.optimizers.trajectories import RULES
from tests.training.resumed_data import (
    Draws,
    Endless,
    Remembers,
    Rows,
    Varied,
    endless,
    iter_again,
    noisy,
    one_layer_for_both,
    random_rows,
    slices,
    twice,
)
from tests.training.resumed_runs import (
    LABELS,
    Interrupt,
    Interrupted,
    L,
    Make,
    Run,
    X,
    Y,
    assert_equal,
    by_batches,
    by_epochs,
    made,
    outcome,
    straight,
)


def net(*layers: Any, optimizer: Any = "adam", loss: Any = "mse", **compiled: Any) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), *(layers or (L.Dense(5, "tanh"), L.Dense(1)))])
    model.compile(optimizer, loss, **compiled)
    return model


def images(*layers: Any) -> Run:
    model = keras.Sequential([keras.Input((6, 6, 3)), *layers, L.Flatten(), L.Dense(1)])
    model.compile("sgd", "mse")
    return Run(model, {"x": np.random.default_rng(1).uniform(size=(22, 6, 6, 3)).astype("float32")})


def stateful() -> Run:
    model = keras.Sequential([keras.Input(batch_shape=(4, 5, 3)), L.GRU(3, stateful=True), L.Dense(1)])
    model.compile("adam", "mse")
    x = np.random.default_rng(1).normal(size=(20, 5, 3)).astype("float32")
    return Run(model, {"x": x, "y": Y[:20], "shuffle": False})


def sequences(*layers: Any) -> Run:
    model = keras.Sequential([keras.Input((5, 3)), *layers, L.Dense(1)])
    model.compile("adam", "mse")
    return Run(model, {"x": np.random.default_rng(1).normal(size=(22, 5, 3)).astype("float32")})


def pretraining(model: Any, *compiled: str) -> Run:
    x = np.random.default_rng(1).uniform(size=(22, 4)).astype("float32")
    model.build((None, 4))
    model.compile(*compiled)
    return Run(model, {"x": x, "y": x if len(compiled) > 1 else None})


class TwoNets(keras.Model):
    """Two networks with optimizers of their own, trained by turns."""

    def __init__(self) -> None:
        super().__init__()
        self.first = keras.Sequential([keras.Input((4,)), L.Dense(3), L.Dropout(0.3), L.Dense(1)])
        self.second = keras.Sequential([keras.Input((4,)), L.Dense(1)])
        self.error = keras.metrics.Mean(name="error")

    def compile(self, one: Any, other: Any) -> None:
        super().compile()
        self.one, self.other = one, other

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        logs = {}
        noise = 0.1 * keras.random.normal(keras.ops.shape(x))
        for name, net, optimizer in (("a", self.first, self.one), ("b", self.second, self.other)):
            with keras.GradientTape() as tape:
                loss = keras.ops.mean((net(x + noise, training=True) - y) ** 2)
            optimizer.apply(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
            logs[name] = loss
        self.error.update_state(loss)
        return {**logs, "error": self.error.result()}


def two_nets() -> Run:
    model = TwoNets()
    model.compile(opt.Adam(0.01), opt.SGD(0.05, momentum=0.9))
    return Run(model)


class CompiledParts(keras.Model):
    """Two networks, each compiled on its own, and trained by its own optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.nets = [keras.Sequential([keras.Input((4,)), L.Dense(1)]) for _ in range(2)]
        for net, optimizer in zip(self.nets, (opt.Adam(0.01), opt.SGD(0.05, momentum=0.9)), strict=True):
            net.compile(optimizer, "mse")

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        logs = {}
        for i, net in enumerate(self.nets):
            with keras.GradientTape() as tape:
                logs[f"loss {i}"] = loss = keras.ops.mean((net(x, training=True) - y) ** 2)
            net.optimizer.apply(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
        return logs


def compiled_parts() -> Run:
    model = CompiledParts()
    model.compile()
    return Run(model)


class OwnStep(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.drop, self.b = L.Dense(4), L.Dropout(0.4), L.Dense(1)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.b(self.drop(self.a(x), training=training))


def own_step(**compiled: Any) -> Run:
    model = OwnStep()
    model.compile("adam", "mse", metrics=["mae"], **compiled)
    return Run(model)


def wrapped(optimizer: Callable[[], Any]) -> Make:
    return lambda: Run(net(optimizer=optimizer()))


def several() -> Any:
    which = opt.OptimizerMap(opt.Adam(0.01), {".*bias": opt.SGD(0.1, momentum=0.9)})
    return opt.MultiOptimizer(which)


def multiplied() -> Run:
    optimizer = opt.AdamW(0.02)
    optimizer.set_learning_rate_multipliers({"bias": 0.3})
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return Run(net(optimizer=optimizer))


class Reseeds(cb.Callback):
    """Draws with a generator of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds = keras.random.SeedGenerator()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = 0.1 * float(keras.random.uniform((), seed=self.seeds))


class DrawsAnew(cb.Callback):
    """Draws with a generator that it makes for each epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        seeds = keras.random.SeedGenerator(7)
        rate = sum(float(keras.random.uniform((), seed=seeds)) for _ in range(epoch + 1))
        self.model.optimizer.learning_rate = 0.05 * rate


class Slower(cb.Callback):
    """Changes a hyperparameter in the middle of the run, and remembers something."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen.append(logs["loss"])
        if epoch == 0:
            self.model.optimizer.momentum = 0.5

    def get_state(self) -> Any:
        return self.seen

    def set_state(self, state: Any) -> None:
        self.seen = state


def with_callbacks(
    *makes: Callable[[], Any], optimizer: Callable[[], Any] | None = None, **options: Any
) -> Make:
    def make() -> Run:
        optimizer_ = optimizer() if optimizer else opt.SGD(0.05, momentum=0.9)
        return Run(net(optimizer=optimizer_), {"epochs": 6, **options}, [each() for each in makes])

    return make


def unfreezing() -> Run:
    model = net(L.Dense(3), L.Dense(2), L.BatchNormalization(), L.Dense(1))
    keras.reuse.freeze(model, slice(0, 3))
    model.compile("adam", "mse")
    return Run(model, {"epochs": 5}, [cb.GradualUnfreezing({1: 1, 3: slice(0, 3)})])


def sparse() -> Run:
    model = keras.Sequential(
        [keras.Input((2,), dtype="int32"), L.Embedding(3, 1), L.GlobalAveragePooling1D()]
    )
    model.compile(opt.SparseAdam(0.01), "mse")
    return Run(model, {"x": np.stack([LABELS, LABELS[::-1]], axis=1)})


def text() -> Run:
    words = L.TextVectorization(max_tokens=9, output_sequence_length=4)
    words.adapt(["a b c d", "c d e f"])
    model = keras.Sequential(
        [keras.Input((), dtype="string"), words, L.Embedding(9, 3), L.GlobalAveragePooling1D(), L.Dense(1)]
    )
    model.compile("adam", "mse")
    return Run(model, {"x": np.array([f"{a} {b}" for a in "abcdefgh" for b in "abc"][:22])})


CASES: dict[str, Make] = {
    **{
        f"{name} {i}": lambda name=name, arguments=arguments: Run(
            net(optimizer=getattr(opt, name)(**arguments))
        )
        for i, (name, arguments) in enumerate(RULES)
        if name != "SparseAdam"
    },
    "SparseAdam": sparse,
    "all around": wrapped(
        lambda: opt.Adam(
            0.05,
            clipnorm=0.5,
            weight_decay=0.05,
            use_ema=True,
            ema_overwrite_frequency=5,
            gradient_accumulation_steps=3,
        )
    ),
    "LBFGS": lambda: Run(
        net(optimizer=opt.LBFGS(max_iter=3, history_size=4)), {"batch_size": None, "epochs": 5}
    ),
    "LossScaleOptimizer": wrapped(
        lambda: opt.LossScaleOptimizer(opt.Adam(0.01), initial_scale=1e38, dynamic_growth_steps=3)
    ),
    "MultiOptimizer": wrapped(several),
    "loss scale of several": wrapped(lambda: opt.LossScaleOptimizer(several(), dynamic_growth_steps=4)),
    "multipliers": multiplied,
    "schedule": wrapped(lambda: opt.SGD(opt.schedules.CosineDecay(0.1, 20), momentum=0.9)),
    "dropout": lambda: Run(net(L.Dense(8, "relu"), L.Dropout(0.4), L.Dense(1))),
    "noise": lambda: Run(net(L.GaussianNoise(0.3), L.Dense(8), L.GaussianDropout(0.3), L.Dense(1))),
    "batch normalization": lambda: Run(net(L.Dense(8), L.BatchNormalization(), L.Dense(1))),
    "spectral normalization": lambda: Run(net(L.SpectralNormalization(L.Dense(8)), L.Dense(1))),
    "random images": lambda: images(L.RandomFlip(), L.RandomRotation(0.1), L.Conv2D(3, 3)),
    "recurrent dropout": lambda: sequences(L.LSTM(4, dropout=0.2, recurrent_dropout=0.2)),
    "states that go on": stateful,
    "layers inside layers": lambda: sequences(L.Bidirectional(L.GRU(3)), keras.Sequential([L.Dropout(0.2)])),
    "text": text,
    "autoencoder": lambda: pretraining(
        keras.pretraining.StackedAutoencoder([3, 2], tied=True, noise=0.3), "adam", "mse"
    ),
    "Boltzmann machine": lambda: pretraining(
        keras.pretraining.RestrictedBoltzmannMachine(3, persistent_chains=5), "sgd"
    ),
    "damaged samples": lambda: pretraining(keras.pretraining.CorruptionDetector(L.Dense(3)), "adam"),
    "constraints": lambda: Run(net(L.Dense(4, kernel_constraint="max_norm"), L.Dense(1))),
    "metrics": lambda: Run(
        net(metrics=["mae", keras.metrics.RootMeanSquaredError()], weighted_metrics=[keras.metrics.R2Score()])
    ),
    "classes": lambda: Run(
        net(L.Dense(3, "softmax"), loss="sparse_categorical_crossentropy", metrics=["accuracy"]),
        {"y": LABELS, "class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
    ),
    "sample weights": lambda: Run(net(), {"sample_weight": np.linspace(0.1, 2.0, 22)}),
    "validation": lambda: Run(net(metrics=["mae"]), {"validation_split": 0.3, "validation_freq": 2}),
    "validation from a generator": lambda: Run(net(), {"validation_data": endless(), "validation_steps": 2}),
    "unshuffled": lambda: Run(net(), {"shuffle": False}),
    "steps_per_execution": lambda: Run(net(steps_per_execution=2), {"epochs": 5}),
    "steps_per_epoch": lambda: Run(net(), {"steps_per_epoch": 3, "epochs": 6}),
    "float64": lambda: Run(
        net(L.Dense(5, "tanh", dtype="float64"), L.Dense(1, dtype="float64")), {"x": X.astype("float64")}
    ),
    "PyDataset": lambda: Run(net(), {"x": Rows(), "y": None, "batch_size": None}),
    "PyDataset with workers": lambda: Run(net(), {"x": Rows(workers=2), "y": None, "batch_size": None}),
    "PyDataset that draws": lambda: Run(net(), {"x": Draws(), "y": None, "batch_size": None}),
    "PyDataset with a state": lambda: Run(
        net(), {"x": Remembers(), "y": None, "batch_size": None, "shuffle": False}
    ),
    "PyDataset without an end": lambda: Run(
        net(), {"x": Endless(), "y": None, "batch_size": None, "steps_per_epoch": 4}
    ),
    "generator": lambda: Run(net(), {"x": endless(), "y": None, "batch_size": None, "steps_per_epoch": 4}),
    "list of batches": lambda: Run(
        net(),
        {
            "x": iter_again([(X[i : i + 4], Y[i : i + 4]) for i in range(0, 20, 4)]),
            "y": None,
            "batch_size": None,
        },
    ),
    "Dataset": lambda: Run(
        net(),
        {
            "x": slices().cache().shuffle(9).shuffle(5, seed=1).batch(4).prefetch(2),
            "y": None,
            "batch_size": None,
        },
    ),
    "Dataset, cached after it was shuffled": lambda: Run(
        net(), {"x": slices().shuffle(22).batch(4).cache(), "y": None, "batch_size": None}
    ),
    "Dataset with random layers": lambda: Run(
        net(), {"x": slices().shuffle(22).batch(4).map(noisy()), "y": None, "batch_size": None}
    ),
    "Dataset with random layers on threads": lambda: Run(
        net(),
        {
            "x": slices().batch(4).map(noisy(), num_parallel_calls=3).map(noisy()).prefetch(2),
            "y": None,
            "batch_size": None,
        },
    ),
    "Dataset with random layers, cached": lambda: Run(
        net(), {"x": slices().map(noisy()).cache().batch(4).map(noisy()), "y": None, "batch_size": None}
    ),
    "Dataset with one random layer in two steps": lambda: Run(
        net(), {"x": twice(slices().batch(4), noisy()), "y": None, "batch_size": None}
    ),
    "Dataset with one random layer, on threads, which the validation data have too": lambda: Run(
        net(), one_layer_for_both()
    ),
    "PyDataset with random layers": lambda: Run(net(), {"x": Varied(), "y": None, "batch_size": None}),
    "PyDataset with random layers on threads": lambda: Run(
        net(), {"x": Varied(workers=3), "y": None, "batch_size": None}
    ),
    "Dataset with random functions, and another to validate with": lambda: Run(
        net(),
        {
            "x": slices().map(random_rows).batch(4),
            "y": None,
            "batch_size": None,
            "validation_data": slices().map(random_rows).batch(4),
        },
    ),
    "Dataset, repeated": lambda: Run(
        net(),
        {"x": slices().shuffle(22).batch(4).repeat(), "y": None, "batch_size": None, "steps_per_epoch": 4},
    ),
    "eager": lambda: Run(net(L.Dense(4), L.Dropout(0.3), L.Dense(1), run_eagerly=True, metrics=["mae"])),
    "eager, not built": lambda: own_step(run_eagerly=True),
    "subclass": own_step,
    "own train step": two_nets,
    "own train step, compiled parts": compiled_parts,
    "early stopping": with_callbacks(
        lambda: cb.EarlyStopping("loss", patience=1, min_delta=0.05, restore_best_weights=True), epochs=8
    ),
    "plateau": with_callbacks(lambda: cb.ReduceLROnPlateau("loss", patience=1, min_delta=0.1, cooldown=1)),
    "rate by epoch": with_callbacks(lambda: cb.LearningRateScheduler(lambda epoch, rate: rate * 0.7)),
    "one cycle": with_callbacks(lambda: cb.OneCycleScheduler(0.1)),
    "averaging": with_callbacks(
        lambda: cb.StochasticWeightAveraging(start_epoch=1, learning_rate=0.02, anneal_epochs=3)
    ),
    "swapping": with_callbacks(
        lambda: cb.SwapEMAWeights(swap_on_epoch=True), optimizer=lambda: opt.Adam(0.02, use_ema=True)
    ),
    "swapping in validation": with_callbacks(
        cb.SwapEMAWeights, optimizer=lambda: opt.Adam(0.02, use_ema=True), validation_split=0.2
    ),
    "monitor": with_callbacks(lambda: cb.TrainingMonitor(every=2)),
    "unfreezing": unfreezing,
    "two of a kind": with_callbacks(
        lambda: cb.EarlyStopping("loss", patience=3),
        lambda: cb.EarlyStopping("val_loss"),
        validation_split=0.2,
    ),
    "terminate on NaN": with_callbacks(cb.TerminateOnNaN, optimizer=lambda: opt.SGD(8.0)),
    "what needs no state": with_callbacks(
        lambda: cb.LambdaCallback(on_epoch_end=lambda epoch, logs: np.random.rand()),
        lambda: cb.ProgbarLogger(),
    ),
    "callback of one's own": with_callbacks(Slower),
    "callback with random numbers": with_callbacks(Reseeds),
    "callback that makes its generator anew": with_callbacks(DrawsAnew),
}

# Callbacks without a row above: tested with files of their own, or as what keeps the run, or refused.
ELSEWHERE = {
    "BackupAndRestore": "by_batches",
    "CSVLogger": "test_resume_callbacks.test_a_log_goes_on",
    "History": "outcome",
    "LearningRateFinder": "test_resume_refused.test_what_cannot_be_kept_says_so_at_the_start",
    "ModelCheckpoint": "test_resume_callbacks.test_checkpoints_go_on",
}


def test_every_callback_has_a_row() -> None:
    rows = {type(callback).__name__ for make in CASES.values() for callback in make().callbacks}
    names = {name for name in cb.__all__ if name not in ("Callback", "CallbackList")}
    assert len(names) >= 16
    assert sorted(names - rows - set(ELSEWHERE)) == []
    assert sorted(rows & set(ELSEWHERE)) == []


@pytest.mark.parametrize("name", CASES)
def test_between_epochs(name: str, tmp_path: Path) -> None:
    assert_equal(by_epochs(CASES[name], tmp_path), straight(CASES[name]))


# An epoch of one step has nothing in between; for most optimizers it makes no difference where they stop.
WITHIN = [name for name in CASES if name != "LBFGS" and name.split()[0] not in dict(RULES[8:])]


@pytest.mark.parametrize("name", WITHIN)
def test_within_an_epoch(name: str, tmp_path: Path) -> None:
    assert_equal(by_batches(CASES[name], tmp_path), straight(CASES[name]))


DATA = [name for name in CASES if any(word in name for word in ("Dataset", "generator", "batches", "text"))]


@pytest.mark.parametrize("name", DATA)
def test_behind_the_last_step_of_an_epoch(name: str, tmp_path: Path) -> None:
    """From the snapshot of an epoch's last step, which leaves nothing of it."""

    def keeper() -> Any:
        return cb.BackupAndRestore(tmp_path, save_freq=1)

    with pytest.raises(Interrupted):
        made(CASES[name]).fit(callbacks=[keeper(), Interrupt(1)])
    second = made(CASES[name])
    assert_equal(outcome(second, second.fit(callbacks=[keeper()])), straight(CASES[name]))


@pytest.mark.parametrize("name", DATA)
def test_within_the_first_epoch(name: str, tmp_path: Path) -> None:
    """From the snapshot of the start, when the first batch was looked at, and no step was made."""
    expected = straight(CASES[name])
    assert_equal(by_epochs(CASES[name], tmp_path, epoch=0), expected)
    assert_equal(by_batches(CASES[name], tmp_path, every=100, epoch=0, batch=2), expected)
