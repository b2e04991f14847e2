"""Normalization, softmax."""

from __future__ import annotations

import numpy as np

from oxhorn.export.converters.elementwise import pointwise
from oxhorn.export.converters.reductions import reduce
from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Value, to_first


def _line(b: Builder, value: Value, rank: int, axis: int) -> Value:
    """Numbers of one axis, in a shape that is broadcast along it."""
    shape = [1] * rank
    shape[axis] = -1
    return b.reshape(value, shape, [1 if i != axis else value.shape[0] for i in range(rank)])


def _normalized(b: Builder, centred: Value, variance: Value, epsilon: float) -> Value:
    root = pointwise(b, "Sqrt", [pointwise(b, "Add", [variance, b.scalar(epsilon, centred)])])
    return pointwise(b, "Div", [centred, root])


def _moments(b: Builder, x: Value, axes: list[int]) -> tuple[Value, Value, Value]:
    """The mean along axes, what x is apart from it, and the variance."""
    mean = reduce(b, "ReduceMean", x, axes, True)
    centred = pointwise(b, "Sub", [x, mean])
    return mean, centred, reduce(b, "ReduceMean", pointwise(b, "Mul", [centred, centred]), axes, True)


@converts("batch_normalization")
def batch_normalization(b: Builder, node: Node) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, with statistics that are given."""
    x, mean, variance, *rest = node.inputs
    s = node.attributes["settings"]
    offset = rest.pop(0) if s["offset"] else None
    scale = rest.pop(0) if s["scale"] else None
    axis, channels = s["axis"], mean.shape[0]
    if channels is not None and (axis == 1 or (axis == x.rank - 1 and x.rank > 2)):
        scale = scale or b.constant(np.ones(channels, x.dtype))
        offset = offset or b.constant(np.zeros(channels, x.dtype))
        numbers = [scale, offset, mean, variance]
        if axis == 1 and x.rank > 1:
            return b.emit("BatchNormalization", [x, *numbers], epsilon=s["epsilon"])
        first = b.with_channels_first(x)
        return b.with_channels_last(b.emit("BatchNormalization", [first, *numbers], epsilon=s["epsilon"]))
    centre, spread = (_line(b, value, x.rank, axis) for value in (mean, variance))
    y = _normalized(b, pointwise(b, "Sub", [x, centre]), spread, s["epsilon"])
    if scale is not None:
        y = pointwise(b, "Mul", [y, _line(b, scale, x.rank, axis)])
    return pointwise(b, "Add", [y, _line(b, offset, x.rank, axis)]) if offset is not None else y


@converts("batch_normalization_training")
def batch_statistics(b: Builder, node: Node) -> list[Value | None]:
    """The same, with the statistics of the batch itself."""
    x, *rest = node.inputs
    s = node.attributes["settings"]
    axis = s["axis"]
    axes = [i for i in range(x.rank) if i != axis]
    mean, centred, variance = _moments(b, x, axes)
    y = _normalized(b, centred, variance, s["epsilon"])
    for there, op in ((s["scale"], "Mul"), (s["offset"], "Add")):
        if there:
            y = pointwise(b, op, [y, _line(b, rest.pop(0), x.rank, axis)])
    return [y, b.squeeze(mean, axes), b.squeeze(variance, axes)]


@converts("layer_normalization")
def layer_normalization(b: Builder, node: Node) -> Value:
    """Rows normalised by their own mean and variance."""
    x, *rest = node.inputs
    a = node.attributes
    scale = rest.pop(0) if a["scale"] else None
    offset = rest.pop(0) if a["offset"] else None
    width = x.shape[-1]
    if width is None and scale is None:
        _, centred, variance = _moments(b, x, [x.rank - 1])
        y = _normalized(b, centred, variance, a["epsilon"])
        return pointwise(b, "Add", [y, offset]) if offset is not None else y
    scale = scale or b.constant(np.ones(width or 1, x.dtype))
    given = [x, scale] if offset is None else [x, scale, offset]
    return b.emit("LayerNormalization", given, axis=-1, epsilon=a["epsilon"])


@converts("softmax", "softmax_over_axis", "log_softmax")
def softmax(b: Builder, node: Node) -> Value:
    """Shares along an axis, or their logarithms."""
    (x,) = node.inputs
    op = "LogSoftmax" if node.op == "log_softmax" else "Softmax"
    axis = node.attributes["axis"] % x.rank
    if b.is_transposed(x) and x.first is not None:
        return b.with_channels_last(b.emit(op, [x.first], axis=to_first(x.rank).index(axis)))
    return b.emit(op, [x], axis=axis)
