"""Vocabularies: counted from data, read from files, checked."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["TokenCounts", "read_file", "without_special_tokens"]


class TokenCounts:
    """How often each token was seen, and in how many documents."""

    def __init__(self) -> None:
        self.tokens: collections.Counter[Any] = collections.Counter()
        self.documents: collections.Counter[Any] = collections.Counter()
        self.number_of_documents = 0

    def add(self, documents: Iterable[Sequence[Any]]) -> None:
        """Count documents, each a sequence of tokens."""
        for document in documents:
            self.tokens.update(document)
            self.documents.update(set(document))
            self.number_of_documents += 1

    def most_common(self, leave_out: Sequence[Any], limit: int | None) -> list[Any]:
        """The tokens, the most frequent first; of equally frequent ones the last in the alphabet first."""
        found = [token for token in self.tokens if token not in leave_out]
        found.sort(reverse=True)
        found.sort(key=lambda token: self.tokens[token], reverse=True)
        return found[:limit]

    def inverse_document_frequency(self, tokens: Sequence[Any]) -> np.ndarray[Any, Any]:
        """Weights of tokens: ln(1 + documents / (1 + documents with the token))."""
        documents = np.array([self.documents[token] for token in tokens], np.float64)
        return np.log(1 + self.number_of_documents / (1 + documents))


def read_file(path: str, who: str, as_integers: bool, encoding: str = "utf-8") -> list[Any]:
    """The tokens of a text file, one a line.

    Raises:
        ValueError: If there is no such file, or a line is no token.
    """
    file = Path(path)
    if not file.is_file():
        raise ValueError(
            f"{who}: Vocabulary file {path} does not exist, or is no file. Pass a path, or a list of tokens."
        )
    try:
        lines = file.read_text(encoding).split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{who}: the vocabulary file {path} is no text in {encoding}: {error}.") from error
    lines = [line.removesuffix("\r") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not as_integers:
        return lines
    try:
        return [int(line) for line in lines]
    except ValueError as error:
        raise ValueError(
            f"{who}: the vocabulary file {path} must have one whole number a line: {error}."
        ) from error


def without_special_tokens(
    vocabulary: list[Any], special: list[Any], mask_token: Any, oov_token: Any, who: str
) -> tuple[list[Any], bool]:
    """The tokens of a vocabulary that may begin with the special ones, and whether it does.

    Args:
        vocabulary: The tokens.
        special: The mask token and the tokens for unknown ones, in the order in which they would stand.
        mask_token: A token that may not be among the others, or `None`.
        oov_token: Likewise.
        who: Whose vocabulary it is, for errors.

    Raises:
        ValueError: If it is empty, a token is there twice, or a special one is among the others.
    """
    if not vocabulary:
        raise ValueError(f"{who}: Cannot set an empty vocabulary. Pass at least one token.")
    has_special = vocabulary[: len(special)] == special
    tokens = vocabulary[len(special) :] if has_special else vocabulary
    repeated = [token for token, count in collections.Counter(tokens).items() if count > 1]
    if repeated:
        raise ValueError(
            f"{who}: The passed vocabulary has at least one repeated term. Each token must be there once; these are "
            f"not: {repeated[:10]}."
        )
    for kind, token in (("mask", mask_token), ("OOV", oov_token)):
        if token is not None and token in tokens:
            raise ValueError(
                f"{who}: Found reserved {kind} token at unexpected location in `vocabulary`. Received: {token!r} at "
                f"index {vocabulary.index(token)}. Leave the mask and OOV tokens out, or begin with them, in this "
                f"order: {special}."
            )
    return tokens, has_special
