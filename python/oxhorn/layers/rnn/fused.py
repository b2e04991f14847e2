"""Built-in cells whose loop over the steps is one op of the core."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, ops
from oxhorn.activations.lookup import core_name
from oxhorn.layers.rnn.gru_cell import GRUCell
from oxhorn.layers.rnn.lstm_cell import LSTMCell
from oxhorn.layers.rnn.simple_rnn_cell import SimpleRNNCell
from oxhorn.layers.rnn.stacked_rnn_cells import StackedRNNCells

# Activations whose slope the op of the simple cell finds from their value.
_OF_SIMPLE_CELLS = ("linear", "relu", "sigmoid", "tanh")


def op_of(cell: Any, training: bool | None) -> tuple[str, dict[str, Any]] | None:
    """The op that does all steps of a cell, with its attributes; `None` if its class and functions have none."""
    if type(cell) not in (SimpleRNNCell, LSTMCell, GRUCell) or cell.activity_regularizer is not None:
        # A class derived from one of them may take other steps.
        return None
    if training and (cell.recurrent_dropout > 0 or (cell.dropout > 0 and cell.dropout_mask_count)):
        # The state is masked at every step, or each gate has a mask of its own.
        return None
    name = core_name(cell.activation)
    if type(cell) is SimpleRNNCell:
        return ("simple_rnn", {"activation": name}) if name in _OF_SIMPLE_CELLS else None
    if name != "tanh" or core_name(cell.recurrent_activation) != "sigmoid":
        return None
    return ("lstm", {}) if type(cell) is LSTMCell else ("gru", {"reset_after": cell.reset_after})


def all_steps(
    cell: Any,
    sequences: Any,
    states: Any,
    mask: Any,
    training: bool | None,
    *,
    go_backwards: bool,
    return_sequences: bool,
    zero_output_for_mask: bool,
) -> tuple[Any, Any, Any] | None:
    """What `RNN.inner_loop` returns, with one op for each cell; `None` if the cell has no op."""
    if not isinstance(sequences, _core.Tensor) or len(sequences.shape) != 3:
        return None
    cells = cell.cells if type(cell) is StackedRNNCells else [cell]
    found = [op_of(one, training) for one in cells]
    if any(one is None for one in found):
        return None
    of_cells = states if type(cell) is StackedRNNCells else [states]
    after: list[Any] = []
    output: Any = None
    for i, (one, (name, attributes), state) in enumerate(zip(cells, found, of_cells, strict=True)):  # type: ignore[misc]
        last = i == len(cells) - 1
        every = return_sequences or not last
        output, outputs, new = _run(
            one,
            name,
            sequences,
            state if isinstance(state, (list, tuple)) else [state],
            mask,
            training,
            {
                **attributes,
                "go_backwards": go_backwards,
                "return_sequences": every,
                "zero_output_for_mask": zero_output_for_mask and every and last,
            },
        )
        after.append(new)
        if not last:
            # The cells above read what comes out in the order it comes.
            sequences = outputs
            if go_backwards:
                mask = None if mask is None else ops.flip(mask, axis=1)
                go_backwards = False
    return output, outputs if return_sequences else None, after if type(cell) is StackedRNNCells else after[0]


def _run(
    cell: Any,
    name: str,
    sequences: Any,
    states: Any,
    mask: Any,
    training: bool | None,
    attributes: dict[str, Any],
) -> tuple[Any, Any, list[Any]]:
    if sequences.dtype != cell.compute_dtype:
        sequences = ops.cast(sequences, cell.compute_dtype)
    if training and cell.dropout > 0:
        sequences = sequences * ops.expand_dims(cell.get_dropout_mask(sequences[:, 0]), 1)
    bias = [] if cell.bias is None else [cell.bias]
    inputs = [
        sequences,
        cell.kernel,
        cell.recurrent_kernel,
        *bias,
        *states,
        *([] if mask is None else [mask]),
    ]
    attributes = {**attributes, "bias": bool(bias), "states": True, "mask": mask is not None}
    y, *after = _core.apply(name, inputs, attributes)
    return (after[0], y, after) if attributes["return_sequences"] else (y, None, after)
