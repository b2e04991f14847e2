"""HDF5 files from strangers, read so that nothing in them is followed, run or believed.

HDF5 can do much that weights have no use for: links to other files, datasets whose bytes lie in other files or in
other datasets, filters that are loaded from plug-ins, links in circles, shapes without the bytes for them. Here a name
is a hard link or an error; an array is read when its shape is the expected one, its bytes are in the file, and
unpacking it takes no more memory than the result.

Source: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

from __future__ import annotations

import contextlib
import io
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from oxhorn.saving.atomic import replacing
from oxhorn.saving.hdf5_chunks import read_chunks
from oxhorn.saving.hdf5_heaps import check_heaps

Array = np.ndarray[Any, Any]

SIGNATURE = b"\x89HDF\r\n\x1a\n"

# More than any model needs, and little enough that a hostile file is refused within moments.
MAX_NAMES = 100_000
MAX_OBJECTS = 1_000_000
MAX_DEPTH = 100
MAX_PATH = 10_000
MAX_TEXT = 100_000_000
MAX_VARIABLE_TEXTS = 1 << 31
# Arrays whose shape nobody expects may take this much, or this many times what is stored of them.
MAX_UNEXPECTED = 1 << 24
MAX_EXPANSION = 100


@contextlib.contextmanager
def opening(source: str | os.PathLike[str] | BinaryIO, label: str | None = None) -> Iterator[Group]:
    """The root group of a file, closed at the end.

    Args:
        source: A path, or a file object that can seek (a part of an archive, say).
        label: What error messages call the file; the path by default.

    Raises:
        OSError: If there is no such file, or it must not be read.
        ValueError: If it is not an HDF5 file, or cut off, or damaged.
    """
    import h5py

    is_path = isinstance(source, (str, os.PathLike))
    label = (
        label if label is not None else str(source) if is_path else str(getattr(source, "name", "the file"))
    )
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as file:
            start, size = file.read(len(SIGNATURE)), os.fstat(file.fileno()).st_size
    else:
        start, size = source.read(len(SIGNATURE)), source.seek(0, io.SEEK_END)
        source.seek(0)
    if start != SIGNATURE:
        raise ValueError(
            f"{label}: not an HDF5 file: it begins with {start!r}"
            + (f" and has only {size} bytes" if size < 100 else "")
            + f"; expected {SIGNATURE!r}."
        )
    with translated(label):
        # Readers do not write: no lock is needed, and some network drives have none to give.
        options: dict[str, Any] = {"locking": False} if is_path else {}
        handle = h5py.File(source, "r", **options)
    try:
        yield Group(handle, "", _File(source, label, size))
    finally:
        # A damaged file may complain once more when it is closed; nothing was written, so nothing is lost.
        with contextlib.suppress(Exception):
            handle.close()


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Any]:
    """A new `h5py.File` that takes the place of `path` when all went well; the same content gives the same bytes.

    Raises:
        OSError: If the folder cannot be written to; what was at `path` is as before.
    """
    with replacing(path) as temporary, new_file(temporary) as file:
        yield file


@contextlib.contextmanager
def new_file(path: str | os.PathLike[str]) -> Iterator[Any]:
    """A new `h5py.File` at `path` itself, without times in it: for files that are a part of something larger."""
    import h5py

    with h5py.File(os.fspath(path), "w", libver=("earliest", "v108"), track_order=False) as file:
        yield file


@contextlib.contextmanager
def translated(label: str) -> Iterator[None]:
    """Inside, errors of the HDF5 library become a `ValueError` that names the file."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError, AttributeError, UnicodeError, OverflowError) as error:
        text = str(error).strip("'\"")[:300]
        cut = "truncated" in text or "addr overflow" in text or "eof" in text
        raise ValueError(
            f"{label}: the HDF5 file is {'cut off' if cut else 'damaged'} ({type(error).__name__}: {text})."
        ) from None


class _File:
    """What all groups and datasets of a file share."""

    def __init__(self, source: str | os.PathLike[str] | BinaryIO, label: str, size: int) -> None:
        self.source = source
        self.label = label
        self.size = size
        self._longest_text: int | None = None

    def longest_text(self) -> int:
        """The bytes of the longest text of any length; all of them are looked over, once."""
        if self._longest_text is None:
            if isinstance(self.source, (str, os.PathLike)):
                with Path(self.source).open("rb") as file:
                    self._longest_text = check_heaps(file, self.label)
            else:
                self._longest_text = check_heaps(self.source, self.label)
        return self._longest_text


