from __future__ import annotations

from collections import OrderedDict, namedtuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxhorn import tree

Point = namedtuple("Point", "x y")

structures = st.recursive(
    st.integers(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@given(structures)
def test_pack_undoes_flatten(structure: Any) -> None:
    assert tree.pack_sequence_as(structure, tree.flatten(structure)) == structure
    assert tree.map_structure(lambda x: x, structure) == structure
    assert [leaf for _, leaf in tree.flatten_with_path(structure)] == tree.flatten(structure)


def test_order_of_dicts() -> None:
    assert tree.flatten({"b": 1, "a": 2}) == [2, 1]
    assert tree.flatten(OrderedDict([("b", 1), ("a", 2)])) == [1, 2]
    assert list(tree.map_structure(str, {"b": 1, "a": 2})) == ["b", "a"]


def test_named_tuples_keep_their_type() -> None:
    assert tree.map_structure(lambda x: x + 1, Point(1, [2])) == Point(2, [3])


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1], [1, 2], "one has 1 entries, the other 2"),
        ([1], (1,), "expected list, got tuple"),
        ({"a": 1}, {"b": 1}, r"keys \['a'\], the other \['b'\]"),
        ({"a": [1]}, {"a": 1}, r"at \['a'\]: expected list, got int"),
    ],
)
def test_structures_that_differ(a: Any, b: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tree.map_structure(lambda x, y: x, a, b)


def test_shapes_are_leaves() -> None:
    assert tree.map_shape_structure(tuple, {"a": (None, 3), "b": [(2,), (4, 5)]}) == {
        "a": (None, 3),
        "b": [(2,), (4, 5)],
    }
    assert tree.flatten_shapes([(None, 2), [None, 3]]) == [(None, 2), (None, 3)]


def test_traverse() -> None:
    def doubled(x: Any) -> Any:
        return x * 2 if isinstance(x, int) else None

    assert tree.traverse(doubled, {"a": [1, (2,)]}) == {"a": [2, (4,)]}
    assert tree.lists_to_tuples([1, [2, {"a": [3]}]]) == (1, (2, {"a": (3,)}))
    with pytest.raises(ValueError, match="2 leaves but the flat sequence has 1"):
        tree.pack_sequence_as([0, 0], [1])


def test_none_in_the_place_of_a_part() -> None:
    def drop(part: object) -> object:
        return tree.MAP_TO_NONE if part in (2, {"b": 3}) else None

    for top_down in (True, False):
        assert tree.traverse(drop, [1, (2, {"b": 3}), 2], top_down) == [1, (None, None), None]
    with pytest.raises(TypeError, match=r"tree.traverse: expected `func` to be a function"):
        tree.traverse(3, [1])  # type: ignore[arg-type]
