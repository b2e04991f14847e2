"""Archives with names that lead elsewhere, bombs, and tables of contents that do not fit (3, 8, 9, 11)."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

from tests.saving.hostile.table import Table
from tests.saving.test_archive_hostile import NAMES


def test_archives(table: Table, good: Path) -> None:
    for name in ("m.keras", "m.pth", "m.zip"):
        with zipfile.ZipFile(good / name) as source:
            members = {member: source.read(member) for member in source.namelist()}

        def packed(
            members: dict[str, bytes] = members, method: int = zipfile.ZIP_STORED, **more: bytes
        ) -> bytes:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as target:
                for member, content in {**members, **more}.items():
                    target.writestr(member, content)
            return file.getvalue()

        for evil in NAMES[:9]:
            if name != "m.pth":
                table.add(f"the name {evil[:40]}", name, packed(**{evil: b"x"}))
        if name != "m.zip":
            many = {f"assets/{i}": bytes(16_000_000) for i in range(40)}
            table.add("many bombs", name, packed({**members, **many}, zipfile.ZIP_DEFLATED))
        first = next(iter(members))
        content = bytearray(packed())
        at = content.index(b"PK\x01\x02")
        for offset, form, value in (
            (42, "<L", 2**31),
            (20, "<L", 2**32 - 1),
            (24, "<L", 2**32 - 1),
            (8, "<H", 1),
            (10, "<H", 99),
        ):
            changed = bytearray(content)
            struct.pack_into(form, changed, at + offset, value)
            table.add(f"a table with {value} at {offset}", name, bytes(changed))
        changed = bytearray(content)
        changed[30 : 30 + len(first)] = b"x" * len(first)
        table.add("two names for one member", name, bytes(changed))
    assert not table.problems(harmless=True)
