"""The loss given to `compile`: one for every output, weighted and added up.

total = sum over outputs of weight * loss(y_true, y_pred, sample_weight)
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from oxhorn import losses, metrics
from oxhorn.training.outputs import OutputMap
from oxhorn.training.resolve import check_loss, get_loss
from oxhorn.training.structures import is_nested


@dataclass
class _Part:
    """One loss: where the predictions are that it sees, its coefficient, and the mean of its values over the epoch.

    A loss sees one output, at the end of `path`, or all the outputs below it in their structure.
    """

    path: tuple[Any, ...]
    places: list[int]
    function: losses.Loss
    weight: float | None
    name: str | None
    tracker: metrics.Metric | None = None


class _Weighted:
    """A loss as it was given, with its coefficient: a leaf of the structure of losses."""

    def __init__(self, loss: Any, weight: Any) -> None:
        self.loss = loss
        self.weight = None if weight is None else float(weight)


def _require_finite(loss_weights: Any) -> None:
    """Refuse coefficients that are no finite numbers, such as a metric's name that took this place."""
    for weight in _leaves(loss_weights):
        number = weight is None or (isinstance(weight, (float, int, np.number)) and math.isfinite(weight))
        if not number:
            hint = " Did you mean metrics=?" if isinstance(weight, str) else ""
            raise ValueError(f"compile expected finite numbers in `loss_weights`; got {weight!r}.{hint}")


def _leaves(structure: Any) -> list[Any]:
    """The leaves, `None` among them."""
    if isinstance(structure, dict):
        return [leaf for value in structure.values() for leaf in _leaves(value)]
    if isinstance(structure, (list, tuple)):
        return [leaf for value in structure for leaf in _leaves(value)]
    return [structure]


