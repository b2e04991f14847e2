"""Tables in CSV and JSON files, as columns; what is wrong with a file is said with its place."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from oxhorn.data.elements import Array

Paths = Sequence[str | os.PathLike[str]]


def read_csv(
    paths: Paths, columns: Sequence[str] | None, header: bool, delimiter: str, missing: Any
) -> dict[str, Array]:
    """The columns of CSV files; see `Dataset.from_csv`."""
    names: list[str] = []
    cells: list[list[str]] = []
    for path in paths:
        rows = _csv_rows(Path(path), delimiter)
        if header:
            own = [name.strip() for name in next(rows, (0, []))[1]]
            if len(set(own)) != len(own):
                raise ValueError(f"{path}: the header has a name more than once: {own}.")
        for line, row in rows:
            if not header and not names:
                own = [str(i) for i in range(len(row))]
            if not names:
                names, cells = own, [[] for _ in own]
            if own != names:
                raise ValueError(f"{path}: expected the columns {names}, as in {paths[0]}; got {own}.")
            if len(row) != len(names):
                raise ValueError(
                    f"{path}, line {line}: expected {len(names)} cells ({', '.join(names[:8])}"
                    f"{', ...' if len(names) > 8 else ''}); got {len(row)}: {delimiter.join(row)[:100]!r}."
                )
            for column, cell in zip(cells, row, strict=True):
                column.append(cell.strip())
    if not names:
        raise ValueError(f"Dataset.from_csv: there are no rows in {', '.join(str(path) for path in paths)}.")
    table = dict(zip(names, cells, strict=True))
    return {name: _typed(table[name], missing) for name in _chosen(columns, names, "Dataset.from_csv")}


def _csv_rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the number of the line where each ends."""
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}, after line {reader.line_num}: expected text in UTF-8; got other bytes ({error.reason})."
                ) from None
            except csv.Error as error:
                raise ValueError(f"{path}, line {reader.line_num}: the row is broken: {error}.") from None
            if row:
                yield reader.line_num, row


def _chosen(columns: Sequence[str] | None, names: Sequence[str], who: str) -> Sequence[str]:
    unknown = [name for name in columns or () if name not in names]
    if unknown:
        raise ValueError(f"{who}: expected `columns` to be some of {list(names)}; got {unknown[0]!r}.")
    return names if columns is None else columns


def _typed(cells: list[str], missing: Any) -> Array:
    """Whole numbers, numbers or text, whichever all cells of a column are."""
    instead = "nan" if missing is None else str(missing)
    filled = [cell or instead for cell in cells]
    if any("_" in cell for cell in cells):  # 1_000 is a number in Python's source code alone.
        return np.array(cells, dtype=str)
    try:
        return np.array([int(cell) for cell in filled], np.int64)
    except OverflowError:
        return np.array(cells, dtype=str)  # Numbers of twenty digits are names: float32 keeps seven.
    except ValueError:
        pass
    try:
        return np.array([float(cell) for cell in filled], np.float32)
    except ValueError:
        return np.array(cells, dtype=str)


def read_json(paths: Paths, columns: Sequence[str] | None) -> dict[str, Array]:
    """The fields of the records of JSON files; see `Dataset.from_json`."""
    names: list[str] | None = None if columns is None else list(columns)
    values: dict[str, list[Any]] = {}
    for path in paths:
        for number, record in enumerate(_records(Path(path))):
            where = f"{path}, record {number} (counted from 0)"
            if not isinstance(record, dict):
                raise ValueError(f"{where}: expected an object with fields; got {str(record)[:80]}.")
            if names is None:
                names = list(record)
            for name in names:
                if name not in record:
                    raise ValueError(f"{where}: the field {name!r} is missing; it has {list(record)}.")
                values.setdefault(name, []).append(record[name])
    if not values:
        raise ValueError(
            f"Dataset.from_json: there are no records in {', '.join(str(path) for path in paths)}."
        )
    return {name: _field(name, column) for name, column in values.items()}


def _records(path: Path) -> Iterator[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected text in UTF-8; got other bytes ({error.reason}).") from None
    if text.lstrip().startswith("["):
        yield from _parsed(text, str(path))
        return
    # Not splitlines: texts may hold other characters that it takes for the end of a line.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _parsed(line, f"{path}, line {number}")


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{where}: expected JSON, a list of objects or an object in each line; it is broken: {error}."
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"an object has the field {max(names, key=names.count)!r} more than once")
    return fields


def _field(name: str, column: list[Any]) -> Array:
    kinds = {type(value) for value in column}
    if kinds <= {str}:
        return np.array(column, dtype=str)
    if kinds <= {bool}:
        return np.array(column, dtype=bool)
    if kinds <= {int}:
        try:
            return np.array(column, dtype=np.int64)
        except OverflowError:
            raise ValueError(
                f"Dataset.from_json: the field {name!r} has whole numbers that int64 does not hold, such as "
                f"{max(column, key=abs)}. Write them as text."
            ) from None
    if kinds <= {int, float, type(None)}:
        return np.array([np.nan if value is None else value for value in column], np.float32)
    try:
        array = np.array(column)
    except ValueError:
        array = np.array(None)
    if array.ndim < 2 or array.dtype.kind not in "iufbU":
        raise ValueError(
            f"Dataset.from_json: the field {name!r} has values that do not make one array: numbers, text or lists of "
            f"equal lengths are expected; got {sorted(kind.__name__ for kind in kinds)}."
        )
    return array.astype(np.float32) if array.dtype == np.float64 else array
