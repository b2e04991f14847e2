"""What loops know of cells: how they are called and built, the sizes of their states and the first values of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn import ops, tree
from oxhorn.arguments import describe
from oxhorn.engine import tracing
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.layers.layer import Layer


def check_cell(cell: Any, what: str, who: str) -> None:
    """Raises `ValueError` unless `cell` has a method `call` and an attribute `state_size`."""
    names = dir(cell)
    if "call" not in names:
        raise ValueError(
            f"{who}: {what} should have a `call` method, `call(inputs, states)`, that returns the output and the "
            f"states after the step. Received: cell={describe(cell)}"
        )
    if "state_size" not in names:
        raise ValueError(
            f"{who}: {what} should have a `state_size` attribute: a single integer, or a list of integers, one for "
            f"each state. Received: cell={describe(cell)}"
        )


def check_state_size(size: Any, who: str) -> None:
    """Raises `ValueError` unless `size` is a whole number or a list or tuple of sizes."""
    if isinstance(size, (list, tuple)):
        for one in size:
            check_state_size(one, who)
    elif isinstance(size, bool) or not hasattr(size, "__index__"):
        raise ValueError(
            f"{who}: state_size must be an integer, or a list/tuple of integers (one for each state tensor) that the "
            f"cell sets in `__init__`; got {describe(size)}."
        )


def caller(cell: Any) -> Callable[..., Any]:
    """What is called with the inputs and the states of a step."""
    called: Callable[..., Any] = cell if callable(cell) else cell.call
    return called


def takes_training(cell: Any) -> bool:
    """Whether the cell is a layer whose `call` has an argument `training`."""
    return isinstance(cell, Layer) and cell._call_has_training_arg


def dtype_of(cell: Any, default: str) -> str:
    """What the cell computes in."""
    return str(getattr(cell, "compute_dtype", default))


def output_size(cell: Any) -> Any:
    """The cell's `output_size`, or by default the size of its first state."""
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    size = cell.state_size
    return size[0] if isinstance(size, (list, tuple)) else size


def output_shapes(size: Any, before: tuple[Any, ...]) -> Any:
    """The shape of an output of this `output_size`, after the sizes `before`; a structure for a list of shapes."""
    if isinstance(size, (list, tuple)) and any(isinstance(one, (list, tuple)) for one in size):
        return tuple(output_shapes(one, before) for one in size)
    return (*before, *(int(one) for one in (size if isinstance(size, (list, tuple)) else (size,))))


def _parts(cell: Any) -> Any:
    """The cells of a stack; `None` for other cells."""
    from oxhorn.layers.rnn.stacked_rnn_cells import StackedRNNCells

    return cell.cells if isinstance(cell, StackedRNNCells) else None


def initial_state(cell: Any, batch_size: Any, default_dtype: str) -> Any:
    """The state that a sequence begins with: what the cell says, or zeros in the form of its `state_size`."""
    given = getattr(cell, "get_initial_state", None)
    if given is not None:
        return given(batch_size=batch_size)
    dtype = dtype_of(cell, default_dtype)
    return tree.map_shape_structure(
        lambda shape: ops.zeros(shape, dtype=dtype), state_shapes(cell, batch_size)
    )


def state_shapes(cell: Any, batch_size: Any) -> Any:
    """The shape of each state: of one, of a list of them, or for a stack a list with an entry for each cell.

    In a list of sizes, a tuple is the shape of one state.
    """
    parts = _parts(cell)
    if parts is not None:
        return [state_shapes(one, batch_size) for one in parts]

    def one(size: Any) -> Any:
        return (batch_size, *(int(n) for n in (size if isinstance(size, (list, tuple)) else (size,))))

    size = cell.state_size
    return [one(entry) for entry in size] if isinstance(size, (list, tuple)) else one(size)


def build_cell(cell: Any, step_shape: Any) -> None:
    """Makes the weights of a cell for inputs of one step of this shape (or structure of shapes)."""
    if not isinstance(cell, Layer) or cell.built:
        return
    if type(cell).build is not Layer.build:
        cell.build(step_shape)
        cell.built = True
        return
    # The layers inside are built when `call` reaches them; that must not happen inside a loop.
    batch = tree.flatten_shapes(step_shape)[0][0]

    def symbolic(shape: Any) -> KerasTensor:
        return KerasTensor(shape, cell.compute_dtype)

    states = tree.map_shape_structure(symbolic, state_shapes(cell, batch))
    arguments = (
        tree.map_shape_structure(symbolic, step_shape),
        states if isinstance(states, list) else [states],
    )
    tracing.output_spec(cell, arguments, {})
    cell._clear_losses()
