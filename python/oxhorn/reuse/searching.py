"""`search_reused_layers`: how many layers to keep is tried out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oxhorn import tree
from oxhorn.arguments import boolean, describe, positive_integer
from oxhorn.callbacks.callback import Logs
from oxhorn.callbacks.monitor_callback import MonitorCallback
from oxhorn.config import set_random_seed
from oxhorn.layers.input_layer import Input, InputLayer
from oxhorn.layers.layer import Layer
from oxhorn.models.functional import Functional
from oxhorn.reuse.cutting import graph_of
from oxhorn.reuse.freezing import freeze as freeze_layers
from oxhorn.reuse.selecting import check_model, select_one
from oxhorn.reuse.tops import put_on, steps_of, with_new_top


@dataclass
class ReuseSearch:
    """What `search_reused_layers` found.

    Attributes:
        records: One dict for each model that was tried, in the order in which they were: `keep`, `frozen`, `cached`,
            `trained` (the number of weights that training changes), `seconds`, and the logs of the last epoch.
        monitor: The log that decides.
        best: The record that is best by it; the first of several equals.
        model: The model of that record, trained.

    Example:
    >>> import oxhorn as keras
    >>> records = [{"keep": 1, "frozen": True, "trained": 12, "seconds": 0.2, "val_loss": 0.5}]
    >>> print(keras.reuse.ReuseSearch("val_loss", records, best=records[0]))
    keep  frozen  trained  seconds  val_loss
    1     yes     12       0.2      0.5000 <- best
    """

    monitor: str
    records: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    model: Any = None

    def __str__(self) -> str:
        columns = ["keep", "frozen", "trained", "seconds", self.monitor]
        rows = [
            [
                str(record["keep"]),
                "yes" if record["frozen"] else "no",
                f"{record['trained']:,}",
                f"{record['seconds']:.1f}",
                f"{record[self.monitor]:.4f}" + (" <- best" if record is self.best else ""),
            ]
            for record in self.records
        ]
        widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in [columns, *rows]
        )


def search_reused_layers(
    model: Any,
    build_top: Callable[[], Any],
    x: Any,
    y: Any,
    *,
    validation_data: Any,
    keep: Sequence[Any],
    freeze: bool | Sequence[bool] = True,
    epochs: int = 5,
    batch_size: int = 32,
    compile: Mapping[str, Any] | Callable[[Any], Any] | None = None,
    monitor: str = "val_loss",
    mode: str = "auto",
    seed: int = 0,
) -> ReuseSearch:
    """Tries how many trained layers to keep under a new top.

    For each entry of `keep`, the layers up to there are copied, the new top is put on them, and the model is trained.
    The given model is not changed. Frozen layers are computed once (`cache_features`) where that is possible. Every
    model starts from the same seed, so that a search repeats.

    Args:
        model: The trained model, Sequential or functional.
        build_top: A function without arguments that makes the new top: layers, or a function of a tensor, as
            `with_new_top` takes them; new ones at each call.
        x: Training inputs: arrays.
        y: Targets.
        validation_data: `(x, y)` or `(x, y, sample_weight)`.
        keep: What to try: numbers of layers to keep, counted from below without input layers (0: none), or last
            layers to keep (their names, or themselves).
        freeze: Whether the kept layers are frozen; a list tries each. Defaults to True.
        epochs: Epochs of training. Defaults to 5.
        batch_size: Samples in a batch. Defaults to 32.
        compile: The arguments of `compile` as a dict, with the optimizer by name; or a function that compiles a
            model. Defaults to what `model` was compiled with, afresh.
        monitor: The log that decides. Defaults to `"val_loss"`.
        mode: `"min"`, `"max"` or `"auto"`: whether less or more of it is better. Defaults to `"auto"`.
        seed: For `set_random_seed`, before each model. Defaults to 0.

    Returns:
        A `ReuseSearch`, which prints as a table.

    Raises:
        TypeError: If `model` is not a model, or something else is of the wrong type.
        ValueError: If there is nothing to try, a layer is not there, or the log is not.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x, y = np.random.default_rng(0).normal(size=(64, 4)), np.zeros(64)
    >>> names = ["hidden1", "hidden2", "output"]
    >>> base = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> base.compile("sgd", loss="mse")
    >>> found = keras.reuse.search_reused_layers(
    ...     base, lambda: [keras.layers.Dense(1)], x, y, validation_data=(x, y), keep=[1, 2], epochs=1
    ... )
    >>> [record["keep"] for record in found.records]
    [1, 2]

    An addition to Keras's interface.
    """
    who = "search_reused_layers"
    check_model(model, who)
    graph_of(model, who)
    if not callable(build_top) or isinstance(build_top, Layer):
        raise TypeError(
            f"{who}: expected `build_top` to be a function that makes new layers at each call; got "
            f"{describe(build_top)}."
        )
    if compile is None and not model.compiled:
        raise ValueError(f"{who}: {model.name!r} is not compiled, so `compile` must say how to train.")
    epochs, batch_size = (
        positive_integer(value, name, who) for value, name in ((epochs, "epochs"), (batch_size, "batch_size"))
    )
    flags = [
        boolean(flag, "freeze", who) for flag in (freeze if isinstance(freeze, (list, tuple)) else [freeze])
    ]
    if not isinstance(keep, (list, tuple, range)) or not len(keep) or not flags:
        raise ValueError(f"{who}: expected `keep` to be a list of what to try; got {describe(keep)}.")
    ends = [(each, _last_layer(model, each, who)) for each in keep]
    found = ReuseSearch(monitor)
    best: float | None = None
    for each, end in ends:
        for frozen in flags if end is not None else [False]:
            set_random_seed(seed)
            made = _candidate(model, build_top, end, frozen, compile)
            watch = _LastValue(monitor, mode)
            start = time.perf_counter()
            cached = frozen and _fit_on_features(made, x, y, validation_data, end, watch, epochs, batch_size)
            if not cached:
                made.fit(
                    x,
                    y,
                    batch_size=batch_size,
                    epochs=epochs,
                    validation_data=validation_data,
                    callbacks=[watch],
                    verbose=0,
                )
            record = {
                "keep": getattr(each, "name", each),
                "frozen": frozen,
                "cached": cached,
                "trained": sum(math.prod(v.shape) for v in made.trainable_variables),
                "seconds": time.perf_counter() - start,
                **watch.logs,
            }
            found.records.append(record)
            if not found.best or watch.is_improvement(record[monitor], best):
                found.best, found.model, best = record, made, record[monitor]
    return found


class _LastValue(MonitorCallback):
    """Keeps the logs of the last epoch, which must hold the monitored one."""

    logs: dict[str, Any]

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.logs = dict(logs or {})
        if self.monitor not in self.logs:
            raise ValueError(
                f"search_reused_layers: monitor={self.monitor!r} is not among the logs {list(self.logs)}."
            )


def _last_layer(model: Any, keep: Any, who: str) -> Any:
    """The last layer to keep; `None` for no layer."""
    if isinstance(keep, bool) or not hasattr(keep, "__index__"):
        return select_one(model, keep, who)
    layers = [layer for layer in model.layers if not isinstance(layer, InputLayer)]
    count = keep.__index__()
    if not 0 <= count <= len(layers):
        raise ValueError(f"{who}: cannot keep {count} layers; {model.name!r} has {len(layers)}.")
    return layers[count - 1] if count else None


def _candidate(model: Any, build_top: Callable[[], Any], end: Any, frozen: bool, compile_with: Any) -> Any:
    """A compiled model with copies of the layers up to `end` under a new top."""
    top = build_top()
    if end is None:
        graph = model._graph
        whole = tree.map_structure(
            lambda t: Input(batch_shape=t.shape, dtype=t.dtype, name=t.history.operation.name), graph.inputs
        )
        made = Functional(whole, put_on(whole, steps_of(top, "search_reused_layers")))
    else:
        made = with_new_top(model, end, top, copy=True)
        made.trainable = True
        if frozen:
            freeze_layers(made, until=end.name)
    if compile_with is None:
        made.compile_from_config(model.get_compile_config())
    elif callable(compile_with):
        compile_with(made)
    else:
        made.compile(**compile_with)
    return made


def _fit_on_features(
    model: Any, x: Any, y: Any, validation_data: Any, end: Any, watch: Any, epochs: int, batch_size: int
) -> bool:
    """Trains on stored features, if the kept layers allow it: the numbers are the same either way."""
    try:
        cache = model.cache_features(x, until=end.name)
    except ValueError:
        return False
    cache.fit(
        y,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=validation_data,
        callbacks=[watch],
        verbose=0,
    )
    return True
