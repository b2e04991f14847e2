"""`save_model`, `load_model`, `save_weights`, `load_weights`: the ending of the name says which kind of file it is."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oxhorn.utils.messages import print_message

LEGACY = (".h5", ".hdf5")
WEIGHTS = ".weights.h5"
TABLE = ".weights.json"
SAFETENSORS = ".safetensors"


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
) -> None:
    """Writes a model as a whole: architecture, weights, how it was compiled, and where its optimizer stands.

    A file that was there is kept until the new one is complete.

    Args:
        model: The model.
        filepath: A path that ends in `.keras` (or in `.h5` or `.hdf5`, the older format), or a file object that is
            open for writing bytes.
        overwrite: Whether a file that is there may be replaced; otherwise asks in a terminal, and is an error
            elsewhere.
        zipped: `False` for a folder with the members of the archive as files.
        **kwargs: `include_optimizer=False`, for `.h5`.

    Raises:
        ValueError: For other endings, other arguments, and models with lambdas in them.
        FileExistsError: If there is a file, it must not be replaced, and nobody can be asked.
        OSError: If the folder is not there or cannot be written to.

    >>> import oxhorn as keras, tempfile
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keras.saving.save_model(model, folder + "/m.keras")
    ...     keras.saving.load_model(folder + "/m.keras").count_params()
    8
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    _check_save_format(kwargs.pop("save_format", None), filepath)
    if kwargs:
        raise ValueError(f"save_model: The following argument(s) are not supported: {sorted(kwargs)}.")
    from oxhorn.saving import archive

    _warn_if_not_built(model)
    if isinstance(filepath, io.IOBase):
        archive.write_archive(model, filepath)  # type: ignore[arg-type]
        return
    path = _path(filepath, "save_model")
    if not _may_write(path, overwrite, "save_model"):
        return
    if zipped is False:
        if path.endswith(".keras"):
            raise ValueError(
                f"save_model: with zipped=False, `filepath` is a folder and should not end in '.keras'; got {path!r}."
            )
        archive.write_folder(model, path)
    elif path.endswith(".keras"):
        archive.write_archive(model, path)
    elif path.endswith(LEGACY):
        from oxhorn.saving import legacy

        legacy.save_whole_model(model, path, include_optimizer=include_optimizer)
    else:
        raise ValueError(
            "save_model: Invalid filepath extension for saving: expected '.keras', or '.h5' for the older format; got "
            f"{path!r}. Models for other programs are written by `model.export`."
        )


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Reads a model that `save_model` wrote, here or in Keras.

    Nothing in the file is run, and no module is imported because the file names it: only built-in classes, and those
    that you registered or pass, are made.

    Args:
        filepath: The path of a `.keras`, `.h5` or `.hdf5` file or of a folder, or a file object.
        custom_objects: Your own classes and functions in it, by name.
        compile: Whether to compile the model as it was, with the state of its optimizer.
        safe_mode: There is only the safe mode: lambdas are never read, with `False` neither.

    Returns:
        The model.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no such file, damaged, or holds what is never read.
        TypeError: If it names a class or function that is not known.

    >>> import oxhorn as keras, io
    >>> file = io.BytesIO()
    >>> keras.saving.save_model(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), file)
    >>> keras.saving.load_model(file).output_shape
    (None, 2)
    """
    from oxhorn.saving import archive

    if isinstance(filepath, io.IOBase):
        return archive.read_model(filepath, custom_objects, compile)  # type: ignore[arg-type]
    path = _path(filepath, "load_model")
    if archive.is_folder(path):
        return archive.read_model(path, custom_objects, compile)
    if path.endswith(".keras"):
        if not Path(path).is_file():
            raise ValueError(
                f"load_model: File not found: {path!r}. Please ensure the file is an accessible `.keras` zip file."
            )
        return archive.read_model(path, custom_objects, compile)
    if path.endswith(LEGACY):
        from oxhorn.saving import legacy

        return legacy.load_whole_model(path, custom_objects=custom_objects, compile=compile)
    raise ValueError(
        f"load_model: File format not supported: expected a '.keras', '.h5' or '.hdf5' file, or a folder that "
        f"`save_model(..., zipped=False)` wrote; got {path!r}."
    )


def save_weights(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    max_shard_size: float | None = None,
    objects_to_skip: Any = None,
) -> None:
    """Writes the weights of a model, and the state of its optimizer if it is compiled (not to `.safetensors`).

    Args:
        model: The model; built.
        filepath: A path that ends in `.weights.h5` or `.safetensors`, or `.weights.json` with `max_shard_size`.
        overwrite: Whether a file that is there may be replaced; see `save_model`.
        max_shard_size: The largest size of one file in GB; the weights go to several files and a table of them.
        objects_to_skip: Layers that are left out.

    Raises:
        ValueError: For other endings, and for models that are not built.
        FileExistsError: If there is a file, it must not be replaced, and nobody can be asked.

    >>> import oxhorn as keras, tempfile
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keras.saving.save_weights(model, folder + "/m.weights.h5")
    ...     keras.saving.load_weights(model, folder + "/m.weights.h5")
    """
    path = _path(filepath, "save_weights")
    if path.endswith(SAFETENSORS) and max_shard_size is None and objects_to_skip is None:
        from oxhorn.saving import weights

        if _may_write(path, overwrite, "save_weights"):
            weights.save_weights(model, path)
        return
    if max_shard_size is None and not path.endswith(WEIGHTS):
        raise ValueError(
            f"save_weights: The filename must end in `.weights.h5` (or in '.safetensors'); got {path!r}."
        )
    if max_shard_size is not None:
        if not path.endswith(("weights.h5", "weights.json")):
            raise ValueError(
                "save_weights: The filename must end in `.weights.json` when `max_shard_size` is specified; got "
                f"{path!r}."
            )
        if not float(max_shard_size) > 0:
            raise ValueError(
                f"save_weights: `max_shard_size` is a size in GB above 0; got {max_shard_size!r}."
            )
        path = _table_path(path, "Saving")
    if not model.built:
        raise ValueError(
            f"save_weights: You are saving a model that has not yet been built. {model.name!r} does not have all its "
            "weights: call it on data, or use `build()`."
        )
    if not _may_write(path, overwrite, "save_weights"):
        return
    from oxhorn.saving import state, stores

    with stores.writing(path, max_shard_size) as target:
        state.save_state(model, target, skip=objects_to_skip or ())


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Reads weights into a model: all of them, or none and an error.

    Args:
        model: The model; built.
        filepath: A path that ends in `.weights.h5`, `.weights.json`, `.keras`, `.safetensors`, or in `.h5` or `.hdf5`
            for the older format.
        skip_mismatch: Leaves weights alone that the file lacks or has in another shape, with a warning.
        **kwargs: `objects_to_skip`, layers that are left alone (`.weights.h5`); `by_name=True`, which finds layers by
            their names (`.h5`).

    Raises:
        OSError: If the file cannot be read.
        ValueError: If the file is damaged, has other weights, or another ending; nothing is changed then.

    >>> import oxhorn as keras, tempfile
    >>> one, two = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one.save_weights(folder + "/m.weights.h5")
    ...     keras.saving.load_weights(two, folder + "/m.weights.h5")
    >>> bool((one.layers[0].kernel.numpy() == two.layers[0].kernel.numpy()).all())
    True
    """
    skip = kwargs.pop("objects_to_skip", None)
    by_name = kwargs.pop("by_name", None)
    if kwargs:
        raise ValueError(f"load_weights: Invalid keyword arguments: {sorted(kwargs)}.")
    path = _path(filepath, "load_weights")
    is_new = path.endswith((WEIGHTS, TABLE, ".keras", SAFETENSORS))
    if skip is not None and not path.endswith((WEIGHTS, TABLE)):
        raise ValueError(
            f"load_weights: `objects_to_skip` only supports loading '.weights.h5' files. Got {path!r}."
        )
    if by_name is not None and is_new:
        raise ValueError(
            f"load_weights: `by_name` only supports loading legacy '.h5' or '.hdf5' files. Got {path!r}."
        )
    if path.endswith(SAFETENSORS):
        from oxhorn.saving import weights

        weights.load_weights(model, path, skip_mismatch)
    elif is_new:
        _load_new_weights(model, path, skip_mismatch, skip)
    elif path.endswith(LEGACY):
        from oxhorn.saving import legacy

        legacy.load_legacy_weights(model, path, by_name=bool(by_name), skip_mismatch=skip_mismatch)
    else:
        raise ValueError(
            "load_weights: File format not supported: expected a path that ends in '.weights.h5', '.weights.json', "
            f"'.keras', '.safetensors', '.h5' or '.hdf5'; got {path!r}."
            + (
                " Weights of PyTorch: interop.load_torch_state_dict."
                if path.endswith((".pth", ".pt"))
                else ""
            )
        )


