"""`InputSpec`: what a layer accepts, checked before each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oxhorn import tree
from oxhorn.engine.keras_tensor import standardize_shape


class InputSpec:
    """Rank, dtype and shape that an input of a layer must have.

    Args:
        dtype: The dtype, or `None` for any.
        shape: The sizes, `None` for any size; or `None` for any shape.
        ndim: The number of dimensions.
        max_ndim: The largest number of dimensions.
        min_ndim: The smallest number of dimensions.
        axes: Sizes of single axes: `{-1: 64}`.
        allow_last_axis_squeeze: Accepts inputs that only lack, or only have in addition, a last axis of size 1.
        name: The key of the input in a dict.
        optional: Accepts `None` in the place of the input.

    >>> import oxhorn as keras
    >>> keras.InputSpec(ndim=4, axes={-1: 3})
    InputSpec(ndim=4, axes={-1: 3})
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = str(dtype) if dtype is not None else None
        self.shape = standardize_shape(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.optional = optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        limit = self.ndim if self.ndim is not None else self.max_ndim
        if limit is not None:
            for axis in self.axes:
                if not -limit <= axis < limit:
                    raise ValueError(
                        f"InputSpec: axis {axis} is out of range for inputs of at most {limit} dimensions."
                    )

    def __repr__(self) -> str:
        shown = {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes or None,
        }
        return "InputSpec(" + ", ".join(f"{k}={v!r}" for k, v in shown.items() if v is not None) + ")"

    def check(self, value: Any, who: str) -> None:
        """Raises `ValueError`, its message beginning with `who`, unless the tensor `value` fits."""
        shape = tuple(value.shape)
        ndim = len(shape)
        full = f"Full shape received: {shape}."
        if self.ndim is not None and not self.allow_last_axis_squeeze and ndim != self.ndim:
            raise ValueError(f"{who}expected ndim={self.ndim}, found ndim={ndim}. {full}")
        if self.max_ndim is not None and ndim > self.max_ndim:
            raise ValueError(f"{who}expected max_ndim={self.max_ndim}, found ndim={ndim}. {full}")
        if self.min_ndim is not None and ndim < self.min_ndim:
            raise ValueError(f"{who}expected min_ndim={self.min_ndim}, found ndim={ndim}. {full}")
        if self.dtype is not None and str(value.dtype) != self.dtype:
            raise ValueError(f"{who}expected dtype={self.dtype}, found dtype={value.dtype}.")
        for axis, size in self.axes.items():
            if size is None:
                continue
            if not -ndim <= axis < ndim:
                raise ValueError(f"{who}expected an axis {axis} of size {size}, found ndim={ndim}. {full}")
            if shape[axis] not in (size, None):
                raise ValueError(f"{who}expected axis {axis} of input shape to have value {size}. {full}")
        if self.shape is not None:
            expected = self.shape
            if self.allow_last_axis_squeeze:
                if shape and ndim == len(expected) + 1 and shape[-1] == 1:
                    shape = shape[:-1]
                elif expected and ndim == len(expected) - 1 and expected[-1] == 1:
                    expected = expected[:-1]
            if len(shape) != len(expected) or any(
                want is not None and have is not None and want != have
                for want, have in zip(expected, shape, strict=True)
            ):
                raise ValueError(f"{who}expected shape={self.shape}, found shape={tuple(value.shape)}.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this spec again."""
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """The spec that `get_config` describes."""
        return cls(**config)


def assert_input_compatibility(input_spec: Any, inputs: Any, layer_name: str) -> None:
    """Raises `ValueError` unless `inputs` (tensors, symbolic or not) fit `input_spec`.

    Args:
        input_spec: An `InputSpec`, or a list, tuple or dict of them.
        inputs: One tensor, or a list, tuple or dict of them.
        layer_name: Named in the messages.
    """
    if type(input_spec) is InputSpec and hasattr(inputs, "shape"):
        # The common case first: layers ask at every call.
        input_spec.check(inputs, f"Layer {layer_name!r}: input 0 is incompatible with the layer: ")
        return
    if not input_spec:
        return
    specs = tree.flatten(input_spec)
    if isinstance(inputs, dict) and specs and all(spec.name is not None for spec in specs):
        missing = [spec.name for spec in specs if spec.name not in inputs and not spec.optional]
        if missing:
            raise ValueError(
                f"Layer {layer_name!r}: the dict of inputs has no {missing[0]!r}. "
                f"Expected the keys {[spec.name for spec in specs]}; got {sorted(inputs)}."
            )
        values = [inputs.get(spec.name) for spec in specs]
    else:
        values = tree.flatten(inputs)
    if len(values) != len(specs):
        raise ValueError(
            f"Layer {layer_name!r} expects {len(specs)} input(s), but it received {len(values)}: "
            f"{[getattr(value, 'shape', value) for value in values]}."
        )
    for index, (value, spec) in enumerate(zip(values, specs, strict=True)):
        if spec is None:
            continue
        if value is None:
            if spec.optional:
                continue
            raise ValueError(f"Layer {layer_name!r}: input {index} is missing; got None.")
        if not hasattr(value, "shape"):
            raise ValueError(
                f"Layer {layer_name!r}: input {index} must be a tensor or an array; got {value!r} of type "
                f"{type(value).__name__}."
            )
        spec.check(value, f"Layer {layer_name!r}: input {index} is incompatible with the layer: ")
