"""Fourier transforms, and windows along a signal."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.export.converters.reductions import tensordot_matrix
from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Value


def _last(node: Node, x: Value) -> int:
    n = x.shape[-1]
    if n is None:
        raise node.refuse("needs the length of its signals, which is open", "Give the input a known length.")
    return n


def _columns(op: str, parts: int, n: int, attributes: dict[str, Any]) -> list[list[np.ndarray[Any, Any]]]:
    """The matrices of a linear function of `parts` inputs: what the core makes of each unit vector."""
    from oxhorn import _core

    eye, zero = np.eye(n), np.zeros((n, n))
    found = []
    for part in range(parts):
        given = [_core.tensor(eye if i == part else zero) for i in range(parts)]
        made = _core.apply(op, given, attributes)
        found.append([one.numpy().T for one in (made if isinstance(made, (list, tuple)) else [made])])
    return found


@converts("fft", "ifft", "rfft", "irfft")
def fourier(b: Builder, node: Node) -> list[Value]:
    """A product with a matrix: sums of sines and cosines of the numbers along the last axis."""
    n = _last(node, node.inputs[0])
    length = node.attributes.get("length")
    attributes = {} if length is None else {"fft_length": length}
    matrices = _columns(node.op, len(node.inputs), n, attributes)
    results = []
    for output in range(len(node.outputs)):
        total: Value | None = None
        for x, of_input in zip(node.inputs, matrices, strict=True):
            matrix = of_input[output]
            if not matrix.any():
                continue
            part = tensordot_matrix(b, x, matrix, x.rank - 1)
            total = part if total is None else b.emit("Add", [total, part])
        if total is None:
            total = tensordot_matrix(b, node.inputs[0], matrices[0][output], node.inputs[0].rank - 1)
        results.append(total)
    return results


@converts("extract_sequences")
def extract_sequences(b: Builder, node: Node) -> Value:
    """y[.., i, j] = x[.., i * stride + j]."""
    x = node.inputs[0]
    length, stride = node.attributes["length"], node.attributes["stride"]
    n = b.size(x, x.rank - 1)
    if len(node.inputs) > 1:
        raise node.refuse("is the gradient of overlap_add", "Export the model as it is used for inference.")
    count = b.calculate("Add", b.calculate("Div", b.calculate("Sub", n, length), stride), 1)
    starts = b.emit("Mul", [b.unsqueeze(b.arange(count), [1]), b.ints([stride])])
    places = b.emit("Add", [starts, b.arange(length)], shape=[starts.shape[0], length])
    return b.gather(x, places, x.rank - 1)


@converts("overlap_add")
def overlap_add(b: Builder, node: Node) -> Value:
    """y[.., t] = sum over i, j with i * stride + j = t of x[.., i, j]."""
    x = node.inputs[0]
    frames, length = x.shape[-2:]
    stride, size = node.attributes["stride"], node.spec[1][-1]
    if frames is None or length is None or size is None:
        raise node.refuse("needs the number of its windows, which is open", "Give the input a known length.")
    at = (np.arange(frames)[:, None] * stride + np.arange(length)).reshape(-1)
    inside = np.flatnonzero(at < size)
    lead = [b.size(x, axis) for axis in range(x.rank - 2)]
    lines = b.transpose(b.reshape(x, [-1, frames * length]), [1, 0])
    lines = b.gather(lines, inside, 0)
    rows = b.size(lines, 1)
    zeros = b.filled(b.sizes([size, rows]), np.zeros(1, x.dtype), [size, lines.shape[1]])
    made = b.emit(
        "ScatterND", [zeros, b.constant(at[inside][:, None].astype("int64")), lines], reduction="add"
    )
    return b.reshape(b.transpose(made, [1, 0]), [*lead, size], node.spec[1])
