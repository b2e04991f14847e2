"""Pickles, read by an interpreter that can run nothing.

A pickle is a program for a machine with a stack: push a number, make a list of what lies above the mark, name a
function, call it. Python's own reader imports what is named. This one knows

- the opcodes of plain data, and those of `_STEPS` below; any other opcode ends the reading,
- the names that its caller gives it, each with a stand-in of ours, plain Python that stores what it is given; any other
  name ends the reading.

Nothing is imported, looked up or called but those stand-ins. What is made is bounded by the length of the pickle: no
opcode reserves what it only announces. Nested values are never walked here, so depth costs nothing; keys of dicts are
text, bytes and small integers, since hashing deep tuples exhausts the stack, and large integers can be made to collide.

Source: the opcodes are described in Python's `pickletools`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Known", "PickleError", "PickleReader", "StandIn", "ordered_dict"]

_MAX_KEY = 2**31
_MAX_NAME = 1000


class PickleError(ValueError):
    """A pickle that is damaged, or holds what is not read. The text continues a sentence: "it names os.system"."""


class StandIn:
    """The base of stand-ins for objects that a pickle gives a state after they were made."""

    def __setstate__(self, state: Any) -> None:
        raise PickleError(f"it gives a state to a {type(self).__name__.lstrip('_')}, which has none")


class Known:
    """A name that a pickle may use.

    Args:
        name: The name, for messages.
        make: What stands in for the call: gets the arguments. None if the name may only be mentioned.
        value: What the name stands for where it is only mentioned; the `Known` itself if None.
    """

    def __init__(self, name: str, make: Callable[..., Any] | None = None, value: Any = None) -> None:
        self.name = name
        self.make = make
        self.value = self if value is None else value

    def __repr__(self) -> str:
        return self.name


def ordered_dict(*args: Any) -> dict[Any, Any]:
    """The stand-in for `collections.OrderedDict`: empty, or from a list of pairs."""
    made: dict[Any, Any] = {}
    if args:
        (pairs,) = args if len(args) == 1 else (None,)
        if not isinstance(pairs, list) or not all(
            isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs
        ):
            raise PickleError("it makes an OrderedDict of something else than pairs")
        for key, value in pairs:
            made[_key(key)] = value
    return made


class _Mark:
    """Where the items of a list, a dict or a tuple begin on the stack."""


_MARK = _Mark()


class PickleReader:
    """One pickle within some bytes.

    Args:
        content: The bytes.
        known: The names that the pickle may use, by module and name.
        start: Where the pickle begins.
        persistent: What stands in for objects that are stored outside the pickle: gets their description.
        text_as_bytes: Whether the text of Python 2 stays bytes; else it is decoded as UTF-8.
        max_steps: The most opcodes that are carried out.
        refused: Gets module and name of a name that is not known; returns the rest of the message.
    """

    def __init__(
        self,
        content: bytes,
        known: Mapping[tuple[str, str], Known],
        *,
        start: int = 0,
        persistent: Callable[[Any], Any] | None = None,
        text_as_bytes: bool = False,
        max_steps: int | None = None,
        refused: Callable[[str, str], str] | None = None,
    ) -> None:
        self.content = content
        self.position = start
        self._known = known
        self._persistent = persistent
        self._text_as_bytes = text_as_bytes
        self._max_steps = max_steps
        self._refused = refused
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The object of the pickle; `position` is then behind it.

        Raises:
            PickleError: If it is damaged, or holds anything that is not read.
        """
        content, steps = self.content, _STEPS
        left = len(content) + 1 if self._max_steps is None else self._max_steps
        while True:
            try:
                code = content[self.position]
            except IndexError:
                raise PickleError("it ends before it is complete") from None
            self.position += 1
            if code == _STOP:
                break
            step = steps.get(code)
            if step is None:
                raise PickleError(
                    f"it has the opcode {bytes([code])!r} at byte {self.position - 1}, which is not read"
                )
            left -= 1
            if left < 0:
                raise PickleError(f"it has more than {self._max_steps} opcodes")
            step(self)
        result = self._pop()
        if self._stack:
            raise PickleError("it ends with more than one object")
        return result

    # The stack -----------------------------------------------------------------------------------------

    def _pop(self) -> Any:
        if not self._stack:
            raise PickleError("it takes an object from an empty stack")
        value = self._stack.pop()
        if value is _MARK:
            raise PickleError("it takes a mark for an object")
        return value

    def _last(self, kind: type, name: str) -> Any:
        if not self._stack or type(self._stack[-1]) is not kind:
            raise PickleError(f"it adds items to something that is no {name}")
        return self._stack[-1]

    def _above_mark(self) -> list[Any]:
        stack = self._stack
        for place in range(len(stack) - 1, -1, -1):
            if stack[place] is _MARK:
                items = stack[place + 1 :]
                del stack[place:]
                return items
        raise PickleError("it has no mark where one is needed")

    # The bytes -----------------------------------------------------------------------------------------

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.content):
            raise PickleError(f"it announces {count} bytes at byte {self.position}, and ends before them")
        taken = self.content[self.position : end]
        self.position = end
        return taken

    def _number(self, layout: struct.Struct) -> Any:
        return layout.unpack(self._take(layout.size))[0]

    def _line(self) -> str:
        end = self.content.find(b"\n", self.position, self.position + _MAX_NAME)
        if end < 0:
            raise PickleError("it has a name without an end")
        line = self.content[self.position : end]
        self.position = end + 1
        return _decoded(line)

    # The steps -----------------------------------------------------------------------------------------

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _protocol(self) -> None:
        version = self._take(1)[0]
        if version > 5:
            raise PickleError(f"it is of protocol {version}; 2 to 5 are read")

    def _frame(self) -> None:
        self._take(8)  # how much follows, which the end of the bytes says too

    def _integer_of_bytes(self) -> None:
        self._push(int.from_bytes(self._take(self._take(1)[0]), "little", signed=True))

    def _old_text(self, layout: struct.Struct) -> None:
        count = self._number(layout)
        if count < 0:
            raise PickleError("it has text of a negative length")
        text = self._take(count)
        self._push(text if self._text_as_bytes else _decoded(text))

    def _append(self) -> None:
        value = self._pop()
        self._last(list, "list").append(value)

    def _appends(self) -> None:
        items = self._above_mark()
        self._last(list, "list").extend(items)

    def _set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._last(dict, "dict")[_key(key)] = value

    def _set_items(self) -> None:
        items = self._above_mark()
        if len(items) % 2:
            raise PickleError("it has a key without a value")
        target = self._last(dict, "dict")
        for i in range(0, len(items), 2):
            target[_key(items[i])] = items[i + 1]

    def _tuple_of(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(items)))

    def _name(self, module: Any, name: Any) -> None:
        found = None
        if isinstance(module, str) and isinstance(name, str):
            found = self._known.get((module, name))
        if found is None:
            shown = f"{module}.{name}"[:200]
            more = (
                "" if self._refused is None else self._refused(str(module)[:_MAX_NAME], str(name)[:_MAX_NAME])
            )
            raise PickleError(f"it names {shown!r}, which is not among the names that are read{more}")
        self._push(found.value)

    def _name_in_lines(self) -> None:
        module = self._line()
        self._name(module, self._line())

    def _name_from_stack(self) -> None:
        name, module = self._pop(), self._pop()
        self._name(module, name)

    def _call(self) -> None:
        args, function = self._pop(), self._pop()
        if not isinstance(function, Known) or function.make is None:
            raise PickleError(f"it calls a {type(function).__name__}, which cannot be called")
        if type(args) is not tuple:
            raise PickleError(f"it calls {function.name} with something that is no tuple")
        self._push(function.make(*_checked_arguments(function, args)))

    def _set_state(self) -> None:
        state = self._pop()
        target = self._stack[-1] if self._stack else None
        if isinstance(target, StandIn):
            target.__setstate__(state)
        elif (
            type(target) is not dict or type(state) is not dict
        ):  # attributes of an OrderedDict do not matter
            raise PickleError(f"it gives a state to a {type(target).__name__}")

    def _outside(self) -> None:
        description = self._pop()
        if self._persistent is None:
            raise PickleError("it refers to objects outside of it")
        self._push(self._persistent(description))

    def _keep(self, place: int) -> None:
        if not self._stack or self._stack[-1] is _MARK:
            raise PickleError("it keeps an object that is not there")
        self._memo[place] = self._stack[-1]

    def _recall(self, place: int) -> None:
        if place not in self._memo:
            raise PickleError(f"it recalls object {place}, which it has not kept")
        self._push(self._memo[place])


