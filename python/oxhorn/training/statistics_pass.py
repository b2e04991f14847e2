"""One pass over training data that updates statistics and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn import _core
from oxhorn.training.data_adapters.batch import Batch, Column
from oxhorn.training.feeds import Feed
from oxhorn.training.steps import rows_of
from oxhorn.training.tracing import graph_inputs, tracing


def pass_in_training(model: Any, feed: Feed, after_batch: Callable[[], None]) -> int:
    """Runs the model over an epoch of a feed as in training, without a loss and without an update.

    Args:
        model: The model.
        feed: The data.
        after_batch: Called after each batch.

    Returns:
        The number of batches; 0 if the data can be read only once, and was.
    """
    made: dict[Any, _ForwardSteps] = {}

    def steps_for(batch: Batch) -> _ForwardSteps:
        key = batch.spec
        if key not in made:
            made[key] = _ForwardSteps(model, batch, after_batch)
        return made[key]

    feed.begin_epoch()
    done = 0
    while (feed.steps is None or done < feed.steps) and feed.has_data():
        done += feed.advance(steps_for, 1, 1e9)
    feed.end_epoch()
    return done


class _ForwardSteps:
    """Steps that are forward passes."""

    def __init__(self, model: Any, batch: Batch, after_batch: Callable[[], None]) -> None:
        with tracing(model) as graph:
            model._forward(graph_inputs(graph, batch)[0], training=True)
            self._program: _core.Program = graph.compile([])
        self._after_batch = after_batch

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
        del budget
        at = start
        for _ in range(max_steps):
            if at >= stop:
                break
            end = min(at + batch_size, stop)
            self._program.run(rows_of(batch, order, at, end))
            self._after_batch()
            at = end
        return at - start

    def logs(self) -> dict[str, Any]:
        return {}
