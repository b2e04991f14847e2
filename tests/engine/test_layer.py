from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

X = np.arange(8, dtype="float32").reshape(2, 4) / 8


class Linear(keras.Layer):
    def __init__(self, units: int = 3, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.scale = scale

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.offset = self.add_weight(
            shape=(self.units,), initializer="zeros", trainable=False, name="offset"
        )

    def call(self, x: Any) -> Any:
        return ops.matmul(x, self.kernel) * self.scale + self.offset


class Block(keras.Layer):
    """Layers in an attribute, a list, a tuple and a dict."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = Linear(2)
        self.many = [Linear(2)]
        self.pair = (Linear(2), "text")
        self.named = {"one": Linear(2)}
        self.many.append(Linear(2))

    def call(self, x: Any) -> Any:
        for layer in (self.first, *self.many, self.pair[0], self.named["one"]):
            x = layer(x)
        return x


def test_own_layer_computes() -> None:
    layer = Linear(3, scale=2.0)
    y = layer(X)
    np.testing.assert_allclose(y.numpy(), X @ layer.kernel.numpy() * 2.0, rtol=1e-6)
    assert layer.built
    assert layer.count_params() == 15
    assert layer.get_build_config() == {"input_shape": (2, 4)}


def test_lists_of_numbers_are_arrays() -> None:
    layer = Linear(1)
    assert layer([[1, 2, 3, 4]]).shape == (1, 1)


def test_order_of_weights_and_paths() -> None:
    layer = Linear(3, name="lin")
    layer.build((None, 4))
    assert [v.path for v in layer.weights] == ["lin/kernel", "lin/offset"]
    assert [v.name for v in layer.trainable_weights] == ["kernel"]
    assert [v.name for v in layer.non_trainable_weights] == ["offset"]
    layer.trainable = False
    assert layer.trainable_weights == []
    assert [v.name for v in layer.non_trainable_weights] == ["kernel", "offset"]
    layer.trainable = True
    assert [v.name for v in layer.trainable_weights] == ["kernel"]


def test_layers_in_containers_are_found() -> None:
    block = Block(name="block")
    block(X)
    assert len(block.weights) == 10
    assert all(v.path.startswith("block/linear") for v in block.weights)
    block.trainable = False
    assert not block.named["one"].trainable
    block.many.pop()
    assert len(block.weights) == 8


def test_a_replaced_layer_is_forgotten() -> None:
    block = Block()
    old = block.first
    block.first = Linear(2, name="new")
    assert old not in block._flatten_layers()
    del block.first
    assert "new" not in [layer.name for layer in block._flatten_layers()]


def test_built_layers_are_closed() -> None:
    layer = Linear()
    layer(X)
    with pytest.raises(ValueError, match="Linear is already built: you cannot add new elements of state"):
        layer.extra = keras.Variable([1.0])


def test_set_weights_all_or_none() -> None:
    layer = Linear(3)
    layer.build((None, 4))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"list of 2 arrays with the shapes \[\(4, 3\), \(3,\)\]; got 1"):
        layer.set_weights(before[:1])
    with pytest.raises(ValueError, match=r"offset' has shape \(3,\); got an array of shape \(4,\)"):
        layer.set_weights([before[0] + 1, np.ones(4)])
    np.testing.assert_array_equal(layer.kernel.numpy(), before[0])
    layer.set_weights([before[0] + 1, [1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(layer.kernel.numpy(), before[0] + 1)
    before[0][:] = 9
    assert layer.kernel.numpy()[0, 0] != 9


def test_count_params_needs_weights() -> None:
    with pytest.raises(ValueError, match="not built"):
        Linear().count_params()


def test_automatic_config() -> None:
    layer = Linear(5, scale=0.5, name="a", trainable=False)
    config = layer.get_config()
    assert {key: config[key] for key in ("name", "trainable", "units", "scale")} == {
        "name": "a",
        "trainable": False,
        "units": 5,
        "scale": 0.5,
    }
    again = Linear.from_config(config)
    assert again.get_config() == config


def test_config_of_a_class_without_keyword_arguments() -> None:
    class Plain(keras.Layer):
        def __init__(self, units: int) -> None:
            super().__init__()
            self.units = units

    layer = Plain(2)
    layer.trainable = False
    again = Plain.from_config(layer.get_config())
    assert (again.name, again.trainable, again.units) == (layer.name, False, 2)


def test_config_that_cannot_be_automatic() -> None:
    class Wraps(keras.Layer):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

    with pytest.raises(NotImplementedError, match="Wraps needs a `get_config` method"):
        Wraps(Linear()).get_config()


def test_forgotten_super_init() -> None:
    class Forgetful(keras.Layer):
        def __init__(self) -> None:
            self.units = 3

    with pytest.raises(RuntimeError, match=r"Forgetful: `super\(\).__init__\(\)` was not called"):
        Forgetful()(X)


def test_unknown_arguments() -> None:
    with pytest.raises(ValueError, match=r"Linear got unknown keyword arguments: \['unit'\].*'units'"):
        Linear(unit=3)
    with pytest.raises(
        ValueError, match=r"Only input tensors may be passed as positional arguments; got 'text'"
    ):
        Linear()("text")
    with pytest.raises(TypeError, match=r"cannot be called like this: .* Its call takes"):
        Linear()(X, speed=3)
    with pytest.raises(ValueError, match="cannot contain character"):
        Linear(name="a/b")


def test_training_flag_reaches_inner_layers() -> None:
    seen: list[Any] = []

    class Inner(keras.Layer):
        def call(self, x: Any, training: Any = None) -> Any:
            seen.append(training)
            return x

    class Outer(keras.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def call(self, x: Any) -> Any:
            return self.inner(x)

    outer = Outer()
    outer(X)
    outer(X, training=True)
    outer(X, training=False)
    outer(X)
    assert seen == [None, True, False, None]


def test_losses_are_those_of_the_last_call() -> None:
    class Adds(keras.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(ops.sum(x))
            return x

    layer = Adds()
    for _ in range(3):
        layer(X)
    assert [float(loss) for loss in layer.losses] == [float(X.sum())]
    with pytest.raises(ValueError, match="expects a scalar; got a tensor of shape"):
        layer.add_loss(ops.convert_to_tensor(X))
    with pytest.raises(ValueError, match=r"got <function .* of type function"):
        layer.add_loss(lambda: 1.0)


def test_regularizers() -> None:
    layer = keras.layers.Dense(3, kernel_regularizer=lambda w: 2.0 * ops.sum(ops.square(w)))
    layer.build((None, 4))
    (loss,) = layer.losses
    np.testing.assert_allclose(float(loss), 2 * (layer.kernel.numpy() ** 2).sum(), rtol=1e-5)
    layer.trainable = False
    assert layer.losses == []


def test_activity_regularizer() -> None:
    layer = Linear(3, activity_regularizer=ops.sum)
    y = layer(X)
    np.testing.assert_allclose([float(loss) for loss in layer.losses], [y.numpy().sum() / len(X)], rtol=1e-5)


def test_dtypes() -> None:
    layer = Linear(2, dtype="float64")
    assert layer(X).dtype == "float64"
    assert layer.kernel.dtype == "float64"
    whole = Linear(2)
    assert whole.compute_output_spec(keras.Input((4,))).dtype == "float32"


def test_masks_are_carried() -> None:
    class Passes(keras.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.supports_masking = True

        def call(self, x: Any, mask: Any = None) -> Any:
            self.__dict__["seen"] = mask
            return ops.negative(x)

    layer = Passes()
    x = ops.convert_to_tensor(X)
    x._keras_mask = ops.convert_to_tensor(np.array([True, False]))
    y = layer(x)
    assert layer.seen.numpy().tolist() == y._keras_mask.numpy().tolist() == [True, False]
    with pytest.warns(UserWarning, match="does not support masks"):
        assert Linear()(x)._keras_mask is None


def test_input_spec() -> None:
    layer = Linear(2, name="strict")
    layer.input_spec = keras.InputSpec(ndim=2, axes={-1: 4})
    with pytest.raises(
        ValueError,
        match=r"'strict': input 0 .* expected ndim=2, found ndim=3. Full shape received: \(2, 4, 1\)",
    ):
        layer(X[:, :, None])
    with pytest.raises(ValueError, match=r"expected axis -1 of input shape to have value 4. .*\(2, 3\)"):
        layer(X[:, :3])
    with pytest.raises(ValueError, match=r"expects 1 input\(s\), but it received 2"):
        layer([X, X])
    with pytest.raises(TypeError, match="must be made of InputSpec"):
        layer.input_spec = 3
    layer.input_spec = keras.InputSpec(min_ndim=3)
    with pytest.raises(ValueError, match="expected min_ndim=3, found ndim=2"):
        layer(X)
    assert layer(np.ones((1, 2, 4), "float32")).shape == (1, 2, 2)


def test_build_with_several_shapes() -> None:
    class Both(keras.Layer):
        def build(self, a_shape: Any, b_shape: Any) -> None:
            self.w = self.add_weight(shape=(a_shape[-1], b_shape[-1]))

        def call(self, a: Any, b: Any) -> Any:
            return ops.matmul(a, self.w) + b

    layer = Both()
    assert layer(X, b=X[:, :2]).shape == (2, 2)
    assert layer.get_build_config() == {"shapes_dict": {"a_shape": (2, 4), "b_shape": (2, 2)}}
    again = Both.from_config(layer.get_config())
    again.build_from_config(layer.get_build_config())
    assert again.w.shape == (4, 2)


def test_symbolic_calls() -> None:
    x = keras.Input((4,))
    y = Linear(3)(x)
    assert (y.shape, y.dtype) == ((None, 3), "float32")
    assert Block().compute_output_shape((None, 4)) == (None, 2)
    for act in (bool, float, len, iter, np.asarray):
        with pytest.raises((TypeError, ValueError, NotImplementedError), match="symbolic"):
            act(y)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies(again: Any) -> None:
    layer = Linear(3)
    y = layer(X).numpy()
    other = again(layer)
    np.testing.assert_array_equal(other(X).numpy(), y)
    other.kernel.assign(other.kernel.numpy() * 0)
    np.testing.assert_array_equal(layer(X).numpy(), y)


def test_old_shape_arguments_warn() -> None:
    with pytest.warns(UserWarning, match="`input_shape` is the old way"):
        layer = Linear(2, input_shape=(4,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = keras.Sequential([layer])
    assert model.input_shape == (None, 4)


def test_inputs_are_not_changed() -> None:
    x = X.astype("float64")
    x.flags.writeable = False
    Linear(2)(x)
    Linear(2)(np.asfortranarray(X)[::-1])


def test_gradients_reach_the_weights() -> None:
    layer = Linear(3)
    layer(X)
    with keras.GradientTape() as tape:
        loss = ops.sum(layer(X))
    (gradient,) = tape.gradient(loss, layer.trainable_weights)
    assert gradient is not None
    np.testing.assert_allclose(gradient.numpy(), np.repeat(X.sum(0)[:, None], 3, 1), rtol=1e-5)


def test_functions_of_ones_own_as_arguments() -> None:
    layer = keras.layers.Dense(
        2,
        activation=lambda x: ops.square(x),
        kernel_initializer=lambda shape, dtype=None: np.full(shape, 0.5, dtype),
        kernel_regularizer=lambda w: ops.sum(w),
        kernel_constraint=lambda w: w,
    )
    np.testing.assert_allclose(layer(X).numpy(), (X @ np.full((4, 2), 0.5)) ** 2, rtol=1e-6)
    assert [float(loss) for loss in layer.losses] == [4.0]
    with pytest.raises(ValueError, match="A lambda cannot be written to a config"):
        keras.saving.serialize_keras_object(layer)


def test_a_changed_argument_counts() -> None:
    layer = keras.layers.Dense(2, activation="relu")
    before = layer(-X).numpy()
    layer.activation = keras.activations.linear
    assert not np.array_equal(layer(-X).numpy(), before)


def test_lists_as_keyword_arguments_stay_lists() -> None:
    class Sums(keras.Layer):
        def call(self, x: Any, axes: Any = None, weights: Any = None) -> Any:
            assert axes == [0, 1]
            return ops.sum(x * weights, axis=axes)

    assert Sums()(X, axes=[0, 1], weights=np.ones(4)).shape == ()
