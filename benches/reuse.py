"""What frozen layers save: `python benches/reuse.py`.

A step of training with all layers, with the lower ones frozen, and on their stored features; for a deep network of
dense layers on 784 numbers (300-50-50, then 20-10) and for convolutions on 32 x 32 images under a dense top. Weights
must be the same with and without stored features.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import oxhorn as keras

LAYERS = keras.layers


def dense() -> Any:
    layers = [
        LAYERS.Dense(n, activation="relu", name=f"hidden{i}") for i, n in enumerate((300, 50, 50, 20), 1)
    ]
    return keras.Sequential([keras.Input((784,)), *layers, LAYERS.Dense(10)])


def convolutions() -> Any:
    layers: list[Any] = []
    for i, filters in enumerate((32, 64, 128), 1):
        layers += [
            LAYERS.Conv2D(filters, 3, padding="same", use_bias=False),
            LAYERS.BatchNormalization(),
            LAYERS.ReLU(),
            LAYERS.MaxPooling2D(name=f"pool{i}"),
        ]
    top = [LAYERS.Flatten(), LAYERS.Dense(64, activation="relu"), LAYERS.Dense(10)]
    return keras.Sequential([keras.Input((32, 32, 3)), *layers, *top])


# The model, its input, the last frozen layer, the samples in a batch, and the steps in an epoch.
CASES: dict[str, tuple[Callable[[], Any], tuple[int, ...], str, int, int]] = {
    "dense": (dense, (784,), "hidden3", 200, 100),
    "convolutions": (convolutions, (32, 32, 3), "pool3", 64, 10),
}


def model_of(name: str, frozen: bool) -> Any:
    keras.utils.set_random_seed(0)
    model = CASES[name][0]()
    if frozen:
        keras.reuse.freeze(model, until=CASES[name][2])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01), loss=loss)
    return model


def measure(name: str, rounds: int) -> None:
    _, shape, until, batch, steps = CASES[name]
    rng = np.random.default_rng(0)
    x, y = rng.random((batch * steps, *shape), np.float32), rng.integers(0, 10, batch * steps)
    full, frozen, stored = (model_of(name, i > 0) for i in range(3))
    start = time.perf_counter()
    cache = stored.cache_features(x, until=until)
    once = time.perf_counter() - start
    runs: dict[str, Callable[[], Any]] = {
        "all layers": lambda: full.fit(x, y, batch_size=batch, shuffle=False, verbose=0),
        "lower layers frozen": lambda: frozen.fit(x, y, batch_size=batch, shuffle=False, verbose=0),
        "on stored features": lambda: cache.fit(y, batch_size=batch, shuffle=False, verbose=0),
    }
    best = dict.fromkeys(runs, float("inf"))
    for i in range(rounds + 1):
        for what, run in runs.items():
            start = time.perf_counter()
            run()
            if i:  # The first is for tracing.
                best[what] = min(best[what], time.perf_counter() - start)
    for one, other in zip(frozen.get_weights(), stored.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    print(f"{name}: {steps} steps of {batch} samples; storing the features took {1e3 * once:.0f} ms")
    whole = best["all layers"]
    for what, seconds in best.items():
        print(f"{1e3 * seconds / steps:9.4f} ms a step {whole / seconds:7.1f} x  {what}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for name in CASES:
        if arguments.only in (None, name):
            measure(name, arguments.rounds)


if __name__ == "__main__":
    main()
