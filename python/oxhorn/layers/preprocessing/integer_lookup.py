"""Arbitrary whole numbers as numbers of categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core, arguments, ops
from oxhorn.layers.preprocessing.fingerprints import to_buckets
from oxhorn.layers.preprocessing.index_lookup import _NOTHING, IndexLookup

__all__ = ["IntegerLookup"]


class IntegerLookup(IndexLookup):
    """Replace each whole number by its place in a vocabulary, or by a vector that shows it.

    `y = i` for the i-th token, where 0 is the mask token (if there is one, and the mode is `"int"`), then come
    `num_oov_indices` places for unknown numbers, then the tokens of the vocabulary. With several places for unknown
    numbers, `y = start + x mod num_oov_indices`, or the hash of the digits of x in the place of x.

    The vocabulary is given, or found by `adapt(data)`. The lookup is compiled with the rest of a model, except where
    unknown numbers are hashed or an error: then it is done before.

    Args:
        max_tokens: The greatest size of the vocabulary, special tokens included; `None` for any size.
        num_oov_indices: How many places unknown numbers share. With 0 they are an error. Defaults to 1.
        mask_token: The number of masked places, or `None`. Modes other than `"int"` leave it out.
        oov_token: What stands for unknown numbers with `invert`. Defaults to -1.
        vocabulary: The tokens, in a list, tuple or array; or the path of a text file with one number a line.
        vocabulary_dtype: Must be `"int64"`.
        idf_weights: For the mode `"tf_idf"`: the weight of each token of `vocabulary`.
        invert: Whether to turn places into tokens. Defaults to False.
        output_mode: `"int"` for places; `"one_hot"` for a vector for each number; `"multi_hot"`, `"count"` or
            `"tf_idf"` (the count times the weight of each token) for one for the numbers along the last axis.
        sparse: Must be False: results are dense.
        pad_to_max_tokens: Whether vectors have the length `max_tokens` even if there are fewer tokens.
        oov_method: `"floormod"` for remainders, `"farmhash"` for hashes. Defaults to `"floormod"`.
        salt: One or two whole numbers: a key under which unknown numbers are hashed, with SipHash.
        name: A name; automatic if not given.
        **kwargs: `dtype`, that of the vectors.

    Input shape:
        Any.

    Output shape:
        The same; `(..., n, size)` for `"one_hot"` (`(..., size)` if n is 1), `(..., size)` for the other vectors.

    Returns:
        When called: an int64 tensor for `"int"`, floats for vectors.

    Raises:
        ValueError: If an argument is not one of those above, or an unknown number is met with `num_oov_indices=0`.
        RuntimeError: When called without a vocabulary.

    Example:
    >>> import oxhorn as keras
    >>> layer = keras.layers.IntegerLookup(vocabulary=[12, 36, 1138])
    >>> layer([[12, 1138, 7]]).numpy().tolist()
    [[1, 3, 0]]
    >>> keras.layers.IntegerLookup(vocabulary=[12, 36], output_mode="one_hot")([36, 7]).numpy().tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ValueError(
                "IntegerLookup: Only `vocabulary_dtype='int64'` is supported. "
                f"Received: vocabulary_dtype={vocabulary_dtype!r}."
            )
        for label, token in (("mask_token", mask_token), ("oov_token", oov_token)):
            if token is not None:
                arguments.integer(token, label, "IntegerLookup", low=-(2**63), high=2**63 - 1)
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=None if mask_token is None else int(mask_token),
            oov_token=None if oov_token is None else int(oov_token),
            vocabulary=vocabulary,
            vocabulary_dtype=vocabulary_dtype,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            oov_method=oov_method,
            salt=salt,
            name=name,
            **kwargs,
        )

    def _token(self, value: Any) -> int:
        return arguments.integer(value, "vocabulary", "IntegerLookup", low=-(2**63), high=2**63 - 1)

    @property
    def runs_on_host(self) -> bool:
        """Whether the layer needs values: to hash them, or to see that none is unknown."""
        hashes = self.num_oov_indices > 1 and self.oov_method == "farmhash"
        return not self.invert and (hashes or self.num_oov_indices == 0)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # A single number, which other layers take for an option, is an input too.
        if args and isinstance(args[0], (int, np.integer)):
            args = (np.asarray(args[0]), *args[1:])
        return super().__call__(*args, **kwargs)

    def _token_array(self, data: Any) -> np.ndarray[Any, Any]:
        array = np.asarray(data.numpy() if hasattr(data, "is_traced") else data)
        if array.dtype.kind not in "iufb" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
            raise ValueError(
                f"IntegerLookup {self.name!r} expected whole numbers; got an array of dtype {array.dtype}."
                + (" StringLookup is for text." if array.dtype.kind in "UO" else "")
            )
        return array.astype(np.int64)

    def call(self, inputs: Any) -> Any:
        """Look the numbers up."""
        self._check_vocabulary()
        if self.runs_on_host:
            numbers = self._token_array(inputs)
            places = self._places(ops.convert_to_tensor(numbers), None).numpy()
            unknown = places == -2
            if unknown.any():
                places[unknown] = self._oov_places(numbers[unknown])
            return self._encode(ops.convert_to_tensor(places))
        inputs = ops.cast(inputs, "int64")
        if self.invert:
            return self._tokens_of(inputs)
        oov: Any = self._oov_start
        if self.num_oov_indices > 1:
            oov = oov + ops.mod(inputs, self.num_oov_indices)
        return self._encode(self._places(inputs, oov))

    def _places(self, inputs: Any, oov: Any) -> Any:
        """The places of numbers, found in the sorted vocabulary; -1 for what vectors leave out, -2 for no place."""
        tokens = np.array(self._tokens, np.int64)
        order = np.argsort(tokens)
        tokens_in_order, places = _core.tensor(tokens[order]), _core.tensor(self._token_start + order)
        at = ops.minimum(ops.cast(ops.searchsorted(tokens_in_order, inputs), "int32"), len(tokens) - 1)
        known = ops.equal(ops.take(tokens_in_order, at), inputs)
        found = ops.where(known, ops.take(places, at), ops.cast(-2 if oov is None else oov, "int64"))
        if self.mask_token is None:
            return found
        mask_place = ops.cast(0 if self.output_mode == "int" else _NOTHING, "int64")
        return ops.where(ops.equal(inputs, ops.cast(np.int64(self.mask_token), "int64")), mask_place, found)

    def _oov_places(self, numbers: np.ndarray[Any, Any]) -> Any:
        if self.num_oov_indices == 0:
            raise ValueError(
                f"IntegerLookup {self.name!r}: with `num_oov_indices=0` all inputs must be in the vocabulary; got "
                f"{np.unique(numbers)[:10].tolist()}. Consider setting `num_oov_indices=1`."
            )
        return self._oov_start + to_buckets(numbers, self.num_oov_indices, self.salt)

    def _tokens_of(self, places: Any) -> Any:
        oov = 0 if self.oov_token is None else self.oov_token
        table = _core.tensor(
            np.array([oov if one is None else one for one in self.get_vocabulary()], np.int64)
        )
        size = self.vocabulary_size()
        known = ops.logical_and(ops.greater_equal(places, 0), ops.less(places, size))
        return ops.where(
            known, ops.take(table, ops.clip(places, 0, size - 1)), ops.cast(np.int64(oov), "int64")
        )
