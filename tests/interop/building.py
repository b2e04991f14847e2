"""Files of `torch.save`, good and bad ones, put together by hand."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAGIC = 0x1950A86A20F9469CFC6C


class Raw(bytes):
    """Opcodes, to be put into a pickle as they are."""


def encoded(value: Any) -> bytes:
    """The opcodes that make a value."""
    if isinstance(value, Raw):
        return value
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return b"J" + struct.pack("<i", value)
        number = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + bytes([len(number)]) + number
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"X" + struct.pack("<I", len(text)) + text
    if isinstance(value, tuple):
        return b"(" + b"".join(map(encoded, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(encoded, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(encoded(key) + encoded(item) for key, item in value.items()) + b"u"
    raise TypeError(type(value))


def name(module: str, attribute: str) -> Raw:
    return Raw(f"c{module}\n{attribute}\n".encode())


def call(function: Raw, *args: Any) -> Raw:
    return Raw(function + encoded(args) + b"R")


def storage(numel: Any, key: Any = "0", kind: Any = "FloatStorage") -> Raw:
    kind = name("torch", kind) if isinstance(kind, str) else kind
    return Raw(encoded(("storage", kind, key, "cpu", numel)) + b"Q")


def tensor(
    numel: Any = 6,
    offset: Any = 0,
    size: Any = (2, 3),
    stride: Any = (3, 1),
    key: Any = "0",
    kind: Any = "FloatStorage",
) -> Raw:
    hooks = call(name("collections", "OrderedDict"))
    return call(
        name("torch._utils", "_rebuild_tensor_v2"),
        storage(numel, key, kind),
        offset,
        size,
        stride,
        False,
        hooks,
    )


def pickled(value: Any) -> bytes:
    return b"\x80\x02" + encoded(value) + b"."


def zipped(members: Mapping[str, bytes], compressed: bool = False) -> bytes:
    stream = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return stream.getvalue()


def new_form(value: Any, storages: Mapping[str, bytes] | None = None, **more: bytes) -> bytes:
    """The zip form; `value` may be a pickle already."""
    content = value if isinstance(value, bytes) and not isinstance(value, Raw) else pickled(value)
    stored = {"0": bytes(24)} if storages is None else storages
    members = {"archive/data.pkl": content, "archive/version": b"3\n", "archive/byteorder": b"little"}
    members |= {f"archive/data/{key}": numbers for key, numbers in stored.items()}
    return zipped(members | {f"archive/{key}": item for key, item in more.items()})


def old_form(
    value: Any,
    storages: Mapping[str, tuple[int, bytes]] | None = None,
    magic: Any = MAGIC,
    version: Any = 1001,
    system: Any = None,
    keys: Any = None,
) -> bytes:
    """The form of pickles one after the other."""
    stored = {"0": (6, bytes(24))} if storages is None else storages
    content = value if isinstance(value, bytes) and not isinstance(value, Raw) else pickled(value)
    start = [magic, version, {"little_endian": True, "protocol_version": 1001} if system is None else system]
    return (
        b"".join(map(pickled, start))
        + content
        + pickled(list(stored) if keys is None else keys)
        + b"".join(struct.pack("<q", numel) + numbers for numel, numbers in stored.values())
    )


def written(folder: Path, content: bytes) -> Path:
    path = folder / "weights.pth"
    path.write_bytes(content)
    return path
