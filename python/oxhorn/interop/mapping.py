"""Which module of a state dict belongs to which layer: by order, by name, by a dict, or by patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from oxhorn.interop.modules import Module
from oxhorn.interop.table import IGNORED
from oxhorn.interop.targets import Target, Targets

__all__ = ["Pairs", "is_left_out", "paired"]

_PLACE = re.compile(r"\{([A-Za-z_]\w*)([+-]\d{1,9})?\}")


class Pairs(NamedTuple):
    """What belongs together: modules and targets, and single arrays (module, name in it) and weights.

    `left_out` has arrays, as (module, name), that are not wanted; `stopped` says why the rest has no partner.
    """

    modules: list[tuple[Module, Target]]
    singles: list[tuple[Module, str, str]]
    left_out: list[tuple[Module, str]]
    stopped: str = ""


def paired(mapping: Any, modules: Sequence[Module], targets: Targets, kept: set[int], who: str) -> Pairs:
    """Modules and layers that belong together.

    Args:
        mapping: As `load_torch_state_dict` takes it.
        modules: The modules of the state dict.
        targets: The layers of the model.
        kept: The variables (by `id`) that are not to be set.
        who: The function, for messages.

    Raises:
        ValueError: If the mapping is none, or names what is not there.
    """
    if mapping == "order":
        return _by_order(modules, targets, kept)
    if mapping == "name":
        by_name = {target.path.replace("/", "."): target for target in targets.found}
        return Pairs([(m, by_name[m.name]) for m in modules if m.name in by_name], [], [])
    if isinstance(mapping, Mapping):
        return _by_dict(mapping, modules, targets, who)
    if isinstance(mapping, (list, tuple)) and all(
        isinstance(p, (list, tuple)) and len(p) == 2 for p in mapping
    ):
        return _by_patterns(mapping, modules, targets, who)
    raise ValueError(
        f"{who}: expected `mapping` to be 'order', 'name', a dict of names in the source and names of layers, or a "
        f"list of pairs (pattern, name of a layer); got {str(mapping)[:200]!r}."
    )


def needed(module: Module) -> dict[str, Any]:
    """The arrays of a module that a layer may need."""
    return {name: piece for name, piece in module.arrays.items() if name not in IGNORED}


# By order ----------------------------------------------------------------------------------------------


def _by_order(modules: Sequence[Module], targets: Targets, kept: set[int]) -> Pairs:
    theirs = [module for module in modules if needed(module)]
    ours = [t for t in targets.found if not all(id(row.variable) in kept for row in t.part.rows)]
    pairs: list[tuple[Module, Target]] = []
    for place, (module, target) in enumerate(zip(theirs, ours, strict=False)):
        if not _same_kind(module, target):
            return Pairs(
                pairs,
                [],
                [],
                f"from place {place + 1} on the order differs: {module.described()} against {target.described()}",
            )
        pairs.append((module, target))
    return Pairs(pairs, [], [])


def _same_kind(module: Module, target: Target) -> bool:
    """Whether a module has the kinds of arrays that the layer needs; their sizes are looked at later."""
    row = target.part.rows[0]
    shape = row.conversion.torch_shapes(row.variable.shape)[0]
    piece = module.arrays.get(row.names[0])
    statistics = any("running_mean" in row.names for row in target.part.rows)
    return (
        piece is not None
        and len(piece.stored.shape) == len(shape)
        and statistics == ("running_mean" in module.arrays)
    )


# By names ----------------------------------------------------------------------------------------------


def _by_dict(mapping: Mapping[Any, Any], modules: Sequence[Module], targets: Targets, who: str) -> Pairs:
    by_name = {module.name: module for module in modules}
    by_array = {piece.source: (m, name) for m in modules for name, piece in m.arrays.items()}
    pairs = Pairs([], [], [])
    for name, wanted in mapping.items():
        if wanted is not None and not isinstance(wanted, str):
            raise ValueError(
                f"{who}: expected the name of a layer or a weight, or None to leave {name!r} out; got {wanted!r}."
            )
        if name in by_name and (wanted is None or name not in by_array):
            module = by_name[name]
            if wanted is None:
                pairs.left_out.extend((module, array) for array in module.arrays)
            else:
                pairs.modules.append((module, targets.target(wanted, "`mapping`")))
        elif name in by_array:
            module, array = by_array[name]
            if wanted is None:
                pairs.left_out.append((module, array))
            else:
                pairs.singles.append((module, array, wanted))
        else:
            raise ValueError(
                f"{who}: `mapping` names {str(name)[:200]!r}, which the source does not have. Its modules are "
                f"{_listed([module.name for module in modules])}."
            )
    return pairs


def _by_patterns(
    mapping: Sequence[Sequence[Any]], modules: Sequence[Module], targets: Targets, who: str
) -> Pairs:
    patterns = [
        (_compiled(pattern, who), replacement, isinstance(pattern, re.Pattern))
        for pattern, replacement in mapping
    ]
    pairs = Pairs([], [], [])
    idle = [pattern for pattern, _ in mapping]
    for module in modules:
        left = needed(module)
        for (written, _), pattern in zip(mapping, patterns, strict=True):
            fits, wanted = _match(pattern, module.name, who)
            if fits:
                idle = [one for one in idle if one is not written]
                rest, left = Module(module.name, left), {}
                if wanted is None:
                    pairs.left_out.extend((module, array) for array in rest.arrays)
                elif rest.arrays:
                    pairs.modules.append((rest, targets.target(wanted, f"`mapping` for {module.name!r}")))
            for array in list(left):
                fits, wanted = _match(pattern, left[array].source, who)
                if fits and wanted is None:
                    pairs.left_out.append((module, array))
                elif fits:
                    assert wanted is not None
                    pairs.singles.append((module, array, wanted))
                if fits:
                    idle = [one for one in idle if one is not written]
                    del left[array]
    return pairs._replace(stopped=_of_idle(idle)) if idle else pairs


def _of_idle(patterns: Sequence[Any]) -> str:
    """What to say of patterns that fit no name."""
    shown = ", ".join(repr(getattr(pattern, "pattern", pattern)) for pattern in patterns[:10])
    as_text = any(isinstance(pattern, str) and re.search(r"[\\^$*|]", pattern) for pattern in patterns)
    hint = ". Text is a template; for a regular expression pass `re.compile(...)`" if as_text else ""
    return f"of the patterns, {shown} fit no module and no array{hint}"


def _compiled(pattern: Any, who: str) -> re.Pattern[str]:
    """A regular expression as it is; text as a template: `{name}` stands for text without dots, the rest for itself."""
    if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
        return pattern
    if not isinstance(pattern, str):
        raise ValueError(
            f"{who}: expected a pattern to be text, such as 'blocks.{{i}}.conv', or re.compile(...); got {pattern!r}."
        )
    pieces, end, seen = [], 0, set()
    for place in _PLACE.finditer(pattern):
        if place[2] or place[1] in seen or (end and place.start() == end):
            raise ValueError(
                f"{who}: in the pattern {pattern!r} each {{name}} stands once, with text between it and the next."
            )
        seen.add(place[1])
        pieces += [re.escape(pattern[end : place.start()]), f"(?P<{place[1]}>[^.]+)"]
        end = place.end()
    return re.compile("".join(pieces) + re.escape(pattern[end:]))


def _match(pattern: tuple[re.Pattern[str], Any, bool], name: str, who: str) -> tuple[bool, str | None]:
    """Whether a pattern fits the whole name, and what it stands for."""
    expression, replacement, is_expression = pattern
    match = expression.fullmatch(name)
    if match is None or replacement is None:
        return match is not None, None
    if not isinstance(replacement, str):
        raise ValueError(
            f"{who}: expected the name of a layer for the pattern {expression.pattern!r}; got {replacement!r}."
        )
    if not is_expression:
        return True, _filled(replacement, match, who)
    try:
        return True, match.expand(replacement)
    except (re.error, IndexError) as error:
        raise ValueError(f"{who}: {replacement!r} does not fit its pattern: {error}.") from None


def _filled(replacement: str, match: re.Match[str], who: str) -> str:
    """The replacement with `{name}` and `{name+1}` filled in."""
    groups = match.groupdict()

    def fill(place: re.Match[str]) -> str:
        value = groups.get(place[1])
        if value is None or (place[2] and not (value.isascii() and value.isdecimal() and len(value) < 10)):
            raise ValueError(
                f"{who}: {replacement!r} needs {place[0]}, and the pattern gives {groups!r} for {match[0][:200]!r}."
            )
        return str(int(value) + int(place[2])) if place[2] else value

    return _PLACE.sub(fill, replacement)


def is_left_out(name: str, ignored: Sequence[Any]) -> bool:
    """Whether an array is among those to ignore: by its name, that of a module around it, or a regular expression."""
    for one in ignored:
        if isinstance(one, re.Pattern):
            if one.fullmatch(name):
                return True
        elif name == one or name.startswith(f"{one}."):
            return True
    return False


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name or "(the root)" for name in names[:30]) + (", ..." if len(names) > 30 else "")
