"""Typical wrong answers to the tasks in which a network is trained, with words of their hints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import oxhorn as keras

Wrong = tuple[Any, str]
_LOSS = "sparse_categorical_crossentropy"


def _sizes(of: Callable[[Any], float], order: int = 1, kernels: bool = True) -> Callable[..., Any]:
    def answer(model: Any, x: Any, y: Any) -> list[float]:
        found = model.gradients(x, y)
        return [of(g) for path, g in found.items() if not kernels or path.endswith("kernel")][::order]

    return answer


def _fitted(model: Any, x: Any, y: Any) -> list[float]:
    model.fit(x, y, verbose=0)
    return []


def _network(
    activation: str = "relu",
    start: Any = "he_normal",
    rate: float = 0.002,
    depth: int = 10,
    compiled: bool = True,
    adam: bool = True,
) -> Callable[[], Any]:
    def answer() -> Any:
        hidden = [
            keras.layers.Dense(32, activation=activation, kernel_initializer=start) for _ in range(depth)
        ]
        model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10, activation="softmax")])
        if compiled:
            rule = keras.optimizers.Adam(rate) if adam else keras.optimizers.SGD(rate)
            model.compile(rule, _LOSS)
        return model

    return answer


def _curve(learning_rate: float, momentum: float, batch_size: int) -> dict[str, Any]:
    return {"learning_rate": learning_rate, "momentum": momentum, "batch_size": batch_size}


def _reused(
    until: str = "features", copy: bool = True, frozen: str | None = "features", units: int = 2
) -> Any:
    def answer(base: Any) -> Any:
        model = keras.reuse.with_new_top(base, until, [keras.layers.Dense(units)], copy=copy)
        if frozen == "all":
            keras.reuse.freeze(model)
        elif frozen is not None:
            keras.reuse.freeze(model, until=frozen)
        return model

    return answer


def _fresh(base: Any) -> Any:
    model = keras.models.clone_model(keras.reuse.drop_top(base, "features"))
    return keras.Sequential([keras.Input((12, 12, 1)), model, keras.layers.Dense(2)])


def _trained(make: Callable[[Any], Any], epochs: int, rate: float, flip: bool = False) -> Callable[..., Any]:
    def answer(base: Any, x: Any, y: Any) -> Any:
        model = make(base)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss)
        if epochs:
            model.fit(x, 1 - y if flip else y, batch_size=20, epochs=epochs, verbose=0)
        return model

    return answer


def _mean_size(g: Any) -> float:
    return float(np.abs(g).mean())


WRONG: dict[str, list[Wrong]] = {
    "gradient_sizes": [
        (_sizes(_mean_size, order=-1), "lowest layer comes first"),
        (_sizes(lambda g: float(g.mean())), "absolute values"),
        (_sizes(lambda g: float(np.abs(g).sum())), "not the sum"),
        (_sizes(lambda g: float(np.abs(g).max())), "not the largest"),
        (_sizes(_mean_size, kernels=False), "leave the biases out"),
        (_fitted, "do not train"),
    ],
    "build": [
        (_network("sigmoid"), "the sigmoid's slope"),
        (_network(rate=5.0, adam=False), "too large"),
        (_network(start=keras.initializers.RandomNormal(stddev=0.01)), "start too small"),
        (_network(rate=1e-5), "too few"),
        (_network(depth=2), "leave it as deep"),
        (_network(compiled=False), "model.compile"),
    ],
    "settings": [
        (_curve(0.2, 0.0, 64), "tell them apart"),
        (_curve(0.01, 0.0, 128), "too slowly"),
        (_curve(0.2, 0.5, 16), "too fast"),
        (_curve(0.02, 0.9, 32), "too fast"),
        (_curve(0.03, 0.9, 64), "is one of"),
        ({"learning_rate": 0.1}, "expected a dict"),
    ],
    "reuse_features": [
        (_reused(copy=False), "copy=True"),
        (_reused(frozen=None), "freeze what was taken over"),
        (_reused(frozen="all"), "new top has to learn"),
        (_reused("lower2", frozen="lower2"), "a Dense layer of 2 units"),
        (_reused(units=10), "2 units"),
        (_fresh, "trained layers themselves"),
    ],
    "transfer": [
        (_trained(_fresh, 20, 0.003), "trained from scratch"),
        (_trained(_reused(), 0, 0.01), "not trained"),
        (_trained(_reused(), 60, 0.01, flip=True), "exchanged"),
        (_trained(_reused(), 1, 0.001), "train longer"),
        (_trained(_reused(copy=False, frozen=None), 5, 0.003), "were changed"),
    ],
}
