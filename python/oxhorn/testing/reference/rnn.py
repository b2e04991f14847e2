"""Recurrent layers: a cell is a function of the inputs of one step and the states, and a layer is a loop over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oxhorn.testing.reference import ops
from oxhorn.testing.reference.layers import activate

Array = NDArray[Any]
Cell = Callable[[Array, list[Any]], tuple[Array, list[Any]]]


def simple_rnn_cell(
    x: Array,
    states: list[Array],
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | float = 0.0,
    activation: str | None = "tanh",
) -> tuple[Array, list[Array]]:
    """h' = activation(x kernel + h recurrent_kernel + bias)"""
    h = activate(x @ kernel + states[0] @ recurrent_kernel + bias, activation)
    return h, [h]


def lstm_cell(
    x: Array,
    states: list[Array],
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | float = 0.0,
    activation: str | None = "tanh",
    recurrent_activation: str | None = "sigmoid",
) -> tuple[Array, list[Array]]:
    """c' = s(f) c + s(i) activation(g),  h' = s(o) activation(c')"""
    h, c = states
    i, f, g, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)
    i, f, o = (activate(gate, recurrent_activation) for gate in (i, f, o))
    c = f * c + i * activate(g, activation)
    h = o * activate(c, activation)
    return h, [h, c]


def gru_cell(
    x: Array,
    states: list[Array],
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    activation: str | None = "tanh",
    recurrent_activation: str | None = "sigmoid",
    reset_after: bool = True,
) -> tuple[Array, list[Array]]:
    """h' = z h + (1 - z) activation(x_h + r * u_h), with u_h made before (r after) or after (r before) the product"""
    h, n = states[0], recurrent_kernel.shape[0]
    inner, outer = (0.0, 0.0) if bias is None else (bias[0], bias[1]) if reset_after else (bias, 0.0)
    x_z, x_r, x_h = np.split(x @ kernel + inner, 3, axis=-1)
    u_z, u_r, u_h = np.split(h @ recurrent_kernel + outer, 3, axis=-1)
    z, r = activate(x_z + u_z, recurrent_activation), activate(x_r + u_r, recurrent_activation)
    u = r * u_h if reset_after else (r * h) @ recurrent_kernel[:, 2 * n :]
    h = z * h + (1 - z) * activate(x_h + u, activation)
    return h, [h]


def conv_lstm_cell(
    x: Array,
    states: list[Array],
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | float = 0.0,
    activation: str | None = "tanh",
    recurrent_activation: str | None = "sigmoid",
    data_format: str = "channels_last",
    **how: Any,
) -> tuple[Array, list[Array]]:
    """That of an LSTM, with convolutions in the place of products; `how` is that of the inputs'"""
    h, c = (ops.channels_last(state, data_format) for state in states)
    z = ops.conv(ops.channels_last(x, data_format), kernel, **how) + bias
    i, f, g, o = np.split(z + ops.conv(h, recurrent_kernel, padding="same"), 4, axis=-1)
    i, f, o = (activate(gate, recurrent_activation) for gate in (i, f, o))
    c = f * c + i * activate(g, activation)
    h, c = (ops.channels_back(state, data_format) for state in (o * activate(c, activation), c))
    return h, [h, c]


def stacked_rnn_cells(x: Array, states: list[Any], cells: Sequence[Cell]) -> tuple[Array, list[Any]]:
    """y_1 = cell_1(x), y_2 = cell_2(y_1), ..."""
    after = []
    for cell, state in zip(cells, states, strict=True):
        x, new = cell(x, state)
        after.append(new)
    return x, after


