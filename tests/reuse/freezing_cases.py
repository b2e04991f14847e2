"""Ways to freeze, written once for this package and for Keras, which made `keras_freezing.json` with them.

To make it again, in an environment with Keras 3.15 and JAX: `KERAS_BACKEND=jax python -m tests.reuse.freezing_cases`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

X = (np.arange(12 * 4).reshape(12, 4) % 7 / 7 - 0.4).astype("float32")
Y = (np.arange(12).reshape(12, 1) % 5 / 5).astype("float32")


def plain(k: Any) -> Any:
    L = k.layers
    return k.Sequential(
        [k.Input((4,)), L.Dense(3, "tanh", name="a"), L.Dense(3, "tanh", name="b"), L.Dense(1, name="c")]
    )


def normalized(k: Any) -> Any:
    L = k.layers
    x = k.Input((4,))
    y = L.BatchNormalization(momentum=0.5, name="n1")(L.Dense(3, name="a")(x))
    y = L.BatchNormalization(momentum=0.5, name="n2")(L.Dense(3, "tanh", name="b")(y))
    return k.Model(x, L.Dense(1, name="c")(y))


def inside(k: Any) -> Any:
    L = k.layers
    base = k.Sequential(
        [k.Input((4,)), L.Dense(3, "tanh", name="a"), L.BatchNormalization(momentum=0.5, name="n")],
        name="base",
    )
    x = k.Input((4,))
    return k.Model(x, L.Dense(1, name="c")(base(x)))


def by_layer(names: list[str], make: Callable[[Any], Any] = plain) -> Callable[[Any], Any]:
    def build(k: Any) -> Any:
        model = make(k)
        for name in names:
            model.get_layer(name).trainable = False
        return model

    return build


def whole_base(k: Any) -> Any:
    return by_layer(["base"], inside)(k)


def base_but_one(k: Any) -> Any:
    """Unfrozen inside a model that is frozen as a whole: not trained."""
    model = whole_base(k)
    model.get_layer("base").layers[0].trainable = True
    return model


def base_again(k: Any) -> Any:
    """Frozen and unfrozen, but for one layer."""
    model = whole_base(k)
    model.get_layer("base").trainable = True
    model.get_layer("base").layers[1].trainable = False
    return model


def by_argument(k: Any) -> Any:
    L = k.layers
    return k.Sequential([k.Input((4,)), L.Dense(3, "tanh", trainable=False, name="a"), L.Dense(1, name="c")])


def stopped(k: Any) -> Any:
    L = k.layers
    x = k.Input((4,))
    y = k.ops.stop_gradient(L.Dense(3, "tanh", trainable=False, name="a")(x))
    return k.Model(x, L.Dense(1, name="c")(L.Dense(3, "tanh", name="b")(y)))


def regularized(k: Any) -> Any:
    L = k.layers
    dense = L.Dense(3, "tanh", kernel_regularizer=k.regularizers.L2(0.1), name="a")
    dense.trainable = False
    return k.Sequential(
        [k.Input((4,)), dense, L.Dense(1, kernel_regularizer=k.regularizers.L2(0.1), name="c")]
    )


CASES: dict[str, Callable[[Any], Any]] = {
    "nothing": plain,
    "the lowest": by_layer(["a"]),
    "the two lowest": by_layer(["a", "b"]),
    "the middle": by_layer(["b"]),
    "the top": by_layer(["c"]),
    "a normalization": by_layer(["n1"], normalized),
    "a dense layer under a normalization": by_layer(["a"], normalized),
    "all below": by_layer(["a", "n1", "b", "n2"], normalized),
    "a model": whole_base,
    "a model but one layer": base_but_one,
    "a model again": base_again,
    "by an argument": by_argument,
    "by stop_gradient": stopped,
    "regularized": regularized,
}


def outcome(k: Any, build: Callable[[Any], Any]) -> dict[str, Any]:
    """What is trainable, how many variables the optimizer has, and the weights after two epochs of Adam."""
    model = build(k)
    model.set_weights(
        [
            (np.sin(np.arange(w.size)).reshape(w.shape) / 2 + 0.6).astype("float32")
            for w in model.get_weights()
        ]
    )
    model.compile(k.optimizers.Adam(0.01), "mse")
    history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    return {
        "trainable": ["/".join(v.path.split("/")[-2:]) for v in model.trainable_variables],
        "not": ["/".join(v.path.split("/")[-2:]) for v in model.non_trainable_variables],
        "slots": len(model.optimizer.variables),
        "loss": [float(value) for value in history.history["loss"]],
        "evaluated": float(model.evaluate(X, Y, verbose=0)),
        "weights": [np.asarray(w).ravel().tolist() for w in model.get_weights()],
    }


if __name__ == "__main__":
    import keras

    found = {name: outcome(keras, build) for name, build in CASES.items()}
    path = Path(__file__).parent / "keras_freezing.json"
    path.write_text(json.dumps(found, default=float, separators=(",", ":")) + "\n", encoding="utf-8")
