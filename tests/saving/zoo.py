"""Small models for files, each a function of a library that speaks Keras's API: this one, or Keras itself."""

from __future__ import annotations

from typing import Any

import numpy as np


def trained(keras: Any) -> Any:
    """Compiled and fitted: slots of the optimizer, a schedule, metrics, moving statistics."""
    layers, schedules = keras.layers, keras.optimizers.schedules
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation="relu"), layers.BatchNormalization(), layers.Dense(2)]
    )
    model.compile(
        keras.optimizers.Adam(schedules.ExponentialDecay(0.01, 10, 0.9), clipnorm=1.0),
        loss=keras.losses.LogCosh(),
        metrics=["mae", keras.metrics.RootMeanSquaredError(name="rmse")],
    )
    return fitted(model)


def fitted(model: Any) -> Any:
    """Trained for a few steps on fixed numbers."""
    model.fit(*data(), epochs=2, batch_size=8, shuffle=False, verbose=0)
    return model


def data() -> tuple[Any, Any]:
    """Samples for `trained`."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(24, 4)).astype("float32"), rng.normal(size=(24, 2)).astype("float32")


def masked(keras: Any) -> Any:
    """Masks that go from layer to layer, and come up in the graph."""
    layers = keras.layers
    x = keras.Input((6,), dtype="int32")
    h = layers.Embedding(9, 4, mask_zero=True)(x)
    h = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(h)
    return keras.Model(x, layers.Dense(2)(layers.GRU(3)(h)))


def with_functions(keras: Any) -> Any:
    """Functions of `ops` between the layers."""
    ops = keras.ops
    x = keras.Input((4, 6))
    a = ops.softmax(ops.matmul(x, ops.transpose(x, (0, 2, 1))), axis=-1)
    b = ops.concatenate([a, ops.pad(x, ((0, 0), (0, 0), (0, 2)), constant_values=0.5)], axis=-1)
    c = ops.max(b, axis=1) - ops.sum(b, axis=1)
    d = ops.where(c[:, ::2] > 0, c[:, ::2], ops.zeros_like(c[:, ::2]))
    return keras.Model(x, keras.layers.Dense(2)(d * 2.0 + 1.0))


def nested(keras: Any) -> Any:
    """A shared layer, a stack that is called twice, inputs and outputs in dicts."""
    layers = keras.layers
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="within")], name="inner")
    shared = layers.Dense(4, name="shared")
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    both = layers.Add(name="both")([shared(inner(inner(a))), shared(b)])
    return keras.Model({"a": a, "b": b}, {"sum": both, "more": layers.Dense(1, name="more")(both)})


MODELS = [trained, masked, with_functions, nested]


def inputs(model: Any, seed: int = 3) -> Any:
    """Fixed inputs for a model."""
    rng = np.random.default_rng(seed)

    def one(tensor: Any) -> Any:
        shape = (5, *tensor.shape[1:])
        if "int" in str(tensor.dtype):
            return rng.integers(0, 5, size=shape).astype("int32")
        return rng.normal(size=shape).astype("float32")

    if len(model.inputs) == 1:
        return one(model.inputs[0])
    return {name: one(model.input[name]) for name in sorted(model.input)}


def flat(outputs: Any) -> list[Any]:
    """The arrays of a prediction, in a fixed order."""
    if isinstance(outputs, dict):
        return [np.asarray(outputs[name]) for name in sorted(outputs)]
    return [np.asarray(one) for one in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
