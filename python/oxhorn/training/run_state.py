"""All that the rest of a run depends on: taken, compared, and put in place, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oxhorn import config
from oxhorn.callbacks.callback_list import CallbackList, python_logs
from oxhorn.engine import tracing
from oxhorn.engine.seed_generator import global_generators
from oxhorn.optimizers.optimizer import Optimizer
from oxhorn.saving.weight_paths import weights_by_path
from oxhorn.training import fingerprint
from oxhorn.training.feeds import Feed
from oxhorn.training.programs import has_own_step
from oxhorn.training.random_state import GeneratorsInUse, get_random_state, set_random_state

Array = np.ndarray[Any, Any]


@dataclass
class Position:
    """How far a run is.

    Attributes:
        epoch: The epoch to go on with.
        step: Steps done in it; 0 between epochs.
        logs: The last logs: of the epoch before, or of the steps done.
        stop: Whether training was told to stop.
    """

    epoch: int
    step: int = 0
    logs: dict[str, Any] = field(default_factory=dict)
    stop: bool = False


class RunState:
    """The state of one call of `fit`.

    Args:
        model: The model.
        feed: The training data.
        validation: The validation data, or `None`.
        callbacks: The callbacks.
        class_weight: Weight for each class, or `None`.
        generators: Those that have drawn since `fit` was called.
    """

    def __init__(
        self,
        model: Any,
        feed: Feed,
        validation: Feed | None,
        callbacks: CallbackList,
        class_weight: Any,
        generators: GeneratorsInUse,
    ) -> None:
        self.model = model
        self.feed = feed
        self.validation = validation
        self.callbacks = callbacks
        self.generators = generators
        base, _, given = config.seed_stream_state()
        variables = self._variables()
        # A run that goes on has the settings of the one that began.
        self.fixed: dict[str, Any] = {
            "layers": fingerprint.describe_model(model),
            "weights": {name: f"{tuple(v.shape)} {v.dtype}" for name, v in variables.items()},
            "trainable": self._flags(variables)[1],
            "compile": fingerprint.describe_compiled(model),
            "optimizers": self._optimizer_settings(),
            "fit": fingerprint.plain({**feed.describe(), "class_weight": class_weight}),
            "seed": base if given else None,
        }

    # Taking ------------------------------------------------------------------------------------------------

    def take(self, position: Position) -> dict[str, Any]:
        """The state now, as plain data and arrays."""
        variables = self._variables()
        return {
            "epoch": position.epoch,
            "step": position.step,
            "logs": python_logs(position.logs),
            "stop": position.stop,
            "weights": {name: variable.numpy() for name, variable in variables.items()},
            "trainable": self._flags(variables),
            "extra": [layer._extra_state() for layer in self.model._flatten_layers()],
            "optimizers": [[v.numpy() for v in each.variables] for each in self._optimizers()],
            "settings": self._optimizer_settings(),
            "metrics": [v.numpy() for v in self._metric_variables()] if position.step else None,
            "random": {**get_random_state(), "in use": self.generators.get_state(self._random_variables())},
            "feed": self.feed.get_state(),
            "validation": None if self.validation is None else self.validation.get_state(),
            "callbacks": self._callback_states(),
        }

    def _variables(self) -> dict[str, Any]:
        """All variables of the model, by names that do not depend on how many models there were before."""
        model = self.model
        try:
            found = weights_by_path(model)
        except ValueError:
            # Layers that no attribute leads to; their order is still the order of the code.
            found = {f"weights/{i}": variable for i, variable in enumerate(model.weights)}
        named = {id(variable) for variable in found.values()}
        others = [variable for variable in model.variables if id(variable) not in named]
        return {**found, **{f"state/{i}": variable for i, variable in enumerate(others)}}

    def _flags(self, variables: dict[str, Any]) -> tuple[list[bool], dict[str, bool]]:
        """What is trainable: of the layers, and of the variables."""
        layers = [bool(layer.__dict__["_trainable"]) for layer in self.model._flatten_layers()]
        return layers, {name: bool(variable.trainable) for name, variable in variables.items()}

    def _optimizers(self) -> list[Any]:
        """The model's optimizer, and others that are its attributes, as where two networks train each other.

        Where it has a step of its own, also those of models inside it, which may have been compiled on their own.
        """
        model = self.model
        found = [model.optimizer]
        for part in model._flatten_layers() if has_own_step(model) else [model]:
            for value in vars(part).values():
                several = value.values() if isinstance(value, dict) else value
                found.extend(several if isinstance(several, (list, tuple, type({}.values()))) else [several])
        return list({id(each): each for each in found if isinstance(each, Optimizer)}.values())

    def _optimizer_settings(self) -> list[Any]:
        return [fingerprint.describe_optimizers(each) for each in self._optimizers()]

    def _metric_variables(self) -> list[Any]:
        return [variable for metric in self.model.metrics for variable in metric.variables]

    def _callbacks(self) -> dict[str, Any]:
        """The callbacks by class and number."""
        found: dict[str, Any] = {}
        for callback in self.callbacks.callbacks:
            if not callback._keeps_snapshots:
                name = type(callback).__name__
                count = sum(type(other).__name__ == name for other in found.values())
                found[f"{name} {count + 1}"] = callback
        return found

    def _callback_states(self) -> dict[str, Any]:
        states = {name: callback.get_state() for name, callback in self._callbacks().items()}
        return {name: state for name, state in states.items() if state is not None}

    @property
    def is_complete(self) -> bool:
        """Whether nothing is still to be made by the first step."""
        return all(each.built for each in self._optimizers()) or not self.model.trainable_variables

    # Comparing ---------------------------------------------------------------------------------------------

    def differences(self, fixed: dict[str, Any], state: dict[str, Any]) -> list[str]:
        """In which respects a snapshot is of another run, in words; `[]` if it is of this one."""
        then, now = dict(fixed), dict(self.fixed)
        if then.get("seed") is None or now["seed"] is None:
            then["seed"] = now["seed"] = None
        # What a callback changed on the way is set again, and may be anything now.
        flags, last = then["trainable"], state["trainable"][1]
        for side in (then, now):
            side["trainable"] = {
                name: flag for name, flag in side["trainable"].items() if flags.get(name) == last.get(name)
            }
        then["optimizers"] = _without_changed(then["optimizers"], then["optimizers"], state["settings"])
        now["optimizers"] = _without_changed(now["optimizers"], fixed["optimizers"], state["settings"])
        found = fingerprint.differences(then, now)
        if found:
            return found
        have = self._callbacks()
        found = [
            f"callbacks: {name.rsplit(' ', 1)[0]} in the snapshot, nothing here"
            for name in state["callbacks"]
            if name not in have
        ]
        return found + _differing(state["weights"], self._variables())

    # Putting in place --------------------------------------------------------------------------------------

    def place_feeds(self, state: dict[str, Any]) -> None:
        """Bring the data to where the run stopped."""
        if state["feed"].get("ended", 0) > state["epoch"] + 1:
            raise ValueError("the data had more epochs than the run.")
        self.feed.set_state(state["feed"])
        # Other data to validate with change nothing in the training.
        validation, then = self.validation, state["validation"]
        if validation is not None and then is not None and validation.get_state().keys() == then.keys():
            validation.set_state(then)

    def needs_a_step(self, state: dict[str, Any]) -> bool:
        """Whether something in the state is made by the first step only, as where Python runs the steps."""
        counts = [len(each.variables) for each in self._optimizers()]
        metrics = state["metrics"]
        return counts != [len(values) for values in state["optimizers"]] or (
            metrics is not None and len(metrics) != len(self._metric_variables())
        )

    def put(self, state: dict[str, Any]) -> None:
        """Makes everything but the data as it was, or changes nothing.

        Raises:
            ValueError: If the state does not fit.
        """
        before = self.take(Position(0, step=1))
        try:
            self._put(state)
        except BaseException:
            self._put(before)
            raise

    def put_back(self, state: dict[str, Any]) -> None:
        """Makes the variables as they were; some may have been made since."""
        for name, variable in self._variables().items():
            if name in state["weights"]:
                variable.assign(state["weights"][name])
        self._put_random(state["random"])

    def _put_random(self, state: dict[str, Any]) -> None:
        set_random_state(state)
        # Files of the first runs had no generators in use.
        self.generators.set_state(state.get("in use", []), self._random_variables())

    def _random_variables(self) -> set[int]:
        """By identity, the variables of generators that have their places: in the model, or the global one's."""
        return {id(v) for v in [*self.model.variables, *(each.state for each in global_generators())]}

    def _put(self, state: dict[str, Any]) -> None:
        problems = _differing(state["weights"], self._variables())
        if problems:
            raise ValueError("; ".join(problems))
        # First, because one may say which weights are trained, and so what the optimizer keeps.
        have = self._callbacks()
        for name, callback_state in state["callbacks"].items():
            have[name].set_state(callback_state)
        for layer, extra in zip(self.model._flatten_layers(), state["extra"], strict=True):
            if extra is not None:
                layer._set_extra_state(extra)
        self._set_flags(*state["trainable"])
        for name, variable in self._variables().items():
            variable.assign(state["weights"][name])
        for optimizer, settings, values in zip(
            self._optimizers(), state["settings"], state["optimizers"], strict=True
        ):
            _set_settings(optimizer, settings)
            if optimizer.built:
                optimizer.set_weights(values)
            else:
                _assign(optimizer.variables, values, "optimizer")
        if state["metrics"] is not None:
            _assign(self._metric_variables(), state["metrics"], "metric")
        self._put_random(state["random"])
        self.model._set(stop_training=bool(state["stop"]))

    def _set_flags(self, layers: list[bool], flags: dict[str, bool]) -> None:
        model, variables = self.model, self._variables()
        if (layers, flags) == self._flags(variables):
            return
        for layer, flag in zip(model._flatten_layers(), layers, strict=True):
            layer.__dict__["_trainable"] = flag
        for name, variable in variables.items():
            if variable.trainable != flags[name]:
                variable.trainable = flags[name]
        tracing.state_changed()
        model._set(_compiled_trainable={layer: layer.trainable for layer in model._flatten_layers()})
        if model.optimizer.built:
            model.optimizer.rebuild(model.trainable_variables)


