"""What keeps the snapshot of a run up to date, for `fit(resume=...)` and `BackupAndRestore`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from oxhorn.callbacks.callback import Callback

if TYPE_CHECKING:
    from oxhorn.training.run_state import Position, RunState
    from oxhorn.training.snapshot import Snapshot


class SnapshotKeeper(Callback):
    """Finds the snapshot that a run goes on from, and writes new ones.

    `fit` calls `_find` before training, `_write` at its start, and the `_after_...` methods when all callbacks have
    heard of the end of a batch or an epoch: a snapshot holds what they made of it.

    Args:
        path: The file.
    """

    _keeps_snapshots = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self._path = Path(os.fspath(path))
        self._run: RunState | None = None

    def _find(self, run: RunState) -> Snapshot | None:
        """The snapshot to go on from; `None` if there is none.

        Raises:
            ValueError: If there is a file that is no snapshot.
        """
        self._run = run
        if self._path.is_dir():
            raise IsADirectoryError(
                f"fit: expected `resume` to be a file, got the folder {str(self._path)!r}."
            )
        self._sweep()
        return self._read(self._path) if self._path.exists() else None

    def _sweep(self) -> None:
        """Deletes what a process that was killed had written of a snapshot."""
        folder, begin = self._path.parent, f".{self._path.name[:100]}."
        if folder.is_dir():
            for path in folder.iterdir():
                if path.name.startswith(begin) and path.name.endswith(".part"):
                    path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Snapshot:
        from oxhorn.training.snapshot import Snapshot

        return Snapshot(path)

    def _write(self, position: Position) -> None:
        from oxhorn.training.snapshot import write

        assert self._run is not None
        write(self._path, self._run, position)

    def _steps_left(self) -> int:
        """Steps before the next snapshot, for one that is written within an epoch."""
        return 1

    def _after_batch(self, position: Position) -> None:
        """All callbacks have heard of the end of a batch."""

    def _after_epoch(self, position: Position) -> None:
        """All callbacks have heard of the end of an epoch."""
        self._write(position)

    def _ended(self) -> None:
        """The run came to its end: it was not interrupted."""

    def _released(self) -> None:
        """`fit` returns or raises."""
        self._run = None
