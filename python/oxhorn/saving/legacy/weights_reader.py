"""Weights from the groups of legacy files: one for each layer, whose weights are listed in order."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from oxhorn.saving import hdf5
from oxhorn.saving.hdf5 import Array, Dataset, Group
from oxhorn.saving.legacy.attributes import names_in
from oxhorn.saving.legacy.upgrade import plain_name, writer_of
from oxhorn.saving.weights import check_built

TOP_LEVEL = "top_level_model_weights"


def load_legacy_weights(
    model: Any, path: str | os.PathLike[str], by_name: bool = False, skip_mismatch: bool = False
) -> None:
    """Reads the weights of `model` from a legacy file (of weights alone, or of a whole model), all or none.

    Args:
        model: A built model.
        path: The file.
        by_name: Takes weights for layers that have the name of one in the file, and leaves the other layers alone.
            Otherwise the layers that have weights must be those of the file, in their order.
        skip_mismatch: Leaves weights alone that have another shape in the file, with a warning, instead of an error.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it is not such a file, or its weights are not those of the model: nothing is changed then.
    """
    check_built(model, "load_weights")
    with hdf5.opening(path) as root:
        plan = Plan(f"load_weights: {root.label}", skip_mismatch)
        group = weights_group(root)
        check_writer(group)
        if by_name:
            plan.by_name(model, group)
        else:
            plan.in_order(model, group)
        values = plan.read()
    plan.assign(values)


def weights_group(root: Group) -> Group:
    """Where the weights are: the file itself, or in a file of a whole model a group of it.

    Raises:
        ValueError: If it is no legacy file.
    """
    names = root.attribute_names()
    if "layer_names" in names or "layer_names0" in names:
        return root
    if "model_weights" in root:
        return root.group("model_weights")
    hint = ""
    if "layers" in root or "vars" in root or "_layer_checkpoint_dependencies" in root:
        hint = " It looks like weights of Keras 3: call it NAME.weights.h5."
    raise ValueError(
        f"{root.label}: not a legacy file of weights or of a model: it has neither an attribute 'layer_names' nor a "
        f"group 'model_weights'.{hint}"
    )


def check_writer(group: Group) -> None:
    """Refuses Keras 1, whose kernels lie in other orders."""
    writer = writer_of(group.attribute("keras_version"))
    if (1, 0) <= writer.version < (2, 0):
        raise ValueError(
            f"{group.label}: the weights were written by {writer.text}, whose convolutions and recurrent layers keep "
            "them in another form. Convert the file with Keras 2, or assign the arrays by `layer.set_weights`."
        )


def legacy_order(layer: Any) -> list[Any]:
    """The weights of a layer in the order of legacy files: those that train come first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def top_level(model: Any) -> list[Any]:
    """The weights that the model itself made, by `add_weight`."""
    kept = {id(weight) for weight in model.weights}
    return [weight for weight in model._own_variables() if id(weight) in kept]


