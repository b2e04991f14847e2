"""From the arguments of `fit`, `evaluate` and `predict` to a feed."""

from __future__ import annotations

import functools
from typing import Any

from oxhorn.training.checks import limited_steps
from oxhorn.training.data_adapters.batch import Batch, make_batch
from oxhorn.training.data_adapters.class_weight import check_class_weight, class_weight_to_sample_weight
from oxhorn.training.data_adapters.packing import unpack_x_y_sample_weight
from oxhorn.training.data_adapters.sources import BatchSource, find_source
from oxhorn.training.feeds import ArrayFeed, BatchFeed, Feed
from oxhorn.training.host import ArrayBatches, apply_host_part, has_host_part
from oxhorn.training.programs import cache_of

DEFAULT_BATCH_SIZE = 32


def make_feed(
    model: Any,
    who: str,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    steps_name: str = "steps",
    shuffle: bool = False,
    class_weight: Any = None,
    goes_on: bool = False,
    inputs_only: bool = False,
    whole: bool = False,
) -> Feed:
    """The feed for some data.

    Args:
        model: The model that the data is for.
        who: The method that was called, for errors.
        x: Inputs, or what yields batches.
        y: Targets.
        sample_weight: Weights.
        batch_size: Rows in a batch, or `None`.
        steps: Steps in an epoch, or `None`.
        steps_name: The name of that argument, for errors.
        shuffle: Whether to shuffle.
        class_weight: Weight for each class, or `None`.
        goes_on: Whether an epoch goes on where the last one stopped.
        inputs_only: Whether `x` is all that counts, as in `predict`.
        whole: Whether arrays make one batch where nothing else is asked for.
    """
    if x is None:
        raise ValueError(
            f"{who} needs input data, but `x` is None. Pass arrays, a Dataset, a PyDataset or a generator."
        )
    if class_weight is not None:
        class_weight = check_class_weight(who, class_weight)
    # Under a limit of the process alone, each epoch begins at the beginning.
    goes_on = goes_on and steps is not None
    source = find_source(who, x, shuffle)
    if source is None and (has_host_part(model, x) or model._rows_by_source):
        source = ArrayBatches(who, (x, y, sample_weight), batch_size, steps, shuffle)
        convert = functools.partial(
            _convert_item, model, who, class_weight=class_weight, inputs_only=inputs_only
        )
        return BatchFeed(source, convert, steps, goes_on)
    if source is not None:
        for name, value in (("y", y), ("sample_weight", sample_weight), ("batch_size", batch_size)):
            if value is not None:
                raise ValueError(
                    f"{who} got `{name}` although `x` (a {type(x).__name__}) yields whole batches; they bring their "
                    f"own. Leave `{name}` out."
                )
        _refuse_endless(who, x, source, steps, steps_name)
        return BatchFeed(
            source,
            lambda item: _convert_item(model, who, item, class_weight, inputs_only),
            limited_steps(steps, source.num_batches),
            goes_on,
        )
    batch = make_arrays(model, who, x, y, sample_weight, class_weight)
    if batch_size is None and whole and not steps:
        batch_size = fixed_batch_size(model) or max(batch.size, 1)
    if batch_size is None:
        batch_size = -(-batch.size // steps) if steps else fixed_batch_size(model) or DEFAULT_BATCH_SIZE
    _check_batch_size(model, who, batch.size, batch_size, steps)
    return ArrayFeed(batch, batch_size, limited_steps(steps, -(-batch.size // batch_size)), shuffle, goes_on)


def fixed_batch_size(model: Any) -> int | None:
    """The batch size that layers were built for whose states go from batch to batch; `None` if there are none."""
    sizes = [getattr(layer, "_expected_batch_size", None) for layer in model._flatten_layers()]
    return next((size for size in sizes if size is not None), None)


def _check_batch_size(model: Any, who: str, rows: int, batch_size: int, steps: int | None) -> None:
    """Raises `ValueError` if a batch of arrays would not have the size that stateful layers need."""
    fixed = fixed_batch_size(model)
    if fixed is not None and (min(rows, batch_size) != fixed or (rows % fixed and steps is None)):
        which = "the last" if batch_size == fixed and rows > fixed else "the first"
        raise ValueError(
            f"{who}: the model has stateful layers, which are built for batches of {fixed} samples; got {rows} samples "
            f"in batches of {batch_size}: {which} would have another batch size. Pass batch_size={fixed} and a number "
            "of samples that it divides."
        )


def make_arrays(
    model: Any, who: str, x: Any, y: Any, sample_weight: Any, class_weight: dict[int, float] | None
) -> Batch:
    """Arrays as one batch; class weights become sample weights."""
    if x is not None and has_host_part(model, x):
        x = apply_host_part(model, x)
    dtypes = cache_of(model).dtypes(model)
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError(
                f"{who} got both `class_weight` and `sample_weight`. Multiply them yourself and pass `sample_weight`."
            )
        if len(getattr(model, "output_names", None) or ()) > 1:
            raise ValueError(
                f"{who} supports `class_weight` only for models with a single output; {model.name!r} has "
                f"{list(model.output_names)}. Use `sample_weight` with one array for each output."
            )
        sample_weight = class_weight_to_sample_weight(who, y, class_weight, dtypes.default)
    return make_batch(who, x, y, sample_weight, dtypes)


def _convert_item(
    model: Any, who: str, item: Any, class_weight: dict[int, float] | None, inputs_only: bool
) -> Batch:
    """What a source yielded, as a batch."""
    if item is None:
        raise ValueError(f"{who} got None from the data; expected `x`, `(x, y)` or `(x, y, sample_weight)`.")
    if isinstance(item, (list, tuple)) and not 1 <= len(item) <= 3:
        raise ValueError(
            f"{who} got a {type(item).__name__} of {len(item)} elements from the data; expected `(x,)`, `(x, y)` or "
            "`(x, y, sample_weight)`. For several inputs, yield `([x1, x2, ...], y)`."
        )
    x, y, sample_weight = unpack_x_y_sample_weight(item)
    if inputs_only:
        y = sample_weight = None
    return make_arrays(model, who, x, y, sample_weight, class_weight)


def _refuse_endless(who: str, x: Any, source: BatchSource, steps: int | None, steps_name: str) -> None:
    if steps is not None:
        return
    if source.endless:
        raise ValueError(
            f"{who} got data without an end ({type(x).__name__}), so it needs `{steps_name}`: the number of batches "
            "to draw."
        )
