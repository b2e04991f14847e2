"""The loss given to `compile`: one for every output, weighted and added up.

total = sum over outputs of weight * loss(y_true, y_pred, sample_weight)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from oxhorn import losses, metrics
from oxhorn.training.outputs import OutputMap
from oxhorn.training.resolve import get_loss
from oxhorn.training.structures import is_nested


@dataclass
class _OutputLoss:
    """The loss of one output, its coefficient, and the mean of its values over the epoch."""

    place: int
    function: losses.Loss
    weight: float | None
    tracker: metrics.Metric | None = None


def _require_finite(loss_weights: Any) -> None:
    """Refuse coefficients that are no finite numbers, such as a metric's name that took this place."""
    given = loss_weights.values() if isinstance(loss_weights, dict) else loss_weights
    for weight in given if isinstance(loss_weights, (list, tuple, dict)) else [given]:
        number = weight is None or (isinstance(weight, (float, int, np.number)) and math.isfinite(weight))
        if not number:
            hint = " Did you mean metrics=?" if isinstance(weight, str) else ""
            raise ValueError(f"compile expected finite numbers in `loss_weights`; got {weight!r}.{hint}")


class CompileLoss:
    """Calls the losses of a model's outputs; built from the first targets and predictions it sees.

    Args:
        loss: A loss (name, function, `Loss`), or a list or dict of them with `None` for outputs without one.
        loss_weights: `None`, a number (one output), or a list or dict of numbers.
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
        if loss_weights is not None and not isinstance(loss_weights, (list, tuple, dict, float, int)):
            raise ValueError(
                "compile expected `loss_weights` to be a number (one output), or a list or dict of numbers "
                f"(several outputs); got {loss_weights!r} of type {type(loss_weights).__name__}."
            )
        _require_finite(loss_weights)
        self._user_loss = loss
        self._user_weights = loss_weights
        self._output_names = output_names
        self._dtype = dtype
        self._outputs: OutputMap | None = None
        self._parts: list[_OutputLoss] = []

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
        identifiers = self._one_for_each_output("loss", self._user_loss, outputs)
        weights = self._weights(outputs, identifiers)
        wanted = [identifier is not None for identifier in identifiers]
        targets = outputs.targets(y_true, wanted)
        predictions = outputs.predictions(y_pred)
        parts = []
        for place, identifier in enumerate(identifiers):
            if identifier is None:
                continue
            _require_target(targets[place], outputs.names[place], len(outputs))
            function = get_loss(identifier, targets[place], predictions[place])
            parts.append(_OutputLoss(place, function, weights[place]))
        if len(parts) > 1:
            for part in parts:
                name = outputs.names[part.place] or part.function.name
                part.tracker = metrics.Mean(name=f"{name}_loss", dtype=self._dtype)
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
            place = part.place
            _require_target(targets[place], outputs.names[place], len(outputs))
            value = part.function(targets[place], predictions[place], sample_weights[place])
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
        if isinstance(given, (int, float)):
            if len(outputs) != 1:
                raise ValueError(
                    f"compile expected one loss weight for each of the {len(outputs)} outputs (a list or a dict); "
                    f"got the number {given!r}."
                )
            return [float(given)]
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


def _require_target(target: Any, name: str | None, count: int) -> None:
    if target is None:
        which = f" of the output {name!r}" if count > 1 and name is not None else ""
        raise ValueError(
            f"The loss{which} needs targets, but `y` was not given. Pass `y`, or compile with loss=None "
            "if the model adds its own losses with `add_loss`."
        )
