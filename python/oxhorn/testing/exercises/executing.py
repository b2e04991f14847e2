"""The process in which a pupil's notebook runs: `python -m oxhorn.testing.exercises.executing order.json`.

What happens is written to standard output, a JSON object a line; what the pupil's code prints goes elsewhere.
"""

from __future__ import annotations

import ast
import builtins
import json
import linecache
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any, NoReturn

from oxhorn.testing.exercises.checking import check
from oxhorn.testing.exercises.task import find


def _input(*_: Any) -> NoReturn:
    raise RuntimeError("input() has nobody to ask when a notebook is marked: put the value into the code")


def plain_python(source: str) -> str:
    """The cell without what only a notebook understands: lines of `%magic` and `!commands`, help by `?`.

    Args:
        source: The code of a cell.

    Returns:
        Python; line numbers stay as they are.
    """
    if source.lstrip().startswith("%%"):
        first, _, rest = source.lstrip().partition("\n")
        return "\n" + rest if first.split()[0] in ("%%time", "%%timeit", "%%capture") else ""
    try:
        ast.parse(source)
        return source  # A line of a text may begin with a percent sign.
    except SyntaxError:
        lines = source.split("\n")
        magic = [line.lstrip().startswith(("%", "!", "?")) or line.rstrip().endswith("?") for line in lines]
        return "\n".join(
            line[: len(line) - len(line.lstrip())] + "pass" if m else line
            for line, m in zip(lines, magic, strict=True)
        )


def main(path: str) -> None:
    """Executes the cells of an order and checks its tasks.

    Args:
        path: The file with the order.
    """
    order = json.loads(Path(path).read_text(encoding="utf-8"))
    # The stream is kept for what this module says. What the notebook prints goes nowhere: an endless loop of it would
    # fill a disk. Standard error remains for a crash of the interpreter, which has its last words there.
    tell = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    sys.stderr = os.fdopen(nowhere, "w", encoding="utf-8")

    def say(event: str, **what: Any) -> None:
        tell.write(json.dumps({"event": event, **what}) + "\n")
        tell.flush()

    space: dict[str, Any] = {"__name__": "__main__", "display": print}
    os.chdir(order["folder"])
    sys.path.insert(0, order["folder"])
    builtins.input = _input
    check._silent = True  # The checks are asked below, once.
    warnings.simplefilter("ignore")
    for number, source in enumerate(order["cells"]):
        if number in order["skip"]:
            continue
        say("cell", which=number)
        try:
            _execute(source, number, space)
        except KeyboardInterrupt:
            say("raised", which=number, message="KeyboardInterrupt")
        except SystemExit:
            say("raised", which=number, message="it asked Python to exit")
        except BaseException as error:
            say("raised", which=number, message=f"{type(error).__name__}: {error}")
    for name in order["tasks"]:
        say("checking", which=name)
        say("marked", which=name, missing=name not in space, message=_verdict(name, space))
    say("end")
    os._exit(0)  # Threads that the notebook left behind do not hold us up.


def _execute(source: str, number: int, space: dict[str, Any]) -> None:
    name = f"<code cell {number + 1}>"
    code = plain_python(source)
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    exec(compile(code, name, "exec"), space)


def _verdict(name: str, space: dict[str, Any]) -> str:
    """What is wrong with an answer; nothing if it is right."""
    from oxhorn import config

    if name not in space:
        return f"{name}: the notebook defines nothing of this name."
    config.set_floatx("float32")  # What a notebook set for itself does not decide its marks.
    try:
        find(name).check(space[name])
    except AssertionError as error:
        return str(error) or f"{name}: wrong"
    except SystemExit:
        return f"{name}: the answer asked Python to exit."
    except BaseException as error:
        return f"{name}: the answer could not be checked, {type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)
