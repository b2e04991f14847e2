"""Windows that slide over images: convolution and pooling. ONNX has the channels first."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.export.converters.reductions import tensordot_matrix
from oxhorn.export.converters.shapes import padded
from oxhorn.export.converters.table import Node, converts
from oxhorn.export.graph_builder import Builder, Dim, Value, to_first, to_last


def _per_axis(sizes: list[int], rank: int) -> list[int]:
    return [sizes[0 if len(sizes) == 1 else axis] for axis in range(rank)]


def pads(
    node: Node, padding: Any, sizes: list[Dim], spans: list[int], strides: list[int]
) -> tuple[list[int] | None, str]:
    """Zeros before and behind each axis, or how the runtime is to find them where sizes are open.

    Of padding "same", ceil(n / stride) outputs; of an odd number of zeros the larger part lies behind.
    """
    before, behind = [], []
    if padding == "Same":
        for n, span, stride in zip(sizes, spans, strides, strict=True):
            if stride == 1:
                needed = span - 1
            elif n is None:
                return None, "SAME_UPPER"
            else:
                needed = max((-(-n // stride) - 1) * stride + span - n, 0)
            before.append(needed // 2)
            behind.append(needed - needed // 2)
    elif padding == "Causal":
        before, behind = [span - 1 for span in spans], [0] * len(spans)
    elif padding == "Valid":
        before = behind = [0] * len(spans)
    else:
        before, behind = (list(part) for part in zip(*padding["Explicit"], strict=True))
    return [*before, *behind], "NOTSET"


def _around(places: list[int] | None, auto: str) -> dict[str, Any]:
    return {"auto_pad": auto} if places is None else {"pads": places}


def _channels_first_shape(shape: tuple[Dim, ...]) -> list[Dim]:
    return [shape[axis] for axis in to_first(len(shape))]


@converts("conv")
def conv(b: Builder, node: Node) -> Value:
    """X * K + b."""
    x, kernel, *bias = node.inputs
    n = x.rank - 2
    strides = _per_axis(node.attributes["strides"], n)
    dilations = _per_axis(node.attributes["dilation"], n)
    sizes = [size or 1 for size in kernel.shape[:n]]
    spans = [(size - 1) * d + 1 for size, d in zip(sizes, dilations, strict=True)]
    groups = (x.shape[-1] or 1) // (kernel.shape[-2] or 1) or node.attributes["groups"] or 1
    weights = b.transpose(kernel, [n + 1, n, *range(n)])
    around = _around(*pads(node, node.attributes["padding"], list(x.shape[1:-1]), spans, strides))
    y = b.emit(
        "Conv",
        [b.with_channels_first(x), weights, *bias],
        shape=_channels_first_shape(node.spec[1]),
        kernel_shape=sizes,
        strides=strides,
        dilations=dilations,
        group=groups,
        **around,
    )
    return b.with_channels_last(y)


@converts("conv_transpose")
def conv_transpose(b: Builder, node: Node) -> Value:
    """The adjoint of a convolution."""
    x, kernel = node.inputs
    n = x.rank - 2
    places, _ = pads(node, node.attributes["padding"], [], [0] * n, [])
    y = b.emit(
        "ConvTranspose",
        [b.with_channels_first(x), b.transpose(kernel, [n + 1, n, *range(n)])],
        shape=_channels_first_shape(node.spec[1]),
        kernel_shape=list(kernel.shape[:n]),
        strides=_per_axis(node.attributes["strides"], n),
        dilations=_per_axis(node.attributes["dilation"], n),
        pads=places,
    )
    return b.with_channels_last(y)


@converts("max_pool", "average_pool")
def pool(b: Builder, node: Node) -> Value:
    """The largest, or the mean, of each window; what lies outside of the image does not count."""
    (x,) = node.inputs
    window = node.attributes["window"]
    n = window["rank"]
    sizes, strides = window["size"][3 - n :], window["stride"][3 - n :]
    around = _around(*pads(node, window["padding"], list(x.shape[1:-1]), sizes, strides))
    more: dict[str, Any] = {"count_include_pad": 0} if node.op == "average_pool" else {}
    wide = x if x.is_float else b.cast(x, "float64")
    y = b.emit(
        "MaxPool" if node.op == "max_pool" else "AveragePool",
        [b.with_channels_first(wide)],
        shape=_channels_first_shape(node.spec[1]),
        kernel_shape=sizes,
        strides=strides,
        **more,
        **around,
    )
    return b.cast(b.with_channels_last(y), node.spec[0])


@converts("adaptive_max")
def adaptive_max(b: Builder, node: Node) -> Value:
    """The largest of each of `size` stretches, from floor(o n / size) to ceil((o + 1) n / size)."""
    (x,) = node.inputs
    axis, size = node.attributes["axis"], node.attributes["size"]
    n = _known(node, x, axis)
    starts = [o * n // size for o in range(size)]
    ends = [-(-(o + 1) * n // size) for o in range(size)]
    longest = max(end - start for start, end in zip(starts, ends, strict=True))
    places = [
        [min(start + i, end - 1) for i in range(longest)] for start, end in zip(starts, ends, strict=True)
    ]
    return b.emit(
        "ReduceMax", [b.gather(x, places, axis), b.ints([axis + 1])], shape=node.spec[1], keepdims=0
    )


@converts("resample")
def resample(b: Builder, node: Node) -> Value:
    """Each output along an axis is a weighted sum of neighbours; the core itself tells the weights."""
    from oxhorn import _core

    (x,) = node.inputs
    a = node.attributes
    axis, method = a["axis"], a["method"]
    (kind, number) = next(iter(a["size"].items()))
    n = x.shape[axis]
    if n is None and kind == "Times" and method in ("nearest", "bilinear") and not a["antialias"]:
        return _resized(b, x, axis, number, method)
    n = _known(node, x, axis)
    size = number if kind == "Exactly" else n * number
    if method == "nearest":
        return b.gather(x, [(2 * o + 1) * n // (2 * size) for o in range(size)], axis)
    attributes = {"axis": 0, "size": size, "method": method, "antialias": a["antialias"]}
    matrix = _core.apply("resample", [_core.tensor(np.eye(n))], attributes).numpy()
    return tensordot_matrix(b, x, matrix, axis)


def _resized(b: Builder, x: Value, axis: int, times: int, method: str) -> Value:
    """An axis of open size made longer by a whole factor."""
    if b.is_transposed(x) and x.first is not None:
        return b.with_channels_last(_resized(b, x.first, to_last(x.rank)[axis], times, method))
    scales = b.constant(np.asarray([times if i == axis else 1 for i in range(x.rank)], "float32"))
    options: dict[str, Any] = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    if method == "nearest":
        options = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    shape = [None if i == axis else size for i, size in enumerate(x.shape)]
    return b.emit("Resize", [x, None, scales], shape=shape, **options)


def _known(node: Node, x: Value, axis: int) -> int:
    n = x.shape[axis]
    if n is None:
        raise node.refuse(
            f"needs the size of axis {axis}, which is open", "Give the input a known size along that axis."
        )
    return n


@converts("patches")
def patches(b: Builder, node: Node) -> Value:
    """Windows side by side: (batch, spatial.., channels) to (batch, windows.., kernel * channels)."""
    (x,) = node.inputs
    window = node.attributes
    n = window["rank"]
    size, stride, dilation = (window[name][3 - n :] for name in ("size", "stride", "dilation"))
    known = [_known(node, x, axis) for axis in range(1, n + 1)]
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    places, _ = pads(node, window["padding"], list(known), spans, stride)
    assert places is not None
    x = padded(b, x, [(0, 0), *zip(places[:n], places[n:], strict=True), (0, 0)])
    channels = _known(node, x, x.rank - 1)
    counts = []
    for i in range(n):
        longer = known[i] + places[i] + places[n + i]
        count = (longer - spans[i]) // stride[i] + 1
        grid = [[o * stride[i] + k * dilation[i] for k in range(size[i])] for o in range(count)]
        x = b.gather(x, grid, 1 + 2 * i)
        counts.append(count)
    order = [0, *range(1, 2 * n, 2), *range(2, 2 * n + 1, 2), 2 * n + 1]
    x = b.transpose(x, order)
    return b.reshape_keeping(x, 1, [*counts, int(np.prod(size)) * channels], node.spec[1])


@converts("fold_patches")
def fold_patches(b: Builder, node: Node) -> Value:
    """The sum of windows: a transposed convolution whose kernel lays each number at its place."""
    x = node.inputs[0]
    window = node.attributes["window"]
    n = window["rank"]
    size, stride, dilation = (window[name][3 - n :] for name in ("size", "stride", "dilation"))
    goal = [_known(node, Value(*node.spec), axis) for axis in range(1, n + 1)]
    channels = _known(node, Value(*node.spec), n + 1)
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    places, _ = pads(node, window["padding"], list(goal), spans, stride)
    assert places is not None
    taps = int(np.prod(size))
    kernel = np.eye(taps * channels, dtype=x.dtype).reshape(taps * channels, *size, channels)
    kernel = np.moveaxis(kernel, -1, 1)
    counts = [_known(node, x, axis) for axis in range(1, n + 1)]
    whole = [(c - 1) * s + span for c, s, span in zip(counts, stride, spans, strict=True)]
    made = b.emit(
        "ConvTranspose",
        [b.with_channels_first(x), b.constant(kernel, "windows")],
        shape=[x.shape[0], channels, *whole],
        kernel_shape=size,
        strides=stride,
        dilations=dilation,
    )
    y = b.with_channels_last(made)
    width = [(-places[i], goal[i] - whole[i] + places[i]) for i in range(n)]
    return padded(b, y, [(0, 0), *width, (0, 0)])
