"""Boltzmann machines against their definition: every state of a tiny one is gone through."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.pretraining import DeepBeliefNetwork, RestrictedBoltzmannMachine, stack_rbms
from oxhorn.testing.reference import pretraining as ref

RNG = np.random.default_rng(0)
W, B, C = RNG.normal(size=(4, 3)), RNG.normal(size=4), RNG.normal(size=3)
V = (RNG.random((6, 4)) < 0.5).astype("float64")
H = (RNG.random((6, 3)) < 0.5).astype("float64")


def tiny(visible: str = "bernoulli", **arguments: Any) -> RestrictedBoltzmannMachine:
    machine = RestrictedBoltzmannMachine(3, visible, dtype="float64", seed=5, **arguments)
    machine.build((None, 4))
    for variable, value in ((machine.kernel, W), (machine.visible_bias, B), (machine.hidden_bias, C)):
        variable.assign(value)
    return machine


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
def test_energies_and_conditionals(visible: str) -> None:
    machine, gaussian = tiny(visible), visible == "gaussian"
    v = V if not gaussian else RNG.normal(size=V.shape)
    near = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(machine.energy(v, H).numpy(), ref.energy(v, H, W, B, C, gaussian), **near)
    np.testing.assert_allclose(machine.free_energy(v).numpy(), ref.free_energy(v, W, B, C, gaussian), **near)
    np.testing.assert_allclose(
        machine.hidden_means(v).numpy(), ref.hidden_means(v, W, B, C, gaussian), **near
    )
    np.testing.assert_array_equal(machine(v).numpy(), machine.hidden_means(v).numpy())
    means = H @ W.T + B if gaussian else ref.visible_means(H, W, B, C)
    np.testing.assert_allclose(machine.visible_means(H).numpy(), means, **near)


def test_likelihoods() -> None:
    machine = tiny()
    assert float(machine.log_partition()) == pytest.approx(ref.log_partition(W, B, C), rel=1e-12)
    np.testing.assert_allclose(machine.log_likelihood(V).numpy(), ref.log_likelihood(V, W, B, C), rtol=1e-10)
    np.testing.assert_allclose(
        machine.pseudo_log_likelihood(V).numpy(), ref.pseudo_log_likelihood(V, W, B, C), rtol=1e-10
    )
    every = ref.states(4)
    assert float(np.exp(machine.log_likelihood(every).numpy()).sum()) == pytest.approx(1.0, rel=1e-12)


def test_the_partition_of_gaussian_units_is_an_integral() -> None:
    machine = RestrictedBoltzmannMachine(14, "gaussian", dtype="float64", kernel_initializer="glorot_normal")
    machine.build((None, 1))
    machine.hidden_bias.assign(RNG.normal(size=14))
    v = np.linspace(-15.0, 15.0, 4001)[:, None]
    p = np.exp(machine.log_likelihood(v).numpy())
    assert float(p.sum() * (v[1, 0] - v[0, 0])) == pytest.approx(1.0, rel=1e-9)


def test_the_exact_slope_and_what_sampling_finds() -> None:
    """With v' from all states, weighted, the loss's slope is that of the likelihood; with chains it comes near."""
    exact = ref.likelihood_slopes(V, W, B, C)
    machine = tiny()
    every = ref.states(4)
    p = np.exp(ref.log_likelihood(every, W, B, C))
    variables = machine.trainable_variables
    with keras.GradientTape() as tape:
        loss = ops.mean(machine.free_energy(V)) - ops.sum(p * machine.free_energy(every))
    for slope, right in zip(tape.gradient(loss, variables), exact, strict=True):
        np.testing.assert_allclose(-slope.numpy(), right, rtol=1e-9, atol=1e-12)
    # 20,000 chains that have forgotten where they began; the error of a mean of n draws is about 0.5 / sqrt(n).
    chains = tiny(persistent_chains=20_000, steps=40)
    with keras.GradientTape() as tape:
        loss = chains.compute_loss(V)
    for slope, right in zip(tape.gradient(loss, variables_of(chains)), exact, strict=True):
        np.testing.assert_allclose(-slope.numpy(), right, atol=0.02)


def variables_of(machine: Any) -> list[Any]:
    return [machine.kernel, machine.visible_bias, machine.hidden_bias]


def test_contrastive_divergence_is_the_slope_of_the_loss() -> None:
    """dL/dW = <v' h(v')> - <v h(v)>, with v' one Gibbs step from v."""
    machine, twin = tiny(), tiny()
    with keras.GradientTape() as tape:
        loss = machine.compute_loss(V)
    fantasy = twin.gibbs(V).numpy()  # of the same seed
    assert set(np.unique(fantasy)) <= {0.0, 1.0}
    h, h_fantasy = ref.hidden_means(V, W, B, C), ref.hidden_means(fantasy, W, B, C)
    w, b, c = (slope.numpy() for slope in tape.gradient(loss, variables_of(machine)))
    np.testing.assert_allclose(w, (fantasy.T @ h_fantasy - V.T @ h) / len(V), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(b, (fantasy - V).mean(0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(c, (h_fantasy - h).mean(0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
def test_draws_have_the_right_means(visible: str) -> None:
    machine = tiny(visible)
    rows = np.repeat(V[:1], 20_000, axis=0)
    drawn = machine.sample_hidden_units(rows).numpy()
    assert set(np.unique(drawn)) <= {0.0, 1.0}
    np.testing.assert_allclose(drawn.mean(0), machine.hidden_means(V[:1]).numpy()[0], atol=0.02)
    drawn = machine.sample_visible_units(np.repeat(H[:1], 20_000, axis=0)).numpy()
    np.testing.assert_allclose(drawn.mean(0), machine.visible_means(H[:1]).numpy()[0], atol=0.03)
    if visible == "gaussian":
        np.testing.assert_allclose(drawn.std(0), 1.0, atol=0.03)


def test_samples_come_from_the_distribution() -> None:
    drawn = tiny().sample(20_000, steps=60).numpy()
    codes = drawn @ [8, 4, 2, 1]
    found = np.bincount(codes.astype(int), minlength=16) / len(drawn)
    np.testing.assert_allclose(found, np.exp(ref.log_likelihood(ref.states(4), W, B, C)), atol=0.015)


@pytest.mark.parametrize(
    "arguments", [{}, {"steps": 3}, {"persistent_chains": 32}, {"sample_visible": False}]
)
def test_training_raises_the_likelihood(arguments: dict[str, Any]) -> None:
    """Two patterns and their noise: the exact likelihood is known to every method."""
    rng = np.random.default_rng(1)
    patterns = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], "float32")
    v = np.abs(patterns[rng.integers(0, 2, 400)] - (rng.random((400, 6)) < 0.05)).astype("float32")
    machine = RestrictedBoltzmannMachine(4, seed=2, **arguments)
    machine.compile(keras.optimizers.SGD(0.02, momentum=0.5))
    machine.build((None, 6))
    before = float(np.mean(machine.log_likelihood(v).numpy()))
    history = machine.fit(v, epochs=60, batch_size=20, verbose=0).history
    after = float(np.mean(machine.log_likelihood(v).numpy()))
    assert before == pytest.approx(-6 * np.log(2), abs=0.1)
    assert after > before + 1.0
    assert history["reconstruction_error"][-1] < 0.5 * history["reconstruction_error"][0]
    assert history["pseudo_log_likelihood"][-1] > history["pseudo_log_likelihood"][0] + 0.5


def test_the_monitor_is_an_estimate_of_the_pseudo_likelihood() -> None:
    machine = tiny()
    machine.compile("sgd")
    rows = np.repeat(V, 3000, axis=0)
    seen = machine.evaluate(rows, batch_size=6000, verbose=0, return_dict=True)
    right = ref.pseudo_log_likelihood(V, W, B, C).mean()
    assert seen["pseudo_log_likelihood"] == pytest.approx(right, abs=0.05)
    v1 = ref.sigmoid(ref.hidden_means(V, W, B, C) @ W.T + B)
    assert seen["reconstruction_error"] == pytest.approx(np.square(V - v1).mean(), rel=1e-6)


def test_evaluating_leaves_the_chains_alone() -> None:
    machine = tiny(persistent_chains=8)
    machine.compile("sgd")
    before = machine.chains.numpy()
    machine.evaluate(V, verbose=0)
    np.testing.assert_array_equal(machine.chains.numpy(), before)
    machine.fit(V, verbose=0)
    assert not np.array_equal(machine.chains.numpy(), before)


def test_eager_and_traced_steps_are_the_same() -> None:
    weights = []
    for eagerly in (False, True):
        machine = tiny(steps=2, kernel_regularizer="l2")
        machine.compile(keras.optimizers.SGD(0.1, momentum=0.5), run_eagerly=eagerly)
        machine.fit(V, epochs=3, batch_size=4, shuffle=False, sample_weight=np.arange(6.0), verbose=0)
        weights.append(machine.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_one_seed_one_result() -> None:
    def trained() -> list[Any]:
        keras.utils.set_random_seed(3)
        network = stack_rbms(V.astype("float32"), [4, 3], epochs=2, verbose=0)
        return [*network.get_weights(), network.sample(5, steps=3).numpy()]

    for a, b in zip(trained(), trained(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_configs_and_weights() -> None:
    for made in (
        tiny("gaussian", kernel_regularizer="l1", persistent_chains=4, sample_visible=False, steps=2),
        DeepBeliefNetwork([3, 2], visible="gaussian"),
    ):
        if not made.built:
            made.build((None, 4))
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(made)))
        again = keras.saving.deserialize_keras_object(config)
        assert type(again) is type(made)
        assert json.loads(json.dumps(again.get_config())) == json.loads(json.dumps(made.get_config()))
        again.set_weights(made.get_weights())
        np.testing.assert_array_equal(again.predict(V, verbose=0), made.predict(V, verbose=0))


def test_a_network_hands_its_layers_on() -> None:
    v = (RNG.random((50, 8)) < 0.3).astype("float32")
    network = DeepBeliefNetwork([RestrictedBoltzmannMachine(6, seed=1), 5])
    histories = network.pretrain(v, epochs=[3, 2], verbose=0, optimizer=keras.optimizers.Adam(0.01))
    assert [len(h.history["loss"]) for h in histories] == [3, 2]
    layers = network.to_dense_layers()
    model = keras.Sequential([keras.Input((8,)), *layers])
    np.testing.assert_allclose(model.predict(v, verbose=0), network.predict(v, verbose=0), rtol=1e-6)
    layers[0].kernel.assign(np.zeros((8, 6)))
    assert network.machines[0].kernel.numpy().any()
    assert network.reconstruct(v).shape == v.shape
    drawn = network.sample(7, steps=2).numpy()
    assert drawn.shape == (7, 8)
    assert set(np.unique(drawn)) <= {0.0, 1.0}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"units": 0}, "`units`"),
        ({"visible": "poisson"}, "`visible`.*'bernoulli', 'gaussian'"),
        ({"steps": 0}, "`steps`"),
        ({"persistent_chains": -1}, "`persistent_chains`"),
        ({"sample_visible": "no"}, "`sample_visible`"),
        ({"seed": "x"}, "`seed`"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        RestrictedBoltzmannMachine(**{"units": 2, **arguments})


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"expected inputs of shape \(batch, features\).*Flatten"):
        RestrictedBoltzmannMachine(2)(np.ones((2, 3, 4), "float32"))
    for method in ("to_dense", "log_partition"):
        with pytest.raises(ValueError, match="is not built"):
            getattr(RestrictedBoltzmannMachine(2), method)()
    for method in ("free_energy", "hidden_means", "visible_means", "gibbs", "reconstruct", "sample"):
        with pytest.raises(ValueError, match="is not built, so it has no weights yet"):
            getattr(RestrictedBoltzmannMachine(2), method)(3 if method == "sample" else V)
    with pytest.raises(ValueError, match=r"those of .* are 'gaussian'"):
        tiny("gaussian").pseudo_log_likelihood(V)
    many = RestrictedBoltzmannMachine(21)
    many.build((None, 2))
    with pytest.raises(ValueError, match="at most 20 hidden units"):
        many.log_partition()
    with pytest.raises(ValueError, match="`steps`"):
        tiny().gibbs(V, 0)
    pixels = np.array([[0.0, 255.0]], "float32")
    made = RestrictedBoltzmannMachine(2)
    made.compile("sgd")
    for data in (pixels, -pixels / 255):
        with pytest.raises(ValueError, match=r"expected data from 0 to 1.*got values from"):
            made.fit(data, verbose=0)
    with pytest.raises(ValueError, match="expected data from 0 to 1"):
        DeepBeliefNetwork([2]).pretrain(pixels)
    gaussian = RestrictedBoltzmannMachine(2, "gaussian")
    gaussian.compile("sgd")
    gaussian.fit(pixels, verbose=0)
    with pytest.raises(ValueError, match="`machines`"):
        DeepBeliefNetwork([])
    with pytest.raises(ValueError, match="above the lowest to have Bernoulli"):
        DeepBeliefNetwork([3, RestrictedBoltzmannMachine(2, "gaussian")])
    with pytest.raises(ValueError, match="an array of numbers"):
        DeepBeliefNetwork([3]).pretrain(np.zeros((0, 4)))
    with pytest.raises(ValueError, match="`epochs`"):
        DeepBeliefNetwork([3]).pretrain(V, epochs=[1, 2])
