"""Where the elements of a `Dataset` come from: arrays, generators, CSV and JSON files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np

from oxhorn import arguments
from oxhorn.data import nodes
from oxhorn.data.elements import Array, as_element, map_leaves
from oxhorn.data.slices import Slices, as_table, rows_of


class Sources:
    """How a chain of steps begins; `Dataset` has the steps."""

    def __init__(self, node: nodes.Node, batched: bool | None = None) -> None:
        self._node = node
        # Whether elements are batches; None where nobody can know.
        self._batched = batched

    @classmethod
    def from_tensor_slices(cls, tensors: Any) -> Self:
        """The rows of arrays.

        Args:
            tensors: An array, list or DataFrame, or a tuple or dict of these, all with the same number of rows. A
                DataFrame stands for a dict of its columns.

        Raises:
            ValueError: If the numbers of rows differ.

        >>> import oxhorn as keras
        >>> print(*keras.data.Dataset.from_tensor_slices([10, 20]))
        10 20
        """
        table = as_table(tensors, "Dataset.from_tensor_slices")
        rows = rows_of(table, "Dataset.from_tensor_slices")
        return cls(Slices(table, nodes.Range(rows)), batched=False)

    @classmethod
    def from_tensors(cls, tensors: Any) -> Self:
        """One element alone.

        Args:
            tensors: The element.
        """
        element = as_element(tensors, "Dataset.from_tensors")
        # Copies, so that a later step that works in place changes no later pass.
        return cls(nodes.Generated(lambda: [map_leaves(np.array, element)], (), 1))

    @classmethod
    def from_generator(
        cls, generator: Callable[..., Iterable[Any]], args: Sequence[Any] = (), length: int | None = None
    ) -> Self:
        """What a generator function yields, or any iterable that a function returns; it is called anew for each pass.

        Args:
            generator: The function itself: `numbers`, not `numbers()`.
            args: What it is called with.
            length: The number of elements, where it is known. Fewer are an error, and so is one more.

        Raises:
            TypeError: If `generator` is no function. An element of another structure than the first is a `ValueError`
                when it comes.

        >>> import oxhorn as keras
        >>> def numbers():
        ...     yield from (1, 2, 3)
        >>> print(*keras.data.Dataset.from_generator(numbers))
        1 2 3
        """
        if not callable(generator):
            raise TypeError(
                "Dataset.from_generator: expected a function that can be called for each pass; got "
                f"{arguments.describe(generator)}. A generator gives its elements only once: pass the function that "
                "makes it, without calling it."
            )
        if length is not None:
            length = arguments.integer(length, "length", "Dataset.from_generator", low=0)
        return cls(nodes.Generated(generator, tuple(args), length))

    @classmethod
    def from_csv(
        cls,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        label: str | None = None,
        columns: Sequence[str] | None = None,
        header: bool = True,
        delimiter: str = ",",
        missing: Any = None,
    ) -> Self:
        r"""The rows of CSV files: dicts of columns, or pairs of such a dict and a label.

        A column of whole numbers is `int64`, one of numbers `float32`, any other text.

        Args:
            paths: A file, or several with the same columns, one after the other.
            label: The column that becomes the second part of each element.
            columns: The columns to keep, in this order. Defaults to all.
            header: Whether the first row has the names. Without, columns are called `"0"`, `"1"`, ...
            delimiter: What stands between two cells.
            missing: The number that empty cells of a column of numbers get. `None` (the default) makes them NaN.

        Raises:
            ValueError: If a row has more or fewer cells than there are columns, or bytes that are no UTF-8 text: the
                message has the file and the line.
            FileNotFoundError: If a file is not there.

        Example:
        >>> import pathlib, tempfile
        >>> import oxhorn as keras
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "cars.csv")
        ...     _ = path.write_text("weight,cylinders,mpg\n3504,8,18\n2372,4,24\n")
        ...     cars = keras.data.Dataset.from_csv(path, label="mpg")
        >>> cars.element_spec
        "({'weight': int64[], 'cylinders': int64[]}, int64[])"
        """
        from oxhorn.data.text_files import read_csv

        if not isinstance(delimiter, str) or len(delimiter) != 1:
            raise ValueError(
                f"Dataset.from_csv: expected `delimiter` to be one character; got {arguments.describe(delimiter)}."
            )
        table = read_csv(_files(paths, "Dataset.from_csv"), columns, header, delimiter, missing)
        return cls._from_columns(table, label, "Dataset.from_csv")

    @classmethod
    def from_json(
        cls,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        label: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> Self:
        r"""The records of JSON files: dicts of fields, or pairs of such a dict and a label.

        Args:
            paths: A file, or several, each either a list of objects or an object in each line.
            label: The field that becomes the second part of each element.
            columns: The fields to keep. Defaults to those of the first record.

        Raises:
            ValueError: If a file is not JSON, or a record misses a field or has a value that does not go with the
                others: the message has the file and the number of the record.
            FileNotFoundError: If a file is not there.

        Example:
        >>> import pathlib, tempfile
        >>> import oxhorn as keras
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "reviews.json")
        ...     _ = path.write_text('{"text": "A joy.", "stars": 5}\n{"text": "Dull.", "stars": 1}')
        ...     reviews = keras.data.Dataset.from_json(path, label="stars")
        >>> [(str(fields["text"]), int(stars)) for fields, stars in reviews]
        [('A joy.', 5), ('Dull.', 1)]
        """
        from oxhorn.data.text_files import read_json

        table = read_json(_files(paths, "Dataset.from_json"), columns)
        return cls._from_columns(table, label, "Dataset.from_json")

    @classmethod
    def _from_columns(cls, table: dict[str, Array], label: str | None, who: str) -> Self:
        if label is None:
            return cls.from_tensor_slices(table)
        if label not in table:
            raise ValueError(
                f"{who}: expected `label` to be one of the columns {list(table)}; got {label!r}."
            )
        return cls.from_tensor_slices((table, table.pop(label)))

    @classmethod
    def range(cls, *bounds: int) -> Self:
        """Whole numbers, as Python's `range` counts them.

        Args:
            bounds: `stop`; `start, stop`; or `start, stop, step`.

        Raises:
            TypeError: If there are none, or more than three.
            ValueError: If one is no whole number, or the step is 0.
        """
        if not 1 <= len(bounds) <= 3:
            raise TypeError(f"Dataset.range: expected stop; start, stop; or start, stop, step; got {bounds}.")
        whole = [arguments.integer(n, "bounds", "Dataset.range") for n in bounds]
        if whole[2:] == [0]:
            raise ValueError("Dataset.range: expected a step other than 0; got 0.")
        return cls.from_tensor_slices(np.arange(*whole, dtype=np.int64))


def _files(paths: Any, who: str) -> list[Any]:
    files = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    several = isinstance(files, (list, tuple)) and all(isinstance(path, (str, os.PathLike)) for path in files)
    if not several or not files:
        raise ValueError(
            f"{who}: expected `paths` to be a file, or a list of files; got {arguments.describe(paths)}."
        )
    return list(files)
