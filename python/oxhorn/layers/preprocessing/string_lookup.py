"""Words as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import arguments, ops
from oxhorn.engine.text import as_text, is_text
from oxhorn.layers.preprocessing.fingerprints import to_buckets
from oxhorn.layers.preprocessing.index_lookup import _NOTHING, IndexLookup

__all__ = ["StringLookup"]


class StringLookup(IndexLookup):
    """Replace each string by its number in a vocabulary, or by a vector that shows it.

    `y = i` for the i-th token, where 0 is the mask token (if there is one, and the mode is `"int"`), then come
    `num_oov_indices` numbers for unknown strings, then the tokens of the vocabulary. With several numbers for unknown
    strings, `y = start + hash(x) mod num_oov_indices`, with FarmHash64 or, under a `salt`, SipHash.

    The vocabulary is given, or found by `adapt(data)`. Strings are looked up before the compiled part of a model; see
    `TextVectorization` for text that has to be split.

    Args:
        max_tokens: The greatest size of the vocabulary, special tokens included; `None` for any size.
        num_oov_indices: How many numbers unknown strings share. With 0 they are an error. Defaults to 1.
        mask_token: The string of masked places, or `None`. Modes other than `"int"` leave it out.
        oov_token: What stands for unknown strings with `invert`. Defaults to `"[UNK]"`.
        vocabulary: The tokens, in a list, tuple or array; or the path of a text file with one token a line.
        idf_weights: For the mode `"tf_idf"`: the weight of each token of `vocabulary`.
        invert: Whether to turn numbers into strings. Defaults to False.
        output_mode: `"int"` for numbers; `"one_hot"` for a vector for each string; `"multi_hot"`, `"count"` or
            `"tf_idf"` (the count times the weight of each token) for one for the strings along the last axis.
        pad_to_max_tokens: Whether vectors have the length `max_tokens` even if there are fewer tokens.
        sparse: Must be False: results are dense.
        encoding: How bytes and files are read. Defaults to `"utf-8"`.
        name: A name; automatic if not given.
        salt: One or two whole numbers: a key under which unknown strings are hashed.
        **kwargs: `dtype`, that of the vectors.

    Input shape:
        Any.

    Output shape:
        The same; `(..., n, size)` for `"one_hot"` (`(..., size)` if n is 1), `(..., size)` for the other vectors.

    Returns:
        When called: an int64 tensor for `"int"`, floats for vectors; with `invert` a NumPy array of strings.

    Raises:
        ValueError: If an argument is not one of those above, or an unknown string is met with `num_oov_indices=0`.
        RuntimeError: When called without a vocabulary.
        TypeError: When called on something else than strings.

    Example:
    >>> import oxhorn as keras
    >>> layer = keras.layers.StringLookup(vocabulary=["a", "b", "c"])
    >>> layer([["a", "c", "?"]]).numpy().tolist()
    [[1, 3, 0]]
    >>> keras.layers.StringLookup(vocabulary=["a", "b", "c"], invert=True)([1, 3, 0]).tolist()
    ['a', 'c', '[UNK]']
    >>> layer = keras.layers.StringLookup(output_mode="multi_hot")
    >>> layer.adapt(["red", "blue", "red"])
    >>> layer.get_vocabulary(), layer(["red", "green"]).numpy().tolist()
    (['[UNK]', 'red', 'blue'], [1.0, 1.0, 0.0])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        _check_encoding(encoding)
        self.__dict__["_encoding"] = encoding
        self.__dict__["_known_numbers"] = None
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            name=name,
            salt=salt,
            vocabulary_dtype="string",
            **kwargs,
        )

    def _token(self, value: Any) -> str:
        return str(as_text(value, f"{type(self).__name__}: the vocabulary", self.encoding)[()])

    @property
    def encoding(self) -> str:
        """How bytes and files are read."""
        return str(self.__dict__["_encoding"])

    def _token_array(self, data: Any) -> np.ndarray[Any, Any]:
        return as_text(data, f"{type(self).__name__} {self.name!r}", self.encoding)

    def call(self, inputs: Any) -> Any:
        """Look the strings up; with `invert`, the numbers."""
        self._check_vocabulary()
        if self.invert:
            return self._strings_of(inputs)
        return self._encode(ops.convert_to_tensor(self._numbers_of(self._token_array(inputs))))

    def _numbers_of(self, texts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The numbers of strings; -1 for what vectors leave out."""
        table = self._table()
        # -2 for strings that are not there yet
        numbers = np.array([table.get(text, -2) for text in texts.ravel()], np.int64).reshape(texts.shape)
        unknown = numbers == -2
        if unknown.any():
            numbers[unknown] = self._oov_numbers(texts[unknown])
        return numbers

    def _table(self) -> dict[str, int]:
        """The number of each string; kept until the vocabulary changes."""
        kept: tuple[Any, dict[str, int]] | None = self.__dict__.get("_known_numbers")
        if kept is not None and kept[0] is self._tokens:
            return kept[1]
        table = {token: place for place, token in enumerate(self._tokens, self._token_start)}
        if self.mask_token is not None:
            table[self.mask_token] = 0 if self.output_mode == "int" else _NOTHING
        self.__dict__["_known_numbers"] = (self._tokens, table)
        return table

    def _oov_numbers(self, texts: np.ndarray[Any, Any]) -> Any:
        if self.num_oov_indices == 0:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: with `num_oov_indices=0` all inputs must be in the vocabulary; "
                f"got {sorted(set(texts.tolist()))[:10]}. Consider setting `num_oov_indices=1`."
            )
        if self.num_oov_indices == 1:
            return self._oov_start
        return self._oov_start + to_buckets(texts, self.num_oov_indices, self.salt)

    def _strings_of(self, inputs: Any) -> np.ndarray[Any, Any]:
        if is_text(inputs):
            raise TypeError(
                f"{type(self).__name__} {self.name!r} with `invert=True` expected numbers; got text."
            )
        numbers = np.asarray(inputs.numpy() if hasattr(inputs, "is_traced") else inputs)
        if numbers.dtype.kind not in "iu":
            raise TypeError(
                f"{type(self).__name__} {self.name!r} with `invert=True` expected whole numbers; got dtype "
                f"{numbers.dtype}."
            )
        words = np.array([*self.get_vocabulary(), self.oov_token], dtype=np.str_)
        known = (numbers >= 0) & (numbers < len(words) - 1)
        return np.asarray(words[np.where(known, numbers, len(words) - 1)])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; a vocabulary that `adapt` found is not among them."""
        found = {**super().get_config(), "encoding": self.encoding}
        # There is only one dtype of strings.
        del found["vocabulary_dtype"]
        return found


def _check_encoding(encoding: Any) -> None:
    if not isinstance(encoding, str):
        raise ValueError(
            f"StringLookup: expected `encoding` to be the name of one. Received: {arguments.describe(encoding)}."
        )
    try:
        "".encode(encoding)
    except LookupError as error:
        raise ValueError(
            f"StringLookup: there is no encoding {encoding!r}. Pass one such as 'utf-8'."
        ) from error
