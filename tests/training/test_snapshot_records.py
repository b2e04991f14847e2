"""Plain data with arrays in it, to records and back, through a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxhorn import _core
from oxhorn.training.snapshot_records import TREE, from_records, to_records
from tests.training.resumed_runs import assert_equal

A = np.arange(6, dtype="float32").reshape(2, 3)

DATA: dict[str, Any] = {
    "nothing": None,
    "empty": [[], {}, (), set()],
    "numbers": [0, -1, 2**62, 10**30, 0.1, -0.0, 1e-320, math.inf, -math.inf, True, False],
    "texts": ["", "a\0b", "ü", "\ud800", "x" * 5000],
    "arrays": [A, A.T, A[::-1], A[:, :0], np.array(1.5), np.array([True]), np.arange(3), A.astype(">f4")],
    "scalars": [np.float32(0.1), np.float64(0.1), np.int64(3), np.bool_(True)],
    "containers": {"t": (1, (2, [3])), "s": {1, 2}, "d": {"a": {"b": A}}},
    "keys": {1: "one", (2, 3): A, None: {"x": 1}, 1.5: []},
    "names that meet": {"a/b": A, "a": {"b": A + 1}, TREE: A + 2, "": A + 3},
    "an array alone": A,
}


@pytest.mark.parametrize("name", DATA)
def test_there_and_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    _core.write_snapshot(path, to_records(DATA[name], "a test"))
    back = from_records(_core.read_snapshot(path))
    expected = [A, *DATA[name][1:-1], A.astype("float32")] if name == "arrays" else DATA[name]
    assert_equal(back, expected)


def test_nan() -> None:
    back = from_records(to_records([math.nan, np.float32("nan")], "a test"))
    assert math.isnan(back[0])
    assert math.isnan(back[1])
    assert isinstance(back[1], np.float32)


def test_arrays_may_be_written_into() -> None:
    fixed = A.copy()
    fixed.flags.writeable = False
    back = from_records(to_records({"a": fixed}, "a test"))
    back["a"] += 1
    assert fixed[0, 0] == 0


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(NESTED)
def test_anything_plain(data: Any) -> None:
    assert_equal(from_records(to_records(data, "a test")), data)


def holds_itself() -> Any:
    data: list[Any] = []
    data.append(data)
    return data


BAD: dict[str, tuple[Any, str]] = {
    "object": ({"a": [object()]}, "type object at 'a/0'"),
    "function": (len, "at 'the top'"),
    "half": (np.zeros(2, "float16"), "array of float16"),
    "complex": (1j, "type complex"),
    "texts": (np.array(["a"]), "array of <U1"),
    "objects": (np.array([None]), "array of object"),
    "itself": (holds_itself(), "hold themselves"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_plain(name: str) -> None:
    data, words = BAD[name]
    with pytest.raises(TypeError, match="Somebody: expected") as error:
        to_records(data, "Somebody")
    assert words in str(error.value)
