"""LBFGS against the dense form of its matrix, on known minima, and inside fit."""

from __future__ import annotations

import itertools
import json
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.optimizers.line_search import Point, strong_wolfe

LBFGS = keras.optimizers.LBFGS
ops = keras.ops


def rosenbrock(w: Any) -> Any:
    a, b = w[0::2], w[1::2]
    return ops.sum((1 - a) ** 2 + 100 * (b - a * a) ** 2)


@pytest.mark.parametrize("pairs", [1, 10])
@pytest.mark.parametrize("history", [1, 5, 100])
def test_rosenbrock(pairs: int, history: int) -> None:
    w = keras.Variable(np.tile([-1.2, 1.0], pairs), dtype="float64")
    optimizer = LBFGS(history_size=history, tolerance_change=1e-16, tolerance_grad=1e-10)
    loss = optimizer.minimize(lambda: rosenbrock(w), [w], steps=500)
    np.testing.assert_allclose(w.numpy(), 1.0, atol=1e-8)
    assert loss < 1e-16
    assert len(optimizer._pairs) <= history


def test_several_variables_of_any_shape_and_type() -> None:
    rng = np.random.default_rng(0)
    targets = [rng.normal(size=(3, 2)), rng.normal(size=()), rng.normal(size=4).astype("float32")]
    variables = [keras.Variable(np.zeros_like(t), dtype=str(t.dtype)) for t in targets]

    def loss() -> Any:
        parts = [
            ops.sum(ops.square(ops.cast(v, "float64") - t)) for v, t in zip(variables, targets, strict=True)
        ]
        return parts[0] + 3 * parts[1] + 10 * parts[2]

    assert LBFGS().minimize(loss, variables) < 1e-12
    for variable, target in zip(variables, targets, strict=True):
        assert variable.dtype == str(target.dtype)
        np.testing.assert_allclose(variable.numpy(), target, atol=1e-6)


def test_directions_are_those_of_the_dense_matrix() -> None:
    """H <- (1 - s y' / sy) H (1 - y s' / sy) + s s' / sy, from H = (sy / yy) 1 of the newest pair (N. & W., 6.17)."""
    rng = np.random.default_rng(0)
    m = rng.normal(size=(6, 6))
    curvature = m @ m.T + np.eye(6)
    w = keras.Variable(rng.normal(size=6), dtype="float64")
    seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    class Watched(LBFGS):
        def _next_direction(self, gradient: Any) -> Any:
            direction = super()._next_direction(gradient)
            seen.append((w.numpy(), gradient.numpy(), direction.numpy()))
            return direction

    Watched(history_size=3, max_iter=8).minimize(
        lambda: ops.sum(w * ops.matmul(curvature, w)) / 2, [w], steps=1
    )
    assert len(seen) >= 5
    np.testing.assert_array_equal(seen[0][2], -seen[0][1])
    for i in range(1, len(seen)):
        moves = itertools.pairwise(seen[: i + 1])
        pairs = [(b[0] - a[0], b[1] - a[1]) for a, b in moves][-3:]
        s, y = pairs[-1]
        h = np.eye(6) * (s @ y) / (y @ y)
        for s, y in pairs:
            left = np.eye(6) - np.outer(s, y) / (s @ y)
            h = left @ h @ left.T + np.outer(s, s) / (s @ y)
        np.testing.assert_allclose(seen[i][2], -h @ seen[i][1], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda t: (-t / (t * t + 2), (t * t - 2) / (t * t + 2) ** 2),
        lambda t: ((t + 0.004) ** 5 - 2 * (t + 0.004) ** 4, 5 * (t + 0.004) ** 4 - 8 * (t + 0.004) ** 3),
        lambda t: ((t - 3) ** 2, 2 * (t - 3)),
        lambda t: (np.exp(-t), -np.exp(-t)) if t < 2 else (np.nan, np.nan),
        lambda t: (-np.log(1 - t) - 3 * t if t < 1 else np.inf, 1 / (1 - t) - 3 if t < 1 else np.inf),
    ],
    ids=["more-thuente-1", "more-thuente-2", "parabola", "nan beyond 2", "wall at 1"],
)
@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 10.0, 1000.0])
def test_the_wolfe_conditions(function: Any, first: float) -> None:
    asked: list[float] = []

    def evaluate(t: float) -> Point:
        asked.append(t)
        with np.errstate(all="ignore"):
            value, slope = function(t)
        return Point(t, float(value), float(slope), None)

    start = evaluate(0.0)
    found, count = strong_wolfe(evaluate, start, first, 1e-12)
    assert count == len(asked) - 1 <= 25
    assert found.value <= start.value + 1e-4 * found.t * start.slope
    if function(1e9)[0] == function(1e9)[0]:  # a minimum exists
        assert abs(found.slope) <= 0.9 * abs(start.slope)


