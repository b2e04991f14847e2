"""The snapshot file of a run: written while it trains, read where another run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oxhorn import _core
from oxhorn.training.run_state import Position, RunState
from oxhorn.training.snapshot_records import from_records, to_records

FORMAT = "oxhorn.training"
FORMAT_VERSION = 1
_KEYS = (
    "epoch",
    "step",
    "logs",
    "stop",
    "weights",
    "trainable",
    "extra",
    "optimizers",
    "settings",
    "metrics",
    "random",
    "feed",
    "validation",
    "callbacks",
)

# What parts of the wrong kind lead to.
_MISFITS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, NotImplementedError)


class DamagedSnapshotError(ValueError):
    """A file that cannot be read as a snapshot: half written, altered, newer, or of something else."""


class Snapshot:
    """What a snapshot file holds.

    Attributes:
        path: The file.
        fixed: What the run that goes on must have in common with the one that wrote it.
        state: The state of the run.
        position: How far it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        records = self._read()
        if records.get("format") != FORMAT:
            raise self._damaged(
                f"it holds something else than a training run ({records.get('format', 'nothing')!r:.60})"
            )
        if records.get("format_version") != str(FORMAT_VERSION):
            raise self._damaged(
                f"it has version {records.get('format_version')!r:.20} of the format, and this release reads version "
                f"{FORMAT_VERSION}. Use the release that wrote it, or a newer one"
            )
        try:
            fixed, state = json.loads(_text(records["fixed"])), from_records(records)
            if not isinstance(fixed, dict) or not isinstance(state, dict):
                raise ValueError("the description and the state of a run are dicts")
            missing = [key for key in _KEYS if key not in state]
            if missing:
                raise ValueError(f"it has no {', '.join(missing)}")
            epoch, step = state["epoch"], state["step"]
            if not all(type(count) is int and 0 <= count < 2**53 for count in (epoch, step)):
                raise ValueError(f"the epoch and the step are {epoch!r:.40} and {step!r:.40}")
            self.position = Position(epoch, step, dict(state["logs"]), bool(state["stop"]))
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise self._damaged(f"its parts do not fit together ({error})") from None
        self.fixed: dict[str, Any] = fixed
        self.state: dict[str, Any] = state

    def _read(self) -> dict[str, Any]:
        try:
            return dict(_core.read_snapshot(str(self.path)))
        except ValueError as error:
            raise self._damaged(str(error)) from None

    def _damaged(self, why: str) -> DamagedSnapshotError:
        return DamagedSnapshotError(
            f"{str(self.path)!r} is no snapshot that a run can go on from: {why}. Nothing was changed. Choose another "
            "file, or delete it to begin anew."
        )

    def check(self, run: RunState) -> None:
        """See that it is of this run.

        Raises:
            ValueError: If it is not; the message says in which respects.
        """
        try:
            problems = run.differences(self.fixed, self.state)
        except _MISFITS as error:
            raise self._damaged(f"its parts do not fit together ({error!r:.200})") from None
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise ValueError(
                f"fit: the snapshot {str(self.path)!r} is of another run, and nothing was changed:\n{lines}\nGo on "
                "with the same model, compile arguments, data and callbacks, or delete the file to begin anew."
            )

    def needs_a_step(self, run: RunState) -> bool:
        """Whether something in it is made by the first step only."""
        with _Explained(self):
            return run.needs_a_step(self.state)

    def place_feeds(self, run: RunState) -> None:
        """Bring the data to where the run stopped."""
        with _Explained(self):
            run.place_feeds(self.state)

    def put(self, run: RunState) -> None:
        """Makes everything else as it was, or changes nothing."""
        with _Explained(self):
            run.put(self.state)


class _Explained:
    """Says which file it was that does not fit."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, _MISFITS):
            text = str(error) if isinstance(error, ValueError) else repr(error)
            raise ValueError(
                f"fit: the run cannot go on from the snapshot {str(self._snapshot.path)!r}: {text} Nothing was "
                "changed in the model."
            ) from error


def write(path: Path, run: RunState, position: Position) -> None:
    """Write the state of a run, in place of the file that is there."""
    records = to_records(run.take(position), "The snapshot of this run")
    path.parent.mkdir(parents=True, exist_ok=True)
    _core.write_snapshot(
        str(path),
        {"format": FORMAT, "format_version": str(FORMAT_VERSION), "fixed": json.dumps(run.fixed), **records},
    )


def _text(record: Any) -> str:
    if not isinstance(record, str):
        raise ValueError("a text is expected")
    return record
