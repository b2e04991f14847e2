"""`KerasFileEditor`: what is in a file of weights, and the same file with other names or weights."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from oxhorn.saving import hdf5
from oxhorn.saving.saveables import walk
from oxhorn.saving.stores import VARIABLES
from oxhorn.utils.messages import print_message

Tree = dict[str, Any]

# A file may be looked at without a model that says what to expect: no more than this.
MAX_BYTES = 1 << 32


class KerasFileEditor:
    """Shows and changes what is in a `.keras` or `.weights.h5` file: for a model that has changed since.

    Args:
        filepath: The path of the file.

    Raises:
        ValueError: If the path has another ending, or the file is damaged or holds what is never followed.

    >>> import oxhorn as keras, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> model.save_weights(folder.name + "/m.weights.h5")
    >>> editor = keras.saving.KerasFileEditor(folder.name + "/m.weights.h5")  # doctest: +ELLIPSIS
    Keras model file '...m.weights.h5'
    >>> editor.delete_weight("dense", "1")
    >>> list(editor.weights_dict["layers"]["dense"])
    ['0']
    >>> folder.cleanup()
    """

    def __init__(self, filepath: str | os.PathLike[str]) -> None:
        self.filepath = os.fspath(filepath)
        self.metadata: dict[str, Any] | None = None
        self.config: dict[str, Any] | None = None
        self.model = None
        if self.filepath.endswith(".keras"):
            from oxhorn.saving import archive

            texts = archive.read_texts(self.filepath)
            self.config, self.metadata = texts.get(archive.CONFIG), texts.get(archive.METADATA)
            with archive.opened_weights(self.filepath, MAX_BYTES) as root:
                self._read(root)
        elif self.filepath.endswith(".weights.h5"):
            with hdf5.opening(self.filepath) as root:
                self._read(root)
        else:
            raise ValueError(
                f"KerasFileEditor: Invalid filename: expected one that ends in '.keras' or '.weights.h5'; got "
                f"{self.filepath!r}."
            )
        print_message(f"Keras model file {self.filepath!r}")
        if isinstance(self.metadata, dict):
            print_message(
                f"Saved with Keras {self.metadata.get('keras_version')} - date: {self.metadata.get('date_saved')}"
            )

    def _read(self, root: hdf5.Group) -> None:
        self.weights_dict: Tree = {}
        self.object_metadata: dict[str, dict[str, Any]] = {}
        size = 0
        for path, found in root.walk():
            if isinstance(found, hdf5.Group):
                kept = {name: found.attribute(name) for name in found.attribute_names()}
                if kept:
                    self.object_metadata["/" + _object_path(path, is_group=True)] = kept
                continue
            size += found.nbytes
            if size > MAX_BYTES:
                raise ValueError(
                    f"KerasFileEditor: {self.filepath!r} claims more than {MAX_BYTES} bytes of weights."
                )
            *objects, name = _object_path(path).split("/")
            tree = self.weights_dict
            for part in objects:
                tree = tree.setdefault(part, {})
                if not isinstance(tree, dict):
                    raise ValueError(f"KerasFileEditor: {path[:200]!r} is below a weight.")
            tree[name] = found.read()

    # Looking -----------------------------------------------------------------------------------------

    def summary(self) -> None:
        """Prints the objects in the file and the shapes of their weights."""
        print_message("Weights structure")
        for line in self._lines(self.weights_dict, "  ", ""):
            print_message(line)

    def _lines(self, tree: Tree, prefix: str, path: str) -> list[str]:
        lines = []
        for i, (name, value) in enumerate(tree.items()):
            last = i == len(tree) - 1
            place = f"{path}/{name}"
            start = f"{prefix}{'└─' if last else '├─'} {name}"
            if isinstance(value, dict):
                given = self.object_metadata.get(place, {}).get("name")
                lines.append(f"{start} ({given!r})" if given else start)
                lines.extend(self._lines(value, prefix + ("    " if last else "│   "), place))
            else:
                lines.append(f"{start}: shape={value.shape}, dtype={value.dtype}")
        return lines

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Compares the file with a model, and prints what differs.

        Args:
            reference_model: The model.

        Returns:
            A dict of `status` (`"success"` or `"error"`), `error_count` and `match_count`.
        """
        print_message("Running comparison")
        errors, matches = _differences(self.weights_dict, _weights_of(reference_model), "")
        for error in errors:
            print_message(f"...{error}")
        if errors:
            print_message(
                f"Found {len(errors)} error(s): saved file is not compatible with the reference model"
            )
        else:
            print_message(
                "Comparison successful: saved file is compatible with the reference model, "
                f"{matches} matching weight(s)"
            )
        return {
            "status": "error" if errors else "success",
            "error_count": len(errors),
            "match_count": matches,
        }

    # Changing ----------------------------------------------------------------------------------------

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Gives an object another name.

        Args:
            object_name: Its name, or its path: `"dense_2"` or `"layers/dense_2"`.
            new_name: The new name, not a path.
        """
        if "/" in new_name:
            raise ValueError(
                f"rename_object: `target_name` should be a leaf name, not a full path name; got {new_name!r}."
            )

        def rename(tree: Tree, name: str) -> None:
            tree[new_name] = tree.pop(name)

        self._edit(object_name, rename)

    def delete_object(self, object_name: str) -> None:
        """Takes an object out.

        Args:
            object_name: Its name or its path.
        """
        self._edit(object_name, lambda tree, name: tree.pop(name))

    def add_object(self, object_path: str, weights: Mapping[str, Any]) -> None:
        """Puts an object in.

        Args:
            object_path: Its whole path: `"layers/dense_2"`.
            weights: Arrays by name: `{"0": kernel, "1": bias}`.
        """
        *above, name = object_path.split("/")
        tree = self.weights_dict
        for part in above:
            tree = tree.get(part, None)  # type: ignore[assignment]
            if not isinstance(tree, dict):
                raise ValueError(f"add_object: Path {'/'.join(above)!r} not found in model.")
        tree[name] = _checked(weights, "add_object")

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Takes a weight of an object out.

        Args:
            object_name: The name or path of the object.
            weight_name: The name of the weight: `"0"`.
        """

        def delete(tree: Tree, name: str) -> None:
            if weight_name not in tree[name]:
                raise ValueError(
                    f"delete_weight: Weight {weight_name} not found in object {object_name}. Weights found: "
                    f"{list(tree[name])}."
                )
            del tree[name][weight_name]

        self._edit(object_name, delete)

    def add_weights(self, object_name: str, weights: Mapping[str, Any]) -> None:
        """Puts weights into an object that is there.

        Args:
            object_name: The name or path of the object.
            weights: Arrays by name.
        """
        arrays = _checked(weights, "add_weights")
        self._edit(object_name, lambda tree, name: tree[name].update(arrays))

    def _edit(self, wanted: str, edit: Callable[[Tree, str], Any]) -> None:
        if "/" in wanted:
            *above, name = wanted.split("/")
            tree: Any = self.weights_dict
            for part in above:
                tree = tree.get(part) if isinstance(tree, dict) else None
            if not isinstance(tree, dict) or name not in tree:
                raise ValueError(f"KerasFileEditor: Path {wanted!r} not found in model.")
            edit(tree, name)
            return
        found = _trees_with(self.weights_dict, wanted)
        if len(found) > 1:
            raise ValueError(
                f"KerasFileEditor: Name {wanted!r} occurs more than once in the model; try passing a complete path."
            )
        if not found:
            raise ValueError(
                f"KerasFileEditor: Source name {wanted!r} does not appear in the model. `editor.summary()` shows all."
            )
        edit(found[0], wanted)

    # Writing -----------------------------------------------------------------------------------------

    def save(self, filepath: str | os.PathLike[str]) -> None:
        """Writes the weights as they are now.

        Args:
            filepath: A path that ends in `.weights.h5`.
        """
        path = os.fspath(filepath)
        if not path.endswith(".weights.h5"):
            raise ValueError(
                f"KerasFileEditor.save: Invalid `filepath` argument: expected a '.weights.h5' extension; got {path!r}."
            )
        with hdf5.writing(path) as file:
            self._write(file, self.weights_dict, "")

    def resave_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Another name of `save`."""
        self.save(filepath)

    def _write(self, file: Any, tree: Tree, path: str) -> None:
        arrays = {name: value for name, value in tree.items() if not isinstance(value, dict)}
        if arrays:
            group = file.require_group(f"{path}/{VARIABLES}" if path else VARIABLES)
            given = self.object_metadata.get(f"/{path}", {}).get("name")
            if isinstance(given, str):
                group.attrs["name"] = given
            for name, value in arrays.items():
                group[name] = value
        for name, value in tree.items():
            if isinstance(value, dict):
                self._write(file, value, f"{path}/{name}" if path else name)


def _object_path(path: str, is_group: bool = False) -> str:
    """`layers/dense/vars/0` without the level `vars`, which every object has; likewise `layers/dense/vars`."""
    parts = path.split("/")
    level = -1 if is_group else -2
    if len(parts) >= -level and parts[level] == VARIABLES:
        del parts[level]
    return "/".join(parts)


def _checked(weights: Any, who: str) -> Tree:
    if not isinstance(weights, Mapping):
        raise ValueError(
            f"{who}: Argument `weights` should be a dict of arrays by name; got {type(weights).__name__}."
        )
    return {str(name): np.asarray(value) for name, value in weights.items()}


def _trees_with(tree: Tree, name: str) -> list[Tree]:
    found = [tree] if name in tree else []
    for value in tree.values():
        if isinstance(value, dict):
            found.extend(_trees_with(value, name))
    return found


def _weights_of(model: Any) -> Tree:
    """The arrays that saving would write, as a tree of the objects they belong to."""
    tree: Tree = {}
    for path, one in walk(model):
        arrays: Tree = {}
        if hasattr(one, "save_own_variables"):
            one.save_own_variables(arrays)
        if arrays:
            place = tree
            for part in path.split("/") if path else ():
                place = place.setdefault(part, {})
            place.update(arrays)
    return tree


def _differences(saved: Tree, model: Tree, path: str) -> tuple[list[str], int]:
    errors: list[str] = []
    matches = 0
    for name in [*model, *(name for name in saved if name not in model)]:
        place = f"{path}/{name}"
        a, b = saved.get(name), model.get(name)
        if a is None or b is None:
            there, missing = (
                ("reference model", "saved file") if a is None else ("saved file", "reference model")
            )
            kind = "Object" if isinstance(b if a is None else a, dict) else "Weight"
            errors.append(f"{kind} {place} present in {there}, missing from {missing}")
        elif isinstance(a, dict) != isinstance(b, dict):
            errors.append(f"{place} is an object in one, a weight in the other")
        elif isinstance(a, dict):
            below, count = _differences(a, b, place)
            errors.extend(below)
            matches += count
        elif tuple(a.shape) != tuple(b.shape):
            errors.append(
                f"Weight shape mismatch for {place}: {tuple(a.shape)} in the saved file, {tuple(b.shape)} in the model"
            )
        else:
            matches += 1
    return errors, matches
