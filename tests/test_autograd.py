"""`GradientTape`, `grad`, `value_and_grad`, `jacobian`: against derivatives known by heart."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core, ops


def tensor(x, dtype="float64"):
    return ops.convert_to_tensor(np.asarray(x, dtype))


X = np.array([[0.5, -1.5], [2.0, 0.25]])


class TestTape:
    def test_a_watched_tensor(self):
        x = tensor(X)
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(x**3)
        np.testing.assert_allclose(tape.gradient(y, x).numpy(), 3 * X**2, rtol=1e-12)

    def test_trainable_variables_are_watched_by_themselves(self):
        v = keras.Variable(X, dtype="float64")
        frozen = keras.Variable(X, dtype="float64", trainable=False)
        with keras.GradientTape() as tape:
            y = ops.sum(v * v + frozen * frozen)
        of_v, of_frozen = tape.gradient(y, [v, frozen])
        np.testing.assert_allclose(of_v.numpy(), 2 * X)
        assert of_frozen is None

    def test_variables_can_be_left_out(self):
        v, w = keras.Variable(2.0), keras.Variable(3.0)
        with keras.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(w)
            y = v * 2.0 + ops.stop_gradient(v) * w
        of_w = tape.gradient(y, w)
        assert float(of_w) == 2.0
        with keras.GradientTape(watch_accessed_variables=False) as tape:
            y = v * w
        assert tape.gradient(y, [v, w]) == [None, None]

    @pytest.mark.parametrize(
        "make", [lambda a, b: [a, b], lambda a, b: (a, [b]), lambda a, b: {"a": a, "b": b}]
    )
    def test_sources_of_any_structure(self, make):
        a, b = tensor(2.0), tensor(5.0)
        with keras.GradientTape() as tape:
            tape.watch([a, b])
            y = a * a * b
        gradients = tape.gradient(y, make(a, b))
        keras.tree.assert_same_structure(gradients, make(a, b))
        values = dict(zip("ab", keras.tree.flatten(gradients), strict=True))
        assert float(values["a"]) == 20.0
        assert float(values["b"]) == 4.0

    def test_several_targets_are_summed(self):
        x = tensor(2.0)
        with keras.GradientTape() as tape:
            tape.watch(x)
            targets = {"square": x * x, "cube": x**3, "again": x}
        assert float(tape.gradient(targets, x)) == 4.0 + 12.0 + 1.0

    def test_output_gradients_weigh_the_elements(self):
        x = tensor(X)
        weights = np.array([[1.0, 0.0], [-2.0, 0.5]])
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = ops.exp(x)
        np.testing.assert_allclose(tape.gradient(y, x, weights).numpy(), weights * np.exp(X), rtol=1e-12)

    def test_unconnected(self):
        a, b = tensor([1.0, 2.0]), tensor([3.0, 4.0])
        with keras.GradientTape(persistent=True) as tape:
            tape.watch((a, b))
            y = ops.sum(a)
        assert tape.gradient(y, b) is None
        np.testing.assert_array_equal(tape.gradient(y, b, unconnected_gradients="zero").numpy(), [0.0, 0.0])

    def test_persistent(self):
        x = tensor(3.0)
        with keras.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        assert float(tape.gradient(y, x)) == 6.0
        assert float(tape.gradient(z, x)) == 108.0
        assert float(tape.gradient(z, y)) == 18.0

    def test_nested_tapes_give_higher_derivatives(self):
        x = tensor([0.3, -0.7])
        with keras.GradientTape() as third, keras.GradientTape() as second:
            third.watch(x)
            second.watch(x)
            with keras.GradientTape() as first:
                first.watch(x)
                y = ops.sum(ops.sin(x))
            dy = first.gradient(y, x)
            ddy = second.gradient(ops.sum(dy), x)
            total = ops.sum(ddy)
        dddy = third.gradient(total, x)
        np.testing.assert_allclose(dy.numpy(), np.cos([0.3, -0.7]), rtol=1e-12)
        np.testing.assert_allclose(ddy.numpy(), -np.sin([0.3, -0.7]), rtol=1e-12)
        np.testing.assert_allclose(dddy.numpy(), -np.cos([0.3, -0.7]), rtol=1e-12)

    def test_jacobian(self):
        a = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
        x = tensor([0.2, -0.4, 1.0])
        with keras.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = ops.matmul(tensor(a), ops.sin(x))
        np.testing.assert_allclose(tape.jacobian(y, x).numpy(), a * np.cos([0.2, -0.4, 1.0]), rtol=1e-12)

    def test_stop_recording_and_reset(self):
        x = tensor(2.0)
        with keras.GradientTape(persistent=True) as tape:
            tape.watch(x)
            with tape.stop_recording():
                silent = x * x
            y = x * 3.0
        assert tape.gradient(silent, x) is None
        assert float(tape.gradient(y, x)) == 3.0
        tape.reset()
        assert tape.gradient(y, x) is None

    def test_stop_gradient(self):
        x = tensor(2.0)
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = x * ops.stop_gradient(x * x)
        assert float(tape.gradient(y, x)) == 4.0

    def test_inputs_and_weights_of_a_model(self):
        model = keras.Sequential([keras.Input((3,), dtype="float64"), keras.layers.Dense(2, dtype="float64")])
        x = tensor(np.ones((4, 3)))
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(model(x))
        of_x, of_weights = tape.gradient(y, (x, model.trainable_variables))
        kernel = model.trainable_variables[0].numpy()
        np.testing.assert_allclose(of_x.numpy(), np.tile(kernel.sum(1), (4, 1)), rtol=1e-12)
        np.testing.assert_allclose(of_weights[0].numpy(), np.full((3, 2), 4.0))
        np.testing.assert_allclose(of_weights[1].numpy(), [4.0, 4.0])

    def test_in_a_traced_call(self):
        class InputGradient(keras.layers.Layer):
            """The gradient of sum(x^3) for x, times x."""

            def call(self, x):
                with keras.GradientTape() as tape:
                    tape.watch(x)
                    y = ops.sum(x**3)
                return x * tape.gradient(y, x)

        model = keras.Sequential([keras.Input((2,)), InputGradient()])
        x = X.astype("float32")
        np.testing.assert_allclose(model.predict(x, verbose=0), 3 * x**3, rtol=1e-5)
        np.testing.assert_allclose(model(x).numpy(), 3 * x**3, rtol=1e-5)

    def test_each_thread_has_its_own_tapes(self):
        def other():
            seen.append(float(ops.sum(x * x)))

        seen: list[float] = []
        x = tensor(2.0)
        with keras.GradientTape() as tape:
            tape.watch(x)
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
            y = 5.0 * x
        assert seen == [4.0]
        assert float(tape.gradient(y, x)) == 5.0


class TestFunctional:
    def test_grad_of_several_arguments(self):
        a, b = keras.grad(lambda x, y: ops.sum(x * y * y), argnums=(0, 1))([1.0, 2.0], [3.0, 4.0])
        np.testing.assert_allclose(a.numpy(), [9.0, 16.0])
        np.testing.assert_allclose(b.numpy(), [6.0, 16.0])

    def test_one_tensor_in_two_arguments(self):
        x = tensor(3.0)
        a, b = keras.grad(lambda x, y: x * x * y, argnums=(0, 1))(x, x)
        assert (float(a), float(b)) == (18.0, 9.0)

    def test_structures_and_aux(self):
        def f(weights, x):
            y = ops.matmul(x, weights["w"]) + weights["b"]
            return ops.sum(y * y), {"y": y}

        w = {"w": np.array([[1.0], [2.0]]), "b": np.array([0.5])}
        x = np.array([[1.0, 1.0], [0.0, -1.0]])
        (value, aux), gradients = keras.value_and_grad(f, has_aux=True)(w, x)
        y = x @ w["w"] + w["b"]
        np.testing.assert_allclose(aux["y"].numpy(), y, rtol=1e-6)
        np.testing.assert_allclose(float(value), (y**2).sum(), rtol=1e-6)
        np.testing.assert_allclose(gradients["w"].numpy(), 2 * x.T @ y, rtol=1e-6)
        np.testing.assert_allclose(gradients["b"].numpy(), 2 * y.sum(0), rtol=1e-6)

    def test_higher_derivatives(self):
        f = lambda x: ops.exp(2.0 * x)  # noqa: E731
        for order in range(1, 5):
            f = keras.grad(f)
            np.testing.assert_allclose(float(f(tensor(0.3))), 2.0**order * np.exp(0.6), rtol=1e-12)

    def test_hessian_of_a_quadratic_form(self):
        a = np.array([[2.0, 1.0], [0.0, 3.0]])

        def f(x):
            return ops.sum(x * ops.matmul(tensor(a), x))

        np.testing.assert_allclose(
            keras.jacobian(keras.grad(f))(tensor([0.1, 0.7])).numpy(), a + a.T, rtol=1e-12
        )

    def test_jacobian_of_several_arguments(self):
        a, b = keras.jacobian(lambda x, y: x * y, argnums=(0, 1))([1.0, 2.0], [3.0, 4.0])
        np.testing.assert_allclose(a.numpy(), np.diag([3.0, 4.0]))
        np.testing.assert_allclose(b.numpy(), np.diag([1.0, 2.0]))

    def test_variables(self):
        v = keras.Variable(3.0)
        assert float(keras.grad(lambda w: w * w)(v)) == 6.0


class TestErrors:
    def test_a_target_that_is_no_scalar(self):
        x = tensor(X)
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        with pytest.raises(
            ValueError, match=r"scalar target; got a tensor of shape \(2, 2\).*ops.sum.*jacobian"
        ):
            tape.gradient(y, x)
        with pytest.raises(ValueError, match="scalar"):
            keras.grad(lambda x: x)(tensor([1.0, 2.0]))

    def test_a_tape_that_is_used_up(self):
        x = tensor(1.0)
        with keras.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        tape.gradient(y, x)
        with pytest.raises(RuntimeError, match="persistent=True"):
            tape.gradient(y, x)

    def test_entered_twice(self):
        with keras.GradientTape() as tape, pytest.raises(RuntimeError, match="already"):
            tape.__enter__()

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda t, x: t.watch(np.ones(2)), TypeError, "convert_to_tensor"),
            (lambda t, x: t.watch(ops.convert_to_tensor([1, 2])), TypeError, "int32.*ops.cast"),
            (lambda t, x: t.watch(keras.Input((2,))), TypeError, "symbolic"),
            (lambda t, x: t.gradient(3.0, x), TypeError, "computed by ops"),
            (lambda t, x: t.gradient(keras.KerasTensor(()), x), TypeError, "symbolic"),
            (lambda t, x: t.gradient(ops.argmax(x), x), TypeError, "dtype int32"),
            (lambda t, x: t.gradient(x, np.ones(2)), TypeError, "sources; got"),
            (lambda t, x: t.gradient(x, x, unconnected_gradients="nil"), ValueError, "'none' or 'zero'"),
            (lambda t, x: t.gradient(x, x, output_gradients=[x, x]), ValueError, r"1 target\(s\); got 2"),
            (lambda t, x: t.gradient(x, x, output_gradients=np.ones(3)), ValueError, r"\(\); got \(3,\)"),
            (lambda t, x: t.jacobian(x, x), RuntimeError, "persistent=True"),
            (lambda t, x: t.stop_recording().__enter__(), RuntimeError, "does not record"),
            (lambda t, x: keras.grad(lambda x: x)(3), TypeError, "2.0 instead of 2"),
            (lambda t, x: keras.grad(lambda x: x, argnums=1)(3.0), ValueError, "argument 1"),
            (lambda t, x: keras.grad(lambda x: x, has_aux=True)(3.0), TypeError, "pair"),
        ],
    )
    def test_messages(self, call, error, message):
        x = tensor(1.0)
        with keras.GradientTape() as tape:
            tape.watch(x)
        with pytest.raises(error, match=message):
            call(tape, x)

    def test_an_op_without_a_gradient(self):
        batch = tensor(np.arange(12.0).reshape(4, 3))
        with keras.GradientTape() as tape:
            tape.watch(batch)
            _, mean, _ = _core.apply("batch_normalization_training", [batch], {"axis": -1, "epsilon": 1e-3})
            total = ops.sum(mean)
        with pytest.raises(NotImplementedError, match=r"ops\.mean and ops\.var"):
            tape.gradient(total, batch)


@pytest.mark.parametrize("layer", ["LayerNormalization", "BatchNormalization"])
def test_fused_normalisations_have_second_derivatives(layer):
    layer = getattr(keras.layers, layer)(dtype="float64")
    x = np.random.default_rng(1).normal(size=(4, 3))

    def squared_gradient(x):
        gradient = keras.grad(lambda x: ops.sum(layer(x, training=True) ** 3))(x)
        return ops.sum(gradient**2)

    keras.testing.check_gradients(squared_gradient, x)
