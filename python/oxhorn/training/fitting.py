"""The loops of `fit` and `evaluate`: epochs, steps, callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oxhorn.callbacks import CallbackList
from oxhorn.engine.seed_generator import noting
from oxhorn.training import checks
from oxhorn.training.closures import wants_closure, warn_if_in_batches
from oxhorn.training.data import make_feed
from oxhorn.training.data_adapters.packing import unpack_x_y_sample_weight
from oxhorn.training.data_adapters.sources import find_source
from oxhorn.training.data_adapters.splitting import train_validation_split
from oxhorn.training.feeds import Feed, StepsFor, warn_out_of_data, why_no_batch
from oxhorn.training.logs import python_logs
from oxhorn.training.programs import test_steps, train_steps
from oxhorn.training.random_state import GeneratorsInUse
from oxhorn.training.steps import Steps

if TYPE_CHECKING:
    from oxhorn.training.resuming import KeptRun

# Seconds after which the core hands back control: often enough for a progress bar, or hardly ever if nobody looks.
_WATCHED = 0.1
_UNWATCHED = 1.0
_ALL_STEPS = 2**31 - 1


def fit(
    model: Any,
    *,
    x: Any,
    y: Any,
    batch_size: Any,
    epochs: Any,
    verbose: Any,
    callbacks: Any,
    validation_split: Any,
    validation_data: Any,
    shuffle: Any,
    class_weight: Any,
    sample_weight: Any,
    initial_epoch: Any,
    steps_per_epoch: Any,
    validation_steps: Any,
    validation_batch_size: Any,
    validation_freq: Any,
    resume: Any,
) -> Any:
    """`Model.fit`, whose docstring describes the arguments."""
    checks.compiled(model, "fit")
    checks.trainable_as_compiled(model)
    epochs = checks.limited_epochs(checks.positive_int("fit", "epochs", epochs))
    initial_epoch = checks.non_negative_int("fit", "initial_epoch", initial_epoch)
    batch_size = checks.optional_positive_int("fit", "batch_size", batch_size)
    steps_per_epoch = checks.optional_positive_int("fit", "steps_per_epoch", steps_per_epoch)
    validation_steps = checks.optional_positive_int("fit", "validation_steps", validation_steps)
    validation_batch_size = checks.optional_positive_int(
        "fit", "validation_batch_size", validation_batch_size
    )
    validated = checks.validation_epochs(validation_freq)
    verbose = checks.verbosity("fit", verbose)
    shuffle = checks.boolean("fit", "shuffle", shuffle)
    generators = GeneratorsInUse()
    with model._exclusively("fit"), noting(generators.note):
        if validation_split != 0 and validation_data is None:
            if find_source("fit", x, False) is not None:
                raise ValueError(
                    "fit can split off validation data only from arrays; `x` yields batches. Pass `validation_data`."
                )
            (x, y, sample_weight), validation_data = train_validation_split(
                x, y, sample_weight, validation_split
            )
        feed = make_feed(
            model,
            "fit",
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps_per_epoch,
            steps_name="steps_per_epoch",
            shuffle=shuffle,
            class_weight=class_weight,
            goes_on=True,
            whole=wants_closure(model.optimizer),
        )
        warn_if_in_batches(model.optimizer, feed.steps)
        validation = kept = None
        if validation_data is not None:
            validation = _validation_feed(
                model, validation_data, validation_batch_size, batch_size, validation_steps
            )
        try:
            # Errors in shapes and names come now, before a callback or a progress bar has started.
            steps = _prepare(model, "fit", feed, lambda batch: train_steps(model, batch))
            if resume is not None:
                from oxhorn.training.resuming import with_keeper

                callbacks = with_keeper(callbacks, resume)
            if not isinstance(callbacks, CallbackList):
                watched = verbose != 0 or bool(callbacks)
                callbacks = CallbackList(
                    callbacks,
                    add_history=True,
                    add_progbar=verbose != 0,
                    model=model,
                    verbose=verbose,
                    epochs=epochs,
                    steps=feed.steps,
                )
            else:
                watched = True
            if any(callback._keeps_snapshots for callback in callbacks.callbacks):
                from oxhorn.training.resuming import KeptRun

                kept = KeptRun(model, feed, validation, callbacks, class_weight, steps, generators)
            _Fitting(model, feed, validation, callbacks, watched, validated, kept).run(initial_epoch, epochs)
        finally:
            feed.close()
            if validation is not None:
                validation.close()
            if kept is not None:
                kept.released()
        return model.history


def evaluate(
    model: Any, x: Any, y: Any, batch_size: Any, verbose: Any, sample_weight: Any, steps: Any, callbacks: Any
) -> dict[str, Any]:
    """`Model.evaluate`, whose docstring describes the arguments; the logs by name."""
    checks.compiled(model, "evaluate")
    batch_size = checks.optional_positive_int("evaluate", "batch_size", batch_size)
    steps = checks.optional_positive_int("evaluate", "steps", steps)
    verbose = checks.verbosity("evaluate", verbose)
    with model._exclusively("evaluate"):
        feed = make_feed(model, "evaluate", x, y, sample_weight, batch_size=batch_size, steps=steps)
        try:
            _prepare(model, "evaluate", feed, lambda batch: test_steps(model, batch))
            watched = True
            if not isinstance(callbacks, CallbackList):
                watched = verbose != 0 or bool(callbacks)
                callbacks = CallbackList(
                    callbacks,
                    add_progbar=verbose != 0,
                    model=model,
                    verbose=verbose,
                    epochs=1,
                    steps=feed.steps,
                )
            return evaluate_feed(model, feed, callbacks, watched, "evaluate")
        finally:
            feed.close()


def evaluate_feed(
    model: Any, feed: Feed, callbacks: CallbackList, watched: bool, method: str
) -> dict[str, Any]:
    """The logs of one pass over a feed, without training."""
    model._set(stop_evaluating=False)
    callbacks.on_test_begin()
    model.reset_metrics()
    done = run_steps(
        feed,
        lambda batch: test_steps(model, batch),
        begin=callbacks.on_test_batch_begin,
        end=callbacks.on_test_batch_end,
        stop=lambda: model.stop_evaluating,
        steps_per_execution=model.steps_per_execution if callbacks.needs_test_batches else None,
        watched=watched,
        method=method,
    )
    if done == 0:
        raise ValueError(f"{method} got no validation or test data: {why_no_batch(feed)}")
    logs = _logs_of(feed)
    callbacks.on_test_end(logs)
    return logs


def run_steps(
    feed: Feed,
    steps_for: StepsFor,
    *,
    begin: Any,
    end: Any,
    stop: Any,
    steps_per_execution: int | None,
    watched: bool,
    method: str,
    done: int | None = None,
    most_steps: Callable[[], int] | None = None,
) -> int:
    """One epoch; the number of steps done.

    Args:
        feed: The data.
        steps_for: How to run steps on it.
        begin: Called with the number of the step before steps are run.
        end: Called with the number of the last step, and the logs, after they ran.
        stop: Whether to stop, asked after `end`.
        steps_per_execution: Steps between calls of `begin` and `end`; `None` for as many as take a moment.
        watched: Whether anybody listens to `begin` and `end`.
        method: The method that was called, for warnings.
        done: Steps done before, in an epoch that is gone on with; `None` for a new one.
        most_steps: How many steps may run before somebody wants to hear of them, where that is all that is wanted.
    """
    if done is None:
        feed.begin_epoch()
        done = 0
    elif stop():
        feed.end_epoch()
        return done
    total = feed.steps
    budget = _WATCHED if watched else _UNWATCHED
    while (total is None or done < total) and feed.has_data():
        if watched:
            begin(done)
        left = _ALL_STEPS if total is None else total - done
        # Whatever looks at batches sees steps_per_execution of them at a time, however long they take.
        if most_steps is not None:
            done += feed.advance(steps_for, min(left, most_steps()), budget)
        elif steps_per_execution is None:
            done += feed.advance(steps_for, left, budget)
        else:
            done += feed.advance(steps_for, min(left, steps_per_execution), 1e9)
        if watched:
            steps = feed.last_steps()
            assert steps is not None
            end(done - 1, steps.logs())
        if stop():
            feed.end_epoch()
            return done
    feed.end_epoch()
    if total is not None and 0 < done < total:
        warn_out_of_data(method, done, total)
    return done


class _Fitting:
    """One call of `fit`, its arguments checked and its data ready."""

    def __init__(
        self,
        model: Any,
        feed: Feed,
        validation: Feed | None,
        callbacks: CallbackList,
        watched: bool,
        validated: int | frozenset[int],
        kept: KeptRun | None,
    ) -> None:
        self.model = model
        self.feed = feed
        self.validation = validation
        self.callbacks = callbacks
        self.watched = watched
        self.validated = validated
        self.kept = kept
        self.logs: dict[str, Any] = {}

    def run(self, initial_epoch: int, epochs: int) -> None:
        """All epochs. After Ctrl-C the callbacks still hear of the end, and the interrupt goes on to the caller."""
        model, callbacks, kept = self.model, self.callbacks, self.kept
        model._set(stop_training=False, _initial_epoch=None)
        callbacks._set_feed(self.feed)
        found = None if kept is None else kept.find()
        callbacks.on_train_begin()
        if model._initial_epoch is not None:
            initial_epoch = model._initial_epoch
        if kept is not None:
            initial_epoch, self.logs = kept.begin(initial_epoch, epochs)
        try:
            try:
                for epoch in range(initial_epoch, epochs):
                    first = epoch == initial_epoch and found is None
                    if not self.epoch(epoch, first) or model.stop_training:
                        break
            finally:
                if hasattr(model.optimizer, "finalize_variable_values"):
                    model.optimizer.finalize_variable_values(model.trainable_variables)
        except KeyboardInterrupt:
            callbacks.on_train_end(self.logs)
            raise
        callbacks.on_train_end(self.logs)
        if kept is not None:
            kept.ended()

    def epoch(self, epoch: int, first: bool) -> bool:
        """One epoch; whether there was data for it."""
        model, callbacks, kept = self.model, self.callbacks, self.kept
        done = None if kept is None else kept.steps_done(epoch)
        if done is None:
            self.feed.begin_epoch()
            if not first and not self.feed.has_data():
                warn_out_of_data("fit", 0, self.feed.steps or 1)
                self.feed.end_epoch()
                return False
            model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        if kept is not None and done is not None:
            kept.put()
        run_steps(
            self.feed,
            lambda batch: train_steps(model, batch),
            begin=callbacks.on_train_batch_begin,
            end=callbacks.on_train_batch_end if kept is None else kept.after_batches(epoch),
            stop=lambda: model.stop_training,
            steps_per_execution=model.steps_per_execution if callbacks.needs_train_batches else None,
            watched=self.watched,
            method="fit",
            done=done,
            most_steps=None if kept is None else kept.most_steps(),
        )
        logs = _logs_of(self.feed)
        if kept is not None:
            logs = kept.logs_of(logs)
        if self.validation is not None and self._validates(epoch + 1):
            results = evaluate_feed(model, self.validation, callbacks, self.watched, "validation in fit")
            logs.update({f"val_{name}": value for name, value in results.items()})
        callbacks.on_epoch_end(epoch, logs)
        self.logs = logs
        if kept is not None:
            kept.after_epoch(epoch, logs)
        return True

    def _validates(self, epoch: int) -> bool:
        if isinstance(self.validated, int):
            return epoch % self.validated == 0
        return epoch in self.validated


def _logs_of(feed: Feed) -> dict[str, Any]:
    steps = feed.last_steps()
    return {} if steps is None else python_logs(steps.logs())


def _prepare(model: Any, method: str, feed: Feed, steps_for: StepsFor) -> Steps:
    batch = feed.peek()
    if batch is None:
        raise ValueError(f"{method} got data that yields no batch: {why_no_batch(feed)}")
    return steps_for(batch)


def _validation_feed(
    model: Any, data: Any, validation_batch_size: int | None, batch_size: int | None, steps: int | None
) -> Feed:
    if find_source("fit", data, False) is not None:
        return make_feed(model, "validation in fit", data, steps=steps, steps_name="validation_steps")
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    brings_batches = find_source("fit", x, False) is not None
    size = None if brings_batches else validation_batch_size or batch_size
    return make_feed(
        model,
        "validation in fit",
        x,
        y,
        sample_weight,
        batch_size=size,
        steps=steps,
        steps_name="validation_steps",
    )