def _checked_arguments(function: Known, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments, if the stand-in takes so many."""
    code = getattr(function.make, "__code__", None)
    if code is not None and not code.co_flags & 0x04:  # no *args
        most = code.co_argcount
        least = most - len(getattr(function.make, "__defaults__", None) or ())
        if not least <= len(args) <= most:
            raise PickleError(f"it calls {function.name} with {len(args)} arguments")
    return args


def _key(key: Any) -> Any:
    if isinstance(key, (str, bytes)) or (isinstance(key, int) and -_MAX_KEY < key < _MAX_KEY):
        return key
    raise PickleError(
        f"it has a dict with a key of type {type(key).__name__}; text, bytes and small integers are read"
    )


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise PickleError("it has text that is not UTF-8") from None


_I1, _I2, _I4, _F8 = struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<i"), struct.Struct(">d")
_U4, _U8 = struct.Struct("<I"), struct.Struct("<Q")
_STOP = ord(".")

_STEPS: dict[int, Callable[[PickleReader], None]] = {
    0x80: PickleReader._protocol,
    0x95: PickleReader._frame,
    ord("("): lambda r: r._push(_MARK),
    ord("N"): lambda r: r._push(None),
    0x88: lambda r: r._push(True),
    0x89: lambda r: r._push(False),
    ord("J"): lambda r: r._push(r._number(_I4)),
    ord("K"): lambda r: r._push(r._number(_I1)),
    ord("M"): lambda r: r._push(r._number(_I2)),
    0x8A: PickleReader._integer_of_bytes,
    ord("G"): lambda r: r._push(r._number(_F8)),
    ord("X"): lambda r: r._push(_decoded(r._take(r._number(_U4)))),
    0x8C: lambda r: r._push(_decoded(r._take(r._number(_I1)))),
    ord("B"): lambda r: r._push(r._take(r._number(_U4))),
    ord("C"): lambda r: r._push(r._take(r._number(_I1))),
    0x8E: lambda r: r._push(r._take(r._number(_U8))),
    ord("T"): lambda r: r._old_text(_I4),
    ord("U"): lambda r: r._old_text(_I1),
    ord("]"): lambda r: r._push([]),
    ord("a"): PickleReader._append,
    ord("e"): PickleReader._appends,
    ord("}"): lambda r: r._push({}),
    ord("s"): PickleReader._set_item,
    ord("u"): PickleReader._set_items,
    ord(")"): lambda r: r._push(()),
    0x85: lambda r: r._tuple_of(1),
    0x86: lambda r: r._tuple_of(2),
    0x87: lambda r: r._tuple_of(3),
    ord("t"): lambda r: r._push(tuple(r._above_mark())),
    ord("c"): PickleReader._name_in_lines,
    0x93: PickleReader._name_from_stack,
    ord("R"): PickleReader._call,
    ord("b"): PickleReader._set_state,
    ord("Q"): PickleReader._outside,
    ord("q"): lambda r: r._keep(r._number(_I1)),
    ord("r"): lambda r: r._keep(r._number(_U4)),
    0x94: lambda r: r._keep(len(r._memo)),
    ord("h"): lambda r: r._recall(r._number(_I1)),
    ord("j"): lambda r: r._recall(r._number(_U4)),
}
