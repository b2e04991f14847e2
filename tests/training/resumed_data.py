"""Data for runs that are interrupted and go on: drawn by chance, with a state, without an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import oxhorn as keras
from tests.training.resumed_runs import L, X, Y


def slices() -> Any:
    return keras.data.Dataset.from_tensor_slices((X, Y))


class iter_again:
    """Batches that can be read again and again."""

    def __init__(self, batches: list[Any]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        return iter(self.batches)


def noisy() -> Callable[..., Any]:
    noise, drop = L.GaussianNoise(0.3), L.Dropout(0.3)
    return lambda x, y: (drop(noise(x, training=True), training=True), y)


def twice(data: Any, change: Callable[..., Any]) -> Any:
    return data.map(change).map(change)


def one_layer_for_both() -> dict[str, Any]:
    change = noisy()
    rows, others = (slices().batch(4).map(change, num_parallel_calls=3) for _ in range(2))
    return {"x": rows, "y": None, "batch_size": None, "validation_data": others.prefetch(2)}


def random_rows(x: Any, y: Any) -> Any:
    return x + keras.random.normal((4,)), y


class Rows(keras.utils.PyDataset):
    """Batches by index, shuffled between epochs with NumPy's global generator."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.order = np.arange(22)

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        rows = self.order[4 * index : 4 * index + 4]
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        np.random.shuffle(self.order)


class Draws(Rows):
    """The same, with noise that is drawn anew for each batch."""

    def on_epoch_end(self) -> None:
        pass

    def __getitem__(self, index: int) -> Any:
        x, y = super().__getitem__(index)
        return x + np.random.normal(size=x.shape).astype("float32"), y


class Remembers(Rows):
    """The same, drawing noise in `__getitem__`, and knowing its own state."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = 0

    def __getitem__(self, index: int) -> Any:
        x, y = super().__getitem__(index)
        self.drawn += 1
        return x + np.random.normal(size=x.shape).astype("float32") * self.drawn, y

    def get_state(self) -> Any:
        return {"order": self.order, "drawn": self.drawn}

    def set_state(self, state: Any) -> None:
        self.order, self.drawn = state["order"], state["drawn"]


class Endless(Rows):
    num_batches = None

    def __getitem__(self, index: int) -> Any:
        return super().__getitem__(index % 6)


def endless() -> Iterator[Any]:
    while True:
        rows = np.random.randint(0, 22, 4)
        yield X[rows], Y[rows]


class Varied(Rows):
    """Rows that random layers change."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.change = noisy()

    def __getitem__(self, index: int) -> Any:
        return self.change(*super().__getitem__(index))