class CompileLoss:
    """Calls the losses of a model's outputs; built from the first targets and predictions it sees.

    Args:
        loss: A loss (name, function, `Loss`), or a list, tuple or dict of them with `None` for outputs without one.
            In the structure of the outputs, a loss stands in the place of the outputs it sees; a list where the
            outputs have no list (or the other way round with tuples) holds several losses of the same outputs.
        loss_weights: `None`, a number (one output), or numbers in the structure of `loss`.
        output_names: The model's names for its outputs, or `None`.
        dtype: Floating point dtype of the running means.
    """

    def __init__(
        self,
        loss: Any,
        loss_weights: Any = None,
        output_names: Sequence[str] | None = None,
        dtype: str | None = None,
    ) -> None:
        if loss_weights is not None and not isinstance(
            loss_weights, (list, tuple, dict, float, int, np.number)
        ):
            raise ValueError(
                "compile expected `loss_weights` to be a number (one output), or a list or dict of numbers "
                f"(several outputs); got {loss_weights!r} of type {type(loss_weights).__name__}."
            )
        _require_finite(loss_weights)
        for identifier in _leaves(loss):
            check_loss(identifier)
        self._user_loss = loss
        self._user_weights = loss_weights
        self._output_names = output_names
        self._dtype = dtype
        self._outputs: OutputMap | None = None
        self._parts: list[_Part] = []

    @property
    def built(self) -> bool:
        """Whether the losses are matched to outputs yet."""
        return self._outputs is not None

    @property
    def metrics(self) -> list[metrics.Metric]:
        """The running mean of each output's own loss, when there are several."""
        return [part.tracker for part in self._parts if part.tracker is not None]

    @property
    def variables(self) -> list[Any]:
        """The variables of the running means."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Match losses and coefficients to the outputs."""
        outputs = OutputMap(y_pred, self._output_names)
        found: list[tuple[tuple[Any, ...], _Weighted]] = []
        if _is_flat(self._user_loss, outputs):
            identifiers = self._one_for_each_output("loss", self._user_loss, outputs)
            weights = self._weights(outputs, identifiers)
            for path, identifier, weight in zip(outputs.paths, identifiers, weights, strict=True):
                if identifier is not None:
                    found.append((path, _Weighted(identifier, weight)))
        else:
            structure = _with_weights(self._user_loss, self._user_weights)
            if isinstance(structure, dict) and not isinstance(y_pred, dict) and outputs.has_flat_names:
                entries = outputs.targets(structure, [True] * len(outputs), argument="loss")
                for path, entry in zip(outputs.paths, entries, strict=True):
                    _match(entry, None, path, found)
            else:
                _match(structure, y_pred, (), found)
        below = [[i for i, at in enumerate(outputs.paths) if at[: len(path)] == path] for path, _ in found]
        wanted = [any(i in places for places in below) for i in range(len(outputs))]
        targets = outputs.targets(y_true, wanted)
        parts = []
        for (path, given), places in zip(found, below, strict=True):
            for place in places:
                _require_target(targets[place], outputs.names[place], len(outputs))
                _warn_of_extra_axis(targets[place], outputs.predictions(y_pred)[place])
            function = get_loss(
                given.loss, outputs.at(path, targets), outputs.at(path, outputs.predictions(y_pred))
            )
            parts.append(_Part(path, places, function, given.weight, outputs.name_of(path)))
        if len(parts) > 1:
            for part in parts:
                part.tracker = metrics.Mean(name=f"{part.name or part.function.name}_loss", dtype=self._dtype)
        self._parts = parts
        self._wanted = wanted
        self._outputs = outputs

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, batch_size: Any = None) -> Any:
        """The total loss, a scalar; `None` when no output has a loss.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: One array for all outputs, or one for each of them.
            batch_size: Number of samples; the weight of this batch in the running means.
        """
        if self._outputs is None:
            self.build(y_true, y_pred)
        outputs = self._outputs
        assert outputs is not None
        targets = outputs.targets(y_true, self._wanted)
        predictions = outputs.predictions(y_pred)
        if is_nested(sample_weight):
            sample_weights = outputs.targets(sample_weight, self._wanted, argument="sample_weight")
        else:
            sample_weights = [sample_weight] * len(outputs)
        total = None
        for part in self._parts:
            for place in part.places:
                _require_target(targets[place], outputs.names[place], len(outputs))
            value = part.function(
                outputs.at(part.path, targets),
                outputs.at(part.path, predictions),
                sample_weights[part.places[0]],
            )
            if len(value.shape) != 0:
                raise ValueError(
                    f"The loss {part.function.name!r} gave values of shape {tuple(value.shape)}, but training needs "
                    "one number a batch. Use reduction='sum_over_batch_size' (the default), 'mean_with_sample_weight' "
                    "or 'sum'."
                )
            if part.tracker is not None:
                part.tracker.update_state(value, sample_weight=batch_size)
            if part.weight is not None:
                value = value * part.weight
            total = value if total is None else total + value
        return total

    def _weights(self, outputs: OutputMap, identifiers: list[Any]) -> list[float | None]:
        given = self._user_weights
        if given is None:
            return [None] * len(outputs)
        if not is_nested(given):
            if len(outputs) != 1:
                raise ValueError(
                    f"compile expected one loss weight for each of the {len(outputs)} outputs (a list or a dict); "
                    f"got the number {given!r}."
                )
            return [float(cast(Any, given))]
        if isinstance(given, (list, tuple)):
            places = [place for place, identifier in enumerate(identifiers) if identifier is not None]
            if len(given) not in (len(outputs), len(places)):
                raise ValueError(
                    f"`loss_weights` must match the number of losses: {len(places)} losses, {len(given)} weights."
                )
            if len(given) == len(outputs):
                places = list(range(len(outputs)))
            weights: list[float | None] = [None] * len(outputs)
            for place, weight in zip(places, given, strict=True):
                weights[place] = weight
            return weights
        return self._one_for_each_output("loss_weights", given, outputs)

    @staticmethod
    def _one_for_each_output(argument: str, given: Any, outputs: OutputMap) -> list[Any]:
        """`given` by output: a single thing is repeated, a list or dict is lined up."""
        count = len(outputs)
        if not is_nested(given):
            return [given] * count
        if isinstance(given, (list, tuple)) and not any(is_nested(entry) for entry in given):
            if len(given) != count:
                raise ValueError(
                    f"compile got {len(given)} entries in `{argument}` for a model with {count} "
                    f"output{'s' if count != 1 else ''}. Give one for each output, None where there is none."
                )
            return list(given)
        return outputs.targets(given, [True] * count, argument=argument)


