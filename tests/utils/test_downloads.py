"""`get_file`: what is fetched, kept and unpacked; archives that want to leave their folder do not."""

from __future__ import annotations

import hashlib
import http.server
import io
import random
import socket
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oxhorn import utils

TEXT = b"some data\n"


@pytest.fixture
def get(tmp_path: Path) -> Callable[..., str]:
    (tmp_path / "web").mkdir()

    def fetch(name: str, data: bytes, **options: Any) -> str:
        path = tmp_path / "web" / name
        path.write_bytes(data)
        return utils.get_file(origin=path.as_uri(), cache_dir=tmp_path / "cache", **options)

    return fetch


def tar(members: dict[str, bytes], compression: str = "gz", **special: Any) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{compression}") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in special.get(name, {}).items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def before_the_file(data: bytes) -> bytes:
    """With a directory that begins a byte later, by the record at the end: all members move to the front."""
    changed = bytearray(data)
    changed[data.rindex(b"PK\x05\x06") + 16] += 1
    return bytes(changed)


def altered(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    for i in range(at, at + 8):
        changed[i] ^= 0xA5
    return bytes(changed)


NOISE = random.Random(3).randbytes(200_000)


def left_over(path: Path) -> list[str]:
    return sorted(p.name for p in path.rglob("*") if p.name.endswith(".part") or p.name.startswith("."))


def test_fetched_once_and_checked(get: Callable[..., str], tmp_path: Path) -> None:
    digest = hashlib.sha256(TEXT).hexdigest()
    path = get("data.txt", TEXT, file_hash=digest)
    assert path == str(tmp_path / "cache" / "datasets" / "data.txt") and Path(path).read_bytes() == TEXT
    get("data.txt", b"newer")
    assert Path(path).read_bytes() == TEXT, "what is there is kept"
    get("data.txt", b"newer", force_download=True)
    assert Path(path).read_bytes() == b"newer"
    with pytest.raises(ValueError, match="does not match the provided value"):
        get("data.txt", b"other", file_hash=digest)
    assert Path(path).read_bytes() == b"newer", "what was there is kept"
    get("data.txt", TEXT, md5_hash=hashlib.md5(TEXT).hexdigest(), fname="own.txt", cache_subdir="sub")
    assert (tmp_path / "cache" / "sub" / "own.txt").read_bytes() == TEXT
    assert not left_over(tmp_path / "cache")


@pytest.mark.parametrize(
    "name", ["archive.tar.gz", "archive.tgz", "archive.zip", "archive.tar.bz2", "archive"]
)
def test_archives(get: Callable[..., str], name: str) -> None:
    members = {"folder/one.txt": TEXT, "two.txt": b"2", "folder/empty/": b""}
    if name.endswith("zip"):
        data = zipped(members)
    else:
        special = {"folder/empty/": {"type": tarfile.DIRTYPE, "size": 0}}
        data = tar(members, "bz2" if name.endswith("bz2") else "gz", **special)
    folder = Path(get(name, data, extract=True))
    assert folder.name == ("archive_extracted" if name == "archive" else "archive")
    assert (folder / "folder" / "one.txt").read_bytes() == TEXT and (folder / "folder" / "empty").is_dir()
    assert get(name, b"", extract=True) == str(folder), "unpacked once"
    newer = zipped({"three.txt": b"3"}) if name.endswith("zip") else tar({"three.txt": b"3"})
    get(name, newer, untar=True, force_download=True)
    assert sorted(p.name for p in folder.iterdir()) == ["three.txt"]


LINK = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}
HARD = {"type": tarfile.LNKTYPE, "linkname": "../../x", "size": 0}
HOSTILE: dict[str, tuple[bytes, str]] = {
    "up": (tar({"../evil.txt": TEXT}), "does not lie in its folder"),
    "deep up": (tar({"a/../../evil.txt": TEXT}), "does not lie in its folder"),
    "absolute": (tar({"/evil.txt": TEXT}), "does not lie in its folder"),
    "backslashes": (tar({"..\\evil.txt": TEXT}), "does not lie in its folder"),
    "drive": (tar({"C:evil.txt": TEXT}), "does not lie in its folder"),
    "long": (tar({"a/" * 3000 + "evil.txt": TEXT}), "does not lie in its folder"),
    "link": (tar({"link": b"", "link/evil.txt": TEXT}, link=LINK), "a link or a device"),
    "hard link": (tar({"link": b""}, link=HARD), "a link or a device"),
    "device": (tar({"dev": b""}, dev={"type": tarfile.CHRTYPE, "size": 0}), "a link or a device"),
    "twice": (tar({"a": TEXT, "./a": TEXT}), "cannot be unpacked"),
    "file and folder": (tar({"a": TEXT, "a/b": TEXT}), "cannot be unpacked"),
    "zip up": (zipped({"../evil.txt": TEXT}), "does not lie in its folder"),
    "zip drive": (zipped({"C:\\evil.txt": TEXT}), "does not lie in its folder"),
    "zip twice": (zipped({"a": TEXT, "./a": TEXT}), "cannot be unpacked"),
    "zip before the file": (before_the_file(zipped({"a": TEXT})), "begins before the file does"),
    "cut off": (tar({"a": b"x" * 10_000}, "")[:6000], "cannot be unpacked"),
    "bomb": (zipped({f"{i}": b"\0" * (1 << 22) for i in range(8)}), "times its size"),
    "no archive": (TEXT, "to be an archive"),
    "long name": (tar({"L": b"x" * 2_000_000}, L={"type": tarfile.GNUTYPE_LONGNAME}), "bytes of notes"),
    "long header": (tar({"x": b"x" * 2_000_000}, x={"type": tarfile.XHDTYPE}), "bytes of notes"),
    "long header later": (
        tar({"a": TEXT, "x": b"x" * 2_000_000}, x={"type": tarfile.XGLTYPE}),
        "bytes of notes",
    ),
    "altered gzip": (altered(tar({"a": NOISE}), 100_000), "cannot be unpacked"),
    "altered xz": (altered(tar({"a": NOISE}, "xz"), 100_000), "cannot be unpacked"),
    "altered zip": (altered(zipped({"a": TEXT * 1000}), 35), "cannot be unpacked"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives(
    get: Callable[..., str], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oxhorn.utils.downloads._MOST_GROWTH", 20)
    data, words = HOSTILE[name]
    with pytest.raises(ValueError, match=words):
        get("archive.bin", data, extract=True)
    assert sorted(p.name for p in (tmp_path / "cache").rglob("*")) == ["archive.bin", "datasets"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "web"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, 'specify the "origin" argument'),
    ({"origin": "https://example.org/"}, "Can't parse the file name"),
    ({"origin": "ftp://example.org/a"}, "https://"),
    ({"origin": "file:///x", "fname": "../a"}, "Paths are no longer accepted"),
    ({"origin": "file:///x", "fname": "a\\b"}, "Paths are no longer accepted"),
    ({"origin": "file:///x", "fname": ".."}, "Paths are no longer accepted"),
    ({"origin": "file:///x", "hash_algorithm": "crc"}, "hash_algorithm"),
    ({"origin": "file:///x", "archive_format": "rar"}, "archive_format"),
]


@pytest.mark.parametrize(("options", "words"), BAD)
def test_bad_arguments(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        utils.get_file(cache_dir=tmp_path, **options)


class Server(http.server.BaseHTTPRequestHandler):
    """A server that knows one file, and breaks off amid two others."""

    def do_GET(self) -> None:
        if self.path not in ("/whole.txt", "/half.txt", "/reset.txt"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(TEXT) * (1 if self.path == "/whole.txt" else 2)))
        self.end_headers()
        self.wfile.write(TEXT)
        if self.path == "/reset.txt":
            # To close without waiting is to reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, *args: Any) -> None:
        """Silence."""


def test_files_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            path = utils.get_file(origin=f"{address}/whole.txt", cache_dir=tmp_path)
            assert Path(path).read_bytes() == TEXT
            for name, words in (
                ("half", "ended after 10 of 20 bytes"),
                (
                    "reset",
                    f"get_file: cannot fetch {address}/reset.txt: ConnectionResetError.*Nothing was kept",
                ),
                ("none", "Not Found"),
            ):
                with pytest.raises(OSError, match=words):
                    utils.get_file(origin=f"{address}/{name}.txt", cache_dir=tmp_path)
        finally:
            server.shutdown()
    assert [p.name for p in (tmp_path / "datasets").iterdir()] == ["whole.txt"]


def test_what_cannot_be_fetched_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot fetch"):
        utils.get_file(origin=(tmp_path / "none").as_uri(), cache_dir=tmp_path / "cache")
    assert not list((tmp_path / "cache" / "datasets").iterdir())
