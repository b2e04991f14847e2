"""`fit` with steps of one's own, and loops written by hand: the same numbers as `fit` by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 6)).astype("float32")
Y = RNG.normal(size=(32, 1)).astype("float32")


def network(base: type = keras.Model) -> Any:
    keras.utils.set_random_seed(3)
    x = keras.Input((6,))
    h = L.Dense(8, activation="relu")(x)
    h = L.Dropout(0.25, seed=1)(L.BatchNormalization()(h))
    return base(x, L.Dense(1)(h))


def assert_same_bits(a: Any, b: Any) -> None:
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class TapeStep(keras.Model):
    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with keras.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class LowLevel(keras.Model):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
        self.loss_fn = keras.losses.MeanSquaredError()

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with keras.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.loss_fn(y, y_pred)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        self.loss_tracker.update_state(self.loss_fn(y, self(x, training=False)))
        return {"loss": self.loss_tracker.result()}

    def predict_step(self, data: Any) -> Any:
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self(x, training=False) * 2.0

    @property
    def metrics(self) -> list[Any]:
        return [self.loss_tracker, self.mae_metric]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("base", [TapeStep, LowLevel, "eager"])
def test_own_train_step_against_fit(base: Any, optimizer: str) -> None:
    plain = network()
    plain.compile(optimizer, "mse", metrics=["mae"])
    own = network(keras.Model if base == "eager" else base)
    if base is LowLevel:
        own.compile(optimizer)
    else:
        own.compile(optimizer, "mse", metrics=["mae"], run_eagerly=base == "eager")
    options: dict[str, Any] = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0}
    a, b = plain.fit(X, Y, **options), own.fit(X, Y, **options)
    assert_same_bits(plain, own)
    assert b.history["loss"] == pytest.approx(a.history["loss"], rel=1e-6)
    if base is LowLevel:
        assert own.evaluate(X, Y, verbose=0, return_dict=True)["loss"] == pytest.approx(
            plain.evaluate(X, Y, verbose=0)[0], rel=1e-5
        )
        np.testing.assert_allclose(own.predict(X, verbose=0), 2 * plain.predict(X, verbose=0), rtol=1e-5)


def test_a_loop_by_hand_against_fit() -> None:
    plain = network()
    plain.compile(keras.optimizers.Adam(0.01), "mse")
    plain.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)

    model, optimizer = network(), keras.optimizers.Adam(0.01)
    loss_fn, metric = keras.losses.MeanSquaredError(), keras.metrics.MeanAbsoluteError()
    for _ in range(3):
        for start in range(0, 32, 8):
            x, y = X[start : start + 8], Y[start : start + 8]
            with keras.GradientTape() as tape:
                predicted = model(x, training=True)
                loss = loss_fn(y, predicted)
            optimizer.apply_gradients(
                zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights, strict=True)
            )
            metric.update_state(y, predicted)
        assert float(metric.result()) > 0
        metric.reset_state()
    assert_same_bits(plain, model)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_stateless_way_against_fit(optimizer: str) -> None:
    plain = network()
    plain.compile(optimizer, "mse")
    plain.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)

    model, opt = network(), keras.optimizers.get(optimizer)
    opt.build(model.trainable_variables)
    loss_fn = keras.losses.MeanSquaredError()

    def compute(trainable: Any, rest: Any, x: Any, y: Any) -> Any:
        predicted, rest = model.stateless_call(trainable, rest, x, training=True)
        return loss_fn(y, predicted), rest

    step = keras.ops.value_and_grad(compute, has_aux=True) if hasattr(keras.ops, "value_and_grad") else None
    if step is None:
        step = keras.value_and_grad(compute, has_aux=True)
    before = model.get_weights()
    trainable = [v.value for v in model.trainable_variables]
    rest = [v.value for v in model.non_trainable_variables]
    slots = [v.value for v in opt.variables]
    for _ in range(2):
        for start in range(0, 32, 8):
            (_, rest), gradients = step(trainable, rest, X[start : start + 8], Y[start : start + 8])
            trainable, slots = opt.stateless_apply(slots, gradients, trainable)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert opt.iterations.numpy() == 0
    for variable, value in zip(
        [*model.trainable_variables, *model.non_trainable_variables], [*trainable, *rest], strict=True
    ):
        variable.assign(value)
    assert_same_bits(plain, model)


def test_own_compute_loss_and_metrics_property() -> None:
    class Own(keras.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.seen = keras.metrics.Mean(name="seen")

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # type: ignore[no-untyped-def]
            loss = ops.mean(ops.square(y_pred - y)) + ops.add(
                *[ops.sum(w * 0.0) for w in self.trainable_weights[:2]]
            )
            self.seen.update_state(loss)
            return loss

        def reset_metrics(self) -> None:
            self.seen.reset_state()

        @property
        def metrics(self) -> list[Any]:
            return [self.seen]

    plain, own = network(), network(Own)
    plain.compile("sgd", "mse")
    own.compile("sgd")
    options: dict[str, Any] = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0}
    a, b = plain.fit(X, Y, **options).history, own.fit(X, Y, **options).history
    assert b["seen"] == pytest.approx(a["loss"], rel=1e-6)
    for one, other in zip(plain.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_sample_and_class_weights_in_an_own_step() -> None:
    class Weighted(keras.Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
            with keras.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True), sample_weight=sample_weight)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    plain, own = network(), network(Weighted)
    weights = RNG.uniform(0.1, 2.0, 32)
    for model in (plain, own):
        model.compile("sgd", "mse")
        model.fit(X, Y, sample_weight=weights, batch_size=8, shuffle=False, verbose=0)
    assert_same_bits(plain, own)


def test_two_networks_that_train_against_each_other() -> None:
    class Gan(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator = keras.Sequential([keras.Input((2,)), L.Dense(6)])
            self.critic = keras.Sequential([keras.Input((6,)), L.Dense(4, activation="tanh"), L.Dense(1)])
            self.seed_generator = keras.random.SeedGenerator(1)
            self.trackers = [keras.metrics.Mean(name=name) for name in ("critic_loss", "generator_loss")]

        @property
        def metrics(self) -> list[Any]:
            return self.trackers

        def compile(self, d_optimizer: Any, g_optimizer: Any, loss_fn: Any) -> None:
            super().compile()
            self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

        def train_step(self, real: Any) -> dict[str, Any]:
            n = ops.shape(real)[0]
            noise = keras.random.normal((n, 2), seed=self.seed_generator)
            images = ops.concatenate([self.generator(noise), real], axis=0)
            labels = ops.concatenate([ops.ones((n, 1)), ops.zeros((n, 1))], axis=0)
            with keras.GradientTape() as tape:
                d_loss = self.loss_fn(labels, self.critic(images))
            grads = tape.gradient(d_loss, self.critic.trainable_weights)
            self.d_optimizer.apply(grads, self.critic.trainable_weights)
            with keras.GradientTape() as tape:
                g_loss = self.loss_fn(ops.zeros((n, 1)), self.critic(self.generator(noise)))
            grads = tape.gradient(g_loss, self.generator.trainable_weights)
            self.g_optimizer.apply(grads, self.generator.trainable_weights)
            for tracker, loss in zip(self.trackers, (d_loss, g_loss), strict=True):
                tracker.update_state(loss)
            return {m.name: m.result() for m in self.trackers}

    gan = Gan()
    gan.compile(
        keras.optimizers.Adam(), keras.optimizers.Adam(), keras.losses.BinaryCrossentropy(from_logits=True)
    )
    before = gan.get_weights()
    logs = gan.fit(X, batch_size=8, epochs=2, verbose=0).history
    assert sorted(logs) == ["critic_loss", "generator_loss"]
    assert np.isfinite([*logs["critic_loss"], *logs["generator_loss"]]).all()
    assert all(not np.array_equal(a, b) for a, b in zip(before, gan.get_weights(), strict=True))


def test_a_variational_autoencoder_of_layers_and_losses() -> None:
    class Sampling(L.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.seed_generator = keras.random.SeedGenerator(1337)

        def call(self, inputs: Any) -> Any:
            mean, log_var = inputs
            batch, dim = ops.shape(mean)[0], ops.shape(mean)[1]
            epsilon = keras.random.normal(shape=(batch, dim), seed=self.seed_generator)
            return mean + ops.exp(0.5 * log_var) * epsilon

    class Encoder(L.Layer):
        def __init__(self, latent: int = 2, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.hidden, self.mean, self.log_var = (
                L.Dense(5, activation="relu"),
                L.Dense(latent),
                L.Dense(latent),
            )
            self.sampling = Sampling()

        def call(self, inputs: Any) -> Any:
            x = self.hidden(inputs)
            mean, log_var = self.mean(x), self.log_var(x)
            return mean, log_var, self.sampling((mean, log_var))

    class Vae(keras.Model):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.encoder = Encoder()
            self.decoder = keras.Sequential([L.Dense(5, activation="relu"), L.Dense(6)])

        def call(self, inputs: Any) -> Any:
            mean, log_var, z = self.encoder(inputs)
            self.add_loss(-0.5 * ops.mean(log_var - ops.square(mean) - ops.exp(log_var) + 1))
            return self.decoder(z)

    vae = Vae()
    vae.compile(keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError())
    logs = vae.fit(X, X, epochs=20, batch_size=8, verbose=0).history["loss"]
    assert logs[-1] < logs[0]
    assert len(vae.losses) <= 1
    assert vae.predict(X, verbose=0).shape == (32, 6)


def test_functions_that_make_the_step() -> None:
    calls: list[str] = []

    class Own(keras.Model):
        def make_train_function(self, force: bool = False) -> Any:
            calls.append("train")

            def step(iterator: Any) -> Any:
                return self.train_step(next(iterator))

            self.train_function = step
            return step

        def make_predict_function(self, force: bool = False) -> Any:
            calls.append("predict")
            return super().make_predict_function(force)

    plain, own = network(), network(Own)
    for model in (plain, own):
        model.compile("sgd", "mse")
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    assert_same_bits(plain, own)
    np.testing.assert_allclose(own.predict(X, verbose=0), plain.predict(X, verbose=0), rtol=1e-6)
    assert {"train", "predict"} <= set(calls)


def test_single_batches() -> None:
    plain, own = network(), network(TapeStep)
    for model in (plain, own):
        model.compile("sgd", "mse", metrics=["mae"])
    for start in range(0, 32, 8):
        batch = X[start : start + 8], Y[start : start + 8]
        assert own.train_on_batch(*batch, return_dict=True)["loss"] == pytest.approx(
            plain.train_on_batch(*batch, return_dict=True)["loss"], rel=1e-6
        )
    assert_same_bits(plain, own)
    np.testing.assert_allclose(own.test_on_batch(X, Y), plain.test_on_batch(X, Y), rtol=1e-6)
    np.testing.assert_array_equal(own.predict_on_batch(X), plain.predict_on_batch(X))
