"""IMDB: 50,000 reviews of films, half of them favourable."""

from __future__ import annotations

import os

import numpy as np

from oxhorn.datasets import pickles, readers, sequences
from oxhorn.datasets.sequences import Labels, Texts

_FILE = "imdb.npz"
_SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
_WORDS = "imdb_word_index.json"
_WORDS_MD5 = "bfafd718b763782e994055a2d397834f"


def load_data(
    path: str | os.PathLike[str] = _FILE,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[tuple[Texts, Labels], tuple[Texts, Labels]]:
    """Load the reviews as lists of words' numbers, and whether each is favourable.

    A word's number is its rank by frequency plus `index_from`; 0 is left for padding. Looked for as `imdb.npz` in the
    folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in `~/.keras/datasets`; else downloaded and checked.
    The file holds lists in the form of a pickle; of this only lists and numbers are read.

    Args:
        path: an archive to read instead: a path, or its name in one of these folders. Defaults to `"imdb.npz"`.
        num_words: words with this number or a larger one are replaced by `oov_char`; `None` for hardly any: the largest
            number of all, as in Keras.
        skip_top: words with smaller numbers are replaced as well. Defaults to 0.
        maxlen: reviews of this length or more are left out; `None` for none.
        seed: seed of the shuffle. Defaults to 113.
        start_char: the number each review begins with, or `None`. Defaults to 1.
        oov_char: what stands for replaced words; `None` to leave them out. Defaults to 2.
        index_from: what is added to the ranks, which begin at 1. Defaults to 3.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of ints, 25,000 each, and int64 labels, 1 for
        favourable.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded; the message says what to put where.
        ValueError: if the file is damaged, an argument is negative, or no review is shorter than `maxlen`.

    Example:
        >>> import oxhorn as keras
        >>> (x_train, y_train), _ = keras.datasets.imdb.load_data(num_words=10000)  # doctest: +SKIP
        >>> x_train[0][:5], y_train[0]  # doctest: +SKIP
        ([1, 14, 22, 16, 43], np.int64(1))

    Source: A. Maas et al., Learning word vectors for sentiment analysis, 2011, https://ai.stanford.edu/~amaas/data/sentiment/.
    """
    sequences.check_arguments(
        "imdb",
        num_words=num_words,
        skip_top=skip_top,
        maxlen=maxlen,
        start_char=start_char,
        oov_char=oov_char,
        index_from=index_from,
    )
    found = sequences.find("imdb", path, _FILE, _SHA256, 64 << 20)
    texts = pickles.read_ragged(found, ("x_train", "x_test"), 256 << 20, _SHA256)
    labels = readers.read_npz(found, {"y_train": 8 << 20, "y_test": 8 << 20})
    random = np.random.RandomState(seed)
    parts = []
    for part in ("train", "test"):
        x, y = texts[f"x_{part}"], labels[f"y_{part}"]
        if y.shape != (len(x),) or y.dtype.kind not in "iu":
            raise ValueError(
                f"imdb: expected a label for each of {len(x)} texts in {found}, got shape {y.shape}."
            )
        order = np.arange(len(x))
        random.shuffle(order)
        marked = sequences.with_marks([x[place] for place in order], start_char, index_from)
        parts.append(sequences.shorter("imdb", marked, y[order].astype(np.int64), maxlen))
    (x_train, y_train), (x_test, y_test) = parts
    cut = sequences.within(x_train + x_test, num_words, skip_top, oov_char)
    return (sequences.as_array(cut[: len(x_train)]), y_train), (
        sequences.as_array(cut[len(x_train) :]),
        y_test,
    )


def get_word_index(path: str | os.PathLike[str] = _WORDS) -> dict[str, int]:
    """The rank of each word, from 1 for the most frequent on; `load_data` adds `index_from` to it.

    Args:
        path: a file to read instead. Defaults to `"imdb_word_index.json"`, which is looked for and downloaded like the
            reviews.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded.
        ValueError: if it is damaged.
    """
    return sequences.word_index("imdb", path, _WORDS, _WORDS_MD5)
