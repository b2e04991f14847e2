"""What the data sets of texts have in common: texts as lists of ranks of words, most frequent first."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oxhorn.datasets import files

Labels = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

_MOST_WORDS = 32 << 20


def find(who: str, path: str | os.PathLike[str], own: str, checksum: str, max_bytes: int) -> Path:
    """The file that `path` means, downloaded if it is that of the data set and not there.

    Args:
        who: Name of the data set, for messages.
        path: What the caller gave.
        own: The name of the data set's own file.
        checksum: Its SHA-256 (64 digits) or MD5 (32).
        max_bytes: Its greatest size.
    """
    found = files.given(path)
    if found is not None:
        return found
    if os.fspath(path) != own:
        raise files.missing(who, [os.fspath(path)], f"there is no file {os.fspath(path)!r}.")
    try:
        return files.download(who, own, checksum, max_bytes=max_bytes)
    except OSError as error:
        raise files.missing(who, [own], f"not found here, and the download failed: {error}.") from error


def with_marks(texts: Sequence[list[int]], start_char: int | None, index_from: int) -> list[list[int]]:
    """Ranks from `index_from` on, each text after `start_char`."""
    start = [] if start_char is None else [start_char]
    return [start + [word + (index_from or 0) for word in text] for text in texts]


def shorter(
    who: str, texts: list[list[int]], labels: Labels, maxlen: int | None
) -> tuple[list[list[int]], Labels]:
    """Texts of fewer than `maxlen` words, and their labels."""
    if not maxlen:
        return texts, labels
    kept = [place for place, text in enumerate(texts) if len(text) < maxlen]
    if not kept:
        raise ValueError(
            f"{who}: after filtering for texts shorter than maxlen={maxlen}, none is left. Increase it."
        )
    return [texts[place] for place in kept], labels[kept]


def within(
    texts: list[list[int]], num_words: int | None, skip_top: int, oov_char: int | None
) -> list[list[int]]:
    """Words of `skip_top` <= number < `num_words`; `oov_char` in the place of others, or nothing.

    Without `num_words` its place is taken by the largest number, which is then cut: so Keras does it.
    """
    limit = num_words or max((max(text) for text in texts if text), default=0)
    if oov_char is None:
        return [[word for word in text if skip_top <= word < limit] for text in texts]
    return [[word if skip_top <= word < limit else oov_char for word in text] for text in texts]


def as_array(texts: Sequence[list[int]]) -> Texts:
    """An array of lists, also where all are equally long."""
    array = np.empty(len(texts), object)
    array[:] = list(texts) if len(set(map(len, texts))) != 1 else None
    for place, text in enumerate(texts):
        array[place] = text
    return array


def word_index(who: str, path: str | os.PathLike[str], own: str, checksum: str) -> dict[str, int]:
    """The rank of each word, from a JSON file."""
    found = find(who, path, own, checksum, 8 << 20)
    if found.stat().st_size > _MOST_WORDS:
        raise ValueError(f"{who}: expected {found} to take at most {_MOST_WORDS} bytes.")
    try:
        ranks: Any = json.loads(found.read_text("utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{who}: expected JSON in {found}, got a damaged file ({error}).") from None
    if not isinstance(ranks, dict) or not all(type(rank) is int for rank in ranks.values()):
        raise ValueError(f"{who}: expected words with whole numbers in {found}.")
    return ranks


def check_arguments(who: str, **values: Any) -> None:
    """Raise `ValueError` unless each value is `None` or a whole number of at least 0."""
    for name, value in values.items():
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0
        ):
            raise ValueError(
                f"{who}: expected `{name}` to be None or a whole number of at least 0; got {value!r}."
            )
