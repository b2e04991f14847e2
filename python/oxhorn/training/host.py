"""Data for models whose first layers read text or other NumPy arrays: these layers are applied to each batch."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from oxhorn.engine.text import as_text, is_text
from oxhorn.models.host_part import HostResults, runs_on_host
from oxhorn.training.data_adapters.arrays import lists_to_arrays
from oxhorn.training.shuffling import Shuffling
from oxhorn.training.structures import flatten, map_leaves


def has_host_part(model: Any, x: Any = None) -> bool:
    """Whether the first layers of a model run on NumPy arrays.

    Args:
        model: The model. A Sequential that is not built yet, and begins with such a layer, is built for `x`.
        x: Data, if there are any.
    """
    graph = getattr(model, "_graph", None)
    if graph is None and x is not None:
        stack = getattr(model, "_stacked", None)
        if stack and runs_on_host(stack[0]):
            model._build_for(text_arrays(x, "x"))
            graph = model._graph
    return graph is not None and graph.host_part is not None


def apply_host_part(model: Any, x: Any) -> HostResults:
    """The inputs of the compiled part, for a batch of the model's inputs."""
    results: HostResults = model._graph.run_on_host(x, model.name)
    return results


def text_arrays(structure: Any, who: str) -> Any:
    """`structure` with every list, of text or of numbers, as one array."""
    if is_text(structure):
        return as_text(structure, who)
    if isinstance(structure, dict):
        return {key: text_arrays(value, f"{who}[{key!r}]") for key, value in structure.items()}
    if isinstance(structure, (list, tuple)) and any(is_text(value) for value in structure):
        return [text_arrays(value, f"{who}[{place}]") for place, value in enumerate(structure)]
    return lists_to_arrays(structure, who)


class ArrayBatches:
    """Arrays as a source of batches of rows, in order or shuffled anew for each epoch.

    Args:
        who: The method that was called, for errors.
        data: `(x, y, sample_weight)`; the last may be `None`.
        batch_size: Rows in a batch; 32 by default, or what makes `steps` batches.
        steps: Batches in an epoch, or `None` for all rows.
        shuffle: Whether to shuffle.

    Raises:
        ValueError: If there is no sample, or the numbers of samples differ.
    """

    owns_iterator = True
    endless = False
    is_read_once = False

    def __init__(
        self, who: str, data: tuple[Any, Any, Any], batch_size: int | None, steps: int | None, shuffle: bool
    ) -> None:
        names = ("x", "y", "sample_weight")
        self._data = tuple(
            None if part is None else text_arrays(part, name) for part, name in zip(data, names, strict=True)
        )
        sizes = [np.shape(leaf)[0] if np.ndim(leaf) else 0 for leaf in flatten(self._data)]
        if len(set(sizes)) != 1 or not sizes[0]:
            raise ValueError(
                f"{who} needs the same number of samples in all arrays, and at least one; got {sizes}. A list of "
                "inputs is a list of arrays, one for each input."
            )
        self._rows = sizes[0]
        self._batch_size = batch_size or (-(-self._rows // steps) if steps else 32)
        self._shuffling = Shuffling(self._rows) if shuffle else None
        self._order = np.arange(self._rows)

    @property
    def num_batches(self) -> int:
        """Batches in an epoch."""
        return -(-self._rows // self._batch_size)

    def batches(self) -> Iterator[Any]:
        """The batches of one epoch."""
        if self._shuffling is not None:
            self._order = self._shuffling.next_order()
        return self.again(0)

    def again(self, used: int) -> Iterator[Any]:
        """The batches of the present epoch, without the first `used`."""
        order = self._order
        for start in range(used * self._batch_size, self._rows, self._batch_size):
            pick = functools.partial(_rows, rows=order[start : start + self._batch_size])
            yield tuple(map_leaves(pick, part) for part in self._data)

    def on_epoch_begin(self) -> None:
        """Nothing to do."""

    def on_epoch_end(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def describe(self) -> dict[str, Any]:
        """What has to be the same for another source to go on where this one stops."""
        return {
            "samples": self._rows,
            "batch_size": self._batch_size,
            "shuffle": self._shuffling is not None,
        }

    def get_state(self) -> Any:
        """Where the shuffling stands."""
        return None if self._shuffling is None else self._shuffling.get_state()

    def set_state(self, state: Any, ended: int, begun: bool, seen: bool) -> None:
        """Takes what `get_state` returned."""
        if self._shuffling is not None:
            order = self._shuffling.set_state(state)
            self._order = self._order if order is None else order


def _rows(leaf: Any, rows: np.ndarray[Any, Any]) -> Any:
    return np.asarray(leaf)[rows]
