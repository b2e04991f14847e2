"""What goes where: checked as a whole before any number is read, and read as a whole before any weight is set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from oxhorn.interop.conversions import Conversion, same
from oxhorn.interop.mapping import Pairs
from oxhorn.interop.modules import Module, Piece
from oxhorn.interop.report import LoadReport, Match
from oxhorn.interop.stored import Array
from oxhorn.interop.table import IGNORED
from oxhorn.interop.targets import Target, Targets

__all__ = ["Plan"]

_USUAL_EPSILON = 1e-5


class _Assignment(NamedTuple):
    variable: Any
    path: str
    pieces: list[Piece]
    conversion: Conversion


class Plan:
    """What becomes of each array and of each weight.

    Args:
        modules: The modules of the source.
        others: What else lies in the source.
        targets: The layers of the model.
        pairs: What belongs together.
        kept: Variables (by `id`) that are not to be set.
        who: The function, for messages.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        others: Sequence[str],
        targets: Targets,
        pairs: Pairs,
        kept: set[int],
        who: str,
    ) -> None:
        self.report = LoadReport()
        self._who = who
        self._targets = targets
        self._kept = kept
        self._assignments: dict[int, _Assignment] = {}
        self._taken: set[tuple[str, str]] = set()
        self._why_unused: dict[tuple[str, str], str] = {}
        self._why_missing: dict[int, str] = dict(targets.problems)
        self._paths = {id(variable): path for path, variable in targets.variables.items()}
        for module, name in pairs.left_out:
            self._taken.add((module.name, name))
            self.report.left_out.append(module.arrays[name].source)
        for module, name, wanted in pairs.singles:
            self._add_single(module, name, wanted)
        for module, target in pairs.modules:
            self._add_module(module, target)
        self._finish(modules, others, pairs.stopped)

    def _add_single(self, module: Module, name: str, wanted: str) -> None:
        source = module.arrays[name].source
        variable, row = self._targets.variable(wanted, f"`mapping` for {source!r}")
        self._add(module, variable, (name,), same if row is None else row.conversion)

    def _add_module(self, module: Module, target: Target) -> None:
        wanted: set[str] = set()
        for row in target.part.rows:
            wanted.update(row.names)
            lacking = [name for name in row.names if name not in module.arrays]
            if lacking:
                self._why_missing[id(row.variable)] = (
                    f"{module.name or 'the root'} has no {' and no '.join(lacking)}"
                )
            else:
                self._add(module, row.variable, row.names, row.conversion)
        for name in module.arrays:
            if name not in wanted:
                self._why_unused.setdefault((module.name, name), f"{target.path} has no such weight")

    def _add(self, module: Module, variable: Any, names: Sequence[str], conversion: Conversion) -> None:
        pieces = [module.arrays[name] for name in names]
        sources = " + ".join(piece.source for piece in pieces)
        path = self._paths[id(variable)]
        if id(variable) in self._kept:
            for name in names:
                self._why_unused[(module.name, name)] = f"{path} is to be kept"
            return
        before = self._assignments.get(id(variable))
        if before is not None:
            raise ValueError(
                f"{self._who}: {path} would be set twice, by {' + '.join(p.source for p in before.pieces)} and by "
                f"{sources}. Leave one of them out: mapping={{{pieces[0].source!r}: None}}."
            )
        problem = self._targets.problems.get(id(variable)) or self._misfit(variable, pieces, conversion)
        if problem is not None:
            self._why_missing[id(variable)] = problem
            for name in names:
                self._why_unused[(module.name, name)] = f"does not fit {path}"
            return
        self._assignments[id(variable)] = _Assignment(variable, path, pieces, conversion)
        self._taken.update((module.name, name) for name in names)
        self.report.matched.append(Match(tuple(p.source for p in pieces), path, conversion.text))

    def _misfit(self, variable: Any, pieces: list[Piece], conversion: Conversion) -> str | None:
        shapes = conversion.torch_shapes(tuple(variable.shape))
        for piece, shape in zip(pieces, shapes, strict=True):
            if piece.stored.shape != shape:
                return (
                    f"{piece.source} has the shape {piece.stored.shape}; {shape} is needed, for "
                    f"{tuple(variable.shape)} here"
                )
            is_float = "float" in piece.stored.dtype
            if is_float != str(variable.dtype).startswith("float"):
                return f"{piece.source} has the dtype {piece.stored.dtype}; the weight has {variable.dtype}"
        return None

    def _finish(self, modules: Sequence[Module], others: Sequence[str], stopped: str) -> None:
        report = self.report
        for module in modules:
            for name, piece in module.arrays.items():
                if (module.name, name) in self._taken or name in IGNORED:
                    continue
                why = self._why_unused.get((module.name, name), "no layer was found for it")
                report.unused.append(f"{piece.source} {piece.stored.shape}: {why}")
        report.unused.extend(others)
        for path, variable in self._targets.variables.items():
            if id(variable) in self._assignments or not self._counts(variable):
                continue
            if id(variable) in self._kept:
                report.left_out.append(f"{path} of the model")
                continue
            why = self._why_missing.get(id(variable), "nothing was found for it")
            report.missing.append(f"{path} {tuple(variable.shape)}: {why}")
        if stopped:
            report.notes.append(stopped)
        report.notes.extend(self._targets.notes)
        self._note_settings()

    def _counts(self, variable: Any) -> bool:
        """Whether a variable is a weight: states of random generators and counters of metrics are not."""
        return id(variable) in self._targets.weights

    def _note_settings(self) -> None:
        """What a state dict does not hold: an epsilon (they differ by a factor of 100), the functions of gates."""
        layers = {
            id(target.layer): target.layer
            for target in self._targets.found
            if any(id(row.variable) in self._assignments for row in target.part.rows)
        }
        counts = Counter(
            (type(layer).__name__, float(layer.epsilon))
            for layer in layers.values()
            if isinstance(getattr(layer, "epsilon", None), float) and layer.epsilon != _USUAL_EPSILON
        )
        for (name, epsilon), count in counts.items():
            self.report.notes.append(
                f"{count} x {name} with epsilon={epsilon:g}: a state dict does not hold it; PyTorch's default is "
                f"{_USUAL_EPSILON:g}"
            )
        for layer in layers.values():
            if not hasattr(layer, "recurrent_activation"):
                continue
            found = tuple(getattr(f, "__name__", "?") for f in (layer.activation, layer.recurrent_activation))
            if found != ("tanh", "sigmoid"):
                self.report.notes.append(
                    f"{layer.name} has the functions {found}; PyTorch's are tanh and sigmoid"
                )

    def values(self) -> list[tuple[Any, Array]]:
        """Variables and their new values, all of them read and converted; none is set."""
        made = []
        rounded = []
        for variable, path, pieces, conversion in self._assignments.values():
            array = conversion.to_ours(*(piece.stored.load() for piece in pieces))
            before = np.isfinite(array).all() if array.dtype.kind == "f" else True
            if str(variable.dtype) == "float32" and array.dtype == np.float64:
                exact = array
                with np.errstate(over="ignore"):
                    array = array.astype(np.float32)
                if not np.array_equal(array, exact, equal_nan=True):
                    rounded.append(path)
            if not before:
                self.report.notes.append(f"{path} has numbers that are NaN or infinite, as its source has")
            elif array.dtype.kind == "f" and not np.isfinite(array).all():
                self.report.notes.append(
                    f"{path} has numbers that are too large for float32: they became infinite"
                )
            made.append((variable, array))
        if rounded:
            self.report.notes.append(
                f"rounded from float64 to float32: {len(rounded)} weights, {rounded[0]} the first"
            )
        return made
