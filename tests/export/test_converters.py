"""Every op of the core: exported and run by onnxruntime on the rows of tests/ops, or refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxhorn import _core, ops
from oxhorn.export.converters import CONVERTERS, REFUSED
from tests.export.runs import assert_same, made, run, session, traced_function
from tests.ops import test_ops
from tests.ops.table import Row

ROWS = test_ops.ROWS


# The first axis of their kernels is no batch.
CLOSED = ("conv", "conv_transpose", "depthwise_conv", "separable_conv")
# Some rows of these go along the first axis, and need its size.
ALONG = ("fft", "ifft", "image.resize", "overlap_add")


def listed_ops(listing: _core.Listing) -> set[str]:
    found = set()
    for node in listing.nodes():
        if node.op is not None:
            found.add(node.op if "f" not in node.attributes else "activation")
        for _, part in node.parts:
            found |= listed_ops(part)
    return found


def traced(row: Row, batch: bool = True, dtype: str = "float32") -> tuple[Any, list[np.ndarray]]:
    arrays = row.cast(dtype)
    is_open = batch and row.batch and row.op not in CLOSED
    specs = [(test_ops._spec(array, is_open), array.dtype.name) for array in arrays]
    return traced_function(lambda *x: test_ops.run(row, list(x)), specs), arrays


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: Row) -> None:
    model, arrays = traced(row)
    refused = sorted(listed_ops(model.listing) & set(REFUSED))
    if refused:
        with pytest.raises(NotImplementedError, match=r"export_onnx: the op '\w+' .*\. Use other ops"):
            made(model)
        return
    try:
        content = made(model)
    except NotImplementedError as error:
        assert row.op in ALONG and "which is open. Give the input a known" in str(error)
        content = made(traced(row, batch=False)[0])
    expected = [y.numpy() for y in test_ops.run(row, [_core.tensor(a) for a in arrays])]
    assert_same(run(session(content), arrays), expected, row.loose)


# What onnxruntime computes in float32 alone.
FLOAT32 = {"Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "AveragePool", "Conv", "ConvTranspose", "Cosh"}
FLOAT32 |= {"Det", "Erf", "Sinh", "Tan"}
FIRST = list({row.op: row for row in ROWS if row.differentiable()}.values())


@pytest.mark.parametrize("row", FIRST, ids=lambda row: row.id)
def test_double_precision(row: Row) -> None:
    model, arrays = traced(row, batch=False, dtype="float64")
    if listed_ops(model.listing) & set(REFUSED):
        with pytest.raises(NotImplementedError, match="Use other ops"):
            made(model)
        return
    content = made(model)
    expected = [y.numpy() for y in test_ops.run(row, [_core.tensor(a) for a in arrays])]
    if not {node.op_type for node in content.graph.node} & FLOAT32:
        assert_same(run(session(content), arrays), expected, row.loose * 1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_numbers_keep_their_digits(dtype: str) -> None:
    x = np.array([0, 1e-30, -1e-30, 3e-8, 1e-4, -1e-4, 0.3, -0.7, 1, 50, -1, np.inf, np.nan], dtype)
    one = session(made(traced_function(lambda x: (ops.log1p(x), ops.expm1(x)), [((13,), dtype)])))
    with np.errstate(divide="ignore"):
        expected = np.log1p(x), np.expm1(x)
    for y, e in zip(run(one, [x]), expected, strict=True):
        np.testing.assert_allclose(y, e, rtol=2e-6 if dtype == "float32" else 1e-14)


def test_every_op_is_exported_or_refused_with_a_reason() -> None:
    met = set().union(*(listed_ops(traced(row)[0].listing) for row in ROWS))
    assert len(met) > 120
    assert sorted(met - set(CONVERTERS) - set(REFUSED) - {"activation"}) == []
    assert sorted(set(CONVERTERS) & set(REFUSED)) == []
    assert all(reason and not reason.endswith(".") for reason in REFUSED.values())


def test_names_of_ops_are_those_of_the_core() -> None:
    folder = Path(__file__).parents[2] / "src"
    source = "".join(path.read_text() for path in folder.rglob("*.rs"))
    names = set(CONVERTERS) | set(REFUSED)
    # Elementwise ops are named after their functions.
    assert sorted(name for name in names if f'"{name}"' not in source and f" {name} = " not in source) == []