X = np.random.default_rng(0).normal(size=(100, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3 + 0.1 * np.random.default_rng(1).normal(size=(100, 1))


def linear(optimizer: Any, eager: bool = False, **dense: Any) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((3,), dtype="float64"), keras.layers.Dense(1, dtype="float64", **dense)]
    )
    model.compile(optimizer, loss="mse", metrics=["mae"], run_eagerly=eager)
    return model


@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_fit_solves_the_normal_equations(eager: bool, ridge: float) -> None:
    regularizer = keras.regularizers.L2(ridge) if ridge else None
    model = linear(LBFGS(tolerance_change=1e-14, tolerance_grad=1e-12), eager, kernel_regularizer=regularizer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = model.fit(X, Y, epochs=4, verbose=0).history
    rows = np.c_[X, np.ones(100)]
    right = np.linalg.solve(rows.T @ rows + 100 * ridge * np.diag([1.0, 1, 1, 0]), rows.T @ Y)
    np.testing.assert_allclose(np.vstack(model.get_weights()), right, atol=1e-8)
    assert int(model.optimizer.iterations) == 4
    # The logs of an epoch are those at its beginning.
    assert history["loss"][0] > 4 * history["loss"][1]
    np.testing.assert_allclose(history["loss"][1:], history["loss"][-1], rtol=1e-9)
    np.testing.assert_allclose(history["mae"][-1], model.evaluate(X, Y, verbose=0)[1], rtol=1e-6)


def test_statistics_and_masks_move_once_a_step() -> None:
    """Batch normalisation sees one batch a step, and dropout keeps its mask, however often the loss is evaluated."""
    losses, means = [], []
    for eager in (False, True):
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [
                keras.Input((3,)),
                keras.layers.Dense(6, activation="tanh"),
                keras.layers.BatchNormalization(momentum=0.5),
                keras.layers.Dropout(0.2),
                keras.layers.Dense(1),
            ]
        )
        model.compile(LBFGS(max_iter=4), loss="mse", run_eagerly=eager)
        hidden = model.layers[0](X.astype("float32")).numpy()
        history = model.fit(X, Y, epochs=1, verbose=0).history["loss"]
        np.testing.assert_allclose(model.layers[1].moving_mean.numpy(), 0.5 * hidden.mean(0), atol=1e-5)
        history += model.fit(X, Y, epochs=3, verbose=0).history["loss"]
        losses.append(history)
        means.append(model.layers[1].moving_mean.numpy())
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    np.testing.assert_allclose(means[0], means[1], rtol=1e-3, atol=1e-5)
    assert losses[0][-1] < losses[0][0] / 3


def test_batches_are_warned_of() -> None:
    for arguments in ({"batch_size": 25}, {"steps_per_epoch": 2}):
        with pytest.warns(
            UserWarning, match="wants the full batch: all the data in each step; got [24] batches"
        ):
            linear(LBFGS()).fit(X, Y, verbose=0, **arguments)
    model = linear(LBFGS())
    model.fit(X, Y, batch_size=100, verbose=0)
    assert int(model.optimizer.iterations) == 1
    assert np.isfinite(model.train_on_batch(X, Y)[0])


def test_it_goes_on_where_it_was() -> None:
    def run(split: bool) -> np.ndarray:
        w = keras.Variable(np.tile([-1.2, 1.0], 4), dtype="float64", name="w")
        optimizer = LBFGS(max_iter=3, history_size=4)

        def closure() -> Any:
            with keras.GradientTape() as tape:
                loss = rosenbrock(w)
            return loss, tape.gradient(loss, [w])

        for i in range(6):
            if split and i == 3:
                optimizer, w = pickle.loads(pickle.dumps((optimizer, w)))
            optimizer.step(closure, [w])
        return w.numpy()

    np.testing.assert_array_equal(run(False), run(True))


