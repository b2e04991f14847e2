"""`.keras` archives: a ZIP file of the config and the state of a model, or a folder of the same files.

    metadata.json       {"keras_version": ..., "date_saved": ...}
    config.json         what `serialize_keras_object(model)` returns, with `build_config` and `compile_config`
    model.weights.h5    the variables, those of the optimizer included
    assets/...          vocabularies and the like, by the place of their layer

Members are stored, not packed, so that the weights are read in place. No member is unpacked under its own name.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from oxhorn.saving import assets, hdf5, stores
from oxhorn.saving.archive_members import Archive
from oxhorn.saving.atomic import replacing
from oxhorn.saving.limited_json import MAX_BYTES, read_json
from oxhorn.saving.state import load_state, save_state
from oxhorn.saving.untrusted import making_a_model

METADATA = "metadata.json"
CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
OTHER_WEIGHTS = "model.weights.npz"
ASSETS = "assets"

# Whose form the files have, these and the older ones: readers choose by it.
KERAS_VERSION = "3.15.1"
# Of the weights, against the bytes of the model's variables: HDF5 has some of its own for each group.
MAX_EXPANSION = 16
SLACK = 1 << 26
FIRST_DATE = (1980, 1, 1, 0, 0, 0)


# Writing --------------------------------------------------------------------------------------------------


def config_texts(model: Any) -> dict[str, str]:
    """The JSON members for a model."""
    from oxhorn.saving.serialization import serialize_keras_object

    try:
        config = json.dumps(serialize_keras_object(model))
    except TypeError as error:
        raise TypeError(
            f"Model {model.name!r} cannot be saved, because a config in it is not plain data: {error}. "
            "`get_config` must return numbers, strings, lists and dicts, or what `serialize_keras_object` returned."
        ) from None
    date = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    return {METADATA: json.dumps({"keras_version": KERAS_VERSION, "date_saved": date}), CONFIG: config}


def write_archive(model: Any, target: str | os.PathLike[str] | BinaryIO) -> None:
    """Writes `model` to a `.keras` file, or into a file object.

    Raises:
        OSError: If the folder cannot be written to; what was at the path is as before.
        ValueError: If a part of the model cannot be written to a config.
    """
    texts = config_texts(model)
    if not isinstance(target, (str, os.PathLike)):
        with tempfile.TemporaryDirectory(prefix="weights-") as folder:
            _write_zip(model, texts, target, Path(folder) / WEIGHTS)
        return
    with replacing(target) as temporary:
        # Beside the target: there is room for it, since there must be room for the whole.
        weights = temporary.with_name(f"{temporary.name}.h5")
        try:
            with temporary.open("wb") as file:
                _write_zip(model, texts, file, weights)
        finally:
            weights.unlink(missing_ok=True)


def _write_zip(model: Any, texts: Mapping[str, str], target: BinaryIO, weights: Path) -> None:
    with assets.writing() as folder:
        with hdf5.new_file(weights) as file:
            save_state(model, stores.Hdf5Writing(file), folder)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name, text in texts.items():
                archive.writestr(_member(name), text)
            members = [(WEIGHTS, weights), *((f"{ASSETS}/{name}", path) for name, path in folder.files())]
            for name, path in members:
                info = _member(name)
                info.file_size = path.stat().st_size
                with path.open("rb") as source, archive.open(info, "w") as member:
                    shutil.copyfileobj(source, member, 1 << 20)


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, FIRST_DATE)
    info.external_attr = 0o644 << 16
    return info


def write_folder(model: Any, path: str | os.PathLike[str]) -> None:
    """Writes the members as files of a folder, which is made if it is not there; each is replaced as a whole."""
    texts = config_texts(model)
    root = Path(path)
    root.mkdir(parents=True, exist_ok=True)
    with assets.writing() as folder:
        with hdf5.writing(root / WEIGHTS) as file:
            save_state(model, stores.Hdf5Writing(file), folder)
        for name, source in folder.files():
            target = root / ASSETS / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as temporary:
                shutil.copyfile(source, temporary)
    for name, text in texts.items():
        with replacing(root / name) as temporary:
            temporary.write_text(text, "utf-8")


# Reading --------------------------------------------------------------------------------------------------


class _Folder:
    """The files of a folder, as the members of an archive."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.label = str(root)

    def _file(self, name: str) -> Path:
        path = self.root / name
        if path.is_symlink():
            raise ValueError(f"{path}: a link, which is not followed; expected a file.")
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError(f"{path}: a pipe or a device; expected a file.")
        return path

    def names(self) -> list[str]:
        found = [path.name for path in self.root.iterdir()]
        if ASSETS in found:
            for folder, _, files in os.walk(self._file(ASSETS)):
                found.extend((Path(folder) / name).relative_to(self.root).as_posix() for name in files)
        return found

    def size(self, name: str) -> int:
        return self._file(name).stat().st_size

    def read(self, name: str, limit: int) -> bytes:
        with self._file(name).open("rb") as file:
            return file.read(limit + 1)

    def copy(self, name: str, target: Any) -> None:
        with self._file(name).open("rb") as file:
            shutil.copyfileobj(file, target)

    @contextlib.contextmanager
    def opened(self, name: str, limit: int) -> Iterator[hdf5.Group]:
        # Read in place: nothing is unpacked that could be larger than the limit.
        with hdf5.opening(self._file(name)) as root:
            yield root


