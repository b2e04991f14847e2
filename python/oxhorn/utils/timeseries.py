"""Windows of a time series as a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import arguments, config
from oxhorn.data.dataset import Dataset
from oxhorn.data.elements import Array
from oxhorn.utils.folders import check_format


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Windows of equal length that slide over a series.

    window i = data[s i], data[s i + r], ..., data[s i + (n - 1) r]  with target targets[s i],

    where n is `sequence_length`, s `sequence_stride` and r `sampling_rate`, counted from `start_index`.

    Args:
        data: The series: an array whose first axis is time.
        targets: The target of the window that begins at each step, or `None`. To predict the value after a window:
            `data[sequence_length:]`.
        sequence_length: Steps in a window.
        sequence_stride: Steps between the beginnings of two windows.
        sampling_rate: Steps between two values in a window.
        batch_size: Windows in a batch; `None` for single ones.
        shuffle: Whether to shuffle windows: each pass has an order of its own.
        seed: Seed of the order.
        start_index: Where to begin. Defaults to 0.
        end_index: Where to stop: this step and later ones are not used. Defaults to the end.
        format: Accepted for compatibility: the result is always a `keras.data.Dataset`.

    Returns:
        A `Dataset` of windows (batch, sequence_length, ...), or of pairs of windows and targets.

    Raises:
        ValueError: If an argument is out of range, or no window fits.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> series = np.arange(8)
    >>> windows = keras.utils.timeseries_dataset_from_array(series, series[3:], sequence_length=3)
    >>> x, y = next(iter(windows))
    >>> print(x[0], y[0], x[-1], y[-1])
    [0 1 2] 3 [4 5 6] 7
    """
    who = "timeseries_dataset_from_array"
    check_format(who, format)
    series = np.asarray(data)
    if series.ndim == 0 or not len(series):
        raise ValueError(f"{who}: expected `data` with an axis of time; got {arguments.describe(data)}.")
    total = len(series)
    start = _index(start_index, "start_index", 0, total)
    end = _index(end_index, "end_index", total, total)
    if start_index is not None and end_index is not None and end <= start:
        raise ValueError(f"{who}: `end_index` must be higher than `start_index`; got {end} and {start}.")
    length = _count(sequence_length, "sequence_length", None)
    stride = _count(sequence_stride, "sequence_stride", total)
    rate = _count(sampling_rate, "sampling_rate", total)
    windows = end - start - (length - 1) * rate
    labels: Array | None = None
    if targets is not None:
        labels = np.asarray(targets)
        if labels.ndim == 0:
            raise ValueError(
                f"{who}: expected `targets` with an axis of time; got {arguments.describe(targets)}."
            )
        labels = labels[start:]
        windows = min(windows, len(labels))
    if windows <= 0:
        raise ValueError(
            f"{who}: no window fits: {length} steps, {rate} apart, need {(length - 1) * rate + 1} steps; there are "
            f"{end - start}" + ("." if labels is None else f", and {len(labels)} targets.")
        )
    begins = np.arange(0, windows, stride, dtype=np.int64)
    part, steps = series[start:end], np.arange(length) * rate
    positions = Dataset.from_tensor_slices(begins)
    if shuffle:
        positions = positions.shuffle(len(begins), seed=config.next_seed() if seed is None else seed)
    if batch_size is not None:
        positions = positions.batch(_count(batch_size, "batch_size", None))

    def window(begin: Array) -> Any:
        rows = part[begin[..., None] + steps]
        return rows if labels is None else (rows, labels[begin])

    return positions.map(window)


def _index(value: int | None, name: str, default: int, total: int) -> int:
    if value is None:
        return default
    valid = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not valid or value < (0 if name == "start_index" else 1) or value > total - (name == "start_index"):
        raise ValueError(
            f"timeseries_dataset_from_array: `{name}` must be a whole number within the {total} steps of the data; got "
            f"{value!r}."
        )
    return int(value)


def _count(value: int, name: str, below: int | None) -> int:
    valid = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not valid or value <= 0 or (below is not None and value >= below):
        limit = "" if below is None else f" and lower than the length of the data, {below}"
        raise ValueError(
            f"timeseries_dataset_from_array: `{name}` must be a whole number higher than 0{limit}; got {value!r}."
        )
    return int(value)