def _is_flat(loss: Any, outputs: OutputMap) -> bool:
    """Whether the losses are one for all outputs, or a list or dict with one for each of them."""
    if not is_nested(loss):
        return True
    entries = loss.values() if isinstance(loss, dict) else loss
    if any(is_nested(entry) for entry in entries):
        return False
    if isinstance(loss, dict):
        return len(outputs) == 1 or outputs.has_flat_names
    return len(loss) == len(outputs) or not outputs.is_single


def _with_weights(loss: Any, weights: Any) -> Any:
    """The structure of losses with each loss joined to its coefficient."""
    flat_weights = [None] * len(_leaves(loss)) if weights is None else _leaves(weights)
    if len(flat_weights) != len(_leaves(loss)):
        raise ValueError(
            f"`loss_weights` must match the number of losses: {len(_leaves(loss))} losses, "
            f"{len(flat_weights)} weights."
        )
    if isinstance(loss, dict) and isinstance(weights, dict):
        missing = [key for key in loss if key not in weights]
        if missing:
            raise ValueError(f"`loss_weights` must have the keys of `loss`; it lacks {missing}.")
        flat_weights = [weight for key in loss for weight in _leaves(weights[key])]
    remaining = iter(flat_weights)

    def join(given: Any) -> Any:
        if isinstance(given, dict):
            return {key: join(value) for key, value in given.items()}
        if isinstance(given, (list, tuple)):
            joined = [join(value) for value in given]
            return type(given)(*joined) if hasattr(given, "_fields") else type(given)(joined)
        weight = next(remaining)
        return None if given is None else _Weighted(given, weight)

    return join(loss)


def _match(loss: Any, y_pred: Any, path: tuple[Any, ...], found: list[Any]) -> None:
    """Appends each loss of the structure, with the path of the outputs it sees."""
    if loss is None:
        return
    if isinstance(loss, _Weighted):
        found.append((path, loss))
        return
    if isinstance(loss, (list, tuple)):
        leaves = OutputMap(y_pred, None).paths
        if len(loss) == len(leaves) and not any(is_nested(entry) for entry in loss):
            for entry, leaf in zip(loss, leaves, strict=True):
                _match(entry, None, (*path, *leaf), found)
            return
        if not isinstance(y_pred, type(loss)):
            for entry in loss:
                _match(entry, y_pred, path, found)
            return
    items = loss.items() if isinstance(loss, dict) else enumerate(loss)
    for key, entry in items:
        if entry is None:
            continue
        inside = isinstance(y_pred, dict) and key in y_pred
        if isinstance(loss, (list, tuple)):
            inside = isinstance(y_pred, (list, tuple)) and key < len(y_pred)
        if not inside:
            raise KeyError(
                f"The path: {(*path, key)} in the `loss` argument, can't be found in either the model's output "
                "(`y_pred`) or the labels (`y_true`)."
            )
        _match(entry, y_pred[key], (*path, key), found)


def _warn_of_extra_axis(y_true: Any, y_pred: Any) -> None:
    """Tell of targets such as (samples, 1, 1) for predictions (samples, 1): the extra axis is taken away."""
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if len(true) == len(pred) + 1 and true[-2:] == (1, 1) and pred[-1:] == (1,):
        warnings.warn(
            f"The targets have shape {true} and the predictions {pred}: the last axis of the targets is dropped. "
            "Reshape them, if that is what you mean: y = y.squeeze(-1).",
            stacklevel=2,
        )


def _require_target(target: Any, name: str | None, count: int) -> None:
    if target is None:
        which = f" of the output {name!r}" if count > 1 and name is not None else ""
        raise ValueError(
            f"The loss{which} needs targets, but `y` was not given. Pass `y`, or compile with loss=None "
            "if the model adds its own losses with `add_loss`."
        )
