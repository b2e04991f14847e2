"""Reuters: 11,228 newswires in 46 topics."""

from __future__ import annotations

import os

import numpy as np

from oxhorn.datasets import pickles, readers, sequences
from oxhorn.datasets.sequences import Labels, Texts

_FILE = "reuters.npz"
_SHA256 = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
_WORDS = "reuters_word_index.json"
_WORDS_MD5 = "4d44cc38712099c9e383dc6e5f11a921"

# The topics, in the order of their numbers.
_TOPICS = """cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton
carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi
iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"""


def load_data(
    path: str | os.PathLike[str] = _FILE,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[tuple[Texts, Labels], tuple[Texts, Labels]]:
    """Load the newswires as lists of words' numbers, and their topics.

    A word's number is its rank by frequency plus `index_from`; 0 is left for padding. Looked for as `reuters.npz` in
    the folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in `~/.keras/datasets`; else downloaded and
    checked. The file holds lists in the form of a pickle; of this only lists and numbers are read.

    Args:
        path: an archive to read instead: a path, or its name in one of these folders. Defaults to `"reuters.npz"`.
        num_words: words with this number or a larger one are replaced by `oov_char`; `None` for hardly any: the largest
            number of all, as in Keras.
        skip_top: words with smaller numbers are replaced as well. Defaults to 0.
        maxlen: newswires of this length or more are left out; `None` for none.
        test_split: share of the newswires that are for testing, in [0, 1). Defaults to 0.2.
        seed: seed of the shuffle before the split. Defaults to 113.
        start_char: the number each newswire begins with, or `None`. Defaults to 1.
        oov_char: what stands for replaced words; `None` to leave them out. Defaults to 2.
        index_from: what is added to the ranks, which begin at 1. Defaults to 3.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of ints, and int64 topics from 0 to 45, named by
        `get_label_names()`.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded; the message says what to put where.
        ValueError: if the file is damaged, an argument is out of range, or no newswire is shorter than `maxlen`.

    Example:
        >>> import oxhorn as keras
        >>> keras.datasets.reuters.get_label_names()[:3]
        ('cocoa', 'grain', 'veg-oil')
        >>> (x_train, y_train), _ = keras.datasets.reuters.load_data(num_words=10000)  # doctest: +SKIP

    Source: D. Lewis, Reuters-21578, https://www.daviddlewis.com/resources/testcollections/reuters21578/.
    """
    sequences.check_arguments(
        "reuters",
        num_words=num_words,
        skip_top=skip_top,
        maxlen=maxlen,
        start_char=start_char,
        oov_char=oov_char,
        index_from=index_from,
    )
    if not 0 <= test_split < 1:
        raise ValueError(f"reuters: expected 0 <= test_split < 1, got {test_split}.")
    found = sequences.find("reuters", path, _FILE, _SHA256, 64 << 20)
    texts = pickles.read_ragged(found, ("x",), 256 << 20, _SHA256)["x"]
    labels = readers.read_npz(found, {"y": 8 << 20})["y"]
    if labels.shape != (len(texts),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"reuters: expected a label for each of {len(texts)} texts in {found}, got shape {labels.shape}."
        )
    order = np.arange(len(texts))
    np.random.RandomState(seed).shuffle(order)
    marked = sequences.with_marks([texts[place] for place in order], start_char, index_from)
    x, y = sequences.shorter("reuters", marked, labels[order].astype(np.int64), maxlen)
    x = sequences.within(x, num_words, skip_top, oov_char)
    cut = int(len(x) * (1 - test_split))
    return (sequences.as_array(x[:cut]), y[:cut].copy()), (sequences.as_array(x[cut:]), y[cut:].copy())


def get_word_index(path: str | os.PathLike[str] = _WORDS) -> dict[str, int]:
    """The rank of each word, from 1 for the most frequent on; `load_data` adds `index_from` to it.

    Args:
        path: a file to read instead. Defaults to `"reuters_word_index.json"`, which is looked for and downloaded like
            the newswires.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded.
        ValueError: if it is damaged.
    """
    return sequences.word_index("reuters", path, _WORDS, _WORDS_MD5)


def get_label_names() -> tuple[str, ...]:
    """The names of the 46 topics, in the order of their numbers."""
    return tuple(_TOPICS.split())
