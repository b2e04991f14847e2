"""Small data sets, and what they give as plain Python."""

from __future__ import annotations

from typing import Any

from oxhorn.data import Dataset


def numbers(n: int = 7) -> Dataset:
    return Dataset.range(n)


def generated(n: int = 7) -> Dataset:
    return Dataset.from_generator(lambda: iter(range(n)))


def values(dataset: Dataset) -> list[Any]:
    def plain(x: Any) -> Any:
        if isinstance(x, tuple):
            return tuple(plain(part) for part in x)
        if isinstance(x, dict):
            return {key: plain(part) for key, part in x.items()}
        return x.tolist()

    return [plain(element) for element in dataset]
