"""The layer that runs a cell along a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from oxhorn import arguments, ops, tree
from oxhorn.engine import naming
from oxhorn.engine.layer_calls import _passive_compute_masks
from oxhorn.engine.variable import Variable
from oxhorn.layers.layer import Layer
from oxhorn.layers.rnn import cells, fused
from oxhorn.layers.rnn.dropout_rnn_cell import DropoutRNNCell
from oxhorn.layers.rnn.loop import Loop, fixed_batch
from oxhorn.layers.rnn.stacked_rnn_cells import StackedRNNCells

__all__ = ["RNN"]


class RNN(Layer):
    """Run a cell along the steps of a sequence; the base of all recurrent layers.

    `y_t, s_t = cell(x_t, s_{t-1})` for `t = 1, 2, ...`

    A cell is an object with

    - `call(inputs, states)`, which returns the output of one step and the list of the states after it. It may take
      `training`;
    - `state_size`: an integer, or a list with an entry for each state: an integer, or a tuple for several axes;
    - `output_size` (optional): an integer, or a tuple for several axes; a list of tuples for several outputs. By
      default the size of the first state;
    - `get_initial_state(batch_size=None)` (optional): the first states; zeros by default.

    Inside `fit`, `evaluate` and `predict` the cell is traced once, and the loop over the steps runs in the core.

    Where the mask is False, a step is left out: the states stay, and the output is the one before it.

    Args:
        cell: A cell, or a list of cells that are stacked.
        return_sequences: Whether to return the outputs of all steps; that of the last one otherwise. Defaults to
            False.
        return_state: Whether to return the last states after the output. Defaults to False.
        go_backwards: Whether to begin at the last step; the outputs come in the order they are made in. Defaults to
            False.
        stateful: Whether the states that a batch ends with are those that the next one begins with; the batch size
            must be fixed then. Defaults to False.
        unroll: Whether to trace every step by itself; the number of steps must be known then. Defaults to False.
        zero_output_for_mask: Whether outputs of masked steps are zeros, if all are returned. Defaults to False.
        **kwargs: `name`, `dtype`, `trainable` and the other arguments of every layer.

    Call arguments:
        sequences: The input, `(batch, steps, ...)`, or a structure of them for cells that take one.
        initial_state: The first states: a tensor or a list of them. Defaults to what the cell says.
        mask: Booleans `(batch, steps)`; False leaves a step out. Defaults to the mask of `sequences`.
        training: Passed to cells that take it. Defaults to False.

    Input shape:
        `(batch, steps, features)`.

    Output shape:
        `(batch, output_size)`, or `(batch, steps, output_size)` with `return_sequences`. With `return_state`, a tuple
        of that and the states, each `(batch, state_size)`.

    Returns:
        When called: a tensor, or with `return_state` a tuple of the output and the states.

    Raises:
        ValueError: If the cell has no `call` or no `state_size`; when called, if the states do not fit.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> class Adder(keras.Layer):
    ...     def __init__(self, units, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.units = self.state_size = units
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> layer = keras.layers.RNN(Adder(2), return_sequences=True)
    >>> layer(np.ones((1, 3, 2), "float32")).numpy().tolist()
    [[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]]
    """

    states: Any
    _expected_batch_size: int | None

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        who = type(self).__name__
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        cells.check_cell(cell, "Argument `cell`", who)
        cells.check_state_size(cell.state_size, who)
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = arguments.boolean(return_sequences, "return_sequences", who)
        self.return_state = arguments.boolean(return_state, "return_state", who)
        self.go_backwards = arguments.boolean(go_backwards, "go_backwards", who)
        self.stateful = arguments.boolean(stateful, "stateful", who)
        self.unroll = arguments.boolean(unroll, "unroll", who)
        self.zero_output_for_mask = arguments.boolean(zero_output_for_mask, "zero_output_for_mask", who)
        self.supports_masking = True
        # Of stateful layers. They go from batch to batch, but are no weights.
        self.__dict__["states"] = None
        self.__dict__["_expected_batch_size"] = None

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the cell's states."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    # Shapes and masks ------------------------------------------------------------------------------

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The shape of the output, and with `return_state` those of the states after it."""
        batch, steps = tree.flatten_shapes(sequences_shape)[0][:2]
        size = cells.output_size(self.cell)
        cells.check_state_size(size, f"{type(self).__name__} {self.name!r}, output_size")
        before = (batch, steps) if self.return_sequences else (batch,)
        output = cells.output_shapes(size, before)
        if self.return_state:
            states = cells.state_shapes(self.cell, batch)
            return output, *(states if isinstance(states, list) else [states])
        return output

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The shapes and dtypes of the results, as `KerasTensor`s."""
        sequences = args[0] if args else kwargs.get("sequences")
        for x in tree.flatten(sequences):
            self._check_steps(tuple(x.shape))
        return super().compute_output_spec(*args, **kwargs)

    def _check_steps(self, shape: tuple[Any, ...]) -> None:
        who = f"{type(self).__name__} {self.name!r}"
        if len(shape) < 3:
            raise ValueError(
                f"{who}: expected sequences (batch, steps, features); got the shape {shape}. Add an axis of steps or "
                "of features, such as x[..., None]."
            )
        if shape[1] == 0:
            raise ValueError(f"{who}: expected sequences of at least one step; got the shape {shape}.")
        if self.unroll and shape[1] is None:
            raise ValueError(
                f"{who}: Cannot unroll a RNN if the time dimension is undefined; the input has the shape {shape}. Give "
                "the number of steps in Input(shape=(steps, features)), or leave out unroll=True."
            )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the steps for the outputs of all steps; none for the last output and the states."""
        mask = _one_mask(mask)
        if not self.return_sequences:
            mask = None
        elif mask is not None and self.go_backwards:
            mask = ops.flip(mask, axis=1)
        return [mask, *(None for _ in self.state_size)] if self.return_state else mask

    # Building and states -----------------------------------------------------------------------------

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell, and make the variables of the states if they stay."""
        shapes = tree.flatten_shapes(sequences_shape)
        for shape in shapes:
            # How many steps there are plays no part yet.
            self._check_steps((shape[0], 1, *shape[2:]) if len(shape) > 2 else shape)
        shape = shapes[0]
        cells.build_cell(
            self.cell, tree.map_shape_structure(lambda shape: (shape[0], *shape[2:]), sequences_shape)
        )
        if self.stateful:
            if self.states is not None:
                self.reset_state()
            elif shape[0] is None:
                raise ValueError(
                    f"{type(self).__name__} {self.name!r}: When using `stateful=True` in a RNN, the batch size must be "
                    f"static. Found dynamic batch size: sequences.shape={shape}. Give it in "
                    "Input(shape=..., batch_size=...)."
                )
            else:
                self._create_state_variables(shape[0])

    def _create_state_variables(self, batch_size: int) -> None:
        with naming.name_scope(self.name, caller=self):
            self.__dict__["states"] = tree.map_structure(
                lambda value: Variable(value, trainable=False, dtype=self.variable_dtype, name="rnn_state"),
                self.get_initial_state(batch_size),
            )
        self.__dict__["_expected_batch_size"] = batch_size

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """The states that a sequence begins with if none are given.

        Args:
            batch_size: The number of sequences.
        """
        state = cells.initial_state(self.cell, batch_size, self.compute_dtype)
        return list(state) if isinstance(state, (list, tuple)) else [state]

    def reset_states(self) -> None:
        """Sets the states of a stateful layer to zero; another name of `reset_state`."""
        self.reset_state()

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zero."""
        for variable in tree.flatten(self.states) if self.states is not None else ():
            variable.assign(ops.zeros_like(variable.value))

    def _extra_state(self) -> Any:
        # The states that stay are no weights, so that files of weights fit layers that are stateful and others.
        return None if self.states is None else [state.numpy() for state in tree.flatten(self.states)]

    def _set_extra_state(self, state: Any) -> None:
        for variable, value in zip(tree.flatten(self.states), state, strict=True):
            variable.assign(value)

    # Calls -------------------------------------------------------------------------------------------

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool | None = False
    ) -> tuple[Any, Any, Any]:
        """The loop over the steps: one op for each cell that has one, a traced loop over the cell otherwise.

        Args:
            sequences: `(batch, steps, ...)`, in the dtype of the layer.
            initial_state: A list of tensors (or of lists of them, for stacked cells).
            mask: Booleans `(batch, steps)`, or `None`.
            training: Whether this is a step of training.

        Returns:
            The last output; the outputs of all steps in the order they were made in (or `None`, without
            `return_sequences`); and the last states, in the form of `initial_state`.
        """
        zero_output = self.zero_output_for_mask and self.return_sequences
        made = fused.all_steps(
            self.cell,
            sequences,
            initial_state,
            mask,
            training,
            go_backwards=self.go_backwards,
            return_sequences=self.return_sequences,
            zero_output_for_mask=zero_output,
        )
        if made is not None:
            return made
        call = cells.caller(self.cell)
        given = {"training": training} if cells.takes_training(self.cell) else {}

        def step(inputs: Any, states: Any) -> tuple[Any, Any]:
            result = call(inputs, states, **given)
            if not isinstance(result, (list, tuple)) or len(result) != 2:
                raise ValueError(
                    f"{type(self).__name__} {self.name!r}: the cell must return the output and the states after the "
                    f"step, `return output, [state]`; got {result!r}."
                )
            return result[0], result[1]

        return Loop(
            f"{type(self).__name__} {self.name!r}",
            step,
            initial_state,
            mask=mask,
            backwards=self.go_backwards,
            unroll=self.unroll,
            zero_output=zero_output,
            all_outputs=self.return_sequences,
        ).run(sequences)

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = False
    ) -> Any:
        """Run the cell along the sequences."""
        leaves = tree.flatten(sequences)
        for x in leaves:
            self._check_steps(tuple(x.shape))
        first = leaves[0]
        mask = _one_mask(mask if mask is not None else getattr(first, "_keras_mask", None))
        if mask is not None:
            mask = self._checked_mask(mask, first)
        if self.stateful:
            sequences = self._of_expected_batch(sequences, first)
            first = tree.flatten(sequences)[0]
        states = self._first_states(first, initial_state)
        if training:
            self._make_dropout_masks(self.cell, tree.map_structure(lambda x: x[:, 0], sequences), states)
        try:
            last_output, outputs, states = self.inner_loop(
                sequences=sequences, initial_state=states, mask=mask, training=training
            )
        finally:
            self._reset_dropout_masks()
        states = tree.map_structure(self._cast, states)
        if self.stateful:
            for variable, state in zip(tree.flatten(self.states), tree.flatten(states), strict=True):
                variable.assign(state)
        output = tree.map_structure(self._cast, outputs if self.return_sequences else last_output)
        return (output, *self._in_form_of_sizes(states)) if self.return_state else output

    def _cast(self, x: Any) -> Any:
        return x if x.dtype == self.compute_dtype else ops.cast(x, self.compute_dtype)

    def _checked_mask(self, mask: Any, sequences: Any) -> Any:
        mask = ops.convert_to_tensor(mask)
        known = zip(mask.shape[:2], sequences.shape[:2], strict=False)
        if len(mask.shape) < 2 or any(a is not None and b is not None and a != b for a, b in known):
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: expected a mask of the shape (batch, steps), "
                f"{tuple(sequences.shape[:2])}; got {tuple(mask.shape)}."
            )
        mask = mask if mask.dtype == "bool" else ops.cast(mask, "bool")
        return mask if len(mask.shape) == 2 else ops.any(mask, axis=tuple(range(2, len(mask.shape))))

    def _of_expected_batch(self, sequences: Any, first: Any) -> Any:
        wanted, size = self._expected_batch_size, first.shape[0]
        if wanted is not None and size is not None and size != wanted:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: If an RNN is stateful, the batch size of the input sequences "
                f"must be the same as the batch size of the initial state. Expected batch size: {wanted}; received "
                f"batch size: {size}. Pass batches of {wanted} samples."
            )
        return sequences if wanted is None else fixed_batch(sequences, wanted)

    def _first_states(self, sequences: Any, given: Any) -> Any:
        """The states to begin with, in the form that the cell knows."""
        who = f"{type(self).__name__} {self.name!r}"
        dtype = cells.dtype_of(self.cell, self.compute_dtype)

        def tensor(x: Any) -> Any:
            return ops.convert_to_tensor(x, dtype=dtype)

        if given is None and self.stateful:
            return tree.map_structure(tensor, self.states)
        own = self.get_initial_state(ops.shape(sequences)[0])
        if given is None:
            return tree.map_structure(tensor, own)
        leaves, wanted = [tensor(x) for x in tree.flatten(given)], tree.flatten(own)
        if len(leaves) != len(wanted):
            raise ValueError(
                f"{who}: expected `initial_state` to have {len(wanted)} tensor{'s' if len(wanted) > 1 else ''}, one "
                f"for each state of the cell; got {len(leaves)}."
            )
        for i, (leaf, like) in enumerate(zip(leaves, wanted, strict=True)):
            if not _fits(leaf.shape, like.shape):
                raise ValueError(
                    f"{who}: expected state {i} of `initial_state` to have the shape {tuple(like.shape)}; got "
                    f"{tuple(leaf.shape)}."
                )
        return tree.pack_sequence_as(own, leaves)

    def _in_form_of_sizes(self, states: Any) -> Any:
        """The states in the structure of `state_size`: a cell of a stack may keep its only state in a list."""
        form = cells.state_shapes(self.cell, None)
        form = tree.map_shape_structure(lambda _: 0, form if isinstance(form, list) else [form])
        leaves = tree.flatten(states)
        return tree.pack_sequence_as(form, leaves) if len(tree.flatten(form)) == len(leaves) else states

    # Dropout -----------------------------------------------------------------------------------------

    def _make_dropout_masks(self, cell: Any, step_input: Any, states: Any) -> None:
        """Masks for all steps of this call, in cells that have dropout."""
        if isinstance(cell, DropoutRNNCell):
            cell.make_dropout_masks(step_input, states[0] if isinstance(states, (list, tuple)) else states)
        if isinstance(cell, StackedRNNCells) and _drops(cell):
            for one, state in zip(cell.cells, states, strict=True):
                self._make_dropout_masks(one, step_input, state)
                # Of the output of the cell only the shape is of interest.
                x = tree.flatten(step_input)[0]
                shapes = cells.output_shapes(cells.output_size(one), (ops.shape(x)[0],))
                step_input = _zeros_of(shapes, str(x.dtype))

    def _reset_dropout_masks(self) -> None:
        """Forgets the masks of all cells inside."""
        for one in self._flatten_layers(include_self=False):
            if isinstance(one, DropoutRNNCell):
                one.reset_dropout_mask()
                one.reset_recurrent_dropout_mask()

    # Config ------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        return {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
            "cell": serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The layer that `get_config` describes."""
        from oxhorn.saving import deserialize_keras_object

        given = dict(config)
        cell = deserialize_keras_object(given.pop("cell"), custom_objects=custom_objects)
        return cls(cell, **given)


# It passes masks on, and makes none where there is none: the quick way through `__call__` is open.
_passive_compute_masks.add(RNN.compute_mask)


def _one_mask(mask: Any) -> Any:
    """The mask of the sequences, where those of the states come with it."""
    return mask[0] if isinstance(mask, (list, tuple)) and mask else mask


def _fits(shape: Any, expected: tuple[Any, ...]) -> bool:
    return len(shape) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(shape, expected, strict=True)
    )


def _zeros_of(shapes: Any, dtype: str) -> Any:
    if any(isinstance(one, tuple) for one in shapes):
        return tuple(_zeros_of(one, dtype) for one in shapes)
    return ops.zeros(shapes, dtype=dtype)


def _drops(cell: Any) -> bool:
    """Whether a cell of a stack has dropout."""
    if isinstance(cell, StackedRNNCells):
        return any(_drops(one) for one in cell.cells)
    return isinstance(cell, DropoutRNNCell) and (cell.dropout > 0 or cell.recurrent_dropout > 0)