@dataclass
class Plan:
    """Which dataset goes to which weight; nothing is assigned before all of them have been read."""

    who: str
    skip_mismatch: bool = False
    pairs: list[tuple[Any, Dataset]] = field(default_factory=list)
    # The weights by the names that the file has for them, in its order.
    named: dict[str, Any] = field(default_factory=dict)
    unique_names: bool = True
    layers: list[Any] = field(default_factory=list)

    def in_order(self, model: Any, group: Group) -> None:
        """The layers that have weights, in the order of the model."""
        layers = [layer for layer in model.layers if layer.weights]
        stored = [(name, names) for name, names in _stored_layers(group) if names]
        self._check_count(len(layers), [name for name, _ in stored])
        for k, (layer, (name, names)) in enumerate(zip(layers, stored, strict=True)):
            shown = f"layer #{k} (named {layer.name} in the model, {name[:200]} in the file)"
            self._layer(layer, legacy_order(layer), group.group(name), names, shown)
        self._top_level(model, group)

    def of_the_same_model(self, model: Any, group: Group) -> None:
        """The layers by their names: for the model that the same file describes."""
        stored = {name: names for name, names in _stored_layers(group) if names}
        layers = {layer.name: layer for layer in model.layers if layer.weights}
        if not set(stored) <= set(layers):
            layers = {name: layers[plain_name(name)] for name in stored if plain_name(name) in layers}
        if set(stored) != set(layers) or len(layers) != len(
            [layer for layer in model.layers if layer.weights]
        ):
            # Layers without names of their own got others.
            self.in_order(model, group)
            return
        for name, names in stored.items():
            self._layer(
                layers[name], legacy_order(layers[name]), group.group(name), names, f"layer {name[:200]!r}"
            )
        self._top_level(model, group)

    def by_name(self, model: Any, group: Group) -> None:
        """The layers whose name is in the file."""
        layers: dict[str, list[Any]] = {}
        for layer in model.layers:
            layers.setdefault(layer.name, []).append(layer)
        for k, (name, names) in enumerate(_stored_layers(group)):
            for layer in layers.get(name) or layers.get(plain_name(name), []):
                weights = legacy_order(layer)
                shown = f"layer #{k} (named {layer.name})"
                if len(weights) != len(names) and self.skip_mismatch:
                    self._warn(f"{shown}: it has {len(weights)} weights, and {len(names)} in the file")
                elif names or weights:
                    self._layer(layer, weights, group.group(name), names, shown)
        self._top_level(model, group, may_skip=True)

    def _top_level(self, model: Any, group: Group, may_skip: bool = False) -> None:
        if TOP_LEVEL not in group:
            if top_level(model) and not may_skip:
                raise ValueError(
                    f"{self.who} has no weights of model {model.name!r} itself, which has {len(top_level(model))}; "
                    "nothing was changed."
                )
            return
        found = group.group(TOP_LEVEL)
        names, weights = names_in(found, "weight_names"), top_level(model)
        if len(names) != len(weights) and may_skip and self.skip_mismatch:
            self._warn(f"the model itself has {len(weights)} weights, and {len(names)} in the file")
            return
        self._layer(model, weights, found, names, f"the top-level weights of model {model.name!r}")

    def _check_count(self, expected: int, stored: Sequence[str]) -> None:
        if expected != len(stored):
            raise ValueError(
                f"{self.who}: Layer count mismatch: the model has {expected} layers with weights, the file "
                f"{len(stored)}: {list(stored)[:20]}. Nothing was changed. `load_weights(path, by_name=True)` takes "
                "the layers whose names are in the file."
            )

    def _layer(self, layer: Any, weights: list[Any], group: Group, names: list[str], shown: str) -> None:
        if len(weights) != len(names):
            raise ValueError(
                f"{self.who}: Weight count mismatch for {shown}: expected {len(weights)} weights, the file has "
                f"{len(names)}. "
                "Nothing was changed."
            )
        for weight, name in zip(_matched(weights, names), names, strict=True):
            try:
                dataset = group.dataset(name)
            except KeyError:
                raise ValueError(
                    f"{self.who}: damaged: the weight {name[:200]!r} of {shown} is listed, but not there."
                ) from None
            self.unique_names = self.unique_names and name not in self.named
            self.named[name] = weight
            problem = dataset.problem(tuple(weight.shape), str(weight.dtype))
            if problem is None:
                self.pairs.append((weight, dataset))
            elif self.skip_mismatch and dataset.shape != tuple(weight.shape):
                self._warn(f"mismatch in shape: {weight.path} of {shown} {problem}")
            else:
                raise ValueError(
                    f"{self.who}: Shape mismatch in {shown} for weight {weight.path}: it {problem}. Nothing "
                    "was changed."
                )
        self.layers.append(layer)

    def _warn(self, text: str) -> None:
        warnings.warn(f"{self.who}: Skipping loading of weights: {text}.", stacklevel=6)

    def read(self) -> list[Array]:
        """All values, in the order of `pairs`."""
        return [dataset.read(tuple(weight.shape), str(weight.dtype)) for weight, dataset in self.pairs]

    def assign(self, values: Iterable[Array]) -> None:
        """Gives the weights their values; layers that calculate something from theirs do so."""
        for (weight, _), value in zip(self.pairs, values, strict=True):
            weight.assign(value)
        for layer in self.layers:
            for part in layer._flatten_layers():
                finalize = getattr(part, "finalize_state", None)
                if callable(finalize) and part._own_variables():
                    finalize()


def _stored_layers(group: Group) -> list[tuple[str, list[str]]]:
    names = names_in(group, "layer_names")
    if len(set(names)) != len(names):
        raise ValueError(f"{group.label}: 'layer_names' has a name twice.")
    found = []
    for name in names:
        try:
            layer = group.group(name)
        except KeyError:
            raise ValueError(
                f"{group.label}: damaged: the layer {name[:200]!r} is listed, but has no group."
            ) from None
        found.append((name, names_in(layer, "weight_names")))
    return found


def _matched(weights: list[Any], names: list[str]) -> list[Any]:
    """The weights in the order of `names`.

    The order in a file depends on which layers inside a layer were frozen. Where the names tell all weights apart, and
    are those of the model, they decide.
    """
    for parts in (None, 2):
        stored = [_end(name.removesuffix(":0"), parts) for name in names]
        by_end = {_end(weight.path, parts): weight for weight in weights}
        if len(by_end) == len(weights) and len(set(stored)) == len(stored) and set(by_end) == set(stored):
            return [by_end[name] for name in stored]
    return weights


def _end(path: str, parts: int | None) -> str:
    return path if parts is None else "/".join(path.split("/")[-parts:])
