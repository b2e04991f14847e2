"""Bytes from the internet into a file: all of them, or an error."""

from __future__ import annotations

import hashlib
from pathlib import Path


def fetch(who: str, url: str, target: Path, max_bytes: int | None = None) -> None:
    """Write what is at an address into a file.

    Args:
        who: the function that was called, for messages.
        url: the address.
        target: the file.
        max_bytes: where to give up.

    Raises:
        OSError: if it cannot be fetched, or ends early.
        ValueError: if there is more of it.
    """
    import http.client  # Slow to import; most files are there already.
    import urllib.error
    import urllib.request

    total = 0
    try:
        with urllib.request.urlopen(url, timeout=60) as response, target.open("wb") as out:
            while block := response.read(1 << 20):
                total += len(block)
                if max_bytes is not None and total > max_bytes:
                    raise ValueError(
                        f"{who}: expected at most {max_bytes} bytes from {url}, got more. Nothing was kept."
                    )
                out.write(block)
            # Of a connection that broke, reading says nothing; a response of HTTP counts what is still to come.
            left = getattr(response, "length", None)
    except urllib.error.URLError as error:
        raise OSError(f"{who}: cannot fetch {url}: {error.reason}. Nothing was kept.") from None
    except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
        raise OSError(f"{who}: cannot fetch {url}: {error!r}. Nothing was kept.") from None
    if left:
        raise OSError(
            f"{who}: cannot fetch {url}: the connection ended after {total} of {total + left} bytes. Nothing was kept."
        )


def sum_of(path: Path, algorithm: str) -> str:
    """The checksum of a file, in hexadecimal: `"sha256"` or `"md5"`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
