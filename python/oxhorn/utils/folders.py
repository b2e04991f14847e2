"""Files in folders as samples: a subfolder for each class, labels, and the split for validation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from oxhorn import arguments, config
from oxhorn.data.dataset import Dataset
from oxhorn.data.elements import Array
from oxhorn.utils.messages import print_message

LABEL_MODES = ("int", "categorical", "binary", None)


class Samples:
    """Paths and labels, in the order in which they are used."""

    def __init__(self, paths: list[str], labels: Array | None, class_names: list[str] | None) -> None:
        self.paths, self.labels, self.class_names = paths, labels, class_names

    def part(self, rows: slice) -> Samples:
        """Some of the samples."""
        labels = None if self.labels is None else self.labels[rows]
        return Samples(self.paths[rows], labels, self.class_names)

    def shuffled(self, seed: int) -> Samples:
        """The samples in the order that a seed says."""
        order = np.random.Generator(np.random.Philox(seed % 2**64)).permutation(len(self.paths))
        labels = None if self.labels is None else self.labels[order]
        return Samples([self.paths[i] for i in order], labels, self.class_names)


def check_arguments(
    who: str,
    labels: Any,
    label_mode: Any,
    class_names: Any,
    validation_split: Any,
    subset: Any,
    shuffle: Any,
    seed: Any,
) -> None:
    """Raises `ValueError` for arguments that do not go together."""
    if not (labels is None or labels == "inferred" or isinstance(labels, (list, tuple))):
        raise ValueError(
            f"{who}: the `labels` argument should be a list or tuple of integer labels, of the same size as the number "
            f'of files in the folder, "inferred" for the names of its subfolders, or None; got {labels!r}.'
        )
    if label_mode not in LABEL_MODES:
        raise ValueError(
            f'{who}: the `label_mode` argument must be one of "int", "categorical", "binary" or None; got '
            f"{label_mode!r}."
        )
    if class_names is not None and labels != "inferred":
        raise ValueError(
            f'{who}: you can only pass `class_names` if `labels="inferred"`; got labels={labels!r} and '
            f"class_names={class_names!r}."
        )
    if validation_split:
        valid = isinstance(validation_split, (int, float)) and not isinstance(validation_split, bool)
        if not valid or not 0 < validation_split < 1:
            raise ValueError(
                f"{who}: `validation_split` must be between 0 and 1 (both excluded); got {validation_split!r}."
            )
    if (not validation_split) != (subset is None):
        raise ValueError(
            f"{who}: if `subset` is set, `validation_split` must be set, and the reverse; got subset={subset!r} and "
            f"validation_split={validation_split!r}."
        )
    if subset not in ("training", "validation", "both", None):
        raise ValueError(
            f'{who}: `subset` must be either "training", "validation" or "both"; got {subset!r}.'
        )
    if validation_split and shuffle and seed is None:
        raise ValueError(
            f"{who}: with `validation_split` and shuffling, you must provide a `seed`, so that the parts for training "
            "and validation do not overlap."
        )


def find_samples(
    who: str,
    directory: str | os.PathLike[str],
    labels: Any,
    class_names: Sequence[str] | None,
    endings: tuple[str, ...],
    follow_links: bool,
    verbose: bool,
) -> Samples:
    """The files of a folder, in the order of their names, with their labels.

    Raises:
        FileNotFoundError: If the folder is not there.
        ValueError: If labels or class names do not go with what is there.
    """
    root = Path(directory)
    if not root.is_dir():
        raise FileNotFoundError(
            f"{who}: expected `directory` to be a folder; there is none at {str(root)!r}."
        )
    if labels == "inferred":
        found = sorted(
            entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")
        )
        if class_names is not None and not set(class_names) <= set(found):
            raise ValueError(
                f"{who}: the `class_names` passed did not match the names of the subfolders, {found}; got "
                f"{list(class_names)}."
            )
        names = found if class_names is None else list(class_names)
        files = [_files(root / name, endings, follow_links) for name in names]
        paths = [path for part in files for path in part]
        numbers = np.repeat(np.arange(len(names), dtype=np.int32), [len(part) for part in files])
        samples = Samples(paths, numbers, names)
    else:
        paths = _files(root, endings, follow_links)
        if labels is None:
            samples = Samples(paths, None, None)
        else:
            if len(labels) != len(paths):
                raise ValueError(
                    f"{who}: Expected the lengths of `labels` to match the number of files in the folder, "
                    f"{len(paths)}; got {len(labels)} labels."
                )
            numbers = np.asarray(labels)
            if numbers.dtype.kind not in "iu":
                raise ValueError(
                    f"{who}: expected `labels` to be whole numbers; got {arguments.describe(labels)}."
                )
            samples = Samples(paths, numbers.astype(np.int32), [str(n) for n in sorted(set(labels))])
    if verbose:
        classes = "" if samples.class_names is None else f" belonging to {len(samples.class_names)} classes"
        print_message(f"Found {len(samples.paths)} files{classes}.")
    return samples


def _files(folder: Path, endings: tuple[str, ...], follow_links: bool) -> list[str]:
    found = []
    for where, _, names in sorted(os.walk(folder, followlinks=follow_links)):
        found += [str(Path(where, name)) for name in sorted(names) if name.lower().endswith(endings)]
    return found


def dataset_of_files(
    who: str,
    samples: Samples,
    read: Callable[[str], Any],
    *,
    nothing: str,
    label_mode: str | None,
    batch_size: int | None,
    shuffle: bool,
    seed: int | None,
    validation_split: float | None,
    subset: str | None,
    verbose: bool,
    join: Callable[[Dataset, int], Dataset] | None = None,
) -> Any:
    """The data sets of samples: one, or those for training and for validation.

    Args:
        who: The function that was called, for messages.
        samples: Paths and labels.
        read: What makes a sample of a path.
        nothing: The message where there are no files.
        label_mode: What labels become.
        batch_size: Samples in a batch; `None` for single samples.
        shuffle: Whether to shuffle, at first and anew for each pass.
        seed: Seed of the order.
        validation_split: The part for validation.
        subset: Which part is wanted.
        verbose: Whether to print the sizes of the parts.
        join: How samples become batches; by default, by putting them side by side.
    """
    if not samples.paths:
        raise ValueError(f"{who}: {nothing}")
    classes = len(samples.class_names or ())
    if label_mode == "binary" and classes != 2:
        raise ValueError(
            f'{who}: with `label_mode="binary"`, there must be exactly 2 classes; got {samples.class_names}.'
        )
    seed = config.next_seed() if seed is None else seed
    if shuffle:
        samples = samples.shuffled(seed)

    def made(part: Samples, again: bool) -> Dataset:
        paths = Dataset.from_tensor_slices(np.array(part.paths))
        labels = (
            None if label_mode is None or part.labels is None else _encoded(part.labels, label_mode, classes)
        )
        both = paths if labels is None else Dataset.from_tensor_slices((np.array(part.paths), labels))
        if again:
            both = both.shuffle(len(part.paths), seed=seed)
        sample = (lambda path: read(str(path))) if labels is None else (lambda path, y: (read(str(path)), y))
        dataset = both.map(sample, num_parallel_calls=2)
        if batch_size is not None:
            dataset = dataset.batch(batch_size) if join is None else join(dataset, batch_size)
        return FolderDataset(dataset.prefetch(2), part.class_names, part.paths)

    if not validation_split:
        return made(samples, shuffle)
    held = int(validation_split * len(samples.paths))
    kept = len(samples.paths) - held
    for count, name in ((kept, "training"), (held, "validation")):
        if count == 0:
            raise ValueError(
                f"{who}: validation_split={validation_split} of {len(samples.paths)} files leaves none for {name}."
            )
        if verbose and subset in (name, "both"):
            print_message(f"Using {count} files for {name}.")
    training, validation = samples.part(slice(0, kept)), samples.part(slice(kept, None))
    if subset == "both":
        return made(training, shuffle), made(validation, False)
    return made(training, shuffle) if subset == "training" else made(validation, False)


def _encoded(labels: Array, label_mode: str, classes: int) -> Array:
    if label_mode == "int":
        return labels
    if label_mode == "binary":
        return labels[:, None].astype(np.float32)
    return np.eye(classes, dtype=np.float32)[labels]


class FolderDataset(Dataset):
    """Samples from files.

    Attributes:
        class_names: The name of each class, or `None`.
        file_paths: The files, in the order of the first draw.
    """

    def __init__(self, dataset: Dataset, class_names: list[str] | None, file_paths: list[str]) -> None:
        super().__init__(dataset._node, dataset._batched)
        self.class_names, self.file_paths = class_names, file_paths
