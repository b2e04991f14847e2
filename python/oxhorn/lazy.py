"""Names that are imported when they are first used, so that a script pays for what it needs alone.

An index file keeps three lists: the imports, under `if TYPE_CHECKING`, for type checkers and editors; the same names as
a table for `names`, for Python; and `__all__`, which both read. `tests/test_lazy_names.py` compares them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["LazyObjects", "names", "parsed"]


def parsed(table: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The entries of a table of `names`: name, module, attribute."""
    for module, listed in table.items():
        for entry in listed.split(", "):
            attribute, _, alias = entry.partition(" as ")
            yield alias or attribute, module, attribute


def names(package: str, table: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a module that imports its names on first use.

    A name is kept in the module once it was asked for. The import system holds a lock for each module, so threads
    may ask for the same name at once.

    Args:
        package: `__name__` of the module.
        table: For each module, what `from module import` would name: `"Dense, Conv1D as Convolution1D"`. A name of
            the package itself is a module in it.

    Returns:
        `__getattr__`, `__dir__`.

    Raises:
        AttributeError: From `__getattr__`, for other names.
    """
    where = {name: (module, attribute) for name, module, attribute in parsed(table)}
    space = vars(sys.modules[package])

    def load(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, attribute = where[name]
        if module == package:
            value = importlib.import_module(f"{package}.{attribute}")
        else:
            value = getattr(importlib.import_module(module), attribute)
        space[name] = value
        return value

    def listed() -> list[str]:
        return sorted({*space, *where})

    return load, listed


class LazyObjects(Mapping[str, Any]):
    """A mapping of names to attributes of a module, which are looked up when they are asked for.

    Args:
        module: The name of the module.
        attributes: The attribute for each name.
    """

    def __init__(self, module: str, attributes: Mapping[str, str]) -> None:
        self._module = module
        self._attributes = dict(attributes)

    def __getitem__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._module), self._attributes[name])

    def __contains__(self, name: object) -> bool:
        return name in self._attributes  # `Mapping` would import what it stands for.

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)
