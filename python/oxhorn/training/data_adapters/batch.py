"""Inputs, targets and weights as one flat list of columns."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from oxhorn.training.data_adapters.arrays import as_column, lists_to_arrays
from oxhorn.training.structures import put_together, take_apart, template_key

Column = np.ndarray[Any, Any]


@dataclass
class Batch:
    """Columns with the same number of rows, and how they make up `(x, y, sample_weight)`.

    Attributes:
        columns: One array for each leaf: first those of `x`, then of `y`, then of `sample_weight`.
        template: `(x, y, sample_weight)` with the position of its column at every leaf.
        spec: Hashable: containers, dtypes and shapes without the batch axis. One traced program fits one spec.
    """

    columns: list[Column]
    template: tuple[Any, Any, Any]
    spec: Hashable

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.columns[0].shape[0])

    def take(self, rows: Any) -> Batch:
        """A batch of these rows alone."""
        return Batch([column[rows] for column in self.columns], self.template, self.spec)

    def unpack(self, leaves: list[Any]) -> tuple[Any, Any, Any]:
        """`(x, y, sample_weight)` made of `leaves` in place of the columns."""
        x, y, sample_weight = self.template
        return put_together(x, leaves), put_together(y, leaves), put_together(sample_weight, leaves)


@dataclass
class Dtypes:
    """Floating point dtypes that data is converted to.

    Attributes:
        default: For targets, weights, and inputs whose dtype the model does not say.
        inputs: By position or by name: the dtypes of a functional model's inputs; may be empty.
    """

    default: str
    inputs: dict[str | int, str]


def make_batch(who: str, x: Any, y: Any, sample_weight: Any, dtypes: Dtypes) -> Batch:
    """Check and convert one set of data.

    Args:
        who: The method that was called, for errors.
        x: Inputs: an array, or a list, tuple or dict of arrays.
        y: Targets, or `None`.
        sample_weight: Weights, or `None`.
        dtypes: Floating point dtypes wanted.

    Raises:
        ValueError: If something is no array of numbers, is empty, or the numbers of samples differ.
    """
    if x is None:
        raise ValueError(
            f"{who} needs input data, but `x` is None. Pass an array, or a list or dict of arrays."
        )
    columns: list[Column] = []
    labels: list[str] = []
    default = dtypes.default
    inputs = dtypes.inputs

    def part(value: Any, name: str, dtype_of: Callable[[str | int], str]) -> Any:
        if value is None:
            return None
        if type(value) is np.ndarray:
            columns.append(as_column(value, name, dtype_of(0)))
            labels.append(name)
            return len(columns) - 1
        leaves: list[Any] = []
        template = take_apart(lists_to_arrays(value, name), leaves)
        first = len(columns)
        keys = _leaf_keys(template, len(leaves))
        for key, leaf in zip(keys, leaves, strict=True):
            label = name if key is None else f"{name}[{key!r}]"
            columns.append(as_column(leaf, label, dtype_of(0 if key is None else key)))
            labels.append(label)
        return _shifted(template, first)

    template = (
        part(x, "x", lambda key: inputs.get(key, default)),
        part(y, "y", lambda _: default),
        part(sample_weight, "sample_weight", lambda _: default),
    )
    _check_lengths(who, columns, labels)
    for place, column in enumerate(columns):
        if labels[place].startswith("sample_weight"):
            if column.dtype.kind != "f":
                columns[place] = column.astype(default)
            elif not np.isfinite(column).all():
                _refuse_weights(who, labels[place], column)
    spec = (
        tuple(template_key(each) for each in template),
        tuple((column.dtype.char, column.shape[1:]) for column in columns),
    )
    return Batch(columns, template, spec)


def _refuse_weights(who: str, label: str, weights: Column) -> None:
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(weights))[0])
    raise ValueError(
        f"{who} expected finite numbers in `{label}`; got {weights[place]} at index {list(place)}. A weight of 0 "
        "leaves a sample out."
    )


def _leaf_keys(template: Any, count: int) -> list[Any]:
    """For each leaf its key in the outermost container; `None` where the leaf is the whole."""
    keys: list[Any] = [None] * count

    def mark(inner: Any, key: Any) -> None:
        if isinstance(inner, int):
            keys[inner] = key
        elif isinstance(inner, dict):
            for value in inner.values():
                mark(value, key)
        elif isinstance(inner, (list, tuple)):
            for value in inner:
                mark(value, key)

    if isinstance(template, dict):
        for key, value in template.items():
            mark(value, key)
    elif isinstance(template, (list, tuple)):
        for place, value in enumerate(template):
            mark(value, place)
    return keys


def _shifted(template: Any, offset: int) -> Any:
    if offset == 0 or template is None:
        return template
    leaves: list[int] = []
    inner = take_apart(template, leaves)
    return put_together(inner, [leaf + offset for leaf in leaves])


def _check_lengths(who: str, columns: list[Column], labels: list[str]) -> None:
    if not columns:
        raise ValueError(f"{who} got no arrays at all. Pass an array, or a list or dict of arrays.")
    rows = columns[0].shape[0]
    if any(column.shape[0] != rows for column in columns):
        sizes = ", ".join(
            f"{label} has {column.shape[0]}" for label, column in zip(labels, columns, strict=True)
        )
        hint = ""
        if len([label for label in labels if label.startswith("x[")]) > 1:
            hint = (
                " A list in `x` means one array for each input; to pass a list of samples, use np.stack(x)."
            )
        raise ValueError(f"{who} needs the same number of samples in all arrays: {sizes}.{hint}")
    if rows == 0:
        shapes = ", ".join(f"{label} {column.shape}" for label, column in zip(labels, columns, strict=True))
        raise ValueError(f"{who} needs at least one sample; got empty arrays: {shapes}.")
