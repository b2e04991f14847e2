"""JSON from strangers: no more than a number of bytes, no key twice, no nesting that the machine cannot follow."""

from __future__ import annotations

import json
from typing import Any

MAX_BYTES = 100_000_000
# An empty list in JSON is three bytes, and some sixty in memory: the values are counted before they are made.
MAX_VALUES = 4_000_000


def read_json(content: bytes, label: str) -> Any:
    """The value that `content` describes.

    `NaN` and `Infinity` are read, since Keras writes them where an argument has such a value; whether they may stand in
    a place is for the class to say that gets them.

    Raises:
        ValueError: If it is no JSON, longer than `MAX_BYTES`, of more values than any model has, nested too deep, or
            has a key twice in one object.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"{label}: {len(content)} bytes of JSON or more; {MAX_BYTES} are the limit.")
    # Every value but the first of a list or dict comes after a comma; commas in texts are counted too.
    values = content.count(b",") + content.count(b"[") + content.count(b"{")
    if values > MAX_VALUES:
        raise ValueError(f"{label}: about {values} values in the JSON; {MAX_VALUES} are the limit.")
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except RecursionError:
        raise ValueError(f"{label}: the JSON is nested too deep to be read.") from None
    except (UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{label}: the JSON is damaged: {error}.") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the key {name[:100]!r} occurs more than once")
            seen.add(name)
    return result
