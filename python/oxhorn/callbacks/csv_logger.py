"""The metrics of every epoch in a CSV file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import IO, Any

import numpy as np

from oxhorn.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    """Writes one row for each epoch: its number (from 0) and the logs, sorted by name.

    The columns are those of the first epoch. When it had no validation, columns `val_...` are added for epochs that
    have; a value that is missing is written as `NA`.

    Args:
        filename: the file to write.
        separator: what stands between two values. Defaults to `","`.
        append: go on with an existing file instead of replacing it. Defaults to `False`.

    Example:
        >>> import pathlib, tempfile
        >>> import oxhorn as keras
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.csv"
        >>> log = keras.callbacks.CSVLogger(path)
        >>> log.on_train_begin()
        >>> log.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
        >>> log.on_train_end()
        >>> print(path.read_text().strip())
        epoch,loss,val_loss
        0,0.5,0.75
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.csv_file: IO[str] | None = None
        self.keys: list[str] | None = None
        self._writer: Any = None
        # Where this run begins in the file.
        self._start = 0

    def get_state(self) -> Any:
        """The columns and what was written."""
        if self.csv_file is None:
            return None
        self.csv_file.flush()
        written = Path(self.filename).read_bytes()[self._start :].decode("utf-8")
        return {"keys": self.keys, "start": self._start, "written": written}

    def set_state(self, state: Any) -> None:
        """Puts the file back to what it was.

        Args:
            state: What `get_state` returned.
        """
        assert self.csv_file is not None
        # A file to be gone on with may hold rows that came after the snapshot.
        size = self.csv_file.seek(0, os.SEEK_END)
        self._start = min(int(state["start"]), size)
        self.csv_file.seek(self._start)
        self.csv_file.truncate()
        self.csv_file.write(state["written"])
        self.csv_file.flush()
        self.keys = state["keys"]
        self._writer = None if self.keys is None else self._make_writer()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._close()
        mode = "a" if self.append else "w"
        self.csv_file = Path(self.filename).open(mode, newline="", encoding="utf-8")  # noqa: SIM115, open for all epochs
        self._start = self.csv_file.seek(0, os.SEEK_END)
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self.csv_file is None:
            raise RuntimeError(
                "CSVLogger: expected on_train_begin before on_epoch_end; the file is not open."
            )
        if self._writer is None:
            self.keys = self._columns(logs)
            self._writer = self._make_writer()
            if self.csv_file.tell() == 0:
                self._writer.writerow(["epoch", *self.keys])
        self._writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys or ())])
        self.csv_file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()

    def _make_writer(self) -> Any:
        assert self.csv_file is not None
        return csv.writer(self.csv_file, delimiter=self.sep, lineterminator="\n")

    def _columns(self, logs: Logs) -> list[str]:
        existing = Path(self.filename)
        if self.append and existing.stat().st_size > 0:
            with existing.open(newline="", encoding="utf-8") as file:
                header = next(csv.reader(file, delimiter=self.sep), [])
            if header[:1] == ["epoch"]:
                return header[1:]  # rows go under the columns that are there
        keys = sorted(logs)
        if not any(key.startswith("val_") for key in keys):
            keys += [f"val_{key}" for key in keys if key != "learning_rate"]
        return keys

    def _close(self) -> None:
        if self.csv_file is not None:
            self.csv_file.close()
        self.csv_file = None
        self._writer = None


def _cell(value: Any) -> Any:
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return "[" + ", ".join(map(str, value)) + "]"