def test_config_and_store() -> None:
    optimizer = LBFGS(0.5, max_iter=7, history_size=3, tolerance_grad=1e-5, line_search_fn=None, name="mine")
    config = json.loads(json.dumps(keras.optimizers.serialize(optimizer)))
    assert keras.optimizers.deserialize(config).get_config() == optimizer.get_config()
    assert type(keras.optimizers.get("lbfgs")) is LBFGS
    w = keras.Variable([3.0, -2.0], dtype="float64", name="w")
    optimizer = LBFGS(0.25, max_iter=3, line_search_fn=None)
    before = optimizer.minimize(lambda: ops.sum(w * w), [w], steps=2)
    assert before < 13.0
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    other = LBFGS(0.25, max_iter=3, line_search_fn=None)
    other.build([w])
    other.load_own_variables(store)
    for a, b in zip(other.variables, optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    with pytest.raises(ValueError, match="expected"):
        other.set_weights(optimizer.get_weights()[:-1])


def test_an_interrupted_search_goes_back() -> None:
    w = keras.Variable([2.0], dtype="float64")
    calls = 0

    def loss() -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return ops.sum(w**4)

    with pytest.raises(KeyboardInterrupt):
        LBFGS().minimize(loss, [w])
    assert w.numpy().tolist() == [2.0]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: LBFGS(learning_rate=-1), ValueError, "learning_rate"),
        (lambda: LBFGS(learning_rate=float("nan")), ValueError, "learning_rate"),
        (lambda: LBFGS(max_iter=0), ValueError, "max_iter"),
        (lambda: LBFGS(max_eval=0), ValueError, "max_eval"),
        (lambda: LBFGS(history_size=0), ValueError, "history_size"),
        (lambda: LBFGS(history_size=2.5), ValueError, "history_size"),
        (lambda: LBFGS(tolerance_grad=-1e-5), ValueError, "tolerance_grad"),
        (lambda: LBFGS(tolerance_change=float("nan")), ValueError, "tolerance_change"),
        (lambda: LBFGS(line_search_fn="armijo"), ValueError, "'strong_wolfe'"),
        (lambda: LBFGS(clipnorm=1.0), ValueError, "as it is"),
        (lambda: LBFGS(weight_decay=0.1), ValueError, "regularizers"),
        (lambda: LBFGS().set_learning_rate_multipliers({"a": 1.0}), ValueError, "all weights together"),
        (lambda: LBFGS().apply([[1.0]], [keras.Variable([1.0])]), NotImplementedError, "optimizer.minimize"),
        (lambda: LBFGS().minimize(3.0, [keras.Variable([1.0])]), ValueError, "a function without arguments"),
        (lambda: LBFGS().minimize(lambda: 1.0), ValueError, "not known yet"),
        (lambda: LBFGS().minimize(lambda: 1.0, []), ValueError, "at least one variable"),
        (lambda: LBFGS().build([keras.Variable(1, dtype="int32")]), TypeError, "float32 or float64"),
        (
            lambda: LBFGS().minimize(lambda: ops.ones(()), [keras.Variable([1.0])]),
            ValueError,
            "No gradients provided for any variable",
        ),
    ],
)
def test_refused(make: Any, error: Any, text: str) -> None:
    with pytest.raises(error) as info:
        make()
    assert text in str(info.value)


def test_losses_and_variables_that_do_not_fit() -> None:
    w = keras.Variable([1.0, 2.0], name="w")
    with pytest.raises(ValueError, match=r"one number; got shape \(2,\)"):
        LBFGS().minimize(lambda: w * w, [w])
    with pytest.raises(ValueError, match="the loss is nan before"):
        LBFGS().minimize(lambda: ops.sum(ops.log(-w)), [w])
    optimizer = LBFGS()
    optimizer.build([w, keras.Variable([1.0])])
    with pytest.raises(ValueError, match="all 2 variables"):
        optimizer.minimize(lambda: ops.sum(w * w), [w])
    with pytest.raises(ValueError, match="Unknown variable: 'other'"):
        optimizer.minimize(lambda: ops.sum(w * w), [keras.Variable([1.0], name="other")])
    w.constraint = keras.constraints.NonNeg()
    with pytest.raises(ValueError, match="'w' has a constraint"):
        LBFGS().build([w])
