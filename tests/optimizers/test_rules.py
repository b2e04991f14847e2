"""What single update rules promise beyond their formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from oxhorn.testing import reference as ref

optimizers = keras.optimizers


# Ftrl ----------------------------------------------------------------------------------------------------


def test_ftrl_makes_weights_exactly_zero_inside_fit() -> None:
    """Of twenty inputs three matter: L1 leaves these alone, and SGD none at zero."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 20)).astype("float32")
    y = (x[:, :3] @ np.array([[2.0], [-3.0], [1.5]]) + 0.05 * rng.normal(size=(256, 1))).astype("float32")

    def fitted(optimizer: Any) -> np.ndarray:
        model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1, use_bias=False)])
        model.compile(optimizer, loss="mse")
        model.fit(x, y, batch_size=32, epochs=30, shuffle=False, verbose=0)
        return model.get_weights()[0].ravel()

    sparse = fitted(optimizers.Ftrl(0.5, l1_regularization_strength=20.0))
    assert (sparse[:3] != 0).all()
    assert (sparse[3:] == 0).sum() >= 15
    assert (fitted(optimizers.SGD(0.05)) != 0).all()
    assert (fitted(optimizers.Ftrl(0.5)) != 0).all()


def test_ftrl_with_a_rate_of_zero_rests() -> None:
    w = keras.Variable([1.0, -2.0])
    optimizers.Ftrl(0.0).apply([[0.5, 0.5]], [w])
    assert w.numpy().tolist() == [1.0, -2.0]


# ASGD, Rprop, ScheduleFreeAdamW, Nadam ---------------------------------------------------------------------


def test_averaged_weights_are_the_mean_of_the_weights() -> None:
    rng = np.random.default_rng(0)
    w, seen = keras.Variable(rng.normal(size=3), dtype="float64"), []
    optimizer = optimizers.ASGD(0.1, lambd=0.0, t0=0)
    assert optimizer.averaged_weights == []
    for _ in range(10):
        optimizer.apply([rng.normal(size=3)], [w])
        seen.append(w.numpy())
    # The weights after the first update are counted in no mean but the first: it begins anew with the second.
    np.testing.assert_allclose(optimizer.averaged_weights[0].numpy(), np.mean(seen[1:], axis=0), rtol=1e-12)


def test_resilient_steps_look_at_signs_alone() -> None:
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(20, 5))
    plain, scaled = (keras.Variable(np.zeros(5), dtype="float64") for _ in range(2))
    first, second = optimizers.Rprop(0.1), optimizers.Rprop(0.1)
    for g in gradients:
        first.apply([g], [plain])
        second.apply([g * 1e6], [scaled])
    np.testing.assert_array_equal(plain.numpy(), scaled.numpy())


def test_resilient_steps_wait_for_a_rate() -> None:
    w = keras.Variable([0.0])
    optimizer = optimizers.Rprop(optimizers.schedules.PiecewiseConstantDecay([0], [0.0, 0.5]))
    optimizer.apply([[1.0]], [w])
    assert w.numpy().tolist() == [0.0]
    optimizer.apply([[1.0]], [w])
    assert w.numpy().tolist() == [-0.5]


def test_the_fast_sequence_starts_at_the_weights() -> None:
    w = keras.Variable([1.0, -2.0])
    optimizer = optimizers.ScheduleFreeAdamW()
    optimizer.build([w])
    assert optimizer.variables[2].numpy().tolist() == [1.0, -2.0]
    optimizer.apply([[0.0, 0.0]], [w])
    np.testing.assert_allclose(w.numpy(), [1.0, -2.0], rtol=1e-6)


def test_nadam_keeps_its_product_in_fit_and_in_apply() -> None:
    right = np.prod([0.9 * (1 - 0.5 * 0.96**t) for t in (1, 2, 3, 4)])
    w = keras.Variable(np.zeros(2), dtype="float64")
    by_hand = optimizers.Nadam()
    for _ in range(4):
        by_hand.apply([np.ones(2)], [w])
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    in_fit = optimizers.Nadam()
    model.compile(in_fit, loss="mse")
    model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=2, epochs=1, verbose=0)
    for optimizer, rtol in ((by_hand, 1e-12), (in_fit, 1e-6)):
        np.testing.assert_allclose(optimizer.variables[-1].numpy(), right, rtol=rtol)


# SparseAdam --------------------------------------------------------------------------------------------------


def table(rows: int = 6, size: int = 3, dtype: str = "float64") -> Any:
    layer = keras.layers.Embedding(rows, size, dtype=dtype)
    layer.build()
    return layer


