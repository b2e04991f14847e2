"""JSON from strangers: no more than a number of bytes, no key twice, no nesting that the machine cannot follow."""

from __future__ import annotations

import json
from typing import Any


def read_json(content: bytes, label: str, limit: int) -> Any:
    """The value that `content` describes.

    `NaN` and `Infinity` are read, since Keras writes them where an argument has such a value; whether they may stand in
    a place is for the class to say that gets them.

    Raises:
        ValueError: If it is no JSON, longer than `limit` bytes, nested too deep, or has a key twice in one object.
    """
    if len(content) > limit:
        raise ValueError(f"{label}: {len(content)} bytes of JSON or more; {limit} are the limit.")
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
