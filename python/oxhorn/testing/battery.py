"""What the batteries have in common: run every check, then say everything that is wrong at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import numpy as np

from oxhorn import _core, tree

Array = np.ndarray[Any, Any]


class Skip(Exception):
    """Raised by a check that does not apply; the text says why."""


class Battery:
    """Runs checks by name and keeps what they say.

    Args:
        who: What is checked, for messages: `"check_layer(MyLayer)"`.
        skip: Names of checks to leave out.
        known: The names of all checks.

    Raises:
        ValueError: If `skip` names an unknown check.
    """

    def __init__(self, who: str, skip: Iterable[str], known: Iterable[str]) -> None:
        self.who = who
        self.skip = {skip} if isinstance(skip, str) else set(skip)
        self.results: dict[str, str] = {}
        self.failures: list[str] = []
        unknown = sorted(self.skip - set(known))
        if unknown:
            raise ValueError(f"{who}: `skip` names unknown checks {unknown}; the checks are {list(known)}.")

    def run(self, name: str, check: Callable[[], Any]) -> None:
        """One check; an error that it raises is a failure too."""
        if name in self.skip:
            self.results[name] = "skipped: as asked"
            return
        try:
            check()
        except Skip as reason:
            self.results[name] = f"skipped: {reason}"
        except AssertionError as error:
            self.results[name] = "failed"
            self.failures.append(f"{name}: {error}")
        except Exception as error:
            self.results[name] = "failed"
            self.failures.append(f"{name}: expected no error; got {type(error).__name__}: {error}")
        else:
            self.results[name] = "passed"

    def finish(self) -> dict[str, str]:
        """What became of each check.

        Raises:
            AssertionError: If one failed; the text has all failures.
        """
        if self.failures:
            lines = "\n".join("  - " + failure.replace("\n", "\n      ") for failure in self.failures)
            raise AssertionError(
                f"{self.who}: {len(self.failures)} of {len(self.results)} checks failed.\n{lines}"
            )
        return self.results


def fail(expected: str, got: str, do: str) -> NoReturn:
    """Ends a check with a message of the three parts that everyone needs."""
    raise AssertionError(f"expected {expected}; got {got}. {do}")


def arrays_of(structure: Any) -> list[Array]:
    """The leaves of a structure as NumPy arrays."""
    return [np.asarray(leaf) for leaf in tree.flatten(structure) if leaf is not None]


def expect_same(got: Any, expected: Any, what: str, do: str, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Two structures of arrays must agree."""
    mine, right = arrays_of(got), arrays_of(expected)
    if len(mine) != len(right):
        fail(f"{what} of {len(right)} arrays", f"{len(mine)}", do)
    for a, b in zip(mine, right, strict=True):
        if a.shape != b.shape:
            fail(f"{what} of shape {b.shape}", f"shape {a.shape}", do)
        x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
        wrong = ~np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=True)
        if wrong.any():
            with np.errstate(invalid="ignore"):
                gaps = np.where(wrong, np.nan_to_num(np.abs(x - y), nan=np.inf), -1.0)
            index = tuple(int(i) for i in np.unravel_index(int(np.argmax(gaps)), gaps.shape))
            at = f" at index {index}" if index else ""
            fail(
                f"{what} to be {y[index]:.7g}{at}",
                f"{x[index]:.7g} ({int(wrong.sum())} of {wrong.size} elements differ)",
                do,
            )


def as_json(config: Mapping[str, Any], who: str) -> Any:
    """The config as it comes back from a file."""
    try:
        return json.loads(json.dumps(config))
    except (TypeError, ValueError) as error:
        fail(
            f"{who}.get_config() to return numbers, strings, booleans, None, and lists and dicts of these",
            f"{error} in {config!r}",
            "Serialize objects in it, for instance with `keras.saving.serialize_keras_object(self.activation)`.",
        )


def copies_of(structure: Any) -> Any:
    """The same arrays, in memory of their own."""
    return tree.map_structure(
        lambda leaf: np.array(leaf) if isinstance(leaf, np.ndarray) else leaf, structure
    )


def odd_layouts(array: Array) -> dict[str, Array]:
    """Arrays that are equal to this one, in memory orders that naive code reads wrongly."""
    found = {"Fortran order": np.asfortranarray(array)}
    if array.ndim:
        found["every second row of a larger array"] = np.repeat(array, 2, axis=0)[::2]
        found["reversed memory"] = np.ascontiguousarray(array[::-1])[::-1]
    if array.dtype.kind == "f":
        found["the other byte order"] = array.astype(array.dtype.newbyteorder())
    found["read only"] = np.array(array)
    found["read only"].flags.writeable = False
    return found


def state_of(variables: Iterable[_core.Variable]) -> list[Array]:
    """The values of variables."""
    return [np.array(variable.numpy()) for variable in variables]


def name_of(thing: Any) -> str:
    """The name of a class, of the class of an object, or of a function."""
    if isinstance(thing, type):
        return thing.__name__
    return str(getattr(thing, "__name__", type(thing).__name__))
