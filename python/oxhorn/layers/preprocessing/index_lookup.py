"""What `StringLookup` and `IntegerLookup` share: a vocabulary, given or found, and the numbers of its tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from oxhorn import _core, arguments, config, ops
from oxhorn.engine import tracing
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.layers.preprocessing.adapt_data import source_batches
from oxhorn.layers.preprocessing.encodings import encode, encoded_spec
from oxhorn.layers.preprocessing.host_layer import HostLayer
from oxhorn.layers.preprocessing.lookup_arguments import (
    check_sizes,
    checked_mode,
    key_of,
    plain_list,
    refuse_path,
)
from oxhorn.layers.preprocessing.vocabulary import TokenCounts, read_file, without_special_tokens

__all__ = ["IndexLookup"]

# Stands for no category, so that vectors leave it out.
_NOTHING = -1


class IndexLookup(HostLayer):
    """The base of layers that number the tokens of a vocabulary.

    Numbers in the mode `"int"`: 0 for the mask token (if there is one), then `num_oov_indices` numbers for unknown
    tokens, then one for each token of the vocabulary. In the other modes nothing stands for the mask token.

    Args:
        max_tokens: The greatest size of the vocabulary, special tokens included; `None` for any size.
        num_oov_indices: How many numbers unknown tokens share. With 0 they are an error.
        mask_token: The token of masked places, or `None`.
        oov_token: What stands for unknown tokens where numbers are turned into tokens.
        vocabulary_dtype: `"string"` or `"int64"`.
        vocabulary: The tokens; or the path of a text file with one token a line, which is read at once.
        idf_weights: For the mode `"tf_idf"`: the weight of each token of `vocabulary`.
        invert: Whether to turn numbers into tokens.
        output_mode: `"int"`, `"one_hot"`, `"multi_hot"`, `"count"` or `"tf_idf"`.
        sparse: Must be False: results are dense.
        pad_to_max_tokens: Whether vectors have the length `max_tokens` even if there are fewer tokens.
        oov_method: Which of their numbers unknown whole numbers get: the remainder (`"floormod"`), or the hash of
            their digits (`"farmhash"`). Text is always hashed.
        name: A name; automatic if not given.
        salt: One or two whole numbers: a key under which unknown tokens are hashed, with SipHash.
        **kwargs: `dtype`, that of the vectors, and `trainable`.

    Raises:
        ValueError: If an argument is not one of these.
    """

    _known_as: str | None = None  # what messages call it, if it is a part of another layer

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary_dtype: str,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        who = type(self).__name__
        frozen_size = kwargs.pop("vocabulary_size", None)
        has_vocabulary = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        options = {key: kwargs.pop(key) for key in ("dtype", "trainable") if key in kwargs}
        if kwargs:
            raise ValueError(f"{who}: Unrecognized keyword argument(s): {sorted(kwargs)}.")
        output_mode = checked_mode(output_mode, who)
        check_sizes(who, max_tokens, num_oov_indices, pad_to_max_tokens)
        if invert and output_mode != "int":
            raise ValueError(
                f"{who}: `output_mode` must be `'int'` when `invert` is true. Received: output_mode={output_mode!r}."
            )
        if sparse and output_mode == "int":
            raise ValueError(
                f"{who}: `sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'`, `'count'` or "
                "`'tf_idf'`; and sparse results are not supported at all. Leave it out."
            )
        arguments.unsupported(who, sparse=sparse or None)
        if idf_weights is not None and output_mode != "tf_idf":
            raise ValueError(
                f"{who}: `idf_weights` should only be set if `output_mode` is `'tf_idf'`. Received: "
                f"output_mode={output_mode!r}."
            )
        super().__init__(name=name, **options)
        self.vocabulary_dtype = vocabulary_dtype
        self.oov_method = arguments.choice(oov_method, ("floormod", "farmhash"), "oov_method", who)
        self.salt = key_of(salt, who)
        if salt is not None and vocabulary_dtype != "string" and oov_method != "farmhash":
            raise ValueError(
                f"{who}: `salt` can only be used when `oov_method='farmhash'`. Received: oov_method={oov_method!r}."
            )
        self.invert = bool(invert)
        self.max_tokens = max_tokens
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.output_mode = output_mode
        self.sparse = False
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        # A file is not named in the config: who reads that would read the file.
        self.input_vocabulary = None if isinstance(vocabulary, str) else plain_list(vocabulary)
        self.input_idf_weights = plain_list(idf_weights)
        self.idf_weights: Any = None
        self._has_input_vocabulary = bool(has_vocabulary)
        self._frozen_vocab_size = frozen_size
        self._tokens: tuple[Any, ...] = ()
        self.__dict__["_counts"] = TokenCounts()
        if output_mode == "tf_idf" and vocabulary is not None and idf_weights is None:
            raise ValueError(
                f"{who}: when specifying the `vocabulary` argument in TF-IDF output mode, the `idf_weights` argument "
                "must also be provided: one weight for each token."
            )
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        self.built = True

    # The vocabulary ----------------------------------------------------------------------------------

    def _token(self, value: Any) -> Any:
        """A token in the form in which the vocabulary has it. Defined by subclasses."""
        raise NotImplementedError

    @property
    def _oov_start(self) -> int:
        return 1 if self.mask_token is not None and self.output_mode == "int" else 0

    @property
    def _token_start(self) -> int:
        return self._oov_start + self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens, in the order of their numbers.

        Args:
            include_special_tokens: Whether to begin with the mask token and those for unknown ones.
        """
        return [*self._special_tokens(), *self._tokens] if include_special_tokens else list(self._tokens)

    def _special_tokens(self) -> list[Any]:
        return [self.mask_token] * self._oov_start + [self.oov_token] * self.num_oov_indices

    def vocabulary_size(self) -> int:
        """The number of tokens, those for masked and unknown ones included."""
        return self._token_start + len(self._tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the vocabulary, in the place of any there was.

        Args:
            vocabulary: The tokens, in a list, tuple, array or tensor; or the path of a text file with one a line.
            idf_weights: For the mode `"tf_idf"`, and only there: one weight for each token.

        Raises:
            ValueError: If a token is there twice, there are more than `max_tokens`, or the weights do not fit.
        """
        who = type(self).__name__
        if self.output_mode != "tf_idf" and idf_weights is not None:
            raise ValueError(
                f"{who}: `idf_weights` should only be set if output_mode is `'tf_idf'`. Received: "
                f"output_mode={self.output_mode!r}."
            )
        if isinstance(vocabulary, str):
            if self.output_mode == "tf_idf":
                raise ValueError(
                    f"{who}: output_mode `'tf_idf'` does not support loading a vocabulary from file, which has no "
                    "weights. Pass lists of tokens and of weights."
                )
            given = read_file(
                vocabulary, who, self.vocabulary_dtype != "string", getattr(self, "encoding", "utf-8")
            )
        else:
            given = plain_list(vocabulary)
        if self.output_mode == "tf_idf" and idf_weights is None:
            raise ValueError(f"{who}: `idf_weights` must be set if output_mode is 'tf_idf'.")
        given = [self._token(token) for token in given]
        oov_token = self.oov_token if self.invert else None
        tokens, has_special = without_special_tokens(
            given, self._special_tokens(), self.mask_token, oov_token, who
        )
        size = self._token_start + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{who}: Attempted to set a vocabulary larger than the maximum vocab size. Received: {size} tokens, "
                f"special ones included; max_tokens={self.max_tokens}."
            )
        weights = None if idf_weights is None else self._checked_weights(idf_weights, given, has_special)
        self._replace_vocabulary(tokens, weights)

    def _checked_weights(self, idf_weights: Any, given: list[Any], has_special: bool) -> np.ndarray[Any, Any]:
        """Weights for all numbers: those given, before them their mean for unknown tokens."""
        weights = np.asarray(plain_list(idf_weights), np.float64)
        if weights.ndim != 1 or len(weights) != len(given):
            raise ValueError(
                f"{type(self).__name__}: `idf_weights` must be the same length as vocabulary, {len(given)}; got the "
                f"shape {weights.shape}."
            )
        return weights if has_special else self._with_special_weights(weights)

    def _with_special_weights(self, weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.concatenate([np.full(self._token_start, weights.mean()), weights])

    def _replace_vocabulary(self, tokens: Sequence[Any], weights: np.ndarray[Any, Any] | None) -> None:
        size = self._token_start + len(tokens)
        is_in_shapes = self.output_mode != "int" and not self.pad_to_max_tokens
        if is_in_shapes and self.__dict__["_called"] and self._frozen_vocab_size not in (None, size):
            raise RuntimeError(
                f"When using `output_mode={self.output_mode}` and `pad_to_max_tokens=False`, the vocabulary size "
                f"cannot be changed after the layer is called: its results have that size. The old size is "
                f"{self._frozen_vocab_size}, the new one {size}."
            )
        self._tokens = tuple(tokens)
        self._frozen_vocab_size = size
        tracing.state_changed()
        if weights is not None:
            padding = (self.max_tokens or 0) - len(weights) if self.pad_to_max_tokens else 0
            self.idf_weights = _core.tensor(np.pad(weights, (0, max(padding, 0))), config.floatx())

    # Adapting ----------------------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find the vocabulary in some data: the tokens by how often they occur, the most frequent first.

        Of equally frequent tokens the last one in the alphabet comes first. With `max_tokens`, the rarest are left
        out. In the mode `"tf_idf"`, `idf = ln(1 + documents / (1 + documents with the token))`; the rows of the data
        are the documents.

        Args:
            data: A NumPy array or a list of tokens; a `Dataset` of tokens or of batches of them; or another source of
                batches: a `PyDataset`, or an iterable such as a generator. Each token of a list is a document of its
                own.
            steps: How many batches (or elements of a `Dataset`) to read, for a source that may go on; all by default.

        Raises:
            ValueError: If the vocabulary was given to the constructor, or there are no tokens.
        """
        self.reset_state()
        who = f"{type(self).__name__}.adapt()"
        if isinstance(data, (list, tuple, str)) or hasattr(data, "__array__"):
            array = self._token_array(data)
            if not array.size:
                raise ValueError(f"{who} got no tokens; expected at least one.")
            self.update_state(array[:, None] if array.ndim == 1 else array)
        else:
            for batch in source_batches(who, data, steps):
                self.update_state(batch)
        self.finalize_state()

    def _token_array(self, data: Any) -> np.ndarray[Any, Any]:
        """Data as an array of tokens. Defined by subclasses."""
        raise NotImplementedError

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch, whose rows are documents; one row without a batch is one document.

        Args:
            data: An array, or lists, of tokens.
        """
        array = self._token_array(data)
        self._count(array.reshape(1, -1) if array.ndim < 2 else array.reshape(len(array), -1))

    def _count(self, documents: Iterable[Any]) -> None:
        if self._has_input_vocabulary:
            raise ValueError(
                f"Cannot adapt layer '{self.name}' after setting a static vocabulary via the `vocabulary` argument: "
                "that stays. Make the layer without one."
            )
        self.__dict__["_counts"].add(
            document.tolist() if isinstance(document, np.ndarray) else document for document in documents
        )

    def finalize_state(self) -> None:
        """Make what was counted the vocabulary."""
        counts: TokenCounts = self.__dict__["_counts"]
        if self._has_input_vocabulary or not counts.number_of_documents:
            return
        limit = self.max_tokens - self._token_start if self.max_tokens else None
        special = [token for token in (self.mask_token, self.oov_token) if token is not None]
        tokens = counts.most_common(special, limit)
        if not tokens:
            raise ValueError(
                f"{type(self).__name__}.adapt() found no token in the data; expected at least one."
            )
        weights = None
        if self.output_mode == "tf_idf":
            weights = self._with_special_weights(counts.inverse_document_frequency(tokens))
        self._replace_vocabulary(tokens, weights)
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self.__dict__["_counts"] = TokenCounts()

    # Results -----------------------------------------------------------------------------------------

    def _check_vocabulary(self) -> None:
        if self._tokens:
            return
        reason = ""
        if self.output_mode != "int" and not self.pad_to_max_tokens:
            reason = f"When using `output_mode={self.output_mode}` and `pad_to_max_tokens=False`, it sets the size. "
        who = self._known_as or f"{type(self).__name__} {self.name!r}"
        raise RuntimeError(
            f"{who} has no vocabulary. {reason}Either pass a `vocabulary` argument to "
            "the layer, or call `adapt(data)` with some sample data, before it is called."
        )

    @property
    def _depth(self) -> int | None:
        return self.max_tokens if self.pad_to_max_tokens else self._frozen_vocab_size

    def _encode(self, indices: Any) -> Any:
        """Numbers of tokens in the form that `output_mode` says."""
        if self.output_mode == "int":
            return ops.cast(indices, "int64")
        dtype, depth = self._vector_dtype, self._depth
        assert depth is not None
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        vectors = encode(indices, mode, depth, dtype)
        return vectors * ops.cast(self.idf_weights, dtype) if self.output_mode == "tf_idf" else vectors

    @property
    def _vector_dtype(self) -> str:
        return self.dtype_policy.compute_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of what the layer is called with."""
        return "int64" if self.invert else self.vocabulary_dtype

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the results for tokens of this shape."""
        return self._spec(tuple(input_shape)).shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """The results as a symbolic tensor."""
        return self._spec(inputs.shape)

    def _spec(self, shape: Any) -> KerasTensor:
        if self.output_mode == "int":
            return KerasTensor(shape, self.vocabulary_dtype if self.invert else "int64")
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        spec = encoded_spec(shape, mode, self._depth or 1, self._vector_dtype)
        return spec if self._depth else KerasTensor((*spec.shape[:-1], None), spec.dtype)

    # Config and files --------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; a vocabulary that `adapt` found is not among them."""
        return {
            **super().get_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "vocabulary_dtype": self.vocabulary_dtype,
            "idf_weights": self.input_idf_weights,
            "vocabulary": self.input_vocabulary,
            "vocabulary_size": self._frozen_vocab_size,
            "oov_method": self.oov_method,
            "salt": self.salt,
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
        refuse_path(cls.__name__, config)
        return super().from_config(config)

    def get_build_config(self) -> dict[str, Any]:
        """Nothing: the layer is built from the start."""
        return {}

    def save_own_variables(self, store: Any) -> None:
        """Put the weights of the mode `"tf_idf"` into `store`.

        Args:
            store: A dict, or what acts like one.
        """
        if self.idf_weights is not None:
            store["idf_weights"] = self.idf_weights.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the weights that `save_own_variables` wrote.

        Args:
            store: A dict, or what acts like one.
        """
        if self.output_mode == "tf_idf":
            self.idf_weights = _core.tensor(np.asarray(store["idf_weights"]), config.floatx())

    def save_assets(self, dir_path: str) -> None:
        """Write a vocabulary that is not in the config to `vocabulary.txt` in a folder, one token a line.

        Args:
            dir_path: The folder.
        """
        if self.input_vocabulary is None:
            lines = "\n".join(str(token) for token in self.get_vocabulary())
            (Path(dir_path) / "vocabulary.txt").write_text(lines, "utf-8")

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary that `save_assets` wrote.

        Args:
            dir_path: The folder.
        """
        if self.input_vocabulary is not None:
            return
        path = str(Path(dir_path) / "vocabulary.txt")
        tokens = read_file(path, type(self).__name__, self.vocabulary_dtype != "string")
        self._set_extra_state((tokens[self._token_start :], None))

    def _extra_state(self) -> Any:
        if not self._tokens:
            return None
        weights = None if self.idf_weights is None else self.idf_weights.numpy()
        return list(self._tokens), weights

    def _set_extra_state(self, state: Any) -> None:
        tokens, weights = state
        self._tokens = tuple(self._token(token) for token in tokens)
        self._frozen_vocab_size = self.vocabulary_size()
        tracing.state_changed()
        if weights is not None:
            self.idf_weights = _core.tensor(weights, config.floatx())
