"""Files in folders as samples: a subfolder for each class, labels, and the split for validation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

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


def check_format(who: str, format: Any) -> None:
    """Raises `ValueError` for a `format` that Keras does not have either."""
    if format not in ("tf", "grain"):
        raise ValueError(
            f'{who}: `format` should be either "tf" or "grain" (both give a Dataset); got {format!r}.'
        )


def _files(folder: Path, endings: tuple[str, ...], follow_links: bool) -> list[str]:
    entries = []
    above = {
        folder: {folder.resolve()}
    }  # of each folder on the way: it and all that lead to it, without links
    for where, below, names in os.walk(folder, followlinks=follow_links):
        if follow_links:
            # A link back to a folder above would be followed again and again.
            places = {name: Path(where, name).resolve() for name in below}
            below[:] = [name for name in below if places[name] not in above[Path(where)]]
            above.update({Path(where, name): above[Path(where)] | {places[name]} for name in below})
        entries.append((where, sorted(name for name in names if name.lower().endswith(endings))))
    return [str(Path(where, name)) for where, names in sorted(entries) for name in names]


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

    class_names: list[str] | None = None
    file_paths: Sequence[str] = ()

    @classmethod
    def of(cls, dataset: Dataset, samples: Samples) -> Self:
        """A data set made of samples."""
        made = cls(dataset._node, dataset._batched)
        made.class_names, made.file_paths = samples.class_names, samples.paths
        return made


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder of samples, and how they are wanted: what is the same for pictures, texts and sounds.

    The functions for these say in their docstrings what each field is.

    Raises:
        ValueError: If fields are out of range, or do not go together.
    """

    who: str
    directory: str | os.PathLike[str]
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool

    def __post_init__(self) -> None:
        who, split = self.who, self.validation_split
        # The type comes first: an array would answer `==` for each of its numbers.
        is_name = isinstance(self.labels, str) and self.labels == "inferred"
        if not (self.labels is None or is_name or isinstance(self.labels, (list, tuple))):
            raise ValueError(
                f"{who}: the `labels` argument should be a list or tuple of integer labels, of the same size as the "
                'number of files in the folder, "inferred" for the names of its subfolders, or None; got '
                f"{self.labels!r}."
            )
        if self.label_mode not in LABEL_MODES:
            raise ValueError(
                f'{who}: the `label_mode` argument must be one of "int", "categorical", "binary" or None; got '
                f"{self.label_mode!r}."
            )
        if self.class_names is not None and self.labels != "inferred":
            raise ValueError(
                f'{who}: you can only pass `class_names` if `labels="inferred"`; got labels={self.labels!r} and '
                f"class_names={self.class_names!r}."
            )
        if split:
            valid = isinstance(split, (int, float)) and not isinstance(split, bool)
            if not valid or not 0 < split < 1:
                raise ValueError(
                    f"{who}: `validation_split` must be between 0 and 1 (both excluded); got {split!r}."
                )
        if (not split) != (self.subset is None):
            raise ValueError(
                f"{who}: if `subset` is set, `validation_split` must be set, and the reverse; got "
                f"subset={self.subset!r} and validation_split={split!r}."
            )
        if self.subset not in ("training", "validation", "both", None):
            raise ValueError(
                f'{who}: `subset` must be either "training", "validation" or "both"; got {self.subset!r}.'
            )
        if split and self.shuffle and self.seed is None:
            raise ValueError(
                f"{who}: with `validation_split` and shuffling, you must provide a `seed`, so that the parts for "
                "training and validation do not overlap."
            )
        if self.seed is not None:
            arguments.integer(self.seed, "seed", who)

    def dataset(
        self,
        read: Callable[[str], Any],
        kind: str,
        endings: tuple[str, ...],
        join: Callable[[Dataset, int], Dataset] | None = None,
    ) -> Any:
        """The data sets of the folder's samples: one, or those for training and for validation.

        Args:
            read: What makes a sample of a path.
            kind: What the files are, for the message where there are none.
            endings: What their names end in, in lower case.
            join: How samples become batches; by default, by putting them side by side.

        Raises:
            FileNotFoundError: If the folder is not there.
            ValueError: If there are no files, or labels, class names or the split do not go with what is there.
        """
        samples = self._samples(endings)
        if not samples.paths:
            raise ValueError(
                f"{self.who}: No {kind} found. Expected files that end in {', '.join(endings)} in "
                f"{os.fspath(self.directory)!r}."
            )
        classes = len(samples.class_names or ())
        if samples.labels is not None and self.label_mode in ("binary", "categorical"):
            if self.label_mode == "binary" and classes != 2:
                raise ValueError(
                    f'{self.who}: with `label_mode="binary"`, there must be exactly 2 classes; got '
                    f"{samples.class_names}."
                )
            if samples.labels.min() < 0 or samples.labels.max() >= classes:
                raise ValueError(
                    f"{self.who}: expected `labels` from 0 to {classes - 1} with {classes} classes and "
                    f"label_mode={self.label_mode!r}; got {samples.class_names}."
                )
        seed = config.next_seed() if self.seed is None else self.seed
        if self.shuffle:
            samples = samples.shuffled(seed)

        def made(part: Samples, again: bool) -> Dataset:
            paths = np.array(part.paths)
            if self.label_mode is None or part.labels is None:
                both = Dataset.from_tensor_slices(paths)
            else:
                both = Dataset.from_tensor_slices((paths, _encoded(part.labels, self.label_mode, classes)))
            if again:
                both = both.shuffle(len(part.paths), seed=seed)
            dataset = both.map(
                lambda path, *label: (read(str(path)), *label) if label else read(str(path)),
                num_parallel_calls=2,
            )
            if self.batch_size is not None:
                dataset = dataset.batch(self.batch_size) if join is None else join(dataset, self.batch_size)
            return FolderDataset.of(dataset.prefetch(2), part)

        if not self.validation_split:
            return made(samples, self.shuffle)
        held = int(self.validation_split * len(samples.paths))
        kept = len(samples.paths) - held
        for count, name in ((kept, "training"), (held, "validation")):
            if count == 0:
                raise ValueError(
                    f"{self.who}: validation_split={self.validation_split} of {len(samples.paths)} files leaves none "
                    f"for {name}."
                )
            if self.verbose and self.subset in (name, "both"):
                print_message(f"Using {count} files for {name}.")
        training, validation = samples.part(slice(0, kept)), samples.part(slice(kept, None))
        if self.subset == "both":
            return made(training, self.shuffle), made(validation, False)
        return made(training, self.shuffle) if self.subset == "training" else made(validation, False)

    def _samples(self, endings: tuple[str, ...]) -> Samples:
        """The files, in the order of their names, with their labels."""
        root = Path(self.directory)
        if not root.is_dir():
            raise FileNotFoundError(
                f"{self.who}: expected `directory` to be a folder; there is none at {str(root)!r}."
            )
        if self.labels == "inferred":
            samples = self._samples_by_subfolder(root, endings)
        else:
            samples = self._samples_with_own_labels(_files(root, endings, self.follow_links))
        if self.verbose:
            classes = (
                "" if samples.class_names is None else f" belonging to {len(samples.class_names)} classes"
            )
            print_message(f"Found {len(samples.paths)} files{classes}.")
        return samples

    def _samples_by_subfolder(self, root: Path, endings: tuple[str, ...]) -> Samples:
        names = sorted(
            entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")
        )
        if self.class_names is not None:
            if not set(self.class_names) <= set(names):
                raise ValueError(
                    f"{self.who}: the `class_names` passed did not match the names of the subfolders, {names}; got "
                    f"{list(self.class_names)}."
                )
            names = list(self.class_names)
        files = [_files(root / name, endings, self.follow_links) for name in names]
        numbers = np.repeat(np.arange(len(names), dtype=np.int32), [len(part) for part in files])
        return Samples([path for part in files for path in part], numbers, names)

    def _samples_with_own_labels(self, paths: list[str]) -> Samples:
        if self.labels is None:
            return Samples(paths, None, None)
        if len(self.labels) != len(paths):
            raise ValueError(
                f"{self.who}: Expected the lengths of `labels` to match the number of files in the folder, "
                f"{len(paths)}; got {len(self.labels)} labels."
            )
        numbers = np.asarray(self.labels)
        if numbers.dtype.kind not in "iu":
            raise ValueError(
                f"{self.who}: expected `labels` to be whole numbers; got {arguments.describe(self.labels)}."
            )
        return Samples(paths, numbers.astype(np.int32), [str(n) for n in sorted(set(self.labels))])