class Group:
    """A group: names that lead to datasets and other groups, and attributes."""

    def __init__(self, handle: Any, path: str, file: _File) -> None:
        self._handle = handle
        self._file = file
        self.path = path
        self.label = file.label

    def __repr__(self) -> str:
        return f"<Group {self.path or '/'!r} of {self.label}>"

    def __len__(self) -> int:
        with translated(self.label):
            return len(self._handle)

    def __contains__(self, path: str) -> bool:
        """Whether there is something of this name.

        Raises:
            ValueError: If it is behind a link that is not a hard one, so that nobody looks there.
        """
        try:
            self._find(path)
        except KeyError:
            return False
        return True

    def names(self) -> list[str]:
        """The names in the group, in the order of their letters.

        Raises:
            ValueError: If there are more than any model has.
        """
        if len(self) > MAX_NAMES:
            raise ValueError(f"{self._who()} has {len(self)} entries; {MAX_NAMES} are the limit.")
        with translated(self.label):
            names = list(self._handle.keys())
        for name in names:
            self._check_name(name)
        return names

    def group(self, path: str) -> Group:
        """The group at `path`, counted from here.

        Raises:
            KeyError: If there is nothing.
            ValueError: If it is a dataset, or behind a link that is not a hard one.
        """
        found = self._find(path)
        if not isinstance(found, Group):
            raise ValueError(f"{self.label}: {found.path!r} is a dataset; expected a group.")
        return found

    def dataset(self, path: str) -> Dataset:
        """The dataset at `path`, checked, and not read yet.

        Raises:
            KeyError: If there is nothing.
            ValueError: If it is a group, behind a link that is not a hard one, or stored in a way that is refused.
        """
        found = self._find(path)
        if not isinstance(found, Dataset):
            raise ValueError(f"{self.label}: {found.path!r} is a group; expected a dataset.")
        return found

    def walk(self) -> Iterator[tuple[str, Group | Dataset]]:
        """All groups and datasets below, by their path from here; a group comes before what is in it.

        Raises:
            ValueError: If a group is reached a second time, or for more objects or levels than any model has.
        """
        count = 0
        seen = {self._address()}
        waiting = [("", self)]
        while waiting:
            prefix, group = waiting.pop()
            below: list[tuple[str, Group]] = []
            for name in group.names():
                count += 1
                path = prefix + name
                if count > MAX_OBJECTS or path.count("/") > MAX_DEPTH:
                    raise ValueError(
                        f"{self.label}: more than {MAX_OBJECTS} entries, or deeper than {MAX_DEPTH} groups."
                    )
                found = group._child(name)
                if isinstance(found, Group):
                    address = found._address()
                    if address in seen:
                        raise ValueError(
                            f"{self.label}: the group {path[:200]!r} is reached by two paths, or in a circle."
                        )
                    seen.add(address)
                    below.append((f"{path}/", found))
                yield path, found
            waiting.extend(reversed(below))

    # Attributes --------------------------------------------------------------------------------------

    def attribute_names(self) -> list[str]:
        """The names of the attributes."""
        return _attribute_names(self._handle, self._who(), self.label)

    def attribute(self, name: str) -> Any:
        """An attribute: a string, a number, or an array of numbers, or a list of strings; `None` if there is none.

        Raises:
            ValueError: If it is of another kind, or larger than anything that a model has there.
        """
        return _attribute(self._handle, name, self._who(), self._file)

    # Inside ------------------------------------------------------------------------------------------

    def _who(self) -> str:
        return f"{self.label}: group {self.path[:200] or '/'!r}"

    def _address(self) -> Any:
        import h5py

        with translated(self.label):
            info = h5py.h5o.get_info(self._handle.id)
        return info.fileno, info.addr

    def _find(self, path: str) -> Group | Dataset:
        parts = path.split("/")
        if len(path) > MAX_PATH or len(parts) > MAX_DEPTH:
            raise ValueError(f"{self.label}: the path {path[:100]!r}... is too long.")
        found: Group | Dataset = self
        for part in parts:
            if not isinstance(found, Group):
                raise KeyError(path)
            found = found._child(part)
        return found

    def _check_name(self, name: Any) -> None:
        if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\x00" in name:
            raise ValueError(f"{self._who()} has the entry {str(name)[:100]!r}, which is not a name.")
        if len(name) > MAX_PATH:
            raise ValueError(f"{self._who()} has an entry with a name of {len(name)} characters.")

    def _child(self, name: str) -> Group | Dataset:
        import h5py

        self._check_name(name)
        with translated(self.label):
            link = self._handle.get(name, getlink=True)
        path = f"{self.path}/{name}" if self.path else name
        if link is None:
            raise KeyError(path)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(
                f"{self.label}: {path[:200]!r} is a {type(link).__name__}, which leads elsewhere and is not followed."
            )
        with translated(self.label):
            handle = self._handle[name]
        if isinstance(handle, h5py.Group):
            return Group(handle, path, self._file)
        if isinstance(handle, h5py.Dataset):
            return Dataset(handle, path, self._file)
        raise ValueError(f"{self.label}: {path[:200]!r} is neither a group nor a dataset.")


