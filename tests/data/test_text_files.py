"""Tables in CSV and JSON files: columns and their dtypes; what is broken is said with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxhorn.data import Dataset

CARS = "name,weight,mpg\nvolvo,3504,18.5\n\nfiat,2372,24\n"


def write(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_csv(tmp_path: Path) -> None:
    data = Dataset.from_csv(write(tmp_path, CARS), label="mpg")
    assert len(data) == 2
    (first, mpg), (second, _) = data
    assert str(first["name"]) == "volvo" and first["weight"].dtype == np.int64 and mpg.dtype == np.float32
    assert int(second["weight"]) == 2372


def test_csv_options(tmp_path: Path) -> None:
    path = write(tmp_path, '1;2.5;"a;b"\n3;;c\n'.encode("utf-8-sig"))
    data = Dataset.from_csv([path, path], header=False, delimiter=";")
    columns = next(iter(data.batch(10)))
    assert columns["0"].tolist() == [1, 3, 1, 3]
    np.testing.assert_array_equal(columns["1"], np.float32([2.5, np.nan, 2.5, np.nan]))
    assert columns["2"].tolist() == ["a;b", "c"] * 2
    chosen = Dataset.from_csv(path, header=False, delimiter=";", columns=["1"], missing=0)
    assert next(iter(chosen.batch(2)))["1"].tolist() == [2.5, 0.0]


def test_csv_cells_that_are_no_numbers_of_ours_are_text(tmp_path: Path) -> None:
    path = write(tmp_path, "code,card,n\n12_34,12345678901234567890,1\n5,6,2\n")
    columns = next(iter(Dataset.from_csv(path).batch(2)))
    assert columns["code"].tolist() == ["12_34", "5"] and columns["n"].tolist() == [1, 2]
    assert columns["card"].tolist() == ["12345678901234567890", "6"]


BROKEN_CSV: dict[str, tuple[Any, dict[str, Any], str]] = {
    "too many cells": (
        "a,b\n1,2\n1,2,3\n",
        {},
        r"table.csv, line 3: expected 2 cells \(a, b\); got 3: '1,2,3'",
    ),
    "too few cells": ("a,b\n1,2\n\n1\n", {}, "line 4: expected 2 cells"),
    "a quote that does not end": ('a,b\n1,"2\n', {}, "line 2: the row is broken"),
    "no text": (b"a,b\n1,2\n\xff\xfe,3\n", {}, "UTF-8"),
    "empty": ("", {}, "no rows"),
    "names twice": ("a,a\n1,2\n", {}, "more than once"),
    "no delimiter": (CARS, {"delimiter": ";;"}, "`delimiter` to be one character"),
    "no such label": (CARS, {"label": "price"}, "expected `label` to be one of"),
    "no such column": (CARS, {"columns": ["price"]}, "expected `columns` to be some of"),
}


@pytest.mark.parametrize("paths", [None, [], 3, [None]])
def test_what_is_no_path(paths: Any) -> None:
    for read in (Dataset.from_csv, Dataset.from_json):
        with pytest.raises(ValueError, match="expected `paths` to be a file, or a list of files"):
            read(paths)


@pytest.mark.parametrize("name", BROKEN_CSV)
def test_broken_csv(tmp_path: Path, name: str) -> None:
    text, options, words = BROKEN_CSV[name]
    with pytest.raises(ValueError, match=words):
        Dataset.from_csv(write(tmp_path, text), **options)


def test_csv_files_of_other_columns_and_missing_files(tmp_path: Path) -> None:
    one, other = write(tmp_path, "a\n1\n", "one.csv"), write(tmp_path, "b\n1\n", "other.csv")
    with pytest.raises(ValueError, match=r"other.csv: expected the columns \['a'\]"):
        Dataset.from_csv([one, other])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Dataset.from_csv(tmp_path / "nowhere.csv")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Dataset.from_json(tmp_path / "nowhere.json")


RECORDS = [
    {"text": "good", "score": 1, "size": 2.5, "pair": [1, 2], "spam": True},
    {"text": "bad", "score": 0, "size": None, "pair": [3, 4], "spam": False},
]


@pytest.mark.parametrize("lines", [False, True])
def test_json(tmp_path: Path, lines: bool) -> None:
    text = "\n".join(map(json.dumps, RECORDS)) + "\n" if lines else json.dumps(RECORDS)
    data = Dataset.from_json(write(tmp_path, text, "table.json"), label="score")
    columns, score = next(iter(data.batch(2)))
    assert score.tolist() == [1, 0] and score.dtype == np.int64
    assert columns["text"].tolist() == ["good", "bad"] and columns["pair"].tolist() == [[1, 2], [3, 4]]
    assert columns["spam"].tolist() == [True, False] and np.isnan(columns["size"][1])


BROKEN_JSON: dict[str, tuple[Any, str]] = {
    "cut off": ('[{"a": 1}, {"a"', "table.json: expected JSON"),
    "a broken line": ('{"a": 1}\n{"a": }\n', "line 2: expected JSON"),
    "a field misses": (
        '[{"a": 1, "b": 2}, {"a": 1}]',
        r"record 1 \(counted from 0\): the field 'b' is missing",
    ),
    "a field twice": ('{"a": 1}\n{"a": 1, "b": 2, "b": 3}\n', "line 2.*the field 'b' more than once"),
    "no record": ("[1, 2]", "record 0.*expected an object"),
    "nothing": ("[]", "no records"),
    "too large": (
        '[{"a": 1}, {"a": 12345678901234567890}]',
        "field 'a' has whole numbers .*12345678901234567890",
    ),
    "mixed": ('[{"a": 1}, {"a": "x"}]', "field 'a'"),
    "ragged": ('[{"a": [1]}, {"a": [1, 2]}]', "field 'a'"),
    "no text": (b'[{"a": "\xff"}]', "UTF-8"),
    "deep": ("[" * 100_000, "broken"),
}


@pytest.mark.parametrize("name", BROKEN_JSON)
def test_broken_json(tmp_path: Path, name: str) -> None:
    text, words = BROKEN_JSON[name]
    with pytest.raises(ValueError, match=words):
        Dataset.from_json(write(tmp_path, text, "table.json"))


def test_other_ends_of_lines_inside_texts(tmp_path: Path) -> None:
    texts = ["one\u2028line", "and\x85another", "naïve 文字"]
    lines = "\r\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts)
    rows = Dataset.from_json(write(tmp_path, lines, "lines.json"))
    assert [str(row["text"]) for row in rows] == texts
