"""`Function`: the computation between symbolic tensors, to be applied to others."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import tree
from oxhorn.engine.graph_walk import walk_back
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import Node, Operation


class Function(Operation):
    """The operations that lead from some symbolic tensors to others, as one operation.

    Like a functional `Model`, but without weights of its own, training or saving.

    Args:
        inputs: A symbolic tensor, or a list, tuple or dict of them.
        outputs: Likewise; what is computed from the inputs.
        name: A name; automatic if not given.

    Raises:
        ValueError: If there are no inputs or outputs, or an output needs something else.

    >>> import oxhorn as keras
    >>> x = keras.KerasTensor((None, 2))
    >>> double = keras.Function(x, x * 2)
    >>> double(keras.ops.ones((1, 2))).numpy()
    array([[2., 2.]], dtype=float32)
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        for what, structure in (("inputs", inputs), ("outputs", outputs)):
            leaves = tree.flatten(structure)
            if not leaves:
                raise ValueError(
                    f"Function {self.name!r}: `{what}` argument cannot be empty; got {structure!r}."
                )
            if not all(isinstance(leaf, KerasTensor) for leaf in leaves):
                raise ValueError(
                    f"Function {self.name!r}: `{what}` must be symbolic tensors, or a list, tuple or dict of them; got "
                    f"{structure!r}."
                )
        self._inputs_struct, self._outputs_struct = inputs, outputs
        self._inputs: list[KerasTensor] = tree.flatten(inputs)
        self._outputs: list[KerasTensor] = tree.flatten(outputs)
        self._nodes: list[Node]
        self._nodes, met = walk_back(outputs, self._inputs, f"Function {self.name!r}", stop_at_inputs=True)
        order = {id(node.operation): i for i, node in reversed(list(enumerate(self._nodes)))}
        self._operations = sorted(met, key=lambda operation: order[id(operation)])

    @property
    def operations(self) -> list[Operation]:
        """The operations, each after those whose results it needs."""
        return list(self._operations)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs."""
        return list(self._outputs)

    def call(self, inputs: Any) -> Any:
        """The outputs for these values of the inputs, in the structure of the outputs."""
        return self._run(inputs, symbolic=False)

    def compute_output_spec(self, inputs: Any) -> Any:
        """The shapes and dtypes of the outputs for symbolic inputs, as `KerasTensor`s."""
        return self._run(inputs, symbolic=True)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for inputs of these shapes.

        Args:
            input_shape: Shapes in the structure of the inputs.
        """
        shapes = tree.flatten_shapes(input_shape)
        if len(shapes) != len(self._inputs):
            raise ValueError(
                f"Function {self.name!r} has {len(self._inputs)} input(s); got {len(shapes)} shape(s): {input_shape!r}."
            )
        specs = [KerasTensor(shape, one.dtype) for shape, one in zip(shapes, self._inputs, strict=True)]
        outputs = self.compute_output_spec(tree.pack_sequence_as(self._inputs_struct, specs))
        return tree.map_structure(lambda tensor: tensor.shape, outputs)

    def get_config(self) -> dict[str, Any]:
        """Raises `NotImplementedError`: a computation has no config. Save a functional `Model` instead."""
        raise NotImplementedError(
            f"Function {self.name!r} has no config. Make a `Model` of the same inputs and outputs to save it."
        )

    def _run(self, inputs: Any, symbolic: bool) -> Any:
        known = dict(zip(map(id, self._inputs), self._checked(inputs), strict=True))
        for node in self._nodes:
            if node.is_input:
                continue
            args, kwargs = node.fill(known)
            operation = node.operation
            results = (
                operation.compute_output_spec(*args, **kwargs) if symbolic else operation(*args, **kwargs)
            )
            known.update(zip(map(id, node.output_tensors), tree.flatten(results), strict=True))
        return tree.map_structure(lambda tensor: known[id(tensor)], self._outputs_struct)

    def _checked(self, inputs: Any) -> list[Any]:
        try:
            tree.assert_same_structure(self._inputs_struct, inputs)
        except ValueError as error:
            expected = tree.map_structure(lambda tensor: tensor.shape, self._inputs_struct)
            raise ValueError(
                f"Function {self.name!r} was called with an invalid input structure. Expected one like {expected}; got "
                f"{inputs!r}."
            ) from error
        leaves = tree.flatten(inputs)
        for x, tensor in zip(leaves, self._inputs, strict=True):
            shape = tuple(x.shape) if hasattr(x, "shape") else np.shape(x)
            if len(shape) != len(tensor.shape) or any(
                a is not None and b is not None and a != b for a, b in zip(shape, tensor.shape, strict=True)
            ):
                raise ValueError(
                    f"Function {self.name!r} was passed incompatible inputs. For input {tensor.name!r}, expected shape "
                    f"{tensor.shape}; got a tensor with shape {shape}."
                )
        return leaves
