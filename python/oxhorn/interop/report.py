"""What became of the weights of another library's model."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LoadReport", "Match"]


class Match(NamedTuple):
    """One of our weights and what it was made of."""

    names: tuple[str, ...]
    variable: str
    conversion: str


class LoadReport:
    """What `load_torch_state_dict` did, or, in an error, what it would have done.

    Attributes:
        matched: A `Match` for each weight that was set: the names in the source, the path of the variable, and the
            conversion.
        unused: What the source holds and no weight of the model took, with the reason.
        missing: The weights of the model that were not set, with the reason.
        left_out: What was left out because the caller said so.
        notes: What is worth knowing besides: numbers that are not finite or were rounded, settings of layers that a
            state dict does not hold.

    `print(report)` shows all of it.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="top")])
    >>> state = {"fc.weight": np.ones((2, 3), "float32")}
    >>> report = keras.interop.load_torch_state_dict(model, state, strict=False)
    >>> report, report.complete
    (<LoadReport matched=1, unused=0, missing=1, left_out=0, notes=0>, False)
    >>> report.missing
    ['top/bias (2,): fc has no bias']
    """

    def __init__(self) -> None:
        self.matched: list[Match] = []
        self.unused: list[str] = []
        self.missing: list[str] = []
        self.left_out: list[str] = []
        self.notes: list[str] = []

    @property
    def complete(self) -> bool:
        """Whether nothing is left over on either side."""
        return not self.unused and not self.missing

    def text(self, most: int | None = None) -> str:
        """The report as text.

        Args:
            most: The most lines of each kind; None is all of them.
        """
        lines = []
        width = max((len(" + ".join(m.names)) for m in self.matched), default=0)
        matched = [
            f"{' + '.join(m.names):<{min(width, 60)}} -> {m.variable}: {m.conversion}" for m in self.matched
        ]
        for title, entries in (
            ("not used", self.unused),
            ("not set", self.missing),
            ("left out", self.left_out),
            ("notes", self.notes),
            ("matched", matched),
        ):
            if not entries and title != "matched":
                continue
            lines.append(f"{title}: {len(entries)}")
            shown = entries if most is None else entries[:most]
            lines.extend(f"  {entry}" for entry in shown)
            if len(shown) < len(entries):
                lines.append(f"  ... and {len(entries) - len(shown)} more")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return (
            f"<LoadReport matched={len(self.matched)}, unused={len(self.unused)}, missing={len(self.missing)}, "
            f"left_out={len(self.left_out)}, notes={len(self.notes)}>"
        )
