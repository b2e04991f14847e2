"""Arguments that do not fit: an error that says what was expected and what was given, with shapes in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from oxhorn import KerasTensor as T
from oxhorn import ops

X23, X24, X234 = T((2, 3)), T((2, 4)), T((2, 3, 4))
ONES = np.ones(3)
TWO_SHAPES = [
    "add",
    "subtract",
    "multiply",
    "power",
    "divide",
    "arctan2",
    "greater",
    "equal",
    "logical_and",
    "maximum",
    "fmax",
    "mod",
    "fmod",
    "hypot",
    "isclose",
    "linspace",
    "logspace",
    "geomspace",
    "heaviside",
    "where",
]

CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "matmul": (lambda: ops.matmul(X23, X24), "matmul"),
    "dot": (lambda: ops.dot(X23, X23), r"last axis of `x1` .* \(2, 3\)"),
    "inner": (lambda: ops.inner(T((5, 3)), T((4,))), r"last dimension .* \(5, 3\)"),
    "tensordot": (lambda: ops.tensordot(X23, X24, axes=([0, 1], [0, 1])), r"mismatch .* \(2, 4\)"),
    "cross": (lambda: ops.cross(T((4, 3, 3)), T((4,))), "must be either 2 or 3; got 4"),
    "correlate": (lambda: ops.correlate(X23, T((3,))), r"one axis; got shapes \(2, 3\)"),
    "average": (lambda: ops.average(X23, weights=X24), r"same shape as `x`.* \(2, 4\)"),
    "average along": (lambda: ops.average(X23, axis=1, weights=T((2,))), r"\(3,\); got shape \(2,\)"),
    "concatenate": (lambda: ops.concatenate([X23, X24]), "concatenate"),
    "concatenate axis": (lambda: ops.concatenate([X23, X23], axis=10), "axis 10 is out of bounds .* rank 2"),
    "concatenate none": (lambda: ops.concatenate([X23], axis=None), "`axis` cannot be None"),  # type: ignore[arg-type]
    "stack": (lambda: ops.stack([X23, X24]), r"same shape; .* \(2, 3\) and tensor 1 has \(2, 4\)"),
    "split": (lambda: ops.split(X23, 2, axis=1), r"divisible .* size 3 in shape \(2, 3\)"),
    "dsplit": (lambda: ops.dsplit(X23, 1), r"at least 3 dimensions; got shape \(2, 3\)"),
    "unstack": (lambda: ops.unstack(T((None, 2))), "pass `num`"),
    "diag": (lambda: ops.diag(X234), r"1-D or 2-D; got a tensor of shape \(2, 3, 4\)"),
    "diagonal": (lambda: ops.diagonal(T((3,))), "at least two dimensions"),
    "diagonal axes": (lambda: ops.diagonal(X234, axis1=2, axis2=-1), "cannot be the same"),
    "diagonal open": (lambda: ops.diagonal(T((None, None))), "at least one size"),
    "rot90": (lambda: ops.rot90(ONES), r"at least 2 dimensions; got a tensor of shape \(3,\)"),
    "rot90 axes": (lambda: ops.rot90(X23, axes=(0, 0)), "Invalid axes"),
    "meshgrid": (lambda: ops.meshgrid(ONES, ONES, indexing="kk"), "'xy' or 'ij'; got 'kk'"),
    "pad": (lambda: ops.pad(X23, ((1, 2), (3, 4), (5, 6))), r"same length as `x.shape`.*\(2, 3\)"),
    "pad of nothing": (
        lambda: ops.pad(ops.zeros((0, 3)), ((1, 0), (0, 0)), "edge"),
        r"at least one element to pad from; got \(0, 3\)",
    ),
    "pad values": (lambda: ops.pad(X23, 1, "edge", 2.0), "can only be provided when `mode == 'constant'`"),
    "repeat": (lambda: ops.repeat(T((3,)), [1, 1]), r"got 2 numbers for size 3 in shape \(3,\)"),
    "reshape": (lambda: ops.reshape(ONES, (-2, 5)), r"non-negative integer.*newshape=\(-2, 5\)"),
    "reshape twice": (lambda: ops.reshape(ONES, (-1, -1)), r"at most one unknown dimension.*\(-1, -1\)"),
    "transpose": (lambda: ops.transpose(X234, [0, 0, 0]), "valid permutation"),
    "moveaxis": (lambda: ops.moveaxis(X23, (0, 1), 0), "same number of elements"),
    "swapaxes": (lambda: ops.swapaxes(X23, 5, 0), "axis 5 is out of bounds"),
    "expand_dims": (lambda: ops.expand_dims(X23, "a"), "must be a whole number"),  # type: ignore[arg-type]
    "get_item": (lambda: T((None, 5))[:, 17], "17"),
    "where": (lambda: ops.where(ONES > 1, ONES, None), "either both should be `None`"),
    "select": (lambda: ops.select([], []), "at least one"),
    "vander": (lambda: ops.vander(X23), r"one axis; got shape \(2, 3\)"),
    "zeros": (lambda: ops.zeros((None, 3)), "known sizes"),  # type: ignore[arg-type]
    "eye": (lambda: ops.eye(-1), "at least 0; got -1"),
    "linspace num": (lambda: ops.linspace(0, 1, -1), "`num` must be a whole number of at least 0; got -1"),
    "rearrange rank": (lambda: ops.rearrange(X23, "a b c -> a"), r"has 3 axes before '->'.*\(2, 3\)"),
    "rearrange size": (lambda: ops.rearrange(X23, "(a b) c -> a b c", a=4), "size 2 cannot be split"),
    "rearrange names": (lambda: ops.rearrange(X23, "a b -> a a"), "must occur once"),
    "sparse": (lambda: ops.convert_to_tensor(ONES, sparse=True), "not supported"),
    "dtype": (lambda: ops.cast(ONES, "complex64"), "dtype must be one of"),
}

TYPES: dict[str, tuple[Callable[[], Any], str]] = {
    "bartlett": (lambda: ops.bartlett(T(())), "does not support symbolic tensors"),  # type: ignore[arg-type]
    "arange": (lambda: ops.arange(T(())), "does not support symbolic tensors"),
    "eye": (lambda: ops.eye(3.0), "must be a whole number; got 3.0"),  # type: ignore[arg-type]
    "ldexp": (lambda: ops.ldexp(ONES, ONES), "integer type.* float64"),
}


@pytest.mark.parametrize("name", CASES)
def test_values_that_do_not_fit(name: str) -> None:
    call, message = CASES[name]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", TYPES)
def test_arguments_of_a_wrong_type(name: str) -> None:
    call, message = TYPES[name]
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("name", TWO_SHAPES)
def test_shapes_that_do_not_broadcast(name: str) -> None:
    function = (lambda a, b: ops.where(True, a, b)) if name == "where" else getattr(ops, name)
    for a, b in ((X23, X24), (np.ones((2, 3)), np.ones((2, 4)))):
        with pytest.raises(ValueError, match=r"broadcast.*\(2, [34]\) and \(2, [34]\)"):
            function(a, b)
