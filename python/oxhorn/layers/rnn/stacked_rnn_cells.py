"""Several cells as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from oxhorn import tree
from oxhorn.engine import allowance
from oxhorn.layers.layer import Layer
from oxhorn.layers.rnn import cells as of_cells

__all__ = ["StackedRNNCells"]


class StackedRNNCells(Layer):
    """Several cells one above the other, as one cell: the output of each is the input of the next.

    `y_1, s_1' = cell_1(x, s_1)`, `y_2, s_2' = cell_2(y_1, s_2)`, ...; the output is that of the last cell.

    Args:
        cells: A list of cells. The state of the stack is the list of their states.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        inputs: The inputs of one step, `(batch, features)`.
        states: The states before the step, one entry for each cell.
        training: Passed to the cells that take it.

    Input shape:
        `(batch, features)`.

    Output shape:
        `(batch, output_size)` of the last cell.

    Returns:
        When called: the output, and the list of the states after the step.

    Raises:
        ValueError: If a cell has no `call` or no `state_size`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> cells = keras.layers.StackedRNNCells([keras.layers.LSTMCell(4), keras.layers.LSTMCell(3)])
    >>> keras.layers.RNN(cells)(np.ones((2, 10, 8), "float32")).shape
    (2, 3)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(
                f"StackedRNNCells: expected `cells` to be a list of at least one cell; got {cells!r}."
            )
        # Stacks inside stacks, each twice in the next one, have states without end.
        self._state_count = sum(getattr(cell, "_state_count", 1) for cell in cells)
        allowance.called(self._state_count)
        for cell in cells:
            of_cells.check_cell(cell, "All cells", "StackedRNNCells")
        self.cells: Any = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The output size of the last cell."""
        return of_cells.output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The first states of each cell."""
        return [of_cells.initial_state(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        """Build the cells, each for what the one below it returns."""
        for cell in self.cells:
            of_cells.build_cell(cell, input_shape)
            batch = tree.flatten_shapes(input_shape)[0][0]
            input_shape = of_cells.output_shapes(of_cells.output_size(cell), (batch,))

    def call(self, inputs: Any, states: Any, training: bool | None = False, **kwargs: Any) -> Any:
        """Take one step in each cell."""
        after = []
        for cell, state in zip(self.cells, states, strict=True):
            given = dict(kwargs)
            if of_cells.takes_training(cell):
                given["training"] = training
            several = tree.is_nested(state)
            inputs, new = of_cells.caller(cell)(inputs, list(state) if several else [state], **given)
            if not several and tree.is_nested(new) and len(new) == 1:
                new = new[0]
            after.append(new)
        return inputs, after

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        """The shapes of the output and of the states after the step."""
        batch = tree.flatten_shapes(inputs_shape)[0][0]
        return of_cells.output_shapes(self.output_size, (batch,)), of_cells.state_shapes(self, batch)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The cells that `get_config` describes."""
        from oxhorn.saving import deserialize_keras_object

        arguments = dict(config)
        cells = [
            deserialize_keras_object(cell, custom_objects=custom_objects) for cell in arguments.pop("cells")
        ]
        return cls(cells, **arguments)
