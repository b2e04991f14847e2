"""Texts in folders as a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oxhorn import arguments
from oxhorn.utils import folders


def text_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Batches of the texts in the `.txt` files of a folder, with labels by subfolder.

    Args:
        directory: The folder; with `labels="inferred"`, one with a subfolder for each class.
        labels: `"inferred"`, a list of whole numbers in the order of the files' names, or `None`.
        label_mode: `"int"` for class numbers (int32), `"categorical"` for one-hot rows, `"binary"` for 0 and 1 of shape
            (batch, 1), both float32, or `None` for texts alone.
        class_names: The subfolders to take, in the order of their numbers. Defaults to all, by name.
        batch_size: Texts in a batch; `None` for single ones.
        max_length: Characters of each text to keep. Defaults to all.
        shuffle: Whether to shuffle: each pass has an order of its own.
        seed: Seed of the order, and of which texts are for validation.
        validation_split: The part for validation, between 0 and 1.
        subset: `"training"`, `"validation"` or `"both"` (a pair), with `validation_split`.
        follow_links: Whether to go into folders that links point to.
        format: Accepted for compatibility: the result is always a `keras.data.Dataset`.
        verbose: Whether to print how many files there are.

    Returns:
        A `Dataset` of NumPy arrays of text, (batch,), with their labels, for `TextVectorization`; it has `class_names`
        and `file_paths`. With `subset="both"`, a pair of these.

    Raises:
        FileNotFoundError: If the folder is not there.
        ValueError: If there are no texts, arguments do not go together, or (while iterating) a file is not UTF-8: the
            message names it.

    Example:
    >>> import pathlib, tempfile
    >>> import oxhorn as keras
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, text in (("blame", "Dull."), ("praise", "A joy.")):
    ...         pathlib.Path(folder, name).mkdir()
    ...         _ = pathlib.Path(folder, name, "one.txt").write_text(text)
    ...     texts = keras.utils.text_dataset_from_directory(folder, shuffle=False, verbose=False)
    ...     x, y = next(iter(texts))
    >>> x.tolist(), y.tolist(), texts.class_names
    (['Dull.', 'A joy.'], [0, 1], ['blame', 'praise'])
    """
    who = "text_dataset_from_directory"
    folder = folders.Folder(
        who=who,
        directory=directory,
        labels=labels,
        label_mode=label_mode,
        class_names=class_names,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        follow_links=follow_links,
        verbose=verbose,
    )
    folders.check_format(who, format)
    if max_length is not None:
        max_length = arguments.integer(max_length, "max_length", who, low=1)

    def read(path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8")[:max_length]
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{who}: expected text in UTF-8; {path} has other bytes ({error.reason})."
            ) from None

    return folder.dataset(read, "text files", (".txt",))
