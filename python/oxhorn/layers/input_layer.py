"""`Input` and `InputLayer`: where a functional model begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.engine.input_spec import InputSpec
from oxhorn.engine.keras_tensor import KerasTensor, standardize_shape
from oxhorn.engine.operation import Node
from oxhorn.engine.variable import standardize_dtype
from oxhorn.layers.layer import Layer


class InputLayer(Layer):
    """The layer behind an `Input`: hands on what the model is called with.

    Args:
        shape: Sizes without the batch dimension.
        batch_size: The size of the batch dimension, if it is fixed.
        dtype: `floatx()` by default; `"string"` for text.
        batch_shape: Sizes with the batch dimension, in the place of `shape` and `batch_size`.
        input_tensor: A symbolic tensor to take shape and dtype from.
        optional: Whether `None` may be passed for this input.
        name: A name; automatic (`input_layer`, `input_layer_1`, ...) if not given.

    >>> import oxhorn as keras
    >>> keras.layers.InputLayer(shape=(3,), name="features").output.shape
    (None, 3)
    """

    def __init__(
        self,
        shape: Sequence[int | None] | int | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        super().__init__(name=name, **kwargs)
        if sparse or ragged:
            raise ValueError(
                f"Input {self.name!r}: sparse and ragged inputs are not supported; pass dense arrays."
            )
        if input_tensor is not None:
            if not isinstance(input_tensor, KerasTensor):
                raise ValueError(
                    f"Input {self.name!r}: Argument `input_tensor` must be a KerasTensor, a symbolic tensor; got "
                    f"{input_tensor!r}."
                )
            batch_shape, shape = input_tensor.shape, None
            dtype = dtype if dtype is not None else input_tensor.dtype
        if shape is not None and batch_shape is not None:
            raise ValueError(f"Input {self.name!r}: you cannot pass both `shape` and `batch_shape`.")
        if batch_size is not None and batch_shape is not None and input_tensor is None:
            raise ValueError(
                f"Input {self.name!r}: you cannot pass both `batch_size` and `batch_shape`, which has it already."
            )
        if batch_shape is None:
            if shape is None:
                raise ValueError(
                    f"Input {self.name!r}: pass a `shape` argument. For instance, `Input(shape=(784,))`."
                )
            sizes = (shape,) if isinstance(shape, int) else shape
            batch_shape = (batch_size, *standardize_shape(sizes))
        self._batch_shape = standardize_shape(batch_shape)
        if not self._batch_shape:
            raise ValueError(
                f"Input {self.name!r}: `batch_shape` needs at least the batch dimension; got ()."
            )
        # Text comes in here and goes to layers that turn it into numbers.
        self._dtype = "string" if isinstance(dtype, str) and dtype == "string" else standardize_dtype(dtype)
        self.optional = optional
        output = input_tensor
        if output is None or output._keras_history is not None:
            # A tensor that is the result of a layer stands for that; this one stands for an input.
            output = KerasTensor(self._batch_shape, self._dtype, name=self.name)
        Node(self, (), {}, output)
        self._input_spec = InputSpec(shape=self._batch_shape, name=self.name, optional=optional)
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing: an input layer computes nothing, its `output` is used."""
        return None

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """The sizes with the batch dimension."""
        return self._batch_shape

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._dtype

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            "batch_shape": self._batch_shape,
            "dtype": self._dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def Input(
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """A symbolic tensor that stands for what a model will be called with.

    Args:
        shape: Sizes without the batch dimension; `None` where any size will do. `()` for one number a sample.
        batch_size: The size of the batch dimension, if it is fixed.
        dtype: `floatx()` by default; `"string"` for text, which goes to layers such as `TextVectorization`.
        sparse: Must not be True: inputs are dense.
        ragged: Must not be True, likewise.
        batch_shape: Sizes with the batch dimension, in the place of `shape` and `batch_size`.
        name: A name; automatic if not given. Data can be passed to the model by this name.
        tensor: A symbolic tensor to take shape and dtype from.
        optional: Whether `None` may be passed for this input.

    Returns:
        A `KerasTensor`.

    Raises:
        ValueError: If the shape is missing or not a shape.

    >>> import oxhorn as keras
    >>> x = keras.Input(shape=(32,))
    >>> y = keras.layers.Dense(16, activation="softmax")(x)
    >>> keras.Model(x, y).count_params()
    528
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    )
    output: KerasTensor = layer.output
    return output