@pytest.mark.parametrize(
    "around",
    [
        {},
        {"clipnorm": 0.5},
        {"weight_decay": 0.1},
        {"gradient_accumulation_steps": 2},
        {"use_ema": True, "ema_momentum": 0.5, "weight_decay": 0.1, "global_clipnorm": 0.5},
    ],
    ids=str,
)
def test_only_the_rows_of_the_batch_change(around: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    layer = table()
    weights = [layer.get_weights()[0]]
    optimizer = optimizers.SparseAdam(0.0625, **around)
    right = ref.optimizers.SparseAdam(0.0625, **around)
    for step in range(50):
        gradient = np.zeros((6, 3))
        rows = rng.choice(5, size=2)
        gradient[rows] = rng.normal(size=(2, 3))
        # A row that is used may have zeros.
        gradient[rows[0], step % 3] = 0.0
        optimizer.apply([gradient], [layer.embeddings])
        weights = right.step(weights, [gradient])
        np.testing.assert_allclose(layer.embeddings.numpy(), weights[0], rtol=1e-10, atol=1e-12)
    # Nobody used the last row.
    momentum, velocity = optimizer.variables[-2:]
    assert (momentum.numpy()[5] == 0).all()
    assert (velocity.numpy()[5] == 0).all()
    assert (momentum.numpy()[:5] != 0).all()


def test_sparse_updates_inside_fit() -> None:
    x = np.array([[0, 2], [2, 2], [4, 0], [0, 4]])
    y = np.array([[1.0], [2.0], [-1.0], [0.5]])
    layer = keras.layers.Embedding(6, 1)
    model = keras.Sequential([keras.Input((2,), dtype="int32"), layer, keras.layers.GlobalAveragePooling1D()])
    before = layer.get_weights()[0]
    model.compile(optimizers.SparseAdam(0.05), loss="mse")
    history = model.fit(x, y, batch_size=2, epochs=20, verbose=0).history["loss"]
    after = layer.get_weights()[0]
    assert history[-1] < history[0]
    np.testing.assert_array_equal(after[[1, 3, 5]], before[[1, 3, 5]])
    assert (after[[0, 2, 4]] != before[[0, 2, 4]]).all()


def test_sparse_updates_beside_others() -> None:
    """The table has SparseAdam, the dense layer Adam."""
    x = np.array([[0, 2], [2, 2], [4, 0], [0, 4]])
    embedding, dense = keras.layers.Embedding(6, 3), keras.layers.Dense(1)
    model = keras.Sequential(
        [keras.Input((2,), dtype="int32"), embedding, keras.layers.GlobalAveragePooling1D(), dense]
    )
    before, kernel = embedding.get_weights()[0], dense.get_weights()[0]
    which = optimizers.OptimizerMap(optimizers.Adam(0.05), {"embeddings": optimizers.SparseAdam(0.05)})
    model.compile(optimizers.MultiOptimizer(which), loss="mse")
    model.fit(x, np.ones((4, 1)), batch_size=2, epochs=5, verbose=0)
    after = embedding.get_weights()[0]
    np.testing.assert_array_equal(after[[1, 3, 5]], before[[1, 3, 5]])
    assert (after[[0, 2, 4]] != before[[0, 2, 4]]).all()
    assert (dense.get_weights()[0] != kernel).all()


def test_a_sparse_update_on_a_dense_layer() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="scores")])
    model.compile(optimizers.SparseAdam(), loss="mse")
    with pytest.raises(ValueError, match=r"a sparse update on a dense layer.*scores/kernel'.*MultiOptimizer"):
        model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    with pytest.raises(ValueError, match="a sparse update on a dense layer"):
        optimizers.SparseAdam().apply([[1.0]], [keras.Variable([1.0])])


# Lamb, Adafactor, Muon ---------------------------------------------------------------------------------------


def test_a_layer_adapts_its_step_to_its_weights() -> None:
    rng = np.random.default_rng(0)
    start, gradient = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    moves = []
    for size in (1.0, 100.0):
        w = keras.Variable(start * size, dtype="float64")
        optimizers.Lamb(0.125).apply([gradient], [w])
        moves.append(np.linalg.norm(w.numpy() - start * size) / np.linalg.norm(start * size))
    np.testing.assert_allclose(moves, 0.125, rtol=1e-12)


@pytest.mark.parametrize("where", ["weights", "gradients"])
def test_a_ratio_without_norms_is_one(where: str) -> None:
    w = keras.Variable(np.zeros(2) if where == "weights" else np.ones(2))
    gradient = np.ones(2) if where == "weights" else np.zeros(2)
    before = w.numpy()
    optimizers.Lamb(0.5).apply([gradient], [w])
    np.testing.assert_allclose(w.numpy(), before - 0.5 * gradient, rtol=1e-5)


def test_rows_and_columns_of_convolution_kernels() -> None:
    optimizer = optimizers.Adafactor()
    optimizer.build([keras.Variable(np.zeros((3, 3, 4, 5)), name="k"), keras.Variable(np.zeros(5), name="b")])
    assert [tuple(v.shape) for v in optimizer.variables[2:]] == [
        *[(3, 3, 4), (3, 3, 5), (3, 3, 4, 5)],
        *[(), (), (5,)],
    ]


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (2, 5, 3)])
def test_orthogonal_steps(shape: tuple[int, ...]) -> None:
    x = _core.tensor(np.random.default_rng(0).normal(size=shape))
    y = optimizers.Muon().zeropower_via_newtonschulz5(x, 5)
    values = np.linalg.svd(np.asarray(y), compute_uv=False)
    assert values.shape[-1] == min(shape[-2:])
    assert (values > 0.6).all()
    assert (values < 1.3).all()
    with pytest.raises(ValueError, match="expected a matrix"):
        optimizers.Muon().zeropower_via_newtonschulz5(_core.tensor(np.ones(3)), 5)


