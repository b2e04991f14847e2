"""Data against the inputs that a functional model declares, before anything is traced."""

from __future__ import annotations

from typing import Any

from oxhorn import tree
from oxhorn.training.data_adapters.batch import Batch, Dtypes
from oxhorn.training.structures import flatten
from oxhorn.training.tensors import float_dtype_of


def declared_inputs(model: Any) -> list[Any]:
    """The symbolic inputs of a functional or sequential model; none for a model that only has `call`."""
    inputs = getattr(model, "inputs", None)
    return [] if inputs is None else flatten(inputs)


def data_dtypes(model: Any) -> Dtypes:
    """Floating point dtypes for this model's data."""
    inputs: dict[str | int, str] = {}
    for place, (name, part) in enumerate(_outer_inputs(model)):
        found = {tensor.dtype for tensor in flatten(part)} & {"float32", "float64"}
        if found:
            # Where one entry holds several inputs, the widest of them: the model casts.
            inputs[place] = inputs[name] = max(found)
    return Dtypes(float_dtype_of(model), inputs)


def check_inputs(model: Any, batch: Batch) -> None:
    """Compare the number, names and shapes of the inputs with what the model declares.

    One axis of size one at the end may be missing or too many, as in (samples,) for (samples, 1).

    Raises:
        ValueError: If they differ.
    """
    declared = _outer_inputs(model)
    if not declared:
        return
    given = batch.template[0]
    who = f"The model {model.name!r}"
    expected = [tensor for _, part in declared for tensor in tree.flatten(part)]
    names = [name for name, _ in declared]
    if isinstance(given, dict):
        missing = [name for name in names if name not in given]
        extra = [key for key in given if key not in names]
        if missing or extra:
            problems = [
                f"{what} {which}" for what, which in (("missing", missing), ("unknown", extra)) if which
            ]
            raise ValueError(
                f"{who} expected inputs named {names}; `x` has {list(given)}: {', '.join(problems)}."
            )
        places = [place for name in names for place in tree.flatten(given[name])]
    else:
        places = tree.flatten(given)
    if len(places) != len(expected):
        raise ValueError(
            f"{who} expected {len(expected)} input{'s' if len(expected) > 1 else ''} {names}; "
            f"got {len(places)} array{'s' if len(places) > 1 else ''} in `x`. Pass a list in this order, or a dict by "
            "name. A list of samples must become one array first: np.stack(x)."
        )
    graph = getattr(model, "_graph", None)
    is_open = graph is not None and graph.sizes_are_open
    for tensor, place in zip(expected, places, strict=True):
        if isinstance(place, int):
            sizes = (None,) * len(tensor.shape) if is_open else tuple(tensor.shape)
            _check_shape(who, tensor, sizes, tuple(batch.columns[place].shape))


def _outer_inputs(model: Any) -> list[tuple[str, Any]]:
    """Names and symbolic tensors of the declared inputs: the keys, where they were declared as a dict.

    An entry of a list or dict may be a list or dict of tensors again. Where layers come before the compiled part of
    the model, what they pass on.
    """
    part = getattr(getattr(model, "_graph", None), "host_part", None)
    if part is not None:
        return [(tensor.name, tensor) for tensor in flatten(part.specs())]
    tensors = declared_inputs(model)
    if not tensors:
        return []
    structure = model.input
    if isinstance(structure, dict):
        return [(str(key), structure[key]) for key in sorted(structure)]
    if isinstance(structure, (list, tuple)) and len(structure) != len(tensors):
        return [(f"inputs[{place}]", part) for place, part in enumerate(structure)]
    return list(zip(model.input_names, tensors, strict=True))


def _check_shape(who: str, tensor: Any, expected: tuple[int | None, ...], shape: tuple[int, ...]) -> None:
    inner, wanted = shape[1:], expected[1:]
    if len(inner) == len(wanted) + 1 and inner[-1] == 1:
        inner = inner[:-1]
    elif len(inner) == len(wanted) - 1 and wanted[-1] == 1:
        inner = (*inner, 1)
    if len(inner) != len(wanted):
        raise ValueError(
            f"{who} expected rank {len(expected)} for its input {tensor.name!r} (shape {_show(expected)}); "
            f"got an array of rank {len(shape)} (shape {shape}). {_reshape_hint(shape, expected)}"
        )
    for axis, (got, want) in enumerate(zip(inner, wanted, strict=True), start=1):
        if want is not None and got != want:
            raise ValueError(
                f"{who} expected {want} at axis {axis} of its input {tensor.name!r} (shape {_show(expected)}); "
                f"got an array of shape {shape}."
            )


def _reshape_hint(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> str:
    if expected[1:] == shape:
        return "For a single sample, add the batch axis: x[np.newaxis]."
    if len(shape) == len(expected) - 1 and expected[1:-1] == shape[1:]:
        return "Add the last axis: x[..., np.newaxis]."
    return "Reshape the data, or declare another input."


def _show(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("samples" if axis == 0 else str(size) for axis, size in enumerate(shape)) + ")"