@contextlib.contextmanager
def _members(source: str | os.PathLike[str] | BinaryIO) -> Iterator[Archive | _Folder]:
    if not isinstance(source, (str, os.PathLike)):
        yield Archive(source, str(getattr(source, "name", "the archive")))
    elif Path(source).is_dir():
        yield _Folder(Path(source))
    else:
        with Path(source).open("rb") as file:
            yield Archive(file, str(source))


def read_model(
    source: str | os.PathLike[str] | BinaryIO,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Any:
    """The model in a `.keras` file, a file object or a folder.

    Args:
        source: The file.
        custom_objects: Your own classes and functions in it, by name.
        compile: Whether to compile the model as it was.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If the file is damaged, or holds what is never read.
        TypeError: If it names an unknown class.
    """
    from oxhorn.saving.serialization import deserialize_keras_object

    with _members(source) as members:
        names = members.names()
        _check_names(names, members.label)
        config = read_json(members.read(CONFIG, MAX_BYTES), f"{members.label}: {CONFIG}")
        if not isinstance(config, dict) or "class_name" not in config:
            raise ValueError(f"{members.label}: {CONFIG} is not the config of a model.")
        if not compile:
            config["compile_config"] = None
        with making_a_model(members.label, members.size(WEIGHTS)):
            model = deserialize_keras_object(config, custom_objects)
        # Models, and what else saves itself as a whole.
        if not hasattr(model, "save"):
            raise ValueError(f"{members.label}: holds a {type(model).__name__}; expected a model.")
        with members.opened(WEIGHTS, MAX_EXPANSION * _bytes_of(model) + SLACK) as root:
            load_state(model, stores.Hdf5Reading(root), _assets(members, names), who="load_model")
    return model


def _bytes_of(model: Any) -> int:
    variables = [*model.variables, *getattr(getattr(model, "optimizer", None), "variables", ())]
    return sum(math.prod(variable.shape) * np.dtype(str(variable.dtype)).itemsize for variable in variables)


@contextlib.contextmanager
def opened_weights(source: str | os.PathLike[str], limit: int) -> Iterator[hdf5.Group]:
    """The root of the weights in a `.keras` file; they may have `limit` bytes."""
    with _members(source) as members:
        _check_names(members.names(), members.label)
        with members.opened(WEIGHTS, limit) as root:
            yield root


@contextlib.contextmanager
def reading_weights(source: str | os.PathLike[str], model: Any) -> Iterator[stores.Hdf5Reading]:
    """The weights in a `.keras` file, for a model."""
    with opened_weights(source, MAX_EXPANSION * _bytes_of(model) + SLACK) as root:
        yield stores.Hdf5Reading(root)


def read_texts(source: str | os.PathLike[str]) -> dict[str, Any]:
    """The JSON members of a `.keras` file, by name."""
    with _members(source) as members:
        names = members.names()
        _check_names(names, members.label)
        return {
            name: read_json(members.read(name, MAX_BYTES), f"{members.label}: {name}")
            for name in (METADATA, CONFIG)
            if name in names
        }


def _check_names(names: list[str], label: str) -> None:
    if CONFIG not in names:
        raise ValueError(f"{label}: not a model: it has no {CONFIG}. It has {names[:10]}.")
    if WEIGHTS not in names:
        npz = OTHER_WEIGHTS in names
        raise ValueError(
            f"{label}: expected the weights in {WEIGHTS!r}; "
            + (f"{OTHER_WEIGHTS!r} is not read, since it needs pickle." if npz else f"it has {names[:10]}.")
        )


def _assets(members: Archive | _Folder, names: list[str]) -> assets.ReadAssets | None:
    prefix = f"{ASSETS}/"
    found = [name for name in names if name.startswith(prefix) and not name.endswith("/")]
    if not found:
        return None

    def copier(name: str) -> Callable[[Any], None]:
        return lambda target: members.copy(name, target)

    return assets.ReadAssets({name[len(prefix) :]: copier(name) for name in found}, members.label)


def is_folder(source: Any) -> bool:
    """Whether this is the path of a folder with a model."""
    return isinstance(source, (str, os.PathLike)) and (Path(source) / CONFIG).is_file()
