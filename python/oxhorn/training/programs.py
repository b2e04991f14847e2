"""What a model's steps were traced to, kept until something changes that was traced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from oxhorn.engine.tracing import state_version
from oxhorn.training.closures import ClosureSteps, trace_closure_step, wants_closure
from oxhorn.training.data_adapters.batch import Batch, Dtypes
from oxhorn.training.input_checks import data_dtypes
from oxhorn.training.logs import merge_with_metrics
from oxhorn.training.steps import AppliedSteps, PythonSteps, Steps, TracedSteps
from oxhorn.training.tracing import TracedPrediction, trace_predict_step, trace_test_step, trace_train_step

Kept = TypeVar("Kept")

# Data whose inner shapes keep changing, such as sequences of any length, would fill the memory with programs.
_MOST_KEPT = 64


class ProgramCache:
    """The traced steps of one model by data spec; all are dropped when an attribute of a layer changes."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._version = -1
        self._kept: dict[Hashable, Any] = {}
        self._dtypes: Dtypes | None = None
        self.small_predictions: dict[tuple[str, tuple[int, ...]], TracedPrediction] = {}

    @property
    def is_fresh(self) -> bool:
        """Whether nothing changed since the last trace."""
        return self._version == state_version()

    def _refresh(self) -> None:
        if not self.is_fresh:
            self._kept = {}
            self._dtypes = None
            self.small_predictions = {}
            self._version = state_version()

    def dtypes(self, model: Any) -> Dtypes:
        """Floating point dtypes of the model's data."""
        with self._lock:
            self._refresh()
            if self._dtypes is None:
                self._dtypes = data_dtypes(model)
            return self._dtypes

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What is kept under `key`, made first if there is nothing."""
        if self.is_fresh:
            found: Kept | None = self._kept.get(key)
            if found is not None:
                return found
        with self._lock:
            self._refresh()
            found = self._kept.get(key)
            if found is None:
                found = make()
                # Tracing may have built layers; what was traced has seen that. Older programs have not.
                if not self.is_fresh:
                    self._kept = {}
                    self.small_predictions = {}
                    self._version = state_version()
                if len(self._kept) >= _MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = found
            return found


def cache_of(model: Any) -> ProgramCache:
    """The model's cache, made when it has none."""
    cache: ProgramCache | None = model._program_cache
    if cache is None:
        cache = ProgramCache()
        model._set(_program_cache=cache)
    return cache


def train_steps(model: Any, batch: Batch) -> Steps:
    """How to train on data like `batch`."""
    from oxhorn.training.trainer import Trainer

    if _overridden(model, "make_train_function", Trainer):
        return PythonSteps(
            model, model.make_train_function() or model.train_function, True, merge_with_metrics
        )
    if model.run_eagerly or _overridden(model, "train_step", Trainer):
        return cache_of(model).get(
            "train", lambda: PythonSteps(model, model.train_step, False, merge_with_metrics)
        )
    return cache_of(model).get(("train", batch.spec), lambda: _traced_steps(model, batch))


def has_own_step(model: Any) -> bool:
    """Whether the model has a `train_step` of its own."""
    from oxhorn.training.trainer import Trainer

    return _overridden(model, "train_step", Trainer)


def build_optimizer(model: Any) -> bool:
    """Make the optimizer's variables before the first step in Python does; whether they are there.

    A `train_step` of one's own may train some of the weights alone, and makes them itself.
    """
    optimizer, variables = model.optimizer, list(model.trainable_variables)
    if variables and not optimizer.built and not has_own_step(model):
        optimizer.build(variables)
    return bool(optimizer.built)


def _traced_steps(model: Any, batch: Batch) -> Steps:
    if wants_closure(model.optimizer):
        closure = trace_closure_step(model, batch)
        if closure is not None:
            return ClosureSteps(model, closure)
    step = trace_train_step(model, batch)
    return AppliedSteps(model, step) if step.apart else TracedSteps(model, step)


def test_steps(model: Any, batch: Batch) -> Steps:
    """How to evaluate data like `batch`."""
    from oxhorn.training.trainer import Trainer

    if _overridden(model, "make_test_function", Trainer):
        return PythonSteps(model, model.make_test_function() or model.test_function, True, merge_with_metrics)
    if model.run_eagerly or _overridden(model, "test_step", Trainer):
        return cache_of(model).get(
            "test", lambda: PythonSteps(model, model.test_step, False, merge_with_metrics)
        )
    return cache_of(model).get(
        ("test", batch.spec), lambda: TracedSteps(model, trace_test_step(model, batch))
    )


def prediction(model: Any, batch: Batch) -> TracedPrediction:
    """The traced forward pass for data like `batch`."""
    return cache_of(model).get(("predict", batch.spec), lambda: trace_predict_step(model, batch))


def predicts_in_python(model: Any) -> Callable[[Any], Any] | None:
    """The function that predicts a batch in Python, where the model asks for that."""
    from oxhorn.training.trainer import Trainer

    if _overridden(model, "make_predict_function", Trainer):
        function = model.make_predict_function() or model.predict_function
        return lambda data: function(iter((data,)))
    if model.run_eagerly or _overridden(model, "predict_step", Trainer):
        step: Callable[[Any], Any] = model.predict_step
        return step
    return None


def _overridden(model: Any, name: str, base: type) -> bool:
    """Whether a subclass, or an assignment to the model itself, replaces a method."""
    return getattr(getattr(model, name), "__func__", None) is not getattr(base, name)
