"""Rows of the recurrent layers."""

from __future__ import annotations

from typing import Any

from oxhorn.testing.reference import ops
from oxhorn.testing.reference import rnn as ref
from tests.layers.table import LayerRow as Row

_OF_WEIGHTS = ("filters", "kernel_size", "use_bias", "units")


def conv_lstm(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    n = len(shape) - 3
    channels = shape[2] if arguments.get("data_format") == "channels_first" else shape[-1]
    size, filters = ops.per_axis(arguments["kernel_size"], n), arguments["filters"]
    weights = [
        ("kernel", (*size, channels, 4 * filters)),
        ("recurrent_kernel", (*size, filters, 4 * filters)),
    ]
    if arguments.get("use_bias", True):
        weights.append(("bias", (4 * filters,)))
    options = {name: value for name, value in arguments.items() if name not in _OF_WEIGHTS}
    return Row(
        f"ConvLSTM{n}D",
        arguments,
        [shape],
        lambda x, *w: ref.conv_lstm(x, *w, **options),
        weights,
        loose=32,
        inside="conv_lstm_cell",
    )


def sequence(layer: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    """A layer of one built-in cell."""
    name = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn"}[layer]
    gates = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[layer] * arguments["units"]
    weights: list[tuple[str, tuple[int, ...]]] = [
        ("kernel", (shape[-1], gates)),
        ("recurrent_kernel", (arguments["units"], gates)),
    ]
    if arguments.get("use_bias", True):
        twice = layer == "GRU" and arguments.get("reset_after", True)
        weights.append(("bias", (2, gates) if twice else (gates,)))
    options = {name: value for name, value in arguments.items() if name not in (*_OF_WEIGHTS, "unroll")}
    reference = getattr(ref, name)
    return Row(
        layer,
        arguments,
        [shape],
        lambda x, *w: reference(x, *w, **options),
        weights,
        loose=16,
        inside=f"{name}_cell",
    )


SEQUENCES = [
    *[
        sequence(layer, arguments, shape)
        for layer in ("LSTM", "GRU", "SimpleRNN")
        for arguments, shape in [
            ({"units": 3}, (2, 4, 3)),
            ({"units": 17, "return_sequences": True}, (3, 2, 5)),
            ({"units": 4, "return_sequences": True, "go_backwards": True}, (5, 3, 1)),
            ({"units": 2, "use_bias": False, "unroll": True}, (2, 2, 2)),
        ]
    ],
    sequence("LSTM", {"units": 3, "activation": "elu"}, (2, 3, 2)),
    sequence("LSTM", {"units": 3, "recurrent_activation": "hard_sigmoid", "go_backwards": True}, (2, 3, 2)),
    sequence("LSTM", {"units": 33}, (37, 3, 2)),
    sequence("GRU", {"units": 5, "reset_after": False}, (3, 4, 2)),
    sequence("GRU", {"units": 18, "reset_after": False, "return_sequences": True}, (2, 3, 2)),
    sequence("GRU", {"units": 2, "activation": "relu", "return_sequences": True}, (2, 3, 2)),
    sequence("SimpleRNN", {"units": 4, "activation": "relu"}, (2, 3, 2)),
    sequence("SimpleRNN", {"units": 4, "activation": "sigmoid"}, (2, 3, 2)),
    sequence("SimpleRNN", {"units": 4, "activation": None}, (2, 3, 2)),
    sequence("SimpleRNN", {"units": 4, "activation": "softsign"}, (2, 3, 2)),
]

RECURRENT = [
    *SEQUENCES,
    conv_lstm({"filters": 2, "kernel_size": 3}, (2, 3, 6, 2)),
    conv_lstm({"filters": 3, "kernel_size": 2, "padding": "same", "return_sequences": True}, (2, 3, 5, 2)),
    conv_lstm({"filters": 2, "kernel_size": 2, "data_format": "channels_first", "strides": 2}, (2, 3, 2, 7)),
    conv_lstm({"filters": 2, "kernel_size": 3, "padding": "same"}, (2, 3, 4, 5, 2)),
    conv_lstm(
        {
            "filters": 1,
            "kernel_size": (2, 3),
            "use_bias": False,
            "go_backwards": True,
            "return_sequences": True,
        },
        (2, 2, 4, 5, 2),
    ),
    conv_lstm(
        {"filters": 2, "kernel_size": 2, "dilation_rate": (1, 2), "activation": "elu"}, (2, 2, 4, 5, 1)
    ),
    conv_lstm(
        {
            "filters": 2,
            "kernel_size": 2,
            "data_format": "channels_first",
            "recurrent_activation": "hard_sigmoid",
        },
        (2, 2, 3, 4, 3),
    ),
    conv_lstm({"filters": 2, "kernel_size": 2, "padding": "same"}, (2, 2, 3, 2, 3, 1)),
]
