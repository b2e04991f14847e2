"""Movie reviews: 10,605 sentences about films, each with the mean score of twenty readers."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from oxhorn.datasets import files

_FILE = "movieReviewSnippets_GroundTruth.txt"
_MOST_BYTES = 16 << 20

class_names = ("negative", "positive")

Texts = npt.NDArray[np.str_]
Labels = npt.NDArray[np.int64]


def load_data(
    path: str | os.PathLike[str] = _FILE, test_split: float = 0.2, seed: int = 113
) -> tuple[tuple[Texts, Labels], tuple[Texts, Labels]]:
    """Load the sentences as text, shuffled with `seed` and split. Sentences with a score of 0 are left out.

    Looked for as `movieReviewSnippets_GroundTruth.txt` in the folder named by `OXHORN_DATASETS`, in
    `~/.oxhorn/datasets` and in `~/.keras/datasets`: lines of a number, a score from -4 to 4 and a sentence, as in the
    source package of `vaderSentiment`; there is no download.

    Args:
        path: a file to read instead: a path, or its name in one of these folders.
        test_split: share of the sentences that are for testing, in [0, 1). Defaults to 0.2.
        seed: seed of the shuffle before the split. Defaults to 113.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of text and of int64 labels, 1 for a positive score and 0 for a
        negative one.

    Raises:
        FileNotFoundError: if it is not there; the message says what to put where.
        ValueError: if the file is damaged (with the line), or `test_split` is not in [0, 1).

    Example:
        >>> import oxhorn as keras
        >>> (x_train, y_train), (x_test, y_test) = keras.datasets.movie_reviews.load_data()  # doctest: +SKIP

    Source: C. J. Hutto and E. Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
    Text, ICWSM 2014; sentences from B. Pang and L. Lee, Seeing Stars, ACL 2005.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"movie_reviews: expected 0 <= test_split < 1, got {test_split}.")
    found = files.given(path)
    if found is None:
        reason = f"there is no file {os.fspath(path)!r}. The source package of vaderSentiment holds one."
        raise files.missing("movie_reviews", [os.fspath(path)], reason)
    texts, scores = _rows(found)
    kept = np.flatnonzero(scores)
    order = kept[np.random.RandomState(seed).permutation(len(kept))]
    x, y = np.array(texts)[order], (scores[order] > 0).astype(np.int64)
    cut = int(len(x) * (1 - test_split))
    return (x[:cut].copy(), y[:cut].copy()), (x[cut:].copy(), y[cut:].copy())


def _rows(path: Path) -> tuple[list[str], npt.NDArray[np.float64]]:
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(
            f"movie_reviews: expected at most {_MOST_BYTES} bytes in {path}; got {path.stat().st_size}."
        )
    texts, scores = [], []
    try:
        # Not splitlines: a sentence may hold other characters that it takes for the end of a line.
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"movie_reviews: expected text in UTF-8 in {path}; {error.reason}.") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            _, score, text = line.split("\t")
            value = float(score)
        except ValueError:
            value, text = np.nan, ""
        if not abs(value) <= 4:
            raise ValueError(
                f"movie_reviews: expected a number, a score from -4 to 4 and a sentence between tabs in line {number} "
                f"of {path}; got {line[:80]!r}."
            )
        scores.append(value)
        texts.append(text.strip())
    if not texts:
        raise ValueError(f"movie_reviews: {path} has no sentences.")
    return texts, np.array(scores)
