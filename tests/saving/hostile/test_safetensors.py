"""Headers of safetensors that say what cannot be (4 to 7, 13, 18)."""

from __future__ import annotations

import json
import struct
from typing import Any

from tests.saving.hostile.table import Table


def header(entries: Any, data: bytes = b"", size: int | None = None) -> bytes:
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def entry(shape: Any, offsets: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


HEADERS = {
    "huge header": header({}, size=2**63 - 1),
    "all bits": header({}, size=2**64 - 1),
    "no object": header([1]),
    "huge shape": header(entry([2**62, 8], [0, 4]), bytes(4)),
    "product beyond 64 bits": header(entry([2**32, 2**32], [0, 0])),
    "negative": header(entry([-1], [0, 4]), bytes(4)),
    "fraction": header(entry([1.5], [0, 4]), bytes(4)),
    "true": header(entry([True], [0, 4]), bytes(4)),
    "other size": header(entry([2], [0, 4]), bytes(4)),
    "beyond the end": header(entry([1], [4, 8]), bytes(4)),
    "backwards": header(entry([1], [4, 0]), bytes(4)),
    "overlap": header({**entry([1], [0, 4]), "b": entry([1], [0, 4])["a"]}, bytes(4)),
    "hole": header({**entry([1], [0, 4]), "b": entry([1], [8, 12])["a"]}, bytes(12)),
    "more behind": header(entry([1], [0, 4]), bytes(400)),
    "other dtype": header(entry([1], [0, 4], "PICKLE"), bytes(4)),
    "dtype of another kind": header(entry([1], [0, 4], {"a": 1}), bytes(4)),
    "offsets too many": header(entry([1], [0, 4, 8]), bytes(8)),
    "notes that are no text": header({"__metadata__": {"a": 1}}),
    "no such weight": header(entry([1], [0, 4]), bytes(4)),
    "many": header({f"{i}": entry([0], [0, 0])["a"] for i in range(120_000)}),
}


def test_headers_of_safetensors(table: Table) -> None:
    for label, content in HEADERS.items():
        table.add(label, "m.safetensors", content)
    assert not table.problems()
