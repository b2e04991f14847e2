"""Text as numbers of words."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from oxhorn import arguments, ops
from oxhorn.arguments import describe
from oxhorn.engine import allowance
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.text import as_text
from oxhorn.layers.preprocessing.adapt_data import source_batches
from oxhorn.layers.preprocessing.host_layer import HostLayer
from oxhorn.layers.preprocessing.index_lookup import _NOTHING
from oxhorn.layers.preprocessing.lookup_arguments import refuse_path
from oxhorn.layers.preprocessing.string_lookup import StringLookup

__all__ = ["TextVectorization"]

Array = np.ndarray[Any, Any]

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_STRIP = str.maketrans("", "", string.punctuation)
_TABLES = {
    "lower": _LOWER,
    "strip_punctuation": _STRIP,
    "lower_and_strip_punctuation": {**_LOWER, **_STRIP},
}
_WORD = re.compile(r"[^ \t\n\r\v\f]+")


class TextVectorization(HostLayer):
    """Turn each text into the numbers of its words, or into a vector that shows which words it has.

    A text is standardized, split into words, these are joined to n-grams if asked for, and looked up in a vocabulary:
    0 is for padding (in the mode `"int"`), then comes the number of all unknown words, then those of the vocabulary.

    The vocabulary is given, or found by `adapt(texts)`. Text is worked on before the compiled part of a model.

    Args:
        max_tokens: The greatest size of the vocabulary, special tokens included; `None` for any size.
        standardize: `"lower_and_strip_punctuation"`, `"lower"` or `"strip_punctuation"`, which know the letters and
            the punctuation of ASCII; `None`; or a function of a NumPy array of strings that returns one of that shape.
        split: `"whitespace"` (that of ASCII), `"character"`, `None` for texts that are tokens already; or a function
            of a NumPy array of strings that returns a list of the tokens of each.
        ngrams: How many neighbouring tokens are joined, by a blank: all numbers up to `ngrams`, or those in a tuple.
        output_mode: `"int"` for a row of numbers for each text; `"multi_hot"`, `"count"` or `"tf_idf"` (the count
            times the weight of each token) for a vector for each; `"one_hot"` for a vector for each token.
        output_sequence_length: For `"int"`: the length to which rows are cut or padded; by default they are padded to
            that of the longest.
        pad_to_max_tokens: Whether vectors have the length `max_tokens` even if there are fewer tokens.
        vocabulary: The tokens, in a list, tuple or array; or the path of a text file with one token a line.
        idf_weights: For the mode `"tf_idf"`: the weight of each token of `vocabulary`.
        sparse: Must be False: results are dense.
        ragged: Must be False, likewise.
        encoding: How bytes and files are read. Defaults to `"utf-8"`.
        name: A name; automatic if not given.
        **kwargs: `dtype`, that of the vectors, and the other arguments of every layer.

    Input shape:
        `()`, `(texts,)` or `(texts, 1)`; with `split=None` any, with the tokens of a text along the last axis.

    Output shape:
        `(texts, length)` for `"int"`, `(texts, size)` for vectors.

    Returns:
        When called: an int64 tensor for `"int"`, floats for vectors.

    Raises:
        ValueError: If an argument is not one of those above, or an input of several columns is to be split.
        RuntimeError: When called without a vocabulary.
        TypeError: When called on something else than text.

    Example:
    >>> import oxhorn as keras
    >>> layer = keras.layers.TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["The cat sat.", "The dog sat!"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
    >>> layer(["the cat", "a dog sat"]).numpy().tolist()
    [[2, 5, 0, 0], [1, 4, 3, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        who = "TextVectorization"
        has_vocabulary = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        vocabulary_size = kwargs.pop("vocabulary_size", None)
        arguments.unsupported(who, sparse=sparse or None, ragged=ragged or None)
        super().__init__(name=name, **kwargs)
        self._standardize = _word_or_function(standardize, tuple(_TABLES), "standardize")
        self._split = _word_or_function(split, ("whitespace", "character"), "split")
        self._ngrams_arg = ngrams
        self._ngrams = _widths(ngrams)
        self._encoding = encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=output_mode,
            has_input_vocabulary=has_vocabulary,
            encoding=encoding,
            vocabulary_size=vocabulary_size,
            dtype=self.dtype_policy,
            name=f"{self.name}_lookup",
        )
        self._lookup_layer._known_as = f"{who} {self.name!r}"
        self._output_mode = self._lookup_layer.output_mode
        if output_sequence_length is not None:
            if self._output_mode != "int":
                raise ValueError(
                    f"{who}: `output_sequence_length` must not be set if `output_mode` is not 'int'. "
                    f"Received: output_sequence_length={output_sequence_length}, output_mode={output_mode!r}."
                )
            output_sequence_length = arguments.integer(
                output_sequence_length, "output_sequence_length", who, low=1
            )
        self._output_sequence_length = output_sequence_length
        self.built = True

    # The vocabulary ----------------------------------------------------------------------------------

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find the vocabulary in some texts: the tokens by how often they occur, the most frequent first.

        Of equally frequent tokens the last one in the alphabet comes first. With `max_tokens`, the rarest are left
        out. In the mode `"tf_idf"`, `idf = ln(1 + texts / (1 + texts with the token))`.

        Args:
            data: A NumPy array or a list of texts; a `Dataset` of texts or of batches of them; or another source of
                batches: a `PyDataset`, or an iterable such as a generator.
            batch_size: Ignored: the size of batches makes no difference.
            steps: How many batches (or elements of a `Dataset`) to read, for a source that may go on; all by default.

        Raises:
            ValueError: If the vocabulary was given to the constructor, or there are no tokens.
        """
        del batch_size
        self.reset_state()
        if isinstance(data, (list, tuple, str)) or hasattr(data, "__array__"):
            texts = self._texts(data)
            if not texts.size:
                raise ValueError("TextVectorization.adapt() got no texts; expected at least one.")
            self._add(texts[:, None] if texts.ndim == 1 else texts)
        else:
            for batch in source_batches("TextVectorization.adapt()", data, steps):
                self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts.

        Args:
            data: An array, or a list, of texts.
        """
        self._add(self._texts(data))

    def _add(self, texts: Array) -> None:
        self._lookup_layer._count(self._tokens(texts)[0])

    def finalize_state(self) -> None:
        """Make what was counted the vocabulary."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens, in the order of their numbers.

        Args:
            include_special_tokens: Whether to begin with the tokens for padding and for unknown words.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of tokens, those for padding and for unknown words included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the vocabulary, in the place of any there was.

        Args:
            vocabulary: The tokens, in a list, tuple or array; or the path of a text file with one a line.
            idf_weights: For the mode `"tf_idf"`, and only there: one weight for each token.

        Raises:
            ValueError: If a token is there twice, there are more than `max_tokens`, or the weights do not fit.
        """
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights=idf_weights)

    @property
    def _has_input_vocabulary(self) -> bool:
        return self._lookup_layer._has_input_vocabulary

    # From text to tokens -----------------------------------------------------------------------------

    def _texts(self, data: Any) -> Array:
        return as_text(data, f"TextVectorization {self.name!r}", self._encoding)

    def _tokens(self, texts: Array) -> tuple[list[list[str]], tuple[int, ...]]:
        """The tokens of each text, and the shape in which the texts lay."""
        texts = self._standardized(texts)
        if self._split is None:
            lead = texts.shape[:-1]
            flat: Any = texts.reshape(int(np.prod(lead)), -1).tolist() if texts.ndim else [[texts[()]]]
            rows: list[list[str]] = flat
        else:
            if texts.ndim > 1:
                if texts.shape[-1] != 1:
                    raise ValueError(
                        "When using `TextVectorization` to tokenize strings, the input rank must be 1 or the last "
                        f"shape dimension must be 1. Received: texts of shape {texts.shape}. With split=None each text "
                        "is a token."
                    )
                texts = texts[..., 0]
            lead = texts.shape
            rows = self._split_texts(texts.ravel())
        if self._ngrams is not None:
            rows = [_joined(row, self._ngrams) for row in rows]
        return rows, lead

    def _standardized(self, texts: Array) -> Array:
        if self._standardize is None:
            return texts
        if callable(self._standardize):
            changed = as_text(self._standardize(texts.astype(np.str_)), "TextVectorization: `standardize`")
            if changed.shape != texts.shape:
                raise ValueError(
                    f"TextVectorization: the function `standardize` must return an array of the shape it got, "
                    f"{texts.shape}; got {changed.shape}."
                )
            return changed
        table = _TABLES[self._standardize]
        changed = np.empty(texts.shape, object)
        changed.ravel()[:] = [text.translate(table) for text in texts.ravel()]
        return changed

    def _split_texts(self, texts: Array) -> list[list[str]]:
        if self._split == "whitespace":
            return [_WORD.findall(text) for text in texts]
        if self._split == "character":
            return [list(text) for text in texts]
        rows = [[str(token) for token in row] for row in self._split(texts.astype(np.str_))]
        if len(rows) != len(texts):
            raise ValueError(
                f"TextVectorization: the function `split` must return the tokens of each of the {len(texts)} texts it "
                f"got; it returned {len(rows)} lists."
            )
        return rows

    # Results -----------------------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """Standardize, split and look up."""
        lookup = self._lookup_layer
        lookup._check_vocabulary()
        texts = self._texts(inputs)
        rows, lead = self._tokens(texts)
        length = self._output_sequence_length or max(map(len, rows), default=0)
        is_int = self._output_mode == "int"
        numbers = np.full((len(rows), length), 0 if is_int else _NOTHING, np.int64)
        flat = np.array([token for row in rows for token in row[:length]], object)
        found = lookup._numbers_of(flat)
        inside = np.arange(length) < np.array([len(row) for row in rows], np.int64)[:, None]
        numbers[inside] = found
        if self._split is None and not texts.ndim:
            return lookup._encode(ops.convert_to_tensor(numbers[0, 0]))
        return lookup._encode(ops.convert_to_tensor(numbers.reshape(*lead, length)))

    @property
    def compute_dtype(self) -> str:
        """The dtype of what the layer is called with."""
        return "string"

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the results for texts of this shape."""
        return self._spec(tuple(input_shape)).shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """The results as a symbolic tensor."""
        return self._spec(inputs.shape)

    def _spec(self, shape: tuple[int | None, ...]) -> KerasTensor:
        if self._split is None:
            lead, length = shape[:-1], shape[-1] if shape and self._ngrams is None else None
        else:
            lead, length = shape[:-1] if len(shape) > 1 else shape, None
        return self._lookup_layer._spec((*lead, self._output_sequence_length or length))

    # Config and files --------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; a vocabulary that `adapt` found is not among them."""
        lookup = self._lookup_layer
        return {
            **super().get_config(),
            "max_tokens": lookup.max_tokens,
            "standardize": self._standardize,
            "split": self._split,
            "ngrams": self._ngrams_arg,
            "output_mode": self._output_mode,
            "output_sequence_length": self._output_sequence_length,
            "pad_to_max_tokens": lookup.pad_to_max_tokens,
            "sparse": False,
            "ragged": False,
            "vocabulary": lookup.input_vocabulary,
            "idf_weights": lookup.input_idf_weights,
            "encoding": self._encoding,
            "vocabulary_size": self.vocabulary_size(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return a new layer from what `get_config` returned.

        Args:
            config: The constructor's arguments. The path of a file in the place of the vocabulary is refused: a config
                from elsewhere must not make us read files.

        Raises:
            ValueError: If the vocabulary is a path.
        """
        from oxhorn.saving import deserialize_keras_object

        refuse_path(cls.__name__, config)
        given = dict(config)
        for name in ("standardize", "split"):
            if isinstance(given.get(name), dict):
                given[name] = deserialize_keras_object(given[name])
        if isinstance(given.get("ngrams"), list):
            given["ngrams"] = tuple(given["ngrams"])
        return super().from_config(given)

    def get_build_config(self) -> dict[str, Any]:
        """Nothing: the layer is built from the start."""
        return {}

    def save_own_variables(self, store: Any) -> None:
        """Put the weights of the mode `"tf_idf"` into `store`.

        Args:
            store: A dict, or what acts like one.
        """
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Take the weights that `save_own_variables` wrote.

        Args:
            store: A dict, or what acts like one.
        """
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path: str) -> None:
        """Write a vocabulary that is not in the config to `vocabulary.txt` in a folder, one token a line.

        Args:
            dir_path: The folder.
        """
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary that `save_assets` wrote.

        Args:
            dir_path: The folder.
        """
        self._lookup_layer.load_assets(dir_path)


def _word_or_function(value: Any, words: tuple[str, ...], name: str) -> Any:
    if value is None or callable(value) or (isinstance(value, str) and value in words):
        return value
    raise ValueError(
        f"Unknown value for `{name}` argument of TextVectorization. Allowed values are: {words}, None or a function. "
        f"Received: {name}={describe(value)}."
    )


def _widths(ngrams: Any) -> tuple[int, ...] | None:
    if ngrams is None:
        return None
    single = isinstance(ngrams, int) and not isinstance(ngrams, bool)
    if single:
        allowance.called(ngrams)
    widths = tuple(range(1, ngrams + 1)) if single else ngrams
    good = isinstance(widths, tuple) and len(widths) > 0
    if not good or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in widths):
        raise ValueError(
            "TextVectorization: `ngrams` must be None, a positive integer, or a tuple of positive integers. "
            f"Received: ngrams={describe(ngrams)}."
        )
    return widths


def _joined(tokens: Sequence[str], widths: tuple[int, ...]) -> list[str]:
    """All runs of so many neighbours, joined by blanks: first those of the first width."""
    return [" ".join(tokens[i : i + n]) for n in widths for i in range(len(tokens) - n + 1)]
