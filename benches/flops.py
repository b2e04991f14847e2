"""How much arithmetic a model needs at least: the products of its layers, counted from their shapes.

forward:   2 x multiply-adds
training:  forward + gradient of the weights + gradient of the input, each as much as forward;
           the first layer needs no gradient of its input
"""

from __future__ import annotations

from math import prod
from typing import Any


def source(layer: Any) -> Any:
    """The first tensor that goes into a layer, or None."""
    inputs = getattr(layer, "input", None)
    if isinstance(inputs, list | tuple):
        return inputs[0] if inputs else None
    return inputs


def products(layer: Any) -> tuple[int, int]:
    """Multiply-adds of a layer for one sample: of what it does with its input, and of the rest."""
    kind = type(layer).__name__
    if source(layer) is None:
        return 0, 0
    x, y = tuple(source(layer).shape[1:]), tuple(layer.output.shape[1:])
    if kind == "Dense":
        return prod(y) * x[-1], 0
    if kind.startswith("DepthwiseConv"):
        return prod(y) * prod(layer.kernel_size), 0
    if kind.endswith("Transpose"):
        return prod(x) * prod(layer.kernel_size) * y[-1], 0
    if kind.startswith("Conv"):
        return prod(y) * prod(layer.kernel_size) * x[-1] // layer.groups, 0
    gates = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
    if kind in gates:
        steps, features = x
        width = gates[kind] * layer.units
        return steps * features * width, steps * layer.units * width
    if kind == "MultiHeadAttention":
        steps, features = x
        keys, values = layer.num_heads * layer.key_dim, layer.num_heads * (layer.value_dim or layer.key_dim)
        return steps * features * (2 * keys + values), steps * (steps * (keys + values) + values * y[-1])
    return 0, 0


def prediction(model: Any, batch: int) -> int:
    """Floating-point operations of one batch forward."""
    return 2 * batch * sum(sum(products(layer)) for layer in model.layers)


def training(model: Any, batch: int) -> int:
    """Floating-point operations of one training step."""
    total = 0
    for layer in model.layers:
        of_input, rest = products(layer)
        first = any(source(layer) is x for x in model.inputs)
        total += (2 if first else 3) * of_input + 3 * rest
    return 2 * batch * total
