"""`plot_graph`: how a tensor was computed, op by op, with values and gradients."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from oxhorn import _core, tree
from oxhorn.utils.drawing import Box, Group, Line, Link, Picture, draw
from oxhorn.utils.drawing.arrange import DIRECTIONS
from oxhorn.utils.drawing.picture import check_svg_path

_OP, _SOURCE, _CONSTANT = ("#e3edfb", "#5b8bd0"), ("#e2f3e4", "#59a869"), ("#f0f0ee", "#96968c")
_TARGET = ("#fdf1dd", "#d39b3d")
_GRADIENT = "#b23b2e"
_MOST_BOXES = 400


def plot_graph(
    target: Any,
    *inputs: Any,
    tape: Any = None,
    names: Mapping[str, Any] | None = None,
    show_shapes: bool = True,
    show_values: bool = True,
    show_gradients: bool | None = None,
    max_values: int = 9,
    digits: int = 4,
    rankdir: str = "LR",
    to_file: str | os.PathLike[str] | None = None,
) -> Picture:
    """Draws the computation of a tensor: a box for each op, with its value and the gradient that arrives there.

    The gradient in a box is d target / d value; for a target with several elements it is that of their sum.

    Args:
        target: A function of tensors, which is called with `inputs`; or a tensor that was computed while `tape`
            recorded.
        inputs: The arguments of the function: numbers, arrays, tensors or variables.
        tape: The `GradientTape` of a tensor. It must be persistent if gradients are to be shown.
        names: Names for tensors and variables, by name. Those of the calling code and the function are known
            anyway.
        show_shapes: Whether to show the shapes of what is no scalar.
        show_values: Whether to show values of at most `max_values` elements.
        show_gradients: Whether to show gradients; by default where the tape allows it.
        max_values: The most elements of a value or gradient that is written out.
        digits: Digits of the numbers shown.
        rankdir: Where the arrows point: `"LR"`, `"RL"`, `"TB"` or `"BT"`.
        to_file: A path that ends in `.svg`, to write the picture to as well.

    Returns:
        A `Picture`, which notebooks show.

    Raises:
        ValueError: If the tape did not record how the target was computed, or an argument is not as described.
        TypeError: If the target is neither a function nor an eager tensor.

    Example:
    >>> import oxhorn as keras
    >>> picture = keras.utils.plot_graph(lambda x, w: x * w + 1.0, 3.0, 2.0)
    >>> "multiply" in str(picture)
    True
    """
    if to_file is not None:
        check_svg_path("plot_graph", to_file)
    if rankdir not in DIRECTIONS:
        raise ValueError(f"plot_graph expected `rankdir` to be one of {DIRECTIONS}; got {rankdir!r}.")
    named = _named_in(sys._getframe(1))
    if isinstance(target, _core.Tensor):
        traced = _from_tape(target, inputs, tape, show_gradients)
    elif callable(target):
        if tape is not None:
            raise ValueError("plot_graph records a function itself; leave `tape` out, or pass a tensor.")
        traced, arguments = _from_function(target, inputs, show_gradients)
        named.update(_named_inside(target))
        named.update(arguments)
    else:
        raise TypeError(
            f"plot_graph expected a function, or a tensor with its tape; got {target!r} of type "
            f"{type(target).__name__}."
        )
    named.update({_core.value_id(value): name for name, value in (names or {}).items() if _is_value(value)})
    look = _Look(named, show_shapes, show_values, max_values, digits)
    picture = draw(_group_of(traced, look), rankdir)
    if to_file is not None:
        picture.save(to_file)
    return picture


@dataclass
class _Traced:
    target: Any
    records: list[tuple[str, list[int], list[int], list[Any], list[Any]]]
    gradient: Callable[[list[Any]], list[Any]] | None


@dataclass
class _Look:
    names: dict[int, str]
    shapes: bool
    values: bool
    most: int
    digits: int

    def lines(self, value: Any, gradient: Any) -> list[Line]:
        lines = []
        if self.shapes and value.ndim:
            lines.append(Line(str(tuple(value.shape)), "shape"))
        if self.values:
            lines.extend(self._numbers("value", value))
        if gradient is not None:
            lines.extend(self._numbers("gradient", gradient, _GRADIENT))
        return lines

    def _numbers(self, label: str, tensor: Any, color: str = "#1f2933") -> list[Line]:
        if tensor.size > self.most:
            return []
        array = np.asarray(tensor.numpy())
        if array.dtype.kind == "f" and array.ndim == 0:
            rows = [f"{float(array) + 0.0:.{self.digits}g}"]
        else:
            if array.dtype.kind == "f" and np.max(np.abs(array), initial=0.0) < 1e6:
                array = np.round(array, self.digits) + 0.0  # a zero shows without a sign
            with np.printoptions(precision=self.digits, suppress=True, floatmode="maxprec"):
                rows = str(array).split("\n")
        return [Line(row, label if i == 0 else " ", color=color) for i, row in enumerate(rows)]


def _from_function(
    function: Callable[..., Any], inputs: tuple[Any, ...], show_gradients: bool | None
) -> tuple[_Traced, dict[int, str]]:
    from oxhorn import ops

    values = [value if _is_value(value) else ops.convert_to_tensor(value) for value in inputs]
    tape = _core.Tape(persistent=True)
    with tape:
        for value in values:
            # Whole numbers are watched too, so that the ops on them are recorded.
            tape.watch(value)
        result = function(*values)
    leaves = tree.flatten(result)
    if len(leaves) != 1 or not isinstance(leaves[0], _core.Tensor):
        raise ValueError(
            f"plot_graph expected a function that returns one tensor; this one returned {result!r}."
        )
    target = leaves[0]
    wanted = show_gradients is not False and target.dtype.startswith("float")
    arguments = dict(zip(map(_core.value_id, values), _parameter_names(function, len(values)), strict=True))
    return _Traced(target, tape.records(), _gradients_by(tape, target) if wanted else None), arguments


def _from_tape(target: Any, inputs: tuple[Any, ...], tape: Any, show_gradients: bool | None) -> _Traced:
    if inputs:
        raise ValueError("plot_graph: only a function takes inputs; got a tensor and inputs.")
    if tape is None:
        raise ValueError(
            "plot_graph: a tensor alone does not know how it was computed. Pass the tape that recorded it, "
            "`plot_graph(y, tape=tape)`, or a function, `plot_graph(function, x)`."
        )
    if target.is_traced:
        raise ValueError(
            "plot_graph expected a tensor with a value; got a symbolic one, inside a traced call."
        )
    core = getattr(tape, "_tape", tape)
    if not isinstance(core, _core.Tape):
        raise TypeError(f"plot_graph expected `tape` to be a GradientTape; got {tape!r}.")
    persistent = bool(getattr(tape, "_persistent", False))
    if show_gradients and not persistent:
        raise ValueError(
            "plot_graph: gradients use a tape up, unless it is made with `GradientTape(persistent=True)`. "
            "Make it so, or pass show_gradients=False."
        )
    records = core.records()
    key = _core.value_id(target)
    if not any(key in outputs for _, _, outputs, _, _ in records):
        raise ValueError(
            "plot_graph: the tape did not record how this tensor was computed. Compute it inside `with tape:`, from "
            "watched tensors or trainable variables, and draw it before `tape.gradient` frees the records (or use "
            "persistent=True)."
        )
    wanted = show_gradients is not False and persistent and target.dtype.startswith("float")
    return _Traced(target, records, _gradients_by(core, target) if wanted else None)


def _gradients_by(tape: Any, target: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: list(tape.gradient(target, values))


def _group_of(traced: _Traced, look: _Look) -> Group:
    """The ops that the target depends on, and what they start from."""
    made_by: dict[int, int] = {}
    for index, (_, _, outputs, _, _) in enumerate(traced.records):
        made_by.update(dict.fromkeys(outputs, index))
    goal = _core.value_id(traced.target)
    needed: set[int] = set()
    waiting = [made_by[goal]] if goal in made_by else []
    while waiting:
        index = waiting.pop()
        if index not in needed:
            needed.add(index)
            # What an op reads was made before it: a variable may stand for several values one after the other.
            waiting.extend(
                made_by[key] for key in traced.records[index][1] if made_by.get(key, index) < index
            )
    if len(needed) > _MOST_BOXES:
        raise ValueError(
            f"plot_graph: the computation has {len(needed)} ops; at most {_MOST_BOXES} make a readable picture. "
            "Draw a smaller function, or a model with plot_model."
        )
    values: dict[int, Any] = {goal: traced.target}
    sources: dict[int, Any] = {}
    for index in sorted(needed):
        _, in_keys, out_keys, ins, outs = traced.records[index]
        values.update(zip(out_keys, outs, strict=True))
        for key, value in zip(in_keys, ins, strict=True):
            if made_by.get(key, index) >= index:
                sources[key] = values[key] = value
    if not needed:
        sources[goal] = traced.target
    gradients = _gradients(traced, values)
    parts: list[Box | Group] = []
    place: dict[int, int] = {}
    links: list[Link] = []
    for key, value in sources.items():
        place[key] = len(parts)
        name = look.names.get(key)
        fill, edge = _SOURCE if name is not None else _CONSTANT
        title = [Line(name, bold=True)] if name is not None else []
        body = look.lines(value, gradients.get(key) if name is not None else None)
        if name is None and value.size == 1 and look.values:
            body = [Line(line.text, bold=True) for line in body if line.label == "value"]
        parts.append(Box([*title, *body] or [Line("constant", bold=True)], fill, edge, round=True))
    for index in sorted(needed):
        op, in_keys, out_keys, _, _ = traced.records[index]
        here = len(parts)
        links.extend(Link(place[key], here) for key in in_keys)
        lines: list[Line] = []
        for key in out_keys:
            name = look.names.get(key)
            if not lines:
                lines.append(Line(f"{name} = {op}" if name is not None else op, bold=True))
            lines.extend(look.lines(values[key], gradients.get(key)))
            place[key] = here
        fill, edge = _TARGET if goal in out_keys else _OP
        parts.append(Box(lines, fill, edge))
    return Group(parts, links)


def _gradients(traced: _Traced, values: dict[int, Any]) -> dict[int, Any]:
    if traced.gradient is None:
        return {}
    floats = {key: value for key, value in values.items() if value.dtype.startswith("float")}
    return dict(zip(floats, traced.gradient(list(floats.values())), strict=True))


def _is_value(x: Any) -> bool:
    return isinstance(x, (_core.Tensor, _core.Variable)) and not getattr(x, "is_traced", False)


def _named_in(frame: Any) -> dict[int, str]:
    """Names of the tensors and variables that the calling code has at hand."""
    return {
        _core.value_id(value): name
        for scope in (frame.f_globals, frame.f_locals)
        for name, value in list(scope.items())
        if not name.startswith("_") and _is_value(value)
    }


def _named_inside(function: Callable[..., Any]) -> dict[int, str]:
    """Names of the tensors and variables that a function uses from outside."""
    try:
        found = inspect.getclosurevars(function)
    except TypeError:
        return {}
    return {
        _core.value_id(value): name
        for scope in (found.globals, found.nonlocals)
        for name, value in scope.items()
        if _is_value(value)
    }


def _parameter_names(function: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = [
            name
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        parameters = []
    return [parameters[i] if i < len(parameters) else f"input {i}" for i in range(count)]
