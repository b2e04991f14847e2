"""Layers of one's own: weights, state, sub-layers, losses, masks, flags, configs."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

L = keras.layers
X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


@keras.saving.register_keras_serializable(package="own_code")
class Linear(L.Layer):
    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True, name="w"
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True, name="b")

    def call(self, inputs: Any) -> Any:
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class Mlp(L.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.parts = [Linear(5), Linear(5)]
        self.named = {"last": Linear(1)}

    def call(self, inputs: Any) -> Any:
        x = inputs
        for part in self.parts:
            x = keras.activations.relu(part(x))
        return self.named["last"](x)


def test_weights_made_when_the_shape_is_known() -> None:
    layer = Linear(3)
    assert layer.weights == []
    y = layer(X)
    assert [w.path for w in layer.weights] == [f"{layer.name}/w", f"{layer.name}/b"]
    np.testing.assert_allclose(y.numpy(), X @ layer.w.numpy(), rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape((None, 4)) == (None, 3)
    assert layer.compute_output_spec(keras.KerasTensor((None, 4))).shape == (None, 3)


def test_state_that_is_not_trained() -> None:
    class Sum(L.Layer):
        def __init__(self, n: int) -> None:
            super().__init__()
            self.total = self.add_weight(initializer="zeros", shape=(n,), trainable=False)

        def call(self, inputs: Any) -> Any:
            self.total.assign_add(ops.sum(inputs, axis=0))
            return self.total

    layer = Sum(2)
    assert layer(np.ones((2, 2))).numpy().tolist() == [2.0, 2.0]
    assert layer(np.ones((2, 2))).numpy().tolist() == [4.0, 4.0]
    assert (len(layer.weights), len(layer.non_trainable_weights), layer.trainable_weights) == (1, 1, [])


def test_layers_inside_layers() -> None:
    mlp = Mlp()
    assert mlp(np.ones((3, 64))).shape == (3, 1)
    assert (len(mlp.weights), len(mlp.trainable_weights)) == (6, 6)
    mlp.parts[0].trainable = False
    assert (len(mlp.trainable_weights), len(mlp.non_trainable_weights)) == (4, 2)
    mlp.trainable = False
    assert mlp.trainable_weights == []
    mlp.trainable = True
    assert len(mlp.trainable_weights) == 6
    frozen = Linear(2, trainable=False)
    frozen(X)
    assert (frozen.trainable_weights, [w.trainable for w in frozen.weights]) == ([], [False, False])


def test_losses_that_layers_add() -> None:
    class ActivityPenalty(L.Layer):
        def __init__(self, rate: float = 1e-2) -> None:
            super().__init__()
            self.rate = rate

        def call(self, inputs: Any) -> Any:
            self.add_loss(self.rate * ops.mean(inputs))
            return inputs

    class Outer(L.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.penalty = ActivityPenalty(1e-2)
            self.dense = L.Dense(2, kernel_regularizer=keras.regularizers.L2(1e-3))

        def call(self, inputs: Any) -> Any:
            return self.dense(self.penalty(inputs))

    layer = Outer()
    assert layer.losses == []
    layer(X)
    layer(X)
    assert len(layer.losses) == 2
    np.testing.assert_allclose(float(layer.losses[0]), 1e-2 * X.mean(), rtol=1e-5)
    np.testing.assert_allclose(
        float(layer.losses[1]), 1e-3 * (layer.dense.kernel.numpy() ** 2).sum(), rtol=1e-5
    )

    inputs = keras.Input((4,))
    model = keras.Model(inputs, ActivityPenalty(1.0)(inputs))
    model.compile(optimizer="sgd", loss="mse")
    with pytest.warns(UserWarning, match="no trainable weights"):
        history = model.fit(X, X, batch_size=6, verbose=0)
    np.testing.assert_allclose(history.history["loss"], [X.mean()], rtol=1e-5)
    model.compile(optimizer="sgd")
    with pytest.warns(UserWarning, match="no trainable weights"):
        assert model.fit(X, batch_size=6, verbose=0).history["loss"] == pytest.approx([X.mean()], rel=1e-5)


def test_configs() -> None:
    layer = Linear(7, name="seven", trainable=False)
    again = Linear.from_config(layer.get_config())
    assert (again.units, again.name, again.trainable) == (7, "seven", False)
    revived = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(revived, Linear)

    class Plain(L.Layer):
        def __init__(self, size: int, names: Any = ("a", "b")) -> None:
            super().__init__()
            self.size = size

    assert Plain(3).get_config()["size"] == 3
    assert Plain.from_config(Plain(3, names=("x",)).get_config()).size == 3

    class Holds(L.Layer):
        def __init__(self, layer: Any) -> None:
            super().__init__()

    with pytest.raises(NotImplementedError, match="get_config"):
        Holds(Linear(1)).get_config()


def test_training_flag_reaches_inner_layers() -> None:
    class Noisy(L.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.noise = L.Dropout(0.5, seed=1)

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.noise(inputs)

    class Around(L.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Noisy()

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    ones = np.ones((20, 20), "float32")
    for layer in (Noisy(), Around()):
        assert float(ops.min(layer(ones))) == 1.0
        assert float(ops.min(layer(ones, training=True))) == 0.0
        inputs = keras.Input((20,))
        model = keras.Model(inputs, layer(inputs))
        assert float(ops.min(model(ones))) == 1.0
        assert float(ops.min(model(ones, training=True))) == 0.0


def test_arguments_that_pass_from_layer_to_layer() -> None:
    class Inner(L.Layer):
        def __init__(self) -> None:
            super().__init__()
            self._register_call_context_args("mode")

        def call(self, x: Any, mode: Any = None) -> Any:
            return x + (1.0 if mode else 0.0)

    class Middle(L.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def call(self, x: Any) -> Any:
            return self.inner(x)

    x = keras.Input((4,))
    models = [Middle(), keras.Sequential([Middle()]), keras.Model(x, Middle()(x))]
    for model in models:
        model._register_call_context_args("mode")
        np.testing.assert_array_equal(model(X, mode=True).numpy(), X + 1.0)
        np.testing.assert_array_equal(model(X).numpy(), X)
        with pytest.raises(RuntimeError, match="after the layer has been called"):
            model._register_call_context_args("other")


def test_masks() -> None:
    class Temporal(L.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            weight = ops.expand_dims(ops.cast(mask, "float32"), -1)
            return ops.sum(x * weight, axis=1) / ops.sum(weight, axis=1)

    class Shift(L.Layer):
        def call(self, x: Any) -> Any:
            return x + 1.0

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return None if mask is None else ops.logical_not(mask)

    words = np.array([[1, 2, 0, 0], [3, 1, 2, 0]])
    inputs = keras.Input((None,), dtype="int32")
    embedding = L.Embedding(5, 2, mask_zero=True)
    model = keras.Model(inputs, Temporal()(embedding(inputs)))
    table = embedding.get_weights()[0]
    expected = [table[row[row > 0]].mean(0) for row in words]
    np.testing.assert_allclose(model.predict(words, verbose=0), expected, rtol=1e-5, atol=1e-6)
    assert Shift().supports_masking
    masked = Shift()(embedding(words))
    np.testing.assert_array_equal(masked._keras_mask.numpy(), words == 0)


def test_several_inputs_and_their_shapes() -> None:
    class Two(L.Layer):
        def build(self, query_shape: Any, value_shape: Any) -> None:
            self.w = self.add_weight(shape=(query_shape[-1], value_shape[-1]))

        def call(self, query: Any, value: Any) -> Any:
            return ops.matmul(query, self.w) * value

    value = X[:, :2]
    layer = Two()
    assert layer(X, value).shape == (6, 2)
    assert layer.get_build_config() == {"shapes_dict": {"query_shape": (6, 4), "value_shape": (6, 2)}}
    again = Two()
    again.build_from_config(layer.get_build_config())
    assert again.w.shape == (4, 2)
    q, v = keras.Input((4,)), keras.Input((2,))
    assert Two()(q, value=v).shape == (None, 2)

    class Dicts(L.Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape["a"][-1], 2))

        def call(self, inputs: Any) -> Any:
            return {"sum": ops.matmul(inputs["a"], self.w) + inputs["b"]}

    out = Dicts()({"a": X, "b": value})
    assert out["sum"].shape == (6, 2)


def test_dtypes_of_a_layer() -> None:
    layer = Linear(2, dtype="float64")
    assert layer(X).dtype == "float64"
    assert layer.w.dtype == "float64"

    class Seen(L.Layer):
        def call(self, x: Any) -> Any:
            self.seen = [str(x[0].dtype), str(x[1].dtype)]
            return x[0]

    for autocast, expected in ((True, ["float32", "int32"]), (False, ["float64", "int32"])):
        layer = Seen(autocast=autocast)
        layer([X.astype("float64"), np.arange(3, dtype="int32")])
        assert layer.seen == expected


def test_a_weight_may_be_taken_out() -> None:
    class Pruned(L.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.w = self.add_weight(shape=(2,))
            self.extra = self.add_weight(shape=(3,))
            self._build_at_init()

    layer = Pruned()
    layer.extra = layer._untrack_variable(layer.extra)
    assert layer.extra is None
    assert len(layer.weights) == 1
    with pytest.raises(ValueError, match="cannot add new elements of state"):
        layer.more = layer.add_weight(shape=(1,))


def test_stateless_calls() -> None:
    class Random(L.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.generator = keras.random.SeedGenerator(7)
            self.count = self.add_weight(initializer="zeros", trainable=False)
            self.scale = self.add_weight(initializer="ones", regularizer="l1")
            self._build_at_init()

        def call(self, x: Any) -> Any:
            self.count.assign_add(1.0)
            self.add_loss(ops.sum(x))
            return x * self.scale + keras.random.normal((), seed=self.generator) + self.count

    layer, twin = Random(), Random()
    assert layer._seed_generators == [layer.generator]
    state = [v.value for v in layer.non_trainable_variables]
    y, after, losses = layer.stateless_call([2.0], state, X, return_losses=True)
    twin.scale.assign(2.0)
    np.testing.assert_array_equal(y.numpy(), twin(X).numpy())
    assert [v.numpy().tolist() for v in after] == [v.numpy().tolist() for v in twin.non_trainable_variables]
    assert [float(v) for v in losses] == pytest.approx([X.sum(), 0.02], rel=1e-5)
    assert float(layer.count) == 0.0
    assert layer.losses[:-1] == []
    with pytest.raises(ValueError, match="must be built"):
        Linear(2).stateless_call([], [], X)
    with pytest.raises(ValueError, match="list with length 2, but expected 1"):
        layer.stateless_call([1.0, 2.0], state, X)


def test_copies_and_pickles() -> None:
    layer = Linear(3)
    layer(X)
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(again(X).numpy(), layer(X).numpy())
        again.w.assign_add(ops.ones_like(again.w))
        assert not np.array_equal(again(X).numpy(), layer(X).numpy())


def test_own_variables_of_files() -> None:
    layer, store = Linear(3), {}
    layer(X)
    layer.save_own_variables(store)
    assert sorted(store) == ["0", "1"]
    again = Linear(3)
    with pytest.raises(ValueError, match="never built"):
        again.load_own_variables(store)
    again.build((None, 4))
    again.load_own_variables(store)
    np.testing.assert_array_equal(again(X).numpy(), layer(X).numpy())
