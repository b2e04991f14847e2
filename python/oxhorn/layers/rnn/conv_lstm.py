"""What the long short-term memories over images have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from oxhorn import ops, regularizers
from oxhorn.engine.input_spec import InputSpec
from oxhorn.layers.rnn.conv_lstm_cell import ConvLSTMCell
from oxhorn.layers.rnn.loop import Loop
from oxhorn.layers.rnn.rnn import RNN


class ConvLSTM(RNN):
    """A long short-term memory over images of `rank` axes; the arguments are those of `ConvLSTM2D` after `rank`."""

    cell: ConvLSTMCell

    def __init__(
        self,
        rank: int,
        filters: Any,
        kernel_size: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        of_layer = {name: kwargs.pop(name) for name in tuple(kwargs) if name not in _OF_CELL}
        cell = ConvLSTMCell(
            rank, filters, kernel_size, **kwargs, name="conv_lstm_cell", dtype=of_layer.get("dtype")
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            **of_layer,
        )
        self.input_spec = InputSpec(ndim=rank + 3)

    def __getattr__(self, name: str) -> Any:
        """The arguments of the cell are attributes of the layer too."""
        if name in _OF_CELL and "cell" in self.__dict__:
            return getattr(self.cell, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The shape of the output, and with `return_state` those of the states after it."""
        batch, steps = sequences_shape[0], sequences_shape[1]
        made = self.cell.compute_output_shape((batch, *sequences_shape[2:]))[0]
        output = (batch, steps, *made[1:]) if self.return_sequences else made
        return (output, made, made) if self.return_state else output

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool | None = False
    ) -> tuple[Any, Any, Any]:
        """The inputs of all steps are convolved at once, before the loop."""
        shape = ops.shape(sequences)
        masks = self.cell.get_dropout_mask(sequences[:, 0]) if training else None
        if masks is not None:
            masks = [_over_steps(one, shape) for one in masks]
        z = self.cell.project(ops.reshape(sequences, (-1, *shape[2:])), masks)
        z = ops.reshape(z, (*shape[:2], *z.shape[1:]))

        def step(inputs: Any, states: Any) -> tuple[Any, Any]:
            output, after = self.cell.step(inputs, states, training)
            return output, after

        return Loop(
            f"{type(self).__name__} {self.name!r}",
            step,
            initial_state,
            mask=mask,
            backwards=self.go_backwards,
            unroll=self.unroll,
            zero_output=self.zero_output_for_mask and self.return_sequences,
            all_outputs=self.return_sequences,
        ).run(z)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        penalty = regularizers.serialize(self.activity_regularizer)
        config.pop("activity_regularizer", None)
        for name, value in self.cell.arguments_config().items():
            config[name] = value
            if name == "bias_regularizer":
                config["activity_regularizer"] = penalty
        del config["cell"]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The layer that `get_config` describes."""
        return cls(**config)


_OF_CELL = frozenset(
    {
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        "activation",
        "recurrent_activation",
        "use_bias",
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "unit_forget_bias",
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        "kernel_constraint",
        "recurrent_constraint",
        "bias_constraint",
        "dropout",
        "recurrent_dropout",
        "seed",
    }
)


def _over_steps(mask: Any, shape: Any) -> Any:
    """The mask of a batch of images, the same for all steps: `(batch * steps, ...)`."""
    repeated = ops.broadcast_to(ops.expand_dims(mask, 1), shape)
    return ops.reshape(repeated, (-1, *shape[2:]))