def _load_new_weights(model: Any, path: str, skip_mismatch: bool, skip: Any) -> None:
    from oxhorn.saving import archive, state, stores

    if not model.built:
        raise ValueError(
            f"load_weights: You are loading weights into a model that has not yet been built. {model.name!r} does not "
            "have all its weights: call it on data, or use `build()`."
        )
    opened = archive.reading_weights(path, model) if path.endswith(".keras") else stores.reading(path)
    with opened as source:
        state.load_state(model, source, None, skip_mismatch, skip or ())


def _path(filepath: Any, who: str) -> str:
    try:
        path = os.fspath(filepath)
    except TypeError:
        raise TypeError(
            f"{who}: expected a path, or a file object for whole models; got {type(filepath).__name__}."
        ) from None
    path = os.fsdecode(path)
    if path.startswith("hf://"):
        raise ValueError(f"{who}: {path!r} is in the network; only local files are read and written.")
    return path


def _table_path(path: str, what: str) -> str:
    if path.endswith(".json"):
        return path
    table = str(Path(path).with_suffix(".json"))
    warnings.warn(
        f"{what} sharded weights requires `*.json` as the extension. The original path {path!r} will be renamed to "
        f"{table!r}.",
        stacklevel=4,
    )
    return table


def _may_write(path: str, overwrite: bool, who: str) -> bool:
    """Whether to go on where a file is; asks in a terminal."""
    if overwrite or not Path(path).exists():
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise FileExistsError(f"{who}: {path!r} is there already, and overwrite is False.")
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"[WARNING] {path} already exists - overwrite? [y/n] ").strip().lower()
    if answer == "y":
        print_message("[TIP] Next time specify overwrite=True!")
    return answer == "y"


def _check_save_format(save_format: Any, path: Any) -> None:
    if not save_format:
        return
    known = str(path).endswith((".keras", *LEGACY))
    message = (
        "save_model: The `save_format` argument is deprecated: the ending of the path says the format"
        f"{'' if known else ', which is .keras or .h5'}. Got save_format={save_format!r}."
    )
    if not known:
        raise ValueError(message)
    warnings.warn(message, DeprecationWarning, stacklevel=3)


def _warn_if_not_built(model: Any) -> None:
    if not model.built:
        warnings.warn(
            f"You are saving a model that has not yet been built: {model.name!r} might not contain any weights yet. "
            "Build it first by calling it on some data.",
            stacklevel=3,
        )
