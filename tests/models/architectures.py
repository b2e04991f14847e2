"""Models whose names, paths, summaries and configs are compared with Keras's.

`keras_models.json` was written by Keras 3.15.1 (JAX): for each function below, in this order, with the names of the
session cleared before,

    {"summary": lines of summary() on 80 columns, "config": json.loads(model.to_json()),
     "variables": paths, "trainable": paths of trainable_variables}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def stack(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation="relu"), layers.BatchNormalization(), layers.Dense(2)]
    )


def stack_with_dropout(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(name="pile")
    model.add(keras.Input((6,)))
    for units in (5, 4):
        model.add(layers.Dense(units, activation="tanh"))
        model.add(layers.Dropout(0.5))
    return model


def not_built(keras: Any) -> Any:
    return keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(1, name="head")])


def built_later(keras: Any) -> Any:
    model = not_built(keras)
    model.build((None, 5))
    return model


def shared_layer(keras: Any) -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    dense = keras.layers.Dense(2, name="shared")
    both = keras.layers.Add(name="both")([dense(a), dense(b)])
    joined = keras.layers.Concatenate(name="joined")([both, stack(keras)(a)])
    return keras.Model({"a": a, "b": b}, [both, joined], name="twins")


def nested(keras: Any) -> Any:
    base = stack(keras)
    trunk = keras.Model(base.inputs, base.get_layer("dense").output)
    x = keras.Input((4,))
    inner = keras.Model(x, trunk(x), name="inner")
    return keras.Model(x, keras.layers.Add()([inner(x), keras.layers.Dense(3)(x)]))


def called_twice(keras: Any) -> Any:
    x = keras.Input((4,))
    dense = keras.layers.Dense(4)
    return keras.Model(x, dense(dense(x)))


def frozen_base(keras: Any) -> Any:
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name="base")
    base.trainable = False
    return keras.Sequential([base, keras.layers.Dense(1)])


def tokens(keras: Any) -> Any:
    return keras.Sequential([keras.Input((None,), dtype="int32"), keras.layers.Embedding(5, 3)])


def with_functions(keras: Any) -> Any:
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(4, name="d")(x)
    y = keras.ops.relu(y + 2.0) * y
    y = keras.ops.reshape(y[:, :2], (-1, 2, 1))
    return keras.Model(x, keras.ops.mean(y, axis=1), name="functions")


ARCHITECTURES: list[Callable[[Any], Any]] = [
    stack,
    stack_with_dropout,
    not_built,
    built_later,
    shared_layer,
    nested,
    called_twice,
    frozen_base,
    tokens,
    with_functions,
]


def facts(keras: Any, build: Callable[[Any], Any]) -> dict[str, Any]:
    """What is compared."""
    import json

    keras.backend.clear_session()
    model = build(keras)
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    return {
        "summary": "\n".join(lines).rstrip("\n").split("\n"),
        "config": json.loads(model.to_json()),
        "variables": [variable.path for variable in model.variables],
        "trainable": [variable.path for variable in model.trainable_variables],
    }