def rnn(
    x: Array,
    cell: Cell,
    states: list[Array],
    mask: Array | None = None,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
) -> Any:
    """y_t, s_t = cell(x_t, s_{t-1}); where the mask is False the states and the output stay as they are"""
    outputs: list[Array] = []
    for t in range(x.shape[1])[:: -1 if go_backwards else 1]:
        output, after = cell(x[:, t], states)
        if mask is not None:
            there = mask[:, t].reshape(-1, *[1] * (output.ndim - 1))
            before = next((s for s, new in zip(states, after, strict=True) if new is output), 0 * output)
            before = outputs[-1] if outputs else before
            output = np.where(there, output, 0 * output if zero_output_for_mask else before)
            after = [np.where(there, new, old) for new, old in zip(after, states, strict=True)]
        states = after
        outputs.append(output)
    y = np.stack(outputs, axis=1) if return_sequences else outputs[-1]
    return (y, *states) if return_state else y


def simple_rnn(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | float = 0.0, **how: Any
) -> Any:
    """`rnn` with `simple_rnn_cell`, from zeros"""
    return _layer(simple_rnn_cell, 1, x, (kernel, recurrent_kernel, bias), how)


def lstm(x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | float = 0.0, **how: Any) -> Any:
    """`rnn` with `lstm_cell`, from zeros"""
    return _layer(lstm_cell, 2, x, (kernel, recurrent_kernel, bias), how)


def gru(x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = None, **how: Any) -> Any:
    """`rnn` with `gru_cell`, from zeros"""
    return _layer(gru_cell, 1, x, (kernel, recurrent_kernel, bias), how)


def conv_lstm(x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | float = 0.0, **how: Any) -> Any:
    """`rnn` with `conv_lstm_cell`, from zeros in the shape of the convolved inputs"""
    of_cell, of_loop = _shared_out(how)
    first = how.get("data_format") == "channels_first"
    one = ops.channels_last(x[:, 0], how.get("data_format", "channels_last"))
    windows = {name: of_cell[name] for name in ("strides", "padding", "dilation_rate") if name in of_cell}
    shape = ops.conv(one, kernel, **windows).shape
    filters = recurrent_kernel.shape[-2]
    zeros = np.zeros((shape[0], filters, *shape[1:-1]) if first else (*shape[:-1], filters))

    def step(inputs: Array, before: list[Array]) -> tuple[Array, list[Array]]:
        return conv_lstm_cell(inputs, before, kernel, recurrent_kernel, bias, **of_cell)

    return rnn(x, step, of_loop.pop("initial_state", [zeros, zeros]), **of_loop)


def bidirectional(
    x: Array,
    forward: Callable[[Array], Array],
    backward: Callable[[Array], Array],
    merge_mode: str | None = "concat",
) -> Any:
    """merge(forward(x), backward(x)); `backward` reads from the end, and what it returns for all steps is turned"""
    y, z = forward(x), backward(x)
    z = z[:, ::-1] if z.ndim == x.ndim else z
    merged = {"concat": lambda: np.concatenate([y, z], axis=-1), "sum": lambda: y + z, "mul": lambda: y * z}
    return (y, z) if merge_mode is None else (y + z) / 2 if merge_mode == "ave" else merged[merge_mode]()


def time_distributed(x: Array, layer: Callable[[Array], Array]) -> Array:
    """y[:, t] = layer(x[:, t])"""
    return np.stack([layer(x[:, t]) for t in range(x.shape[1])], axis=1)


_OF_LOOPS = (
    "initial_state",
    "mask",
    "return_sequences",
    "return_state",
    "go_backwards",
    "zero_output_for_mask",
)


def _shared_out(how: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of the cell, and those of the loop"""
    of_loop = {name: value for name, value in how.items() if name in _OF_LOOPS}
    return {name: value for name, value in how.items() if name not in _OF_LOOPS}, of_loop


def _layer(cell: Callable[..., Any], states: int, x: Array, weights: Any, how: dict[str, Any]) -> Any:
    of_cell, of_loop = _shared_out(how)
    zeros = np.zeros((x.shape[0], weights[1].shape[0]), x.dtype)

    def step(inputs: Array, before: list[Array]) -> tuple[Array, list[Array]]:
        made: tuple[Array, list[Array]] = cell(inputs, before, *weights, **of_cell)
        return made

    return rnn(x, step, of_loop.pop("initial_state", [zeros] * states), **of_loop)
