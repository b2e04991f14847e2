"""Cells as people write them."""

from __future__ import annotations

from typing import Any

import oxhorn as keras
from oxhorn import ops


@keras.saving.register_keras_serializable(package="tests")
class Minimal(keras.Layer):
    """One state, which is the output."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, self.units), name="recurrent_kernel")

    def call(self, inputs: Any, states: Any) -> Any:
        output = ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent_kernel)
        return output, [output]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="tests")
class Running(keras.Layer):
    """Two states of different sizes, an output that is neither, a layer inside, and states returned as a tuple."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = [2, 3]
        self.output_size = 4
        self.inner = keras.layers.Dense(3)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        total, sums = states
        sums = self.inner(inputs) + sums
        total = total + ops.sum(sums, axis=-1, keepdims=True)
        output = ops.concatenate([total, sums], axis=-1)[:, 1:] * (1.0 if training else 2.0)
        return output, (total, sums)


class Plain:
    """No layer at all, but an object with what a cell needs."""

    state_size = 5

    def call(self, inputs: Any, states: Any) -> Any:
        total = states[0] + inputs
        return total, [total]


@keras.saving.register_keras_serializable(package="tests")
class Nested(keras.Layer):
    """Two inputs, two outputs and two states, one of each with two axes."""

    def __init__(self, width: int, rows: int, columns: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sizes = (width, rows, columns)
        self.state_size = [width, (rows, columns)]
        self.output_size = [(width,), (rows, columns)]

    def build(self, input_shape: Any) -> None:
        one, two = keras.tree.flatten_shapes(input_shape) if isinstance(input_shape, dict) else input_shape
        width, rows, columns = self.sizes
        self.kernel = self.add_weight(shape=(one[-1], width), name="kernel")
        self.other = self.add_weight(shape=(*two[1:], rows, columns), name="other")

    def call(self, inputs: Any, states: Any) -> Any:
        one, two = keras.tree.flatten(inputs)
        total = states[0] + ops.matmul(one, self.kernel)
        grid = states[1] + ops.einsum("bij,ijkl->bkl", two, self.other)
        return (total, grid), (total, grid)

    def get_config(self) -> dict[str, Any]:
        width, rows, columns = self.sizes
        return {**super().get_config(), "width": width, "rows": rows, "columns": columns}
