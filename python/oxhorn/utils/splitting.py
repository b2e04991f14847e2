"""Data in two parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import arguments, config
from oxhorn.data.dataset import Dataset
from oxhorn.data.elements import map_leaves
from oxhorn.data.nodes import INFINITE, UNKNOWN
from oxhorn.data.positions import may_differ_by_pass


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """Data in two parts, such as one for training and one for testing.

    Args:
        dataset: A `Dataset`; or arrays with the same number of rows: one, or a tuple, list or dict of them. What has a
            length and can be indexed (such as PyTorch's data sets) is taken sample by sample. A `Dataset` that may be
            another one in each pass (shuffled anew, or from a generator) is gone through once and kept in memory.
        left_size: Samples of the first part, or their share of all, from 0.0 to 1.0. By default, what the second
            leaves.
        right_size: The same of the second part. With both, samples that neither takes are left out.
        shuffle: Whether to shuffle before splitting.
        seed: Seed of the order.
        preferred_backend: Accepted for compatibility: the parts are always `Dataset`s.

    Returns:
        Two `Dataset`s of single samples (of batches, if `dataset` has batches).

    Raises:
        ValueError: If the sizes are out of range, or one part is empty.
        TypeError: If `dataset` is none of the above.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> left, right = keras.utils.split_dataset(np.arange(10), left_size=0.8)
    >>> len(left), len(right)
    (8, 2)
    """
    rows = _rows(dataset)
    total = len(rows)
    left, right = _sizes(left_size, right_size, total)
    if shuffle:
        fixed = config.next_seed() if seed is None else arguments.integer(seed, "seed", "split_dataset")
        rows = rows.shuffle(total, seed=fixed, reshuffle_each_iteration=False)
    return rows.take(left), rows.skip(total - right)


def _rows(dataset: Any) -> Dataset:
    if isinstance(dataset, Dataset):
        count = dataset.cardinality()
        if count == INFINITE or (count != UNKNOWN and not may_differ_by_pass(dataset._node)):
            return dataset
        # Both parts have to come from the same pass: another one may have another order or other elements, and then
        # samples of one part would come up in the other.
        elements = list(dataset)
        # Copies, so that a later step that works in place leaves what is kept as it is.
        return Dataset.from_generator(
            lambda: (map_leaves(np.array, element) for element in elements), length=len(elements)
        )
    if isinstance(dataset, list):
        return Dataset.from_tensor_slices(tuple(dataset))
    if isinstance(dataset, (tuple, dict, np.ndarray)) or hasattr(dataset, "__array__"):
        return Dataset.from_tensor_slices(dataset)
    if hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__"):
        places = Dataset.range(len(dataset))
        return places.map(lambda i: map_leaves(np.asarray, dataset[int(i)]))
    raise TypeError(
        "split_dataset: expected a Dataset, arrays, or something with a length that can be indexed; got "
        f"{arguments.describe(dataset)}."
    )


def _sizes(left_size: Any, right_size: Any, total: int) -> tuple[int, int]:
    if left_size is None and right_size is None:
        raise ValueError("split_dataset: expected `left_size`, `right_size` or both; got neither.")
    left, right = _count(left_size, "left_size", total), _count(right_size, "right_size", total)
    left = total - right if left is None and right is not None else left
    right = total - left if right is None and left is not None else right
    assert left is not None and right is not None
    if left + right > total:
        raise ValueError(
            f"split_dataset: expected parts of together at most {total} samples; got left_size={left_size!r} and "
            f"right_size={right_size!r}: {left} and {right}."
        )
    if not left or not right:
        raise ValueError(
            f"split_dataset: of {total} samples, left_size={left_size!r} and right_size={right_size!r} leave the "
            f"{'left' if not left else 'right'} part without any."
        )
    return left, right


def _count(size: Any, name: str, total: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise TypeError(f"split_dataset: expected `{name}` to be a number; got {arguments.describe(size)}.")
    if isinstance(size, (float, np.floating)):
        if not 0 <= size <= 1:
            raise ValueError(
                f"split_dataset: expected `{name}` to be a share between 0.0 and 1.0; got {size!r}."
            )
        return round(float(size) * total)
    if not 0 <= size <= total:
        raise ValueError(f"split_dataset: expected `{name}` between 0 and the {total} samples; got {size!r}.")
    return int(size)
