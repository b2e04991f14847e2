"""The layers of a model that take weights, in the order of their calls, and how they are found by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from oxhorn.engine.graph_walk import walk_back
from oxhorn.interop.conversions import taken
from oxhorn.interop.flattening import Features, Orders, Unclear, features_of_map, orders_of
from oxhorn.interop.table import Part, Row, has_rule, parts_of

__all__ = ["Target", "Targets"]


class Target(NamedTuple):
    """What one module of PyTorch is for: a layer or a part of it."""

    path: str
    layer: Any
    part: Part

    def described(self) -> str:
        """Name and weights, for messages."""
        rows = ", ".join(
            f"{' + '.join(row.names)} {row.conversion.torch_shapes(row.variable.shape)[0]}"
            for row in self.part.rows
        )
        return f"{type(self.layer).__name__} {self.path} ({rows})"


class Targets:
    """The layers of a model.

    Args:
        model: A built model or layer.
        flattened: For layers by name, the shape of the map that was flattened before them, or None for none; where the
            calls of the model do not show it.
        who: The function, for messages.

    Attributes:
        found: The `Target`s in the order of the calls.
        problems: For variables (by `id`) of layers that PyTorch does not have, why.
        variables: All variables, by path.
        weights: Those of them (by `id`) that are weights, and not states of random generators.
        notes: What differs from PyTorch whatever the weights are.
    """

    def __init__(self, model: Any, flattened: Any, who: str) -> None:
        self._who = who
        self._model = model
        unbuilt = [layer.name for layer in model._flatten_layers() if not layer.built]
        if unbuilt:
            raise ValueError(
                f"{who}: {model.name!r} is not built, so it does not have all its weights yet (layers {unbuilt[:20]}). "
                "Call it on data, or begin it with `Input(shape=...)`."
            )
        self._orders, self.notes = orders_of(model)
        self._layers: dict[str, Any] = {}
        self.found: list[Target] = []
        self.problems: dict[int, str] = {}
        self.variables: dict[str, Any] = {}
        self.weights = {id(variable) for variable in model.weights}
        self._flattened: dict[int, Any] = {}
        self._visit(model, (), set())
        self._read_flattened(flattened)
        wanted = list(_in_order(model)) if not has_rule(model) else [((model.name,), model)]
        for path, layer in wanted:
            self.found += self._targets_of("/".join(path), layer)

    def _visit(self, layer: Any, path: tuple[str, ...], seen: set[int]) -> None:
        """Every layer and every weight by path, each once."""
        if id(layer) in seen:
            return
        seen.add(id(layer))
        if path:
            self._layers["/".join(path)] = layer
        for variable in layer._own_variables():
            self.variables["/".join((*(path or (layer.name,)), variable.name))] = variable
        for inner in layer._layers:
            self._visit(inner, (*path, inner.name), seen)

    def _read_flattened(self, flattened: Any) -> None:
        if flattened is None:
            return
        if not isinstance(flattened, dict):
            raise ValueError(
                f"{self._who}: expected `flattened` to be a dict of layer names and shapes, such as "
                f"{{'dense': (7, 7, 64)}}; got {flattened!r}."
            )
        for name, shape in flattened.items():
            good = shape is None or (
                isinstance(shape, (tuple, list)) and shape and all(type(n) is int and n > 0 for n in shape)
            )
            if not good:
                raise ValueError(
                    f"{self._who}: expected `flattened` to give the shape of a map, (height, width, channels), or None "
                    f"for layer {name!r}; got {shape!r}."
                )
            self._flattened[id(self.layer(name, "`flattened`"))] = shape

    def _targets_of(self, path: str, layer: Any) -> list[Target]:
        orders = self._orders.get(id(layer), Orders())
        try:
            parts = parts_of(layer, orders.on_map)
        except ValueError as error:
            for inner in layer._flatten_layers():
                self.problems.update((id(variable), str(error)) for variable in inner._own_variables())
            return []
        return [
            Target(
                f"{path}/{part.name}" if part.name else path,
                layer,
                Part(part.name, [self._with_orders(row, layer, orders) for row in part.rows]),
            )
            for part in parts
        ]

    def _with_orders(self, row: Row, layer: Any, orders: Orders) -> Row:
        """The row, with the order of the features that go in and come out."""
        conversion = row.conversion
        shape = tuple(row.variable.shape)
        given, made = orders.inputs, orders.outputs
        if id(layer) in self._flattened:
            size = self._flattened[id(layer)]
            given = None if size is None else features_of_map(size)
            if (
                isinstance(given, Features)
                and row.inputs is not None
                and len(given.order) != shape[row.inputs]
            ):
                raise ValueError(
                    f"{self._who}: `flattened` gives the map {tuple(size)} for layer {layer.name!r}, which is "
                    f"{len(given.order)} features; the layer has {shape[row.inputs]}."
                )
        elif not orders.seen and row.inputs is not None and self._may_be_flattened:
            given = Unclear("the calls of the model cannot be followed")
        for axis, layout in ((row.inputs, given), (row.outputs, made)):
            if axis is None:
                continue
            if isinstance(layout, Unclear):
                self.problems[id(row.variable)] = (
                    f"the order of its features cannot be told ({layout.why}); say of which map they are: "
                    f"flattened={{{layer.name!r}: (height, width, channels)}}, or None if of none"
                )
            elif isinstance(layout, Features):
                conversion = taken(conversion, layout.order, axis, layout.text)
        return row._replace(conversion=conversion)

    @property
    def _may_be_flattened(self) -> bool:
        """Whether a model whose calls are not known has layers of maps."""
        return any(
            getattr(layer, "data_format", None) == "channels_last"
            and not type(layer).__name__.startswith("Global")
            for layer in self._model._flatten_layers()
        )

    # By name -----------------------------------------------------------------------------------------

    def target(self, name: str, where: str) -> Target:
        """The target of a path, of its end, or of the name of a layer.

        Raises:
            ValueError: If there is none, or more than one.
        """
        named = {target.path: target for target in self.found}
        if name not in named:
            layer = self._layers.get(name)
            if layer is not None and has_rule(
                layer
            ):  # one inside of another, such as a projection of attention
                named = {target.path: target for target in self._targets_of(name, layer)}
        found: Target = self._only(name, named, where, "layer")
        return found

    def layer(self, name: Any, where: str) -> Any:
        """The layer of a path or of its end, whether it has weights or not."""
        return self._only(name, self._layers or {self._model.name: self._model}, where, "layer")

    def variable(self, name: str, where: str) -> tuple[Any, Row | None]:
        """The weight of a path or of its end, and its row if PyTorch has it in a single array."""
        by_path = self.variables | {variable.path: variable for variable in self.variables.values()}
        variable = self._only(name, by_path, where, "weight")
        rows = [row for target in self.found for row in target.part.rows if row.variable is variable]
        return variable, next((row for row in rows if len(row.names) == 1), None)

    def _only(self, name: Any, named: dict[str, Any], where: str, what: str) -> Any:
        if isinstance(name, str):
            if name in named:
                return named[name]
            ends = {id(value): (path, value) for path, value in named.items() if path.endswith(f"/{name}")}
            if len(ends) == 1:
                return next(iter(ends.values()))[1]
            if ends:
                raise ValueError(
                    f"{self._who}: {where} names {name!r}, and the model has more than one {what} of that name: "
                    f"{sorted(path for path, _ in ends.values())[:20]}. Give the whole path."
                )
        shown = list(named)
        raise ValueError(
            f"{self._who}: {where} names {str(name)[:200]!r}, and the model has no {what} of that name. It has "
            f"{', '.join(shown[:30])}{', ...' if len(shown) > 30 else ''}."
        )


def _in_order(model: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Path and layer of each layer that PyTorch has, in the order of the calls; without a graph, of the attributes."""
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Any]] = [((), model)]
    while waiting:
        path, layer = waiting.pop()
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        if path and has_rule(layer):
            yield path, layer
            continue
        waiting.extend(((*path, inner.name), inner) for inner in reversed(_children(layer)))


def _children(layer: Any) -> Sequence[Any]:
    graph = getattr(layer, "_graph", None)
    if graph is None:
        return list(layer._layers)
    held = {id(inner): inner for inner in layer._layers}
    nodes, _ = walk_back(graph.outputs, graph.flat_inputs, f"Model {layer.name!r}")
    called = [node.operation for node in nodes if id(node.operation) in held]
    return [*called, *layer._layers]
