"""`WholeSequence`: a recurrent layer whose loop over the steps is one op of the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from oxhorn import activations, constraints, initializers, regularizers
from oxhorn.engine.input_spec import InputSpec
from oxhorn.layers.rnn.rnn import RNN


def _of_cell(name: str) -> Any:
    """A property that is the cell's."""
    return property(lambda self: getattr(self.cell, name), doc=f"`{name}` of the cell.")


class WholeSequence(RNN):
    """An `RNN` of one built-in cell.

    Where the functions of the cell are those that the core's op has, the op computes all steps at once; otherwise the
    cell is called step by step, with the same results.
    """

    units = _of_cell("units")
    activation = _of_cell("activation")
    use_bias = _of_cell("use_bias")
    kernel_initializer = _of_cell("kernel_initializer")
    recurrent_initializer = _of_cell("recurrent_initializer")
    bias_initializer = _of_cell("bias_initializer")
    kernel_regularizer = _of_cell("kernel_regularizer")
    recurrent_regularizer = _of_cell("recurrent_regularizer")
    bias_regularizer = _of_cell("bias_regularizer")
    kernel_constraint = _of_cell("kernel_constraint")
    recurrent_constraint = _of_cell("recurrent_constraint")
    bias_constraint = _of_cell("bias_constraint")
    dropout = _of_cell("dropout")
    recurrent_dropout = _of_cell("recurrent_dropout")

    def __init__(self, cell: Any, use_cudnn: Any = "auto", **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self.input_spec = InputSpec(ndim=3)
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                f"{type(self).__name__}: expected `use_cudnn` to be 'auto', True or False; got {use_cudnn!r}. Leave it "
                "out: it means something on other devices only."
            )
        self.use_cudnn = use_cudnn

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool | None = False
    ) -> tuple[Any, Any, Any]:
        """All steps: in one op where there is one, with the cell otherwise."""
        if self.use_cudnn is True:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: use_cudnn=True was specified, but cuDNN is not supported on a "
                "CPU. Leave use_cudnn out."
            )
        return super().inner_loop(sequences, initial_state, mask, training)

    def own_config(self) -> dict[str, Any]:
        """What follows `recurrent_dropout` in the config."""
        return {"seed": self.cell.seed}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["cell"]
        cell = self.cell
        config |= {"units": cell.units, "activation": activations.serialize(cell.activation)}
        if hasattr(cell, "recurrent_activation"):
            config["recurrent_activation"] = activations.serialize(cell.recurrent_activation)
        config |= {
            "use_bias": cell.use_bias,
            "kernel_initializer": initializers.serialize(cell.kernel_initializer),
            "recurrent_initializer": initializers.serialize(cell.recurrent_initializer),
            "bias_initializer": initializers.serialize(cell.bias_initializer),
        }
        if hasattr(cell, "unit_forget_bias"):
            config["unit_forget_bias"] = cell.unit_forget_bias
        return {
            **config,
            "kernel_regularizer": regularizers.serialize(cell.kernel_regularizer),
            "recurrent_regularizer": regularizers.serialize(cell.recurrent_regularizer),
            "bias_regularizer": regularizers.serialize(cell.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(cell.kernel_constraint),
            "recurrent_constraint": constraints.serialize(cell.recurrent_constraint),
            "bias_constraint": constraints.serialize(cell.bias_constraint),
            "dropout": cell.dropout,
            "recurrent_dropout": cell.recurrent_dropout,
            **self.own_config(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The layer that `get_config` describes."""
        return cls(**config)