class Dataset:
    """An array in a file: checked when it is found, read when it is asked for."""

    def __init__(self, handle: Any, path: str, file: _File) -> None:
        import h5py

        self._handle = handle
        self._file = file
        self.path = path
        self.label = file.label
        with translated(self.label):
            shape, dtype = handle.shape, handle.dtype
            created = handle.id.get_create_plist()
            external, layout = created.get_external_count(), created.get_layout()
            self._filters = [created.get_filter(i) for i in range(created.get_nfilters())]
            self._stored = handle.id.get_storage_size()
        if external:
            raise ValueError(f"{self._who()} keeps its values in another file, which is not followed.")
        if layout == h5py.h5d.VIRTUAL:
            raise ValueError(f"{self._who()} is made of other datasets (virtual), which are not followed.")
        if shape is None:
            raise ValueError(f"{self._who()} holds no array.")
        self._chunked = layout == h5py.h5d.CHUNKED
        self.shape: tuple[int, ...] = tuple(int(n) for n in shape)
        self._is_bfloat16 = dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None
        self._is_text = dtype.kind in "SO"
        known = (
            dtype.kind in "fiub" and dtype.names is None and dtype.itemsize <= 8 and dtype.subdtype is None
        )
        if not (known or self._is_bfloat16 or self._is_text):
            raise ValueError(f"{self._who()} has values of the kind {dtype}; expected numbers or booleans.")
        self._stored_dtype: np.dtype[Any] = np.dtype(dtype)

    def __repr__(self) -> str:
        return f"<Dataset {self.path!r} of {self.label}, shape {self.shape}, {self.dtype}>"

    @property
    def dtype(self) -> str:
        """The name of the dtype; `"bfloat16"` is read as float32, and `"string"` is not an array of numbers."""
        if self._is_bfloat16:
            return "bfloat16"
        return "string" if self._is_text else self._stored_dtype.name

    @property
    def nbytes(self) -> int:
        """The bytes that the shape and the dtype stand for."""
        return math.prod(self.shape) * self._stored_dtype.itemsize

    def attribute(self, name: str) -> Any:
        """An attribute of the dataset; see `Group.attribute`."""
        return _attribute(self._handle, name, self._who(), self._file)

    def problem(self, shape: tuple[int, ...], dtype: str) -> str | None:
        """Why this is not an array of that shape that can be had as `dtype`; `None` if it is one."""
        if self.shape != tuple(shape):
            return f"has shape {tuple(shape)}, and {self.shape} in the file"
        if self._is_text:
            return "holds text in the file; expected numbers"
        if not np.can_cast("float32" if self._is_bfloat16 else self.dtype, dtype, "same_kind"):
            return f"has dtype {dtype}, and {self.dtype} in the file"
        return None

    def read(self, shape: tuple[int, ...] | None = None, dtype: str | None = None) -> Array:
        """The values, in the byte order of the machine.

        Args:
            shape: The shape that is expected. Without one, the array may be no larger than what is stored of it
                makes plausible.
            dtype: The dtype of the result; that of the file by default.

        Raises:
            ValueError: If shape or dtype are others, or the values are not (all) in the file. Nothing is allocated
                before these are checked.
        """
        wanted = dtype if dtype is not None else "float32" if self._is_bfloat16 else self.dtype
        problem = self.problem(self.shape if shape is None else tuple(shape), wanted)
        if problem is not None:
            raise ValueError(f"{self._who()}: expected and found differ: it {problem}.")
        if shape is None and self.nbytes > max(MAX_UNEXPECTED, MAX_EXPANSION * self._stored):
            raise ValueError(
                f"{self._who()} claims {self.nbytes} bytes (shape {self.shape}), and {self._stored} are stored."
            )
        values = self._values()
        if self._is_bfloat16:
            values = (values.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
        target = np.dtype(wanted)
        if values.dtype == target:
            return values
        result = values.astype(target)
        if target.kind in "iu" and not np.array_equal(result, values):
            raise ValueError(f"{self._who()} has values of {self.dtype} that {wanted} cannot hold.")
        return result

    def _who(self) -> str:
        return f"{self.label}: dataset {self.path[:200]!r}"

    def _values(self) -> Array:
        if 0 in self.shape:
            return np.empty(self.shape, self._stored_dtype.newbyteorder("="))
        if self._chunked and self._filters:
            with translated(self.label):
                return read_chunks(self._handle, self._filters, self._who())
        if self._filters:
            raise ValueError(f"{self._who()} has filters without chunks; the file is damaged.")
        if self._chunked:
            self._check_chunks()
        elif self._stored != self.nbytes:
            raise ValueError(
                f"{self._who()} of shape {self.shape} needs {self.nbytes} bytes, and {self._stored} are stored."
            )
        with translated(self.label):
            values = np.empty(self.shape, self._stored_dtype.newbyteorder("="))
            self._handle.read_direct(values) if self.shape else values.__setitem__((), self._handle[()])
        if values.dtype.kind == "b" and values.view(np.uint8).max() > 1:
            raise ValueError(f"{self._who()} has booleans other than 0 and 1.")
        return values

    def _check_chunks(self) -> None:
        """A chunk is in memory as a whole; a dataset that lacks chunks has only its fill value there."""
        with translated(self.label):
            chunk = math.prod(self._handle.chunks) * self._stored_dtype.itemsize
        if chunk > max(MAX_UNEXPECTED, 2 * self.nbytes):
            raise ValueError(f"{self._who()} of {self.nbytes} bytes has chunks of {chunk} bytes.")
        if self._stored < self.nbytes:
            raise ValueError(f"{self._who()} needs {self.nbytes} bytes, and {self._stored} are stored.")


def _attribute_names(handle: Any, who: str, label: str) -> list[str]:
    with translated(label):
        if len(handle.attrs) > MAX_NAMES:
            raise ValueError(f"{who} has {len(handle.attrs)} attributes; {MAX_NAMES} are the limit.")
        return [str(name) for name in handle.attrs]


def _attribute(handle: Any, name: str, who: str, file: _File) -> Any:
    import h5py

    with translated(file.label):
        if name not in handle.attrs:
            return None
        identity = handle.attrs.get_id(name)
        shape, dtype = identity.shape, identity.dtype
        text = h5py.check_string_dtype(dtype)
    shown = f"{who}: attribute {name[:100]!r}"
    if shape is None or (text is None and (dtype.kind not in "fiub" or dtype.names is not None)):
        raise ValueError(f"{shown} is of the kind {dtype}; expected text or numbers.")
    count = math.prod(shape)
    # Texts of any length lie elsewhere in the file; many of them may point to one long text.
    variable = text is not None and text.length is None
    if count > MAX_NAMES or count * dtype.itemsize > MAX_TEXT:
        raise ValueError(
            f"{shown} is too large: {count} values of {dtype.itemsize} bytes in a file of {file.size} bytes."
        )
    if variable and count * file.longest_text() > MAX_VARIABLE_TEXTS and count > 1:
        raise ValueError(
            f"{shown} is too large: {count} texts, each of which could have {file.longest_text()} bytes; "
            f"{MAX_VARIABLE_TEXTS} bytes are the limit."
        )
    with translated(file.label):
        value = handle.attrs[name]
    if text is None:
        return value.item() if isinstance(value, np.generic) else value
    if shape == ():
        return _decoded(value, shown)
    return [_decoded(one, shown) for one in np.asarray(value, dtype=object).ravel()]


def _decoded(value: Any, shown: str) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{shown} is not UTF-8 text.") from None
    # Text that h5py could not decode comes with its bytes as surrogates.
    result = str(value)
    if any("\ud800" <= letter <= "\udfff" for letter in result):
        raise ValueError(f"{shown} is not UTF-8 text.")
    return result
