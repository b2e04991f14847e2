"""The table of layers that PyTorch has too: for each of our weights its name there, and the conversion.

A layer is one or more modules of PyTorch (`Part`s); a part has a row for each weight. To add a layer: one row.

    gates of an LSTM   PyTorch i f g o, ours i f c o: the same
    gates of a GRU     PyTorch r z n, ours z r h
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from oxhorn.interop.conversions import (
    Conversion,
    depthwise,
    folded,
    gates,
    linear,
    moved_channels,
    reshaped,
    same,
    side_by_side,
    summed,
    transposed,
    turned,
)

__all__ = ["IGNORED", "Part", "Row", "has_rule", "parts_of"]

# What modules of PyTorch hold that no layer needs.
IGNORED = frozenset({"num_batches_tracked"})

_LSTM_GATES = (0, 1, 2, 3), ("i f g o", "i f g o")
_GRU_GATES = (1, 0, 2), ("r z n", "z r n")


class Row(NamedTuple):
    """A weight: its names in PyTorch, the conversion, and which of our axes run over inputs and over outputs."""

    variable: Any
    names: tuple[str, ...]
    conversion: Conversion
    inputs: int | None = None
    outputs: int | None = None


class Part(NamedTuple):
    """What one module of PyTorch holds; `name` tells parts of a layer apart."""

    name: str
    rows: list[Row]


Rule = Callable[[Any, bool], list[Part]]


def has_rule(layer: Any) -> bool:
    """Whether PyTorch has such a layer."""
    return _rule_of(layer) is not None


def parts_of(layer: Any, on_map: bool = False) -> list[Part]:
    """The modules of PyTorch that a layer is.

    Args:
        layer: A built layer that has a rule.
        on_map: Whether its input is a map, whose channels PyTorch has first.

    Raises:
        ValueError: If PyTorch has no layer of this configuration.
    """
    rule = _rule_of(layer)
    assert rule is not None
    return [part for part in rule(layer, on_map) if part.rows]


def _rule_of(layer: Any) -> Rule | None:
    for cls in type(layer).__mro__:
        if cls.__module__.startswith("oxhorn.layers.") and cls.__name__ in _RULES:
            return _RULES[cls.__name__]
    return None


def _own(layer: Any) -> dict[str, Any]:
    return {variable.name: variable for variable in layer._own_variables()}


def _rows(layer: Any, **columns: tuple[Any, ...]) -> list[Row]:
    """Rows for those weights that the layer has: `kernel=("weight", conversion, axis of inputs, of outputs)`."""
    found = _own(layer)
    return [Row(found[name], (row[0],), *row[1:]) for name, row in columns.items() if name in found]


# Rules -------------------------------------------------------------------------------------------------


def _dense(layer: Any, on_map: bool) -> list[Part]:
    return [Part("", _rows(layer, kernel=("weight", linear, 0, 1), bias=("bias", same, None, 0)))]


def _einsum_dense(layer: Any, on_map: bool) -> list[Part]:
    return [Part("", _einsum_rows(layer, "weight", "bias"))]


def _einsum_rows(layer: Any, weight: str, bias: str) -> list[Row]:
    """A dense layer over several axes is one over a single axis where its kernel begins with all input axes."""
    own = _own(layer)
    left, _, output = layer.equation.replace(" ", "").partition("->")
    given, _, letters = left.partition(",")
    inputs = [letter for letter in letters if letter not in output]
    folds = letters.startswith("".join(inputs)) and given.endswith("".join(inputs))
    if not folds or not output.endswith(letters[len(inputs) :]):
        raise ValueError(
            f"EinsumDense {layer.name!r} of equation {layer.equation!r} is no Linear of PyTorch, which contracts the "
            "last axes of its input; assign its weights by hand: layer.set_weights([...])"
        )
    rows = [Row(own["kernel"], (weight,), folded(own["kernel"].shape, len(inputs)))]
    if "bias" in own:
        shape = tuple(own["bias"].shape)
        flat = reshaped(shape, (math.prod(shape),)) if len(shape) > 1 else same
        rows.append(Row(own["bias"], (bias,), flat))
    return rows


def _conv(layer: Any, on_map: bool) -> list[Part]:
    return [Part("", _rows(layer, kernel=("weight", transposed), bias=("bias", same)))]


def _conv_transpose(layer: Any, on_map: bool) -> list[Part]:
    return [Part("", _rows(layer, kernel=("weight", turned), bias=("bias", same)))]


def _depthwise_conv(layer: Any, on_map: bool) -> list[Part]:
    shape = _own(layer)["kernel"].shape
    return [Part("", _rows(layer, kernel=("weight", depthwise(shape)), bias=("bias", same)))]


def _separable_conv(layer: Any, on_map: bool) -> list[Part]:
    shape = _own(layer)["depthwise_kernel"].shape
    return [
        Part("depthwise", _rows(layer, depthwise_kernel=("weight", depthwise(shape)))),
        Part("pointwise", _rows(layer, pointwise_kernel=("weight", transposed), bias=("bias", same))),
    ]


def _batch_normalization(layer: Any, on_map: bool) -> list[Part]:
    each = (same, None, 0)
    return [
        Part(
            "",
            _rows(
                layer,
                gamma=("weight", *each),
                beta=("bias", *each),
                moving_mean=("running_mean", *each),
                moving_variance=("running_var", *each),
            ),
        )
    ]


def _normalization(layer: Any, on_map: bool) -> list[Part]:
    own = _own(layer)
    several = any(len(variable.shape) > 1 for variable in own.values())
    conversion = moved_channels() if several and on_map else same
    return [
        Part(
            "",
            _rows(
                layer,
                gamma=("weight", conversion, None, 0),
                scale=("weight", conversion, None, 0),
                beta=("bias", conversion, None, 0),
            ),
        )
    ]


def _embedding(layer: Any, on_map: bool) -> list[Part]:
    return [Part("", _rows(layer, embeddings=("weight", same)))]


def _prelu(layer: Any, on_map: bool) -> list[Part]:
    shape = tuple(_own(layer)["alpha"].shape)
    if any(n != 1 for n in shape[:-1]):
        raise ValueError(
            f"PReLU {layer.name!r} has the slopes {shape}, and PyTorch's has one for each channel; share them along "
            f"the other axes: PReLU(shared_axes={list(range(1, len(shape)))})"
        )
    conversion = same if len(shape) == 1 else reshaped(shape, shape[-1:])
    return [Part("", _rows(layer, alpha=("weight", conversion, None, len(shape) - 1)))]


def _multi_head_attention(layer: Any, on_map: bool) -> list[Part]:
    if getattr(layer, "_use_gate", False):
        raise ValueError(f"MultiHeadAttention {layer.name!r} has a gate, which PyTorch's has not")
    rows = []
    for dense, name in (
        (layer._query_dense, "q_proj"),
        (layer._key_dense, "k_proj"),
        (layer._value_dense, "v_proj"),
        (layer._output_dense, "out_proj"),
    ):
        rows += _einsum_rows(dense, f"{name}.weight", f"{name}.bias")
    return [Part("", rows)]


# Recurrent layers --------------------------------------------------------------------------------------


def _cell_rows(cell: Any, after: str = "") -> list[Row]:
    own = _own(cell)
    names = {cls.__name__ for cls in type(cell).__mro__}
    if "GRUCell" in names:
        kernel = gates(*_GRU_GATES)
        bias = side_by_side(*_GRU_GATES)
        if "bias" in own and not cell.reset_after:
            raise ValueError(
                f"{type(cell).__name__} {cell.name!r} has reset_after=False; PyTorch multiplies with the reset gate "
                "after the product: GRU(..., reset_after=True)"
            )
    elif "LSTMCell" in names:
        kernel, bias = gates(*_LSTM_GATES), summed()
    elif "SimpleRNNCell" in names:
        kernel, bias = gates((0,), ("", "")), summed()
    else:
        raise ValueError(
            f"the cell {type(cell).__name__} {cell.name!r} is none of PyTorch's, which has LSTM, GRU and RNN; assign "
            "its weights by hand: layer.set_weights([...])"
        )
    rows = [
        Row(own["kernel"], (f"weight_ih{after}",), kernel, 0),
        Row(own["recurrent_kernel"], (f"weight_hh{after}",), kernel),
    ]
    if "bias" in own:
        rows.append(Row(own["bias"], (f"bias_ih{after}", f"bias_hh{after}"), bias))
    return rows


def _cell(layer: Any, on_map: bool) -> list[Part]:
    return [Part("", _cell_rows(layer))]


def _cells(layer: Any) -> list[Any]:
    return list(getattr(layer.cell, "cells", [layer.cell]))


def _recurrent(layer: Any, on_map: bool) -> list[Part]:
    cells = _cells(layer)
    return [Part(f"l{i}" if len(cells) > 1 else "", _cell_rows(cell)) for i, cell in enumerate(cells)]


def _bidirectional(layer: Any, on_map: bool) -> list[Part]:
    forward, backward = _cells(layer.forward_layer), _cells(layer.backward_layer)
    if len(forward) != 1 or len(backward) != 1:
        raise ValueError(
            f"Bidirectional {layer.name!r} runs several cells in each direction, where PyTorch's upper layers get both "
            "directions of the lower ones; put a Bidirectional over each recurrent layer"
        )
    return [Part("", _cell_rows(forward[0]) + _cell_rows(backward[0], "_reverse"))]


_RULES: dict[str, Rule] = {
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "Conv1D": _conv,
    "Conv2D": _conv,
    "Conv3D": _conv,
    "Conv1DTranspose": _conv_transpose,
    "Conv2DTranspose": _conv_transpose,
    "Conv3DTranspose": _conv_transpose,
    "DepthwiseConv1D": _depthwise_conv,
    "DepthwiseConv2D": _depthwise_conv,
    "SeparableConv1D": _separable_conv,
    "SeparableConv2D": _separable_conv,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _normalization,
    "GroupNormalization": _normalization,
    "InstanceNormalization": _normalization,
    "RMSNormalization": _normalization,
    "Embedding": _embedding,
    "PReLU": _prelu,
    "MultiHeadAttention": _multi_head_attention,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "SimpleRNN": _recurrent,
    "RNN": _recurrent,
    "Bidirectional": _bidirectional,
    "LSTMCell": _cell,
    "GRUCell": _cell,
    "SimpleRNNCell": _cell,
}
