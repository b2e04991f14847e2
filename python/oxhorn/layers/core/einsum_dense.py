"""A dense layer over any axes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oxhorn import _core, activations, arguments, constraints, initializers, ops, regularizers
from oxhorn.engine.input_spec import InputSpec
from oxhorn.initializers.scaled_by_fans import VarianceScaling
from oxhorn.layers.layer import Layer

__all__ = ["EinsumDense"]


class EinsumDense(Layer):
    """Multiply with a kernel along axes that an equation names.

    `y = activation(einsum(equation, x, kernel) + bias)`

    Each letter names an axis: `"ab,bc->ac"` is a `Dense` layer, `"abc,cde->abde"` turns the last axis into two.
    `...` stands for any axes on the left or on the right that stay as they are.

    Args:
        equation: The axes of the input, of the kernel and of the output: `"ab,bc->ac"`, `"...ab,bc->...ac"` or
            `"ab...,bc->ac..."`.
        output_shape: The sizes of the output without the batch and without the axes of `...`; None for a size that
            the input tells.
        activation: A name, a callable, or None for none. Defaults to None.
        bias_axes: The letters of the output that the bias has a size for, or None for no bias. Defaults to None.
        kernel_initializer: Initializer of the kernel. Defaults to "glorot_uniform".
        bias_initializer: Initializer of the bias. Defaults to "zeros".
        kernel_regularizer: Regularizer of the kernel, or None. Defaults to None.
        bias_regularizer: Regularizer of the bias, or None. Defaults to None.
        kernel_constraint: Constraint of the kernel, or None. Defaults to None.
        bias_constraint: Constraint of the bias, or None. Defaults to None.
        lora_rank: Only None: low-rank adaptation is not supported.
        lora_alpha: Only None, as `lora_rank`.
        gptq_unpacked_column_size: Only None: quantisation is not supported.
        quantization_config: Only None, as `gptq_unpacked_column_size`.
        **kwargs: `name`, `dtype`, `trainable`, `activity_regularizer` and the other arguments of every layer.

    Input shape:
        As the equation says.

    Output shape:
        As the equation and `output_shape` say.

    Returns:
        When called: a tensor of the output shape.

    Raises:
        ValueError: If the equation has another form; when built, if it does not fit the input and the output shape.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> layer = keras.layers.EinsumDense("abc,cde->abde", output_shape=(None, 3, 5), bias_axes="de")
    >>> layer(np.ones((2, 7, 4), "float32")).shape
    (2, 7, 3, 5)
    >>> [w.shape for w in layer.weights]
    [(4, 3, 5), (3, 5)]
    """

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: None = None,
        lora_alpha: None = None,
        gptq_unpacked_column_size: None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        owner = "EinsumDense"
        arguments.unsupported(
            owner,
            lora_rank=lora_rank,
            gptq_unpacked_column_size=gptq_unpacked_column_size,
            quantization_config=quantization_config,
        )
        super().__init__(**kwargs)
        self.equation = _text(equation, "equation")
        self.bias_axes = None if bias_axes is None else _text(bias_axes, "bias_axes")
        self.partial_output_shape = _sizes(output_shape)
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._equation = Equation.read(self.equation)

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        shapes = self._shapes(input_shape)
        self.input_spec = InputSpec(ndim=len(input_shape))
        open_axes = [
            letter for letter, n in zip(self._equation.kernel, shapes.kernel, strict=True) if n is None
        ]
        if open_axes:
            raise ValueError(
                f"EinsumDense layer {self.name!r}: expected the sizes of the kernel to be known; the axes {open_axes} "
                f"of {self.equation!r} are not, for input shape {tuple(input_shape)} and output_shape="
                f"{self.partial_output_shape}. Give them in one of the two."
            )
        initializer = self.kernel_initializer
        if isinstance(initializer, VarianceScaling) and None in (
            initializer.input_axes,
            initializer.output_axes,
        ):
            inputs, outputs = self._equation.kernel_axes()
            config = {
                **initializer.get_config(),
                "seed": initializer.seed,
                "input_axes": inputs,
                "output_axes": outputs,
            }
            initializer = type(initializer).from_config(config)
        self.kernel: Any = self.add_weight(
            name="kernel",
            shape=shapes.kernel,
            initializer=initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias: Any = None
        if shapes.bias is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=shapes.bias,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """One matrix product where the equation allows it, an einsum otherwise."""
        equation = self._equation
        if equation.is_matrix_product(self.bias_axes):
            outputs = self._matrix_product(inputs)
        else:
            outputs = ops.einsum(self.equation, inputs, self.kernel)
            if self.bias is not None:
                outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)

    def _matrix_product(self, inputs: Any) -> Any:
        """The contracted axes as one, the new axes as one: then the equation is that of a dense layer."""
        contracted = len(self._equation.contracted)
        kept, sizes = len(inputs.shape) - contracted, tuple(self.kernel.shape)
        columns, rows = math.prod(sizes[contracted:]), math.prod(sizes[:contracted])
        if contracted != 1:
            inputs = _core.apply("reshape", [inputs], {"newshape": [rows], "keep": kept})
        factors = [inputs, ops.reshape(self.kernel, (rows, columns))]
        if self.bias is not None:
            factors.append(ops.reshape(self.bias, (columns,)))
        outputs = _core.apply("dense", factors, {})
        if len(sizes) == contracted + 1:
            return outputs
        return _core.apply("reshape", [outputs], {"newshape": list(sizes[contracted:]), "keep": kept})

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The batch and the axes of `...` as in the input, the others as in `output_shape`."""
        return self._shapes(input_shape).output

    def _shapes(self, input_shape: Any) -> Shapes:
        who = f"EinsumDense layer {self.name!r}"
        return self._equation.shapes(who, tuple(input_shape), self.partial_output_shape, self.bias_axes)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }


@dataclass(frozen=True)
class Shapes:
    """The shapes that an equation gives; a bias has size 1 along the axes that it is the same for."""

    kernel: tuple[Any, ...]
    bias: tuple[Any, ...] | None
    output: tuple[int | None, ...]


@dataclass(frozen=True)
class Equation:
    """`input,kernel->output`, and the side on which the input and the output have an ellipsis."""

    input: str
    kernel: str
    output: str
    ellipsis: str | None

    @classmethod
    def read(cls, text: str) -> Equation:
        """The equation, or a `ValueError` that shows the forms there are."""
        found = re.fullmatch(
            r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?", text
        )
        if found is not None:
            left, x, right, kernel, left_again, y, right_again = found.groups()
            if left == left_again and right == right_again and not (left and right):
                return cls(x, kernel, y, "left" if left else "right" if right else None)
        raise ValueError(
            f"EinsumDense: Invalid einsum equation {text!r}. Expected one of the forms 'ab,bc->ac', "
            "'...ab,bc->...ac' and 'ab...,bc->ac...'. Name each axis with a letter."
        )

    @property
    def contracted(self) -> str:
        """The axes of the kernel that are summed over, in its order."""
        return "".join(letter for letter in self.kernel if letter not in self.output)

    def kernel_axes(self) -> tuple[list[int], list[int]]:
        """The places of the inputs and of the outputs in the kernel."""
        places = range(len(self.kernel))
        outputs = [i for i in places if self.kernel[i] in self.output]
        return [i for i in places if i not in outputs], outputs

    def is_matrix_product(self, bias_axes: str | None) -> bool:
        """Whether the last axes of the input become the last axes of the output, each in the kernel's order."""
        inner = self.contracted
        if not inner or self.ellipsis == "right" or not self.input.endswith(inner):
            return False
        free, new = self.input[: -len(inner)], self.kernel[len(inner) :]
        letters = free + inner + new
        return (
            (bool(free) or self.ellipsis == "left")
            and bool(new)
            and self.kernel == inner + new
            and self.output == free + new
            and len(set(letters)) == len(letters)
            and (bias_axes is None or set(bias_axes) == set(new))
        )

    def shapes(
        self,
        who: str,
        input_shape: tuple[int | None, ...],
        output_shape: tuple[int | None, ...],
        bias_axes: str | None,
    ) -> Shapes:
        """The shapes of kernel, bias and output; a `ValueError` if equation and shapes do not fit."""
        equation = f"{self.input},{self.kernel}->{self.output}"
        elided = len(input_shape) - len(self.input)
        if elided < 0:
            raise ValueError(
                f"{who}: expected an input with at least {len(self.input)} axes for the equation {equation!r}; got "
                f"shape {input_shape}. Name as many axes as the input has."
            )
        # Without an ellipsis more axes than letters count as axes on the right; a call then says that they do not fit.
        left = self.ellipsis == "left"
        # The first axis of the output is the batch, which the ellipsis may hold.
        if left and elided > 0:
            full = (*input_shape[:elided], *output_shape)
        else:
            full = (input_shape[0], *output_shape, *input_shape[len(input_shape) - elided :])
        start = elided if left else 0
        inputs = dict(zip(self.input, input_shape[start:], strict=False))
        outputs = dict(zip(self.output, full[start:], strict=False))
        for letter, size in inputs.items():
            given = outputs.get(letter)
            if given is not None and given != size:
                raise ValueError(
                    f"{who}: Input shape and output shape do not match at shared dimension {letter!r}: the input "
                    f"{input_shape} has {size}, the output {full} has {given}. Write None for sizes that the input "
                    "tells."
                )
        for letter in self.output:
            if letter not in self.input and letter not in self.kernel:
                raise ValueError(
                    f"{who}: Dimension {letter!r} was specified in the output {self.output!r} but is neither in the "
                    f"input {self.input!r} nor in the kernel {self.kernel!r}. Add it to one of them."
                )
            if letter not in outputs:
                raise ValueError(
                    f"{who}: expected output_shape to have a size for each of {self.output[1:]!r}; got "
                    f"{output_shape}. Write None for sizes that the input tells."
                )
        for letter in self.kernel:
            if letter not in outputs and letter not in inputs:
                raise ValueError(
                    f"{who}: Weight dimension {letter!r} did not have a match in either the input {self.input!r} or "
                    f"the output {self.output!r}, so that its size is not known. Add it to one of them."
                )
        kernel = tuple(outputs.get(letter, inputs.get(letter)) for letter in self.kernel)
        bias = None
        if bias_axes is not None:
            for letter in bias_axes:
                if letter not in self.output:
                    raise ValueError(
                        f"{who}: Bias dimension {letter!r} was requested, but is not part of the output "
                        f"{self.output!r}. Choose among its letters."
                    )
            first = min(self.output.index(letter) for letter in bias_axes)
            bias = tuple(outputs[letter] if letter in bias_axes else 1 for letter in self.output[first:])
            bias += (1,) * (0 if left else elided)
        return Shapes(kernel, bias, full)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(
            f"EinsumDense: expected `{name}` to be a string of letters. Received: {name}="
            f"{arguments.describe(value)}. Pass one such as "
            + ("'ab,bc->ac'." if name == "equation" else "'c'.")
        )
    return value


def _sizes(value: Any) -> tuple[int | None, ...]:
    """`output_shape` as a tuple of positive integers and None."""
    if isinstance(value, (str, bytes)) or not (hasattr(value, "__index__") or hasattr(value, "__iter__")):
        raise ValueError(
            "EinsumDense: expected `output_shape` to be an integer or a tuple of integers and None. Received: "
            f"output_shape={arguments.describe(value)}. Pass the sizes of the output without the batch."
        )
    sizes = (value,) if hasattr(value, "__index__") else tuple(value)
    return tuple(
        None if size is None else arguments.positive_integer(size, "output_shape", "EinsumDense")
        for size in sizes
    )
