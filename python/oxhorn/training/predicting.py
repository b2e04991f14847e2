"""`predict` and `predict_on_batch`: outputs written straight into their arrays, batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.callbacks import CallbackList
from oxhorn.training import checks
from oxhorn.training.data import DEFAULT_BATCH_SIZE, fixed_batch_size, make_arrays, make_feed
from oxhorn.training.data_adapters.arrays import as_column
from oxhorn.training.data_adapters.batch import Batch, Column
from oxhorn.training.feeds import Feed, warn_out_of_data, why_no_batch
from oxhorn.training.fitting import _ALL_STEPS, _UNWATCHED, _WATCHED
from oxhorn.training.host import has_host_part
from oxhorn.training.programs import cache_of, prediction, predicts_in_python
from oxhorn.training.steps import Steps, tensors_of
from oxhorn.training.structures import put_together, take_apart
from oxhorn.training.tracing import TracedPrediction


def predict(model: Any, x: Any, batch_size: Any, verbose: Any, steps: Any, callbacks: Any) -> Any:
    """`Model.predict`, whose docstring describes the arguments."""
    if callbacks is None and verbose == 0 and steps is None and type(x) is np.ndarray:
        limit = (
            DEFAULT_BATCH_SIZE
            if batch_size is None
            else checks.positive_int("predict", "batch_size", batch_size)
        )
        found = _small(model, x, limit)
        if found is not None:
            return found
    batch_size = checks.optional_positive_int("predict", "batch_size", batch_size)
    steps = checks.optional_positive_int("predict", "steps", steps)
    verbose = checks.verbosity("predict", verbose)
    feed = make_feed(model, "predict", x, batch_size=batch_size, steps=steps, inputs_only=True)
    try:
        first = feed.peek()
        if first is None:
            raise ValueError(f"predict got data that yields no batch: {why_no_batch(feed)}")
        in_python = predicts_in_python(model)
        if in_python is None:
            prediction(model, first)
        if not isinstance(callbacks, CallbackList):
            watched = verbose != 0 or bool(callbacks)
            callbacks = CallbackList(
                callbacks, add_progbar=verbose != 0, model=model, verbose=verbose, epochs=1, steps=feed.steps
            )
        else:
            watched = True
        outputs = _Outputs(model, in_python)
        _run(model, feed, outputs, callbacks, watched)
        if type(x) is np.ndarray and in_python is None and _takes_arrays_of_any_size(model):
            cache_of(model).small_predictions[(x.dtype.str, x.shape[1:])] = prediction(model, first)
        return outputs.result()
    finally:
        feed.close()


def _takes_arrays_of_any_size(model: Any) -> bool:
    return fixed_batch_size(model) is None and not has_host_part(model)


def predict_on_batch(model: Any, x: Any) -> Any:
    """`Model.predict_on_batch`."""
    if type(x) is np.ndarray:
        found = _small(model, x, len(x) if x.ndim else 0)
        if found is not None:
            return found
    batch = make_arrays(model, "predict_on_batch", x, None, None, None)
    outputs = _Outputs(model, predicts_in_python(model))
    outputs.run(batch, None, 0, batch.size, batch.size, 1, 0.0)
    return outputs.result()


def _small(model: Any, x: Column, limit: int) -> Any:
    """The outputs for an array that fits in one batch, if a program for its kind is at hand; else `None`."""
    cache = model._program_cache
    if cache is None or x.ndim == 0 or not 0 < x.shape[0] <= limit or not cache.is_fresh:
        return None
    traced = cache.small_predictions.get((x.dtype.str, x.shape[1:]))
    if traced is None:
        return None
    column = as_column(x, "x", traced.float_dtype)
    return put_together(traced.template, traced.program.run((column,)))


def _run(model: Any, feed: Feed, outputs: _Outputs, callbacks: CallbackList, watched: bool) -> None:
    model_steps: Callable[[Batch], Steps] = outputs.steps_for
    every = callbacks.needs_predict_batches
    budget = _WATCHED if watched else _UNWATCHED
    if model.stop_predicting:
        model._set(stop_predicting=False)
    callbacks.on_predict_begin()
    feed.begin_epoch()
    total = feed.steps
    done = 0
    while (total is None or done < total) and feed.has_data():
        if watched:
            callbacks.on_predict_batch_begin(done)
        left = _ALL_STEPS if total is None else total - done
        if every:
            done += feed.advance(model_steps, min(left, model.steps_per_execution), 1e9)
        else:
            done += feed.advance(model_steps, left, budget)
        if watched:
            callbacks.on_predict_batch_end(done - 1, {"outputs": outputs.latest()} if every else None)
        if model.stop_predicting:
            break
    feed.end_epoch()
    if total is not None and 0 < done < total and not model.stop_predicting:
        warn_out_of_data("predict", done, total)
    callbacks.on_predict_end()


class _Outputs:
    """Collects the outputs of steps: into arrays made beforehand where their shape is known, else piece by piece."""

    def __init__(self, model: Any, in_python: Callable[[Any], Any] | None) -> None:
        self._model = model
        self._in_python = in_python
        self._template: Any = None
        self._whole: list[Column] | None = None
        self._filled = 0
        self._from = 0
        self._pieces: list[list[Column]] = []
        self._fresh_from = 0
        self._loop: tuple[TracedPrediction, Any] | None = None

    def steps_for(self, batch: Batch) -> Steps:
        """Itself: every batch is run the same way."""
        del batch
        return self

    def logs(self) -> dict[str, Any]:
        """Predictions have no logs."""
        return {}

    def run(
        self,
        batch: Batch,
        order: Column | None,
        start: int,
        stop: int,
        batch_size: int,
        max_steps: int,
        budget: float,
    ) -> int:
        """Run steps over rows of a batch; rows consumed."""
        self._from, self._fresh_from = start, len(self._pieces)
        if self._in_python is not None:
            stop = min(stop, start + batch_size)
            data = tensors_of(batch, None if order is None else order[start:stop], start, stop)
            leaves: list[Any] = []
            self._template = take_apart(self._in_python(data), leaves)
            self._pieces.append([np.array(leaf) for leaf in leaves])
            return stop - start
        traced = prediction(self._model, batch)
        self._template = traced.template
        known = all(shape and shape[0] is None and None not in shape[1:] for shape in traced.shapes)
        if not known or batch_size >= batch.size or self._pieces:
            stop = min(stop, start + batch_size)
            self._pieces.append(traced.program.run([column[start:stop] for column in batch.columns]))
            return stop - start
        if self._whole is None:
            self._whole = [
                np.empty((batch.size, *shape[1:]), dtype)
                for shape, dtype in zip(traced.shapes, traced.dtypes, strict=True)
            ]
        if self._loop is None or self._loop[0] is not traced:
            self._loop = (traced, _core.EvalLoop(traced.program))
        rows: int = self._loop[1].run(
            batch.columns, order, start, stop, batch_size, max_steps, budget, self._whole
        )
        self._filled = start + rows
        return rows

    def latest(self) -> Any:
        """The outputs of the last call of `run`."""
        if self._whole is not None:
            return put_together(self._template, [whole[self._from : self._filled] for whole in self._whole])
        return put_together(self._template, _joined(self._pieces[self._fresh_from :]))

    def result(self) -> Any:
        """All outputs, in the structure of the model's outputs."""
        if self._whole is not None:
            rows = self._filled
            return put_together(
                self._template,
                [whole if len(whole) == rows else whole[:rows].copy() for whole in self._whole],
            )
        return put_together(self._template, _joined(self._pieces))


def _joined(pieces: list[list[Column]]) -> list[Column]:
    if len(pieces) == 1:
        return pieces[0]
    joined = []
    for place, parts in enumerate(zip(*pieces, strict=True)):
        try:
            joined.append(np.concatenate(parts))
        except ValueError as error:
            shapes = sorted({part.shape[1:] if part.ndim else () for part in parts})
            raise ValueError(
                f"predict cannot join output {place} of the batches: their shapes without the batch axis are {shapes}. "
                "Call predict_on_batch for each batch instead."
            ) from error
    return joined