def _differing(values: dict[str, Any], variables: dict[str, Any]) -> list[str]:
    """Where arrays do not fit the variables of the same name."""
    return fingerprint.differences(
        {name: _kind(value) for name, value in values.items()},
        {name: f"{tuple(variable.shape)} {variable.dtype}" for name, variable in variables.items()},
    )


def _kind(value: Any) -> str:
    return f"{value.shape} {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def _assign(variables: Sequence[Any], values: Sequence[Any], what: str) -> None:
    wanted = [f"{tuple(variable.shape)} {variable.dtype}" for variable in variables]
    given = [_kind(value) for value in values]
    if wanted != given:
        raise ValueError(f"expected the variables of each {what} to be {wanted}; got {given}")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _without_changed(these: Any, first: Any, last: Any) -> list[Any]:
    """Settings of optimizers without those that changed between the beginning of a run and its snapshot."""
    return [
        [
            {key: value for key, value in one.items() if begin.get(key) == end.get(key)}
            for one, begin, end in zip(each, begins, ends, strict=False)
        ]
        for each, begins, ends in zip(these, first, last, strict=False)
    ]


def _set_settings(optimizer: Any, settings: list[dict[str, Any]]) -> None:
    """Hyperparameters that a callback changed."""
    for each, now, then in zip(
        optimizer._with_inner(),
        fingerprint.describe_optimizers(optimizer),
        settings,
        strict=True,
    ):
        factors = "learning_rate_multipliers"
        if now.get(factors) != then.get(factors):
            each.set_learning_rate_multipliers(then.get(factors))
        for key, value in then.items():
            if now.get(key) != value and key in now and isinstance(value, (bool, int, float)):
                setattr(each, key, value)
