"""Which target, weight, loss and metric belongs to which output of a model.

The outputs of a model are a tensor, or a list, tuple or dict of them. `OutputMap` gives every output a name and a
fixed place, and lines up whatever a person supplied for them (targets, losses, metrics, weights) by that place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.training.structures import flatten, is_nested


class OutputMap:
    """Names and order of a model's outputs, found from one structure of predictions.

    Args:
        y_pred: The predictions: a tensor, or a container of tensors.
        output_names: The model's own names for its outputs, in the order of its flat outputs, or `None`.
    """

    def __init__(self, y_pred: Any, output_names: Sequence[str] | None) -> None:
        self._template = y_pred
        names = list(output_names) if output_names else None
        if isinstance(y_pred, dict) and not any(is_nested(value) for value in y_pred.values()):
            keys = list(y_pred)
            self.paths: list[tuple[Any, ...]] = [
                (key,) for key in (names if names is not None and set(names) == set(keys) else sorted(keys))
            ]
            self.names: list[str | None] = [str(path[0]) for path in self.paths]
        else:
            self.paths = _leaf_paths(y_pred, ())
            if names is not None and len(names) == len(self.paths):
                self.names = [_name(path, name) for path, name in zip(self.paths, names, strict=True)]
            else:
                self.names = [_name(path, None) for path in self.paths]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def is_single(self) -> bool:
        """Whether there is one output, in no container."""
        return self.paths == [()]

    @property
    def has_flat_names(self) -> bool:
        """Whether the outputs are a dict or a list of tensors, so that a dict of names refers to them."""
        return not is_nested(self._template) or all(len(path) == 1 for path in self.paths)

    def at(self, path: tuple[Any, ...], values: Sequence[Any]) -> Any:
        """What stands at `path` in the structure of the outputs with these values, one for each output."""
        if path in self.paths:
            return values[self.paths.index(path)]

        def fill(structure: Any, at: tuple[Any, ...]) -> Any:
            if isinstance(structure, dict):
                return {key: fill(value, (*at, key)) for key, value in structure.items()}
            if isinstance(structure, (list, tuple)):
                filled = [fill(value, (*at, i)) for i, value in enumerate(structure)]
                return type(structure)(*filled) if hasattr(structure, "_fields") else type(structure)(filled)
            return values[self.paths.index(at)]

        return fill(_follow(self._template, path), path)

    def name_of(self, path: tuple[Any, ...]) -> str | None:
        """The name of the outputs below `path`: the path itself, or the names of all outputs joined."""
        if path in self.paths:
            return self.names[self.paths.index(path)]
        return "/".join(map(str, path)) or "_".join(name for name in self.names if name is not None) or None

    def predictions(self, y_pred: Any) -> list[Any]:
        """The predictions in the order of the outputs."""
        return [_follow(y_pred, path) for path in self.paths]

    def targets(self, y_true: Any, wanted: Sequence[bool], argument: str = "y") -> list[Any]:
        """`y_true` lined up with the outputs; `None` where there is nothing.

        Args:
            y_true: Targets: one array for one output; else a list in the order of the outputs, a dict by output
                name, or the structure of the predictions. With fewer entries than outputs, they belong to the
                outputs that are wanted.
            wanted: For each output, whether a loss or a metric needs its target.
            argument: What to call `y_true` in an error.
        """
        count = len(self)
        if y_true is None:
            return [None] * count
        if not is_nested(y_true):
            if count == 1:
                return [y_true]
            if sum(wanted) == 1:
                return [y_true if need else None for need in wanted]
            raise ValueError(self._mismatch(argument, "one array"))
        if isinstance(y_true, dict):
            return self._by_name(y_true, argument)
        if isinstance(self._template, (list, tuple)) and len(y_true) == len(self._template):
            try:
                return [_follow(y_true, path) for path in self.paths]
            except (KeyError, IndexError, TypeError):
                raise ValueError(self._mismatch(argument, _describe(y_true))) from None
        flat = _flatten_keeping_none(y_true)
        if len(flat) == count:
            return flat
        if len(flat) == sum(wanted):
            remaining = iter(flat)
            return [next(remaining) if need else None for need in wanted]
        raise ValueError(self._mismatch(argument, _describe(y_true)))

    def _by_name(self, values: dict[Any, Any], argument: str) -> list[Any]:
        if isinstance(self._template, dict) and any(is_nested(value) for value in self._template.values()):
            try:
                return [_follow(values, path) for path in self.paths]
            except (KeyError, IndexError, TypeError):
                raise ValueError(self._mismatch(argument, _describe(values))) from None
        unknown = [key for key in values if key not in self.names]
        if unknown:
            if len(self) == 1 and len(values) == 1:
                return list(values.values())
            raise ValueError(self._mismatch(argument, f"unknown names {unknown}"))
        return [values.get(name) for name in self.names]

    def _mismatch(self, argument: str, got: str) -> str:
        names = [name for name in self.names if name is not None]
        by_name = f" (a list in this order, or a dict; Expected keys {names})" if names else ""
        return (
            f"Invalid `{argument}`: `{argument}` does not match the model's outputs: expected {len(self)} of "
            f"them{by_name}; got {got}."
        )


def _name(path: tuple[Any, ...], own: str | None) -> str | None:
    """The model's own name for an output, behind the keys of the containers that hold it."""
    outer = [str(part) for part in path[:-1]]
    if path and isinstance(path[-1], str):
        return "/".join([*outer, path[-1]])
    if own is None:
        return None
    return "/".join([*outer, own])


def _leaf_paths(structure: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    if isinstance(structure, dict):
        items: list[tuple[Any, Any]] = sorted(structure.items())
    elif isinstance(structure, (list, tuple)):
        items = list(enumerate(structure))
    else:
        return [path]
    return [leaf for key, value in items for leaf in _leaf_paths(value, (*path, key))]


def _follow(structure: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        structure = structure[part]
    return structure


def _flatten_keeping_none(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in _flatten_keeping_none(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for value in structure for leaf in _flatten_keeping_none(value)]
    return [structure]


def _describe(structure: Any) -> str:
    if isinstance(structure, dict):
        return f"a dict with keys {list(structure)}"
    if isinstance(structure, (list, tuple)):
        return f"a {type(structure).__name__} of {len(flatten(structure))}"
    return "one array"
