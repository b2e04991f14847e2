"""One step of a long short-term memory over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import activations, arguments, constraints, initializers, ops, regularizers
from oxhorn.engine.input_spec import InputSpec
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.layer import Layer
from oxhorn.layers.rnn.dropout_rnn_cell import DropoutRNNCell


class ConvLSTMCell(Layer, DropoutRNNCell):
    """One step of a long short-term memory whose products are convolutions over `rank` axes.

    `[i, f, g, o] = conv(x, kernel) + conv(h, recurrent_kernel) + bias`,
    `c' = s(f) * c + s(i) * activation(g)`, `h' = s(o) * activation(c')`; the output is `h'`.

    The convolution of the states keeps their size and has neither strides nor dilation. The arguments are those of
    `ConvLSTM2D`, after `rank`, the number of axes.
    """

    # Each gate drops its own part.
    dropout_mask_count = 4

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        owner = f"ConvLSTM{rank}D"
        super().__init__(**kwargs)
        self.seed = arguments.seed(seed, owner)
        self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.rank = arguments.integer(rank, "rank", "ConvLSTMCell", low=1, high=3)
        self.filters = arguments.positive_integer(filters, "filters", owner)
        self.kernel_size = arguments.integers(kernel_size, rank, "kernel_size", owner)
        self.strides = arguments.integers(strides, rank, "strides", owner)
        self.padding = arguments.choice(padding, ("valid", "same"), "padding", owner)
        self.data_format = arguments.data_format(data_format, owner)
        self.dilation_rate = arguments.integers(dilation_rate, rank, "dilation_rate", owner)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{owner}: Specifying `strides > 1` is not compatible with `dilation_rate > 1`. Received: "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}. Use one of them alone."
            )
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias = arguments.boolean(use_bias, "use_bias", owner)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.unit_forget_bias = arguments.boolean(unit_forget_bias, "unit_forget_bias", owner)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = arguments.probability(dropout, "dropout", owner)
        self.recurrent_dropout = arguments.probability(recurrent_dropout, "recurrent_dropout", owner)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        # The states are images, whose sizes are known once the cell is built.
        self.state_size = [-1, -1]
        self.bias: Any = None

    @property
    def _channel_axis(self) -> int:
        return 1 if self.data_format == "channels_first" else self.rank + 1

    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        """Make both kernels and the bias for images of this size."""
        shape = tuple(inputs_shape)
        if None in shape[1:]:
            raise ValueError(
                f"ConvLSTM{self.rank}D {self.name!r}: ConvLSTM layers only support static input shapes for the spatial "
                f"dimension and the channels. Received invalid input shape: {shape}. Give all sizes but the batch's "
                "and the steps' in Input(shape=...)."
            )
        self.step_shape = shape[1:]
        self.input_spec = InputSpec(ndim=self.rank + 2, shape=(None, *shape[1:]))
        columns = 4 * self.filters
        self.kernel = self.add_weight(
            shape=(*self.kernel_size, shape[self._channel_axis], columns),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.recurrent_kernel = self.add_weight(
            shape=(*self.kernel_size, self.filters, columns),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            name="recurrent_kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(columns,),
                initializer=self._first_bias() if self.unit_forget_bias else self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def _first_bias(self) -> Any:
        def start(shape: Any, dtype: Any = None) -> Any:
            n = self.filters
            first, last = (self.bias_initializer((size,), dtype=dtype) for size in (n, 2 * n))
            return ops.concatenate([first, initializers.Ones()((n,), dtype=dtype), last])

        return start

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        """The shapes of the output and of the states after the step."""
        shape = tuple(inputs_shape)
        kernel = (*self.kernel_size, shape[self._channel_axis], self.filters)
        made = self._conv_inputs(KerasTensor(shape), KerasTensor(kernel)).shape
        return made, [made, made]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros, one image for each state."""
        shape = self.compute_output_shape((None, *self.step_shape))[0]
        zeros = ops.zeros((batch_size, *shape[1:]), dtype=self.compute_dtype)
        return [zeros, zeros]

    def call(self, inputs: Any, states: Any, training: bool | None = False) -> Any:
        """Take one step."""
        masks = self.get_dropout_mask(inputs) if training else None
        return self.step(self.project(inputs, masks), states, training)

    def project(self, inputs: Any, masks: Any) -> Any:
        """`conv(x, kernel) + bias`, the part of all gates that no state is needed for; for any number of images."""
        if masks is None:
            z = self._conv_inputs(inputs, self.kernel)
        else:
            kernels = ops.split(self.kernel, 4, axis=-1)
            parts = [self._conv_inputs(inputs * mask, one) for mask, one in zip(masks, kernels, strict=True)]
            z = ops.concatenate(parts, axis=self._channel_axis)
        if self.bias is None:
            return z
        sizes = [1] * (self.rank + 2)
        sizes[self._channel_axis] = 4 * self.filters
        return z + ops.reshape(self.bias, sizes)

    def step(self, z: Any, states: Any, training: bool | None) -> Any:
        """The output and the states, from the states before and what `project` returned."""
        h, c = states
        masks = self.get_recurrent_dropout_mask(h) if training else None
        if masks is None:
            u = self._conv_states(h, self.recurrent_kernel)
        else:
            kernels = ops.split(self.recurrent_kernel, 4, axis=-1)
            parts = [self._conv_states(h * mask, one) for mask, one in zip(masks, kernels, strict=True)]
            u = ops.concatenate(parts, axis=self._channel_axis)
        i, f, g, o = ops.split(z + u, 4, axis=self._channel_axis)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        h = gate(o) * self.activation(c)
        return h, [h, c]

    def _conv_inputs(self, x: Any, kernel: Any) -> Any:
        return ops.conv(
            x,
            kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )

    def _conv_states(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, strides=1, padding="same", data_format=self.data_format)

    def arguments_config(self) -> dict[str, Any]:
        """The arguments that the layer and the cell have in common."""
        return {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": initializers.serialize(self.recurrent_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "unit_forget_bias": self.unit_forget_bias,
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": regularizers.serialize(self.recurrent_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "recurrent_constraint": constraints.serialize(self.recurrent_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rank": self.rank, **self.arguments_config()}
