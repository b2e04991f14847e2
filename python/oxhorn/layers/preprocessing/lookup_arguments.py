"""Checks of the arguments of layers that look tokens up."""

from __future__ import annotations

from typing import Any

from oxhorn import arguments
from oxhorn.arguments import describe

__all__ = ["check_sizes", "checked_mode", "key_of", "plain_list", "refuse_path"]

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
_OLD_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def refuse_path(who: str, settings: dict[str, Any]) -> None:
    """Raise `ValueError` if the vocabulary in a config is a path, which must not be read."""
    if isinstance(settings.get("vocabulary"), (str, bytes)):
        raise ValueError(
            f"{who}: Requested the loading of a vocabulary file that a config names, {settings['vocabulary'][:200]!r}. "
            "A config from elsewhere must not make us read files. Make the layer yourself with vocabulary=path, or put "
            "the list of tokens into the config."
        )


def key_of(salt: Any, who: str) -> list[int] | None:
    """The two numbers of a key."""
    if salt is None:
        return None
    if isinstance(salt, int) and not isinstance(salt, bool):
        return [salt, salt]
    numbers = isinstance(salt, (tuple, list)) and all(
        isinstance(one, int) and not isinstance(one, bool) for one in salt
    )
    if numbers and len(salt) == 2:
        return list(salt)
    raise ValueError(
        f"{who}: The `salt` argument for `{who}` can only be a tuple of size 2 integers, or a single integer. "
        f"Received: salt={describe(salt)}."
    )


def checked_mode(mode: Any, who: str) -> str:
    """`mode`, an older name replaced, if it is one of the output modes; `ValueError` otherwise."""
    mode = _OLD_MODES.get(mode, mode) if isinstance(mode, str) else mode
    if not isinstance(mode, str) or mode not in MODES:
        raise ValueError(
            f"Unknown value for `output_mode` argument of {who}. Allowed values are: {MODES}. "
            f"Received: output_mode={mode!r}."
        )
    return mode


def check_sizes(who: str, max_tokens: Any, num_oov_indices: Any, pad_to_max_tokens: Any) -> None:
    """Raise `ValueError` unless the sizes of a vocabulary fit together."""
    if max_tokens is not None:
        arguments.integer(max_tokens, "max_tokens", who, low=None)
        if max_tokens <= 1:
            raise ValueError(
                f"{who}: If set, `max_tokens` must be greater than 1. Received: max_tokens={max_tokens}."
            )
    elif pad_to_max_tokens:
        raise ValueError(
            f"{who}: If pad_to_max_tokens is True, must set `max_tokens`. Received: max_tokens=None."
        )
    arguments.integer(num_oov_indices, "num_oov_indices", who, low=None)
    if num_oov_indices < 0:
        raise ValueError(
            f"{who}: `num_oov_indices` must be greater than or equal to 0. "
            f"Received: num_oov_indices={num_oov_indices}."
        )


def plain_list(values: Any) -> Any:
    """Arrays and tensors as lists, as they stand in a config."""
    if values is None:
        return None
    if hasattr(values, "is_traced"):
        values = values.numpy()
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, (list, tuple)):
        raise ValueError(f"Expected a list, tuple or array. Received: {describe(values)}.")
    return list(values)