def test_who_takes_the_step_of_adam() -> None:
    kernel, bias, last, words = (
        keras.Variable(np.ones(shape), name=name)
        for shape, name in (((3, 2), "kernel"), ((2,), "bias"), ((2, 2), "last"), ((5, 2), "embeddings"))
    )
    optimizer = optimizers.Muon(exclude_layers=["last"])
    optimizer.build([kernel, bias, last, words])
    assert [v.name for v in optimizer.variables[2:]] == [
        *["kernel_momentum", "bias_momentum", "bias_velocity"],
        *["last_momentum", "last_velocity", "embeddings_momentum", "embeddings_velocity"],
    ]
    plain = optimizers.Muon(exclude_embeddings=False)
    plain.build([words])
    assert len(plain.variables) == 3


def test_decay_of_matrices_and_of_the_rest() -> None:
    kernel, bias = (keras.Variable(np.ones(shape), dtype="float64") for shape in ((2, 2), (2,)))
    zero = [np.zeros((2, 2)), np.zeros(2)]
    optimizers.Muon(0.5, weight_decay=0.5, adam_weight_decay=0.25).apply(zero, [kernel, bias])
    np.testing.assert_allclose(kernel.numpy(), 0.75)
    np.testing.assert_allclose(bias.numpy(), 0.875)


# Out of range ------------------------------------------------------------------------------------------------

BAD: list[tuple[str, dict[str, Any]]] = [
    *[
        (name, {beta: value})
        for name in ("Adam", "AdamW", "Adamax", "Nadam", "Lamb", "SparseAdam")
        for beta in ("beta_1", "beta_2")
        for value in (-0.1, 1.0, 1.5, float("nan"), "0.9", None)
    ],
    *[
        (name, {"learning_rate": value})
        for name in sorted(ref.optimizers.ALL)
        for value in (-1.0, float("nan"), float("inf"), "fast")
    ],
    ("Lion", {"beta_1": 0.0}),
    ("Lion", {"beta_2": 1.5}),
    ("ScheduleFreeAdamW", {"beta_1": 0.0}),
    ("ScheduleFreeAdamW", {"beta_2": 1.0}),
    ("ScheduleFreeAdamW", {"warmup_steps": -1}),
    ("Adadelta", {"rho": 1.5}),
    ("Adadelta", {"epsilon": -1e-7}),
    ("Adamax", {"epsilon": float("nan")}),
    ("ASGD", {"lambd": -1.0}),
    ("ASGD", {"alpha": float("nan")}),
    ("ASGD", {"t0": -1}),
    ("Rprop", {"etas": (1.5, 1.2)}),
    ("Rprop", {"etas": (0.5, 0.9)}),
    ("Rprop", {"etas": 0.5}),
    ("Rprop", {"step_sizes": (0.0, 1.0)}),
    ("Rprop", {"step_sizes": (1.0, 0.5)}),
    ("Adafactor", {"beta_2_decay": 0.5}),
    ("Adafactor", {"clip_threshold": 0.0}),
    ("Adafactor", {"epsilon_1": -1.0}),
    ("Adafactor", {"relative_step": "yes"}),
    ("Muon", {"adam_beta_1": 1.0}),
    ("Muon", {"momentum": -0.5}),
    ("Muon", {"ns_steps": 2.5}),
    ("Muon", {"ns_steps": -1}),
    ("Muon", {"rms_rate": -0.2}),
    ("Muon", {"exclude_layers": ["("]}),
    ("Muon", {"adam_weight_decay": -0.1}),
]


@pytest.mark.parametrize(("name", "arguments"), BAD, ids=str)
def test_arguments_out_of_range(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as info:
        getattr(optimizers, name)(**arguments)
    assert name in str(info.value)
    assert next(iter(arguments)) in str(info.value)


@pytest.mark.parametrize(
    "argument",
    [
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
        "learning_rate_power",
    ],
)
def test_strengths_out_of_range(argument: str) -> None:
    sign, bad = ("negative", 0.5) if argument == "learning_rate_power" else ("positive", -0.5)
    for value in (bad, float("nan")):
        with pytest.raises(
            ValueError, match=f"^`{argument}` needs to be {sign} or zero. Received: {argument}={value}.$"
        ):
            optimizers.Ftrl(**{argument: value})


def test_a_hyperparameter_that_turns_bad() -> None:
    optimizer = optimizers.Adamax()
    with pytest.raises(ValueError, match=r"beta_1 in \[0, 1\)"):
        optimizer.beta_1 = 1.0
    assert optimizer.beta_1 == 0.9
