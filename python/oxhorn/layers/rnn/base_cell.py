"""What the built-in recurrent cells share: arguments, weights and the first state."""

from __future__ import annotations

from typing import Any

from oxhorn import activations, arguments, constraints, initializers, ops, regularizers
from oxhorn.engine.input_spec import InputSpec
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.layer import Layer
from oxhorn.layers.rnn.dropout_rnn_cell import DropoutRNNCell


class BaseCell(Layer, DropoutRNNCell):
    """A cell with a kernel for the inputs, one for the states, and a bias."""

    # How many matrices of `units` columns stand side by side in each kernel.
    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        recurrent_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        recurrent_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        recurrent_constraint: Any,
        bias_constraint: Any,
        dropout: float,
        recurrent_dropout: float,
        seed: Any,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        units = units_of(units, owner)
        super().__init__(**kwargs)
        self.seed = arguments.seed(seed, owner)
        self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = arguments.boolean(use_bias, "use_bias", owner)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = arguments.probability(dropout, "dropout", owner)
        self.recurrent_dropout = arguments.probability(recurrent_dropout, "recurrent_dropout", owner)
        self.state_size: Any = self.units
        self.output_size = self.units
        self.bias: Any = None

    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias."""
        return (self.gates * self.units,)

    def first_bias(self) -> Any:
        """The initializer of the whole bias."""
        return self.bias_initializer

    def build(self, input_shape: Any) -> None:
        """Make both kernels and the bias for inputs of this width."""
        width = input_shape[-1]
        if width is None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: the last dimension of the inputs should be defined. Found None "
                f"in the input shape {tuple(input_shape)}. Give it in Input(shape=(None, features))."
            )
        self.input_spec = InputSpec(ndim=2, axes={-1: width})
        columns = self.gates * self.units
        self.kernel = self.add_weight(
            shape=(width, columns),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, columns),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            name="recurrent_kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=self.bias_shape(),
                initializer=self.first_bias(),
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros, one tensor `(batch, units)` for each state."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        """The shapes of the output and of the states after the step."""
        one = (inputs_shape[0], self.units)
        states = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return one, [one for _ in states]

    def _shared_config(self, *between: tuple[str, Any]) -> dict[str, Any]:
        """The constructor's arguments; those of one class alone come after `use_bias`."""
        return {
            "use_bias": self.use_bias,
            **dict(between),
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": initializers.serialize(self.recurrent_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": regularizers.serialize(self.recurrent_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "recurrent_constraint": constraints.serialize(self.recurrent_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }


def units_of(value: Any, owner: str) -> int:
    """`units` as a positive int; a `ValueError` for anything else."""
    try:
        return arguments.positive_integer(value, "units", owner)
    except ValueError:
        raise ValueError(
            f"{owner}: Received an invalid value for argument `units`, expected a positive integer, got "
            f"{arguments.describe(value)}. Pass one such as units=32."
        ) from None


def single(states: Any) -> Any:
    """The state of a cell that has one, given alone or in a list."""
    return states[0] if isinstance(states, (list, tuple)) else states
