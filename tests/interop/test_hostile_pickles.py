"""Pickles that want more than to hold arrays: nothing they name is run, and all that comes out is a ValueError."""

from __future__ import annotations

import os
import pickle
import pickletools
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxhorn.interop.sources import opened
from oxhorn.saving.restricted_pickle import _STEPS, PickleError, PickleReader
from tests.interop.building import Raw, call, encoded, name, new_form, old_form, pickled, tensor, written

FORMS = [new_form, old_form]
GOLDEN = Path(__file__).parent / "golden"


def read(path):
    with opened(path, None, "test") as (arrays, _, _):
        return {name: stored.load() for name, stored in arrays.items()}


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("form", FORMS)
def test_what_the_others_are_bent_from(tmp_path, form):
    found = read(written(tmp_path, form({"w": tensor(), "v": tensor(offset=2, size=(2,), stride=(2,))})))
    assert {name: array.shape for name, array in found.items()} == {"w": (2, 3), "v": (2,)}


NAMES = [
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("builtins", "__import__"),
    ("__builtin__", "eval"),
    ("subprocess", "Popen"),
    ("importlib", "import_module"),
    ("runpy", "_run_code"),
    ("webbrowser", "open"),
    ("pickle", "loads"),
    ("marshal", "loads"),
    ("types", "CodeType"),
    ("operator", "attrgetter"),
    ("functools", "partial"),
    ("shutil", "rmtree"),
    ("socket", "create_connection"),
    ("ctypes", "CDLL"),
    ("numpy", "load"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("torch", "load"),
    ("torch", "Tensor"),
    ("torch.hub", "load"),
    ("torch.storage", "_load_from_bytes"),
    ("torch.jit._script", "unpack_scriptmodule"),
    ("torch.serialization", "load"),
    ("torch._utils", "_rebuild_sparse_tensor"),
    ("torch._utils", "_rebuild_qtensor"),
    ("torch._utils", "_rebuild_device_tensor_from_numpy"),
    ("torch._tensor", "_rebuild_from_type_v2"),
    ("torch.nn.modules.linear", "Linear"),
    ("__main__", "Net"),
    ("oxhorn.interop", "load_torch_state_dict"),
    ("collections", "OrderedDict.update"),
    ("torch", "Size.__class__"),
    ("torch", "QInt8Storage"),
    ("torch", "ComplexFloatStorage"),
    ("", ""),
]


@pytest.mark.parametrize("form", FORMS)
def test_names_that_are_not_read(tmp_path, form):
    for module, attribute in NAMES:
        by_lines = name(module, attribute)
        by_stack = Raw(encoded(module) + encoded(attribute) + b"\x93")
        for one in (by_lines, by_stack):
            for value in (one, call(one, "touch owned"), {"w": tensor(), "x": [call(one, "touch owned")]}):
                with pytest.raises(ValueError, match="not among the names"):
                    read(written(tmp_path, form(value)))


@pytest.mark.parametrize(
    ("module", "attribute", "what_to_do"),
    [
        ("torch.nn.modules.linear", "Linear", r"torch\.save\(model\.state_dict\(\), path\)"),
        ("__main__", "Net", r"torch\.save\(model\.state_dict\(\), path\)"),
        ("torch._utils", "_rebuild_sparse_tensor", "to_dense"),
        ("torch._utils", "_rebuild_qtensor", "dequantize"),
        ("torch", "ComplexFloatStorage", "expected one of float64"),
        ("numpy.core.multiarray", "scalar", "Save the state dict alone"),
    ],
)
def test_what_to_do_instead(tmp_path, module, attribute, what_to_do):
    with pytest.raises(ValueError, match=what_to_do):
        read(written(tmp_path, new_form({"w": call(name(module, attribute))})))


class Runs:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments

    def __repr__(self):
        return f"{type(self).__name__}({getattr(self.function, '__name__', None)})"


class RunsInSteps(Runs):
    def __reduce__(self):
        return dict, (), {"a": 1}, iter([Runs(os.system, "touch owned")])


PAYLOADS = [
    Runs(os.system, "touch owned"),
    Runs(eval, "open('owned', 'w')"),
    Runs(exec, "open('owned', 'w')"),
    Runs(subprocess.Popen, ["touch", "owned"]),
    Runs(os.mkdir, "owned"),
    Runs(getattr, "text", "upper"),
    Runs(map, eval, ["open('owned', 'w')"]),
    RunsInSteps(None),
    Path("owned"),
    {Path("owned"): 1},
    [Runs(open, "owned", "w")],
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("payload", PAYLOADS, ids=str)
def test_what_exploits_do(tmp_path, payload, protocol):
    try:
        content = pickle.dumps(payload, protocol)
    except pickle.PicklingError:
        content = pickle.dumps(Runs(os.system, "touch owned"), protocol)
    for form in FORMS:
        with pytest.raises(ValueError, match=r"not read|not among"):
            read(written(tmp_path, form(content)))
    with pytest.raises(ValueError, match=r"expected a file of|not one of `torch.save`|not read"):
        read(written(tmp_path, content))


def test_every_opcode_that_is_not_in_the_list(tmp_path):
    others = set(range(256)) - set(_STEPS) - {ord(".")}
    assert len(others) > 200
    for code in others:
        for before in (b"", b"N", b"NN", b"(", b"(N", b"]N"):
            with pytest.raises(PickleError, match=r"opcode .* which is not read"):
                PickleReader(before + bytes([code]) + b"1\n" + b"\0" * 16 + b".", {}).load()
        with pytest.raises(ValueError, match="which is not read"):
            read(written(tmp_path, new_form(b"\x80\x02" + bytes([code]) + b"1\n.")))


OPCODES = """
PROTO FRAME MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINUNICODE BINBYTES
SHORT_BINBYTES BINBYTES8 BINSTRING SHORT_BINSTRING EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS EMPTY_TUPLE
TUPLE1 TUPLE2 TUPLE3 TUPLE GLOBAL STACK_GLOBAL REDUCE BUILD BINPERSID BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET
"""


def test_the_list_of_opcodes_is_closed():
    known = {op.code.encode("latin1")[0]: op.name for op in pickletools.opcodes}
    assert sorted(known[code] for code in _STEPS) == sorted(OPCODES.split())


ORDERED = name("collections", "OrderedDict")
REBUILD = name("torch._utils", "_rebuild_tensor_v2")

BAD = {
    "nothing": (Raw(b""), "takes an object from an empty stack"),
    "two objects": (Raw(b"NN"), "more than one object"),
    "no mark": (Raw(b"Nt"), "no mark where one is needed"),
    "a mark for an object": (Raw(b"("), "takes a mark for an object"),
    "a mark in a tuple": (Raw(b"(\x85"), "takes a mark for an object"),
    "a mark in a list": (Raw(b"](a"), "takes a mark for an object"),
    "append to a dict": (Raw(b"}Na"), "something that is no list"),
    "append to a number": (Raw(b"K\x01Na"), "something that is no list"),
    "append to a tuple": (Raw(b")Na"), "something that is no list"),
    "items of a list": (Raw(b"](NNu"), "something that is no dict"),
    "key without value": (Raw(b"}(Nu"), "a key without a value"),
    "not kept": (Raw(b"h\x05"), "recalls object 5, which"),
    "not kept either": (Raw(b"j\xff\xff\xff\x7f"), "recalls object 2147483647, which"),
    "kept without object": (Raw(b"q\x00N"), "keeps an object that is not there"),
    "call of a number": (Raw(b"K\x01)R"), "calls a int, which cannot be called"),
    "call of text": (Raw(encoded("eval") + b")R"), "calls a str, which"),
    "call of a storage class": (Raw(name("torch", "FloatStorage") + b")R"), "cannot be called"),
    "call of a dtype": (Raw(name("torch", "float32") + b")R"), "cannot be called"),
    "call without a tuple": (Raw(ORDERED + b"]R"), "with something that is no tuple"),
    "call of the result of a call": (Raw(ORDERED + b")R)R"), "calls a dict, which cannot"),
    "call with too many": (call(REBUILD, *range(9)), "_rebuild_tensor_v2 with 9 arguments"),
    "call with too few": (call(REBUILD, 1), "_rebuild_tensor_v2 with 1 arguments"),
    "ordered of numbers": (call(ORDERED, [1]), "something else than pairs"),
    "ordered of two": (call(ORDERED, [], []), "something else than pairs"),
    "ordered of a dict": (call(ORDERED, {"a": 1}), "something else than pairs"),
    "ordered with a tuple as key": (call(ORDERED, [((1, 2), 3)]), "a key of type tuple"),
    "state of a list": (Raw(b"]}b"), "a state to a list"),
    "state of a name": (Raw(ORDERED + b"}b"), "gives a state to"),
    "state of a tensor": (Raw(tensor() + b"}b"), "a state to a StoredTensor, which has none"),
    "state that is text": (Raw(b"}" + encoded("x") + b"b"), "a state to a dict"),
    "state of nothing": (Raw(b"}b"), "gives a state to"),
    "tuple as key": ({(1, 2): 1}, "a key of type tuple; text, bytes and small integers"),
    "list as key": (Raw(b"}]Ns"), "a key of type list"),
    "None as key": ({None: 1}, "a key of type NoneType"),
    "float as key": ({1.5: 1}, "a key of type float"),
    "large integer as key": ({2**61 - 1: 1}, "a key of type int"),
    "tensor as key": (Raw(b"}" + tensor() + b"Ns"), "a key of type StoredTensor"),
    "text that is not UTF-8": (Raw(b"X\x01\x00\x00\x00\xff"), "text that is not UTF-8"),
    "name that is not UTF-8": (Raw(b"c\xff\n\xff\n"), "text that is not UTF-8"),
    "name without an end": (Raw(b"cos"), "a name without an end"),
    "long name": (Raw(b"c" + b"a" * 100_000 + b"\nb\n"), "a name without an end"),
    "name of numbers": (Raw(b"NN\x93"), r"names 'None\.None', which is not among"),
    "protocol 77": (Raw(b"\x80\x4d"), "of protocol 77; 2 to 5 are read"),
    "old text of negative length": (Raw(b"T\xff\xff\xff\xff"), "text of a negative length"),
    "announced text": (Raw(b"X\xff\xff\xff\xff"), "announces 4294967295 bytes at byte"),
    "announced bytes": (Raw(b"\x8e" + b"\xff" * 8), "announces 18446744073709551615 bytes"),
    "announced integer": (Raw(b"\x8a\xff\x01"), "announces 255 bytes"),
    "outside of nothing": (Raw(b"Q"), "takes an object from an empty stack"),
    "outside that is text": (Raw(encoded("storage") + b"Q"), "something outside that is no storage"),
    "outside module": (Raw(encoded(("module", "x", "y", "z", 3)) + b"Q"), "holds a module with its source"),
    "root that is a list": ([tensor()], "arrays by name; there is list of 1"),
    "root that is a tensor": (tensor(), r"there is array \(2, 3\)"),
    "root that is None": (None, "there is None|not that of its tensors"),
    "no arrays": ({"a": 1}, r"a dict of 'a' \(1\)|not that of its tensors"),
    "empty": ({}, "there is an empty dict|not that of its tensors"),
    "names that are numbers": ({1: tensor()}, r"text of at most 4096 characters .* got 1\."),
    "name with NUL": ({"a\0b": tensor()}, "without NUL; got"),
    "endless name": ({"a" * 5000: tensor()}, "at most 4096 characters"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", BAD)
def test_bad_pickles(tmp_path, form, what):
    value, words = BAD[what]
    with pytest.raises(ValueError, match=words):
        read(written(tmp_path, form(value)))


CYCLES = {
    "list in itself": Raw(b"]q\x00h\x00a"),
    "dict in itself": Raw(b"}q\x00" + encoded("a") + b"h\x00s"),
    "tuple in its list": Raw(b"]q\x00h\x00\x85a"),
    "lists in lists": Raw(b"]" * 100_000 + b"a" * 99_999),
    "tuples in tuples": Raw(b")" + b"\x85" * 100_000),
    "dicts in dicts": Raw(b"}" + (encoded("a") + b"}") * 100_000 + b"s" * 100_000),
}


@pytest.mark.parametrize("what", CYCLES)
def test_cycles_and_depths_do_no_harm(tmp_path, what):
    found = written(tmp_path, new_form(CYCLES[what]))
    with pytest.raises(ValueError, match=r"expected|not read"):
        read(found)
    found = written(tmp_path, new_form({"w": tensor(), "other": CYCLES[what]}))
    with opened(found, None, "test") as (arrays, others, _):
        assert list(arrays) == ["w"]
        assert others[0].startswith("other")
        with pytest.raises(ValueError, match="expected"), opened(found, ["other", "a", "b"], "test"):
            pass


def test_a_dict_that_leads_back_to_itself(tmp_path):
    found = written(
        tmp_path, new_form(Raw(b"}q\x00" + encoded("a") + b"h\x00s" + encoded("w") + tensor() + b"s"))
    )
    with opened(found, ["a"] * 50, "test") as (arrays, others, _):
        assert list(arrays) == ["w"]
        assert others == ["a (dict of 2, 1 of them arrays): no array; to read it, pass key='a'"]


def test_too_many_opcodes(tmp_path, monkeypatch):
    monkeypatch.setattr("oxhorn.interop.torch_pickle.MAX_STEPS", 100)
    with pytest.raises(ValueError, match="more than 100 opcodes"):
        read(written(tmp_path, new_form({"w": tensor(), "x": [1] * 100})))


def test_references_multiply_nothing(tmp_path):
    lists = [b"](" + (b"h" + bytes([i])) * 50 + b"eq" + bytes([i + 1]) for i in range(100)]
    value = Raw(b"(]q\x00" + b"".join(lists) + b"t")  # 50^100 items, if anybody counted
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"expected|not read"):
        read(written(tmp_path, new_form(value)))
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("form", FORMS)
def test_cut_pickles(tmp_path, form):
    whole = pickled({"w": tensor(), "b": tensor(size=(3,), stride=(1,))})
    for cut in range(len(whole)):
        with pytest.raises(ValueError, match="expected"):
            read(written(tmp_path, form(whole[:cut])))


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes(content):
    with pytest.raises(PickleError):
        PickleReader(b"\x80\x02" + content, {}).load() if b"." not in content else _raises_or_not(content)


def _raises_or_not(content):
    PickleReader(content, {}).load()
    raise PickleError("it was a pickle")


PARTS = st.sampled_from(
    [bytes([code]) for code in _STEPS]
    + [
        b"K\x01",
        b"X\x01\x00\x00\x00a",
        bytes(ORDERED),
        bytes(REBUILD),
        bytes(tensor()),
        b"q\x00",
        b"h\x00",
        b"N",
        b"(",
    ]
    + [bytes(name("torch", "FloatStorage")), bytes(name("torch", "Size")), encoded((1, 2))]
)


@settings(max_examples=400, deadline=None)
@given(parts=st.lists(PARTS, max_size=30))
def test_any_opcodes(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("fuzz")
    for form in FORMS:
        path = written(folder, form(b"\x80\x02" + b"".join(parts) + b"."))
        try:
            read(path)
        except ValueError as error:
            assert str(path) in str(error)


def test_a_member_before_the_file(tmp_path):
    content = bytearray((GOLDEN / "linear.pth").read_bytes())
    # Where the directory begins, by the (long) record at the end: one more moves all members a byte to the front.
    place = content.rindex(b"PK\x06\x06") + 48
    content[place] += 1
    path = written(tmp_path, bytes(content))
    with pytest.raises(ValueError, match="begins before the file does"):
        read(path)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_altered_files(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    file = data.draw(st.sampled_from(["linear.pth", "batch_norm.old.pth", "batch_norm.safetensors"]))
    content = bytearray((GOLDEN / file).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = written(folder, bytes(content))
    try:
        found = read(path)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert all(isinstance(array, np.ndarray) for array in found.values())
