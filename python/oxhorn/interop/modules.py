"""A state dict as modules: what lies under one name, in the form that the table of layers names it.

conv1.weight, conv1.bias              conv1: weight, bias
rnn.weight_ih_l0, rnn.weight_ih_l1    rnn.l0: weight_ih   rnn.l1: weight_ih   (rnn alone if there is one level)
attn.in_proj_weight                   attn: q_proj.weight, k_proj.weight, v_proj.weight, a third of it each
attn.out_proj.weight                  attn: out_proj.weight
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from oxhorn.interop.stored import Array, Stored

__all__ = ["Module", "Piece", "modules_of", "named_as_in_torch"]

_RECURRENT = re.compile(r"(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)_l(\d{1,4})(_reverse)?")
_PROJECTIONS = ("q_proj", "k_proj", "v_proj")
_OF_ATTENTION = ("in_proj_weight", "in_proj_bias", *(f"{name}_weight" for name in _PROJECTIONS))


class Piece(NamedTuple):
    """An array of the state dict, or a part of one: where it is from, for reports."""

    source: str
    stored: Stored


class Module(NamedTuple):
    """The arrays under one name."""

    name: str
    arrays: dict[str, Piece]

    def described(self) -> str:
        """Name and arrays, for messages."""
        arrays = ", ".join(f"{name} {piece.stored.shape}" for name, piece in self.arrays.items())
        return f"{self.name or 'the root'!s} ({arrays})"


def modules_of(arrays: Mapping[str, Stored]) -> list[Module]:
    """The modules of a state dict, in its order."""
    split = {name: _split(name) for name in arrays}
    levels: dict[str, set[str]] = {}
    attentions = {prefix for prefix, last, _ in split.values() if last in _OF_ATTENTION}
    for prefix, _, level in split.values():
        if level:
            levels.setdefault(prefix, set()).add(level)
    found: dict[str, Module] = {}
    for name, stored in arrays.items():
        prefix, last, level = split[name]
        outer, _, inner = prefix.rpartition(".")
        if level:
            if len(levels[prefix]) > 1:
                prefix = f"{prefix}.{level}" if prefix else level
            pieces = {last: Piece(name, stored)}
        elif inner == "out_proj" and outer in attentions:
            prefix, pieces = outer, {f"out_proj.{last}": Piece(name, stored)}
        elif last in _OF_ATTENTION:
            pieces = _projections(name, last, stored)
        else:
            pieces = {last: Piece(name, stored)}
        found.setdefault(prefix, Module(prefix, {})).arrays.update(pieces)
    return list(found.values())


def _split(name: str) -> tuple[str, str, str]:
    """Module, array, and the level of a recurrent one."""
    prefix, _, last = name.rpartition(".")
    match = _RECURRENT.fullmatch(last)
    if match is None:
        return prefix, last, ""
    return prefix, match[1] + (match[3] or ""), f"l{match[2]}"


def _projections(name: str, last: str, stored: Stored) -> dict[str, Piece]:
    if last.endswith("_proj_weight") and not last.startswith("in"):
        return {f"{last.removesuffix('_weight')}.weight": Piece(name, stored)}
    kind = last.rpartition("_")[2]
    if not stored.shape or stored.shape[0] % 3:
        return {last: Piece(name, stored)}
    return {
        f"{projection}.{kind}": Piece(f"{name}[{i}/3]", stored.part(i, 3))
        for i, projection in enumerate(_PROJECTIONS)
    }


def named_as_in_torch(module: str, level: str, arrays: Iterable[tuple[str, Array]]) -> dict[str, Array]:
    """The way back: the arrays of a module under the names of a state dict.

    Args:
        module: The name of the module.
        level: "l0", "l1", ... of a recurrent one, or empty.
        arrays: Names of the table of layers, and arrays.
    """
    given = dict(arrays)
    found: dict[str, Any] = {}
    if "q_proj.weight" in given:
        for kind in ("weight", "bias"):
            parts = [given.pop(f"{name}.{kind}") for name in _PROJECTIONS if f"{name}.{kind}" in given]
            if parts and (kind == "bias" or len({part.shape for part in parts}) == 1):
                found[f"in_proj_{kind}"] = np.concatenate(parts)
            elif parts:
                found.update((f"{name}_weight", part) for name, part in zip(_PROJECTIONS, parts, strict=True))
    for name, array in given.items():
        if name.startswith(("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
            plain = name.removesuffix("_reverse")
            found[f"{plain}_{level or 'l0'}{name[len(plain) :]}"] = array
        else:
            found[name] = array
    return {f"{module}.{name}" if module else name: array for name, array in found.items()}
