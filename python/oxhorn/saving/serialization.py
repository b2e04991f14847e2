"""Objects as plain configs (dicts, lists, numbers, strings) and back, in the format of `.keras` files."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from oxhorn import _core
from oxhorn.engine.keras_tensor import KerasTensor
from oxhorn.engine.operation import ConfigError
from oxhorn.saving import builtin_names, registration

PLAIN = (str, bool, int, float, type(None))
T = TypeVar("T")


class _Shared(threading.local):
    def __init__(self) -> None:
        self.depth = 0
        self.leave_out = False
        self.objects: dict[Any, Any] = {}
        # Layers that are being written, by id, each with its number; `None` while nothing is written.
        self.layers: dict[int, tuple[int, Any]] | None = None


_shared = _Shared()


@contextlib.contextmanager
def leaving_out() -> Iterator[None]:
    """Inside, what cannot be written to a config (a lambda, say) is left out as `None`, without an error.

    For configs that are not kept, such as those by which the core learns the numbers in a layer's arguments.
    """
    before, _shared.leave_out = _shared.leave_out, True
    try:
        yield
    finally:
        _shared.leave_out = before


@contextlib.contextmanager
def read_together() -> Iterator[None]:
    """Inside, configs with the same `shared_object_id` are one object."""
    outermost = _shared.depth == 0
    _shared.depth += 1
    try:
        yield
    finally:
        _shared.depth -= 1
        if outermost:
            _shared.objects = {}


def write_together(make: Callable[[], T]) -> T:
    """The configs that `make` returns; layers that occur in several of them have a `shared_object_id`."""
    if _shared.layers is not None:
        return make()
    _shared.layers = {}
    try:
        configs = make()
        if _shared.layers:
            found = list(_numbered(configs))
            times = Counter(config["shared_object_id"] for config in found)
            for config in found:
                if times[config["shared_object_id"]] == 1:
                    del config["shared_object_id"]
        return configs
    finally:
        _shared.layers = None


@contextlib.contextmanager
def copied_together() -> Iterator[None]:
    """Inside, a layer that several `copy_of` meet, each in the config of another layer, has one copy."""
    before, _shared.layers = _shared.layers, {}
    try:
        with read_together():
            yield
    finally:
        _shared.layers = before


def copy_of(layer: Any) -> Any:
    """A layer, or another operation, made again from its config, without its weights."""
    config = write_together(layer.get_config)
    number = _number_of(layer)
    if number not in _shared.objects:
        copy = type(layer).from_config(config)
        if number is None or _shared.depth == 0:
            return copy
        _shared.objects[number] = copy
    return _shared.objects[number]


def _number_of(obj: Any) -> int | None:
    """The `shared_object_id` of a layer; `None` for what has no variables, and where nothing is written."""
    if _shared.layers is None or not hasattr(obj, "_flatten_layers") or hasattr(obj, "batch_shape"):
        return None
    return _shared.layers.setdefault(id(obj), (len(_shared.layers) + 1, obj))[0]


def _numbered(configs: Any) -> Iterator[dict[str, Any]]:
    """The dicts with a `shared_object_id`, at any depth."""
    waiting = [configs]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "shared_object_id" in value:
                yield value
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)


def serialize_keras_object(obj: Any) -> Any:
    """`obj` as a config.

    Args:
        obj: A plain value, a list, tuple or dict, an array, a function that has a name, or an object with
            `get_config`.

    Returns:
        A dict with `module`, `class_name`, `config` and `registered_name` for objects; plain values as they are.
        A layer that occurs more than once in it has a `shared_object_id`.

    Raises:
        ValueError: For lambdas and for objects without `get_config`.

    >>> import oxhorn as keras
    >>> keras.saving.serialize_keras_object(keras.DTypePolicy("float32"))["config"]
    {'name': 'float32'}
    """
    if isinstance(obj, PLAIN):
        return obj
    return write_together(lambda: _serialize(obj))


def _serialize(obj: Any) -> Any:
    if isinstance(obj, (list, tuple)):
        items = [serialize_keras_object(item) for item in obj]
        return items if isinstance(obj, list) else tuple(items)
    if isinstance(obj, dict):
        return serialize_dict(obj)
    special = _serialize_special(obj)
    if special is not None:
        return special
    if inspect.isfunction(obj) or inspect.isbuiltin(obj):
        return _serialize_function(obj)
    if inspect.isclass(obj):
        raise ValueError(f"Cannot write the class {obj.__name__!r} to a config; pass an object of it.")
    if not hasattr(obj, "get_config"):
        if _shared.leave_out:
            return None
        raise ValueError(
            f"Cannot write {obj!r} (of type {type(obj).__name__}) to a config: it has no `get_config` method."
        )
    if hasattr(obj, "_serialize"):
        return obj._serialize()
    try:
        return _serialize_object(obj)
    except NotImplementedError:
        # A class of a user's own without `get_config`: it trains, and says so when it is to be saved.
        if _shared.leave_out:
            return None
        raise


def _serialize_object(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    module = builtin_names.public_module(cls)
    config: dict[str, Any] = {
        "module": module if module is not None else _own_module(cls),
        "class_name": cls.__name__,
        "config": _inner_config(obj),
        "registered_name": None,
    }
    if module is None or module.startswith("keras.src"):
        config["registered_name"] = registration.get_registered_name(cls)
    number = _number_of(obj)
    if number is not None:
        config["shared_object_id"] = number
    build_config = obj.get_build_config() if hasattr(obj, "get_build_config") else None
    if build_config is not None:
        config["build_config"] = serialize_dict(build_config)
    compile_config = obj.get_compile_config() if hasattr(obj, "get_compile_config") else None
    if compile_config is not None:
        config["compile_config"] = serialize_dict(compile_config)
    return config


def serialize_dict(obj: Mapping[Any, Any]) -> dict[Any, Any]:
    """A dict with its values serialized."""
    return {key: serialize_keras_object(value) for key, value in obj.items()}


def _inner_config(obj: Any) -> dict[Any, Any]:
    config = obj.get_config()
    if not isinstance(config, dict):
        raise TypeError(f"`get_config` of {obj!r} must return a dict; got {type(config).__name__}.")
    return serialize_dict(config)


def _own_module(thing: Any) -> str | None:
    module = getattr(thing, "__module__", None)
    return None if module in (None, "builtins", "__main__") else str(module)


def _serialize_function(function: Any) -> dict[str, Any] | None:
    if function.__name__ == "<lambda>":
        if _shared.leave_out:
            return None
        raise ValueError(
            "A lambda cannot be written to a config: its code would have to run when the config is read. "
            "Define a named function and register it with `saving.register_keras_serializable()`."
        )
    return {
        "module": builtin_names.public_module(function) or _own_module(function) or "builtins",
        "class_name": "function",
        "config": registration.get_registered_name(function),
        "registered_name": registration.get_registered_name(function),
    }


def _serialize_special(obj: Any) -> Any:
    """Values that are neither plain nor objects with a config; `None` if `obj` is not one of them."""
    if isinstance(obj, KerasTensor):
        history = obj._keras_history
        place = [history.operation.name, history.node_index, history.tensor_index] if history else None
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": obj.shape, "dtype": obj.dtype, "keras_history": place},
        }
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, (_core.Tensor, _core.Variable)):
        return {
            "class_name": "__tensor__",
            "config": {"value": obj.numpy().tolist(), "dtype": str(obj.dtype)},
        }
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, slice):
        parts = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {"class_name": "__slice__", "config": serialize_dict(parts)}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("latin-1")}}
    return None


def deserialize_keras_object(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
    **kwargs: Any,
) -> Any:
    """The object that a config describes.

    Only built-in classes, registered ones and those of `custom_objects` are made; no module is imported because
    a config names it, and no code in a config is run.

    Args:
        config: What `serialize_keras_object` returned, or the same read from JSON.
        custom_objects: More classes and functions by name.
        safe_mode: There is only the safe mode; `False` does not make lambdas readable.
        **kwargs: Accepted for compatibility.

    Raises:
        TypeError: If a class or function is not known.
        ValueError: If the config is not one, or nested too deep.

    >>> import oxhorn as keras
    >>> keras.saving.deserialize_keras_object(
    ...     {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float64"}}
    ... )
    <DTypePolicy "float64">
    """
    try:
        with read_together(), registration.CustomObjectScope(custom_objects):
            return _deserialize(config)
    except RecursionError:
        raise ValueError("The config is nested too deep to be read.") from None


def _deserialize(config: Any) -> Any:
    if isinstance(config, PLAIN):
        return config
    if isinstance(config, (list, tuple)):
        items = [_deserialize(item) for item in config]
        return items if isinstance(config, list) else tuple(items)
    if not isinstance(config, dict):
        raise TypeError(f"Expected a config (a dict, list, number, string or None); got {config!r}.")
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value) for key, value in config.items()}
    class_name = config["class_name"]
    if not isinstance(class_name, str):
        raise ValueError(f"'class_name' in a config must be a string; got {class_name!r}.")
    if class_name.startswith("__"):
        return _deserialize_special(class_name, config["config"])
    shared_id = config.get("shared_object_id")
    if isinstance(shared_id, int) and shared_id in _shared.objects:
        return _shared.objects[shared_id]
    if class_name == "function":
        return _function(config.get("module"), config["config"], config.get("registered_name"))
    instance = _instance(class_name, config)
    if isinstance(shared_id, int):
        _shared.objects[shared_id] = instance
    return instance


def _instance(class_name: str, config: dict[str, Any]) -> Any:
    cls = find_class(class_name, config.get("module"), config.get("registered_name"))
    inner = config["config"]
    if inner is None:
        inner = {}
    if not isinstance(inner, dict):
        raise ConfigError(f"Expected 'config' to be a dict for {class_name!r}; got {shortened(inner)}.")
    if inspect.isfunction(cls):
        return cls
    if not hasattr(cls, "from_config"):
        raise TypeError(
            f"Unable to reconstruct an instance of {class_name!r}: the class has no `from_config()` method. Define "
            "`get_config` and `from_config`."
        )
    try:
        instance = cls.from_config(inner)
    except ConfigError:
        raise
    except TypeError as error:
        raise ConfigError(
            f"An object of class {class_name!r} could not be made from its config: {error}. Make sure that its "
            "`get_config` returns the arguments of `__init__`, and that objects in it (layers, models, ...) are "
            "explicitly deserialized in `from_config()`."
        ) from error
    build_config = config.get("build_config")
    if build_config and hasattr(instance, "build_from_config") and not getattr(instance, "built", False):
        instance.build_from_config(build_config)
    compile_config = config.get("compile_config")
    if compile_config and hasattr(instance, "compile_from_config"):
        if not isinstance(compile_config, dict):
            raise ConfigError(f"Expected 'compile_config' to be a dict; got {shortened(compile_config)}.")
        instance.compile_from_config(compile_config)
    return instance


def find_class(class_name: str, module: Any = None, registered_name: Any = None) -> Any:
    """The class that a config names: a registered one, else a built-in one.

    Raises:
        TypeError: If there is none.
    """
    for name in (registered_name, class_name):
        if isinstance(name, str):
            found = registration.get_registered_object(name)
            if inspect.isclass(found) or inspect.isfunction(found):
                return found
    found = builtin_names.find_class(module if isinstance(module, str) else None, class_name)
    if found is not None:
        _check_unregistered(registered_name, class_name, class_name)
        return found
    close = builtin_names.close_names(class_name)
    raise ConfigError(
        f"Unknown class {shortened(class_name)} (module {shortened(module)}, registered name "
        f"{shortened(registered_name)})."
        + (f" Similar built-in classes: {close}." if close else "")
        + " If it is your own, register it with `saving.register_keras_serializable()` or pass it in "
        "`custom_objects`."
    )


def _check_unregistered(registered_name: Any, *fine: str) -> None:
    """A name under which nothing is registered, beside that of a built-in: the file says two things."""
    if registered_name and registered_name not in fine:
        raise ValueError(
            f"registered_name={shortened(registered_name)} was provided in the config, but {fine[0]!r} resolved to a "
            "Keras built-in, which has no registered name. Register your own under that name, or remove it."
        )


def shortened(value: Any) -> str:
    """The value as text for an error, without the megabytes that a file may put there."""
    text = repr(value[:20] if isinstance(value, (list, tuple, str)) and len(value) > 200 else value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _function(module: Any, name: Any, registered_name: Any) -> Callable[..., Any]:
    if not isinstance(name, str):
        raise TypeError(
            f"Expected 'config' to be a non-null str for a function, its name; got {shortened(name)}."
        )
    found: Any = None
    for key in (registered_name, name):
        if found is None and isinstance(key, str):
            found = registration.get_registered_object(key)
    if not callable(found):
        found = builtin_names.find_function(module if isinstance(module, str) else None, name)
        if callable(found):
            _check_unregistered(registered_name, name, "function")
    if not callable(found) and module == "builtins" and ">" not in name:
        # Files of Keras up to 3.6 have the bare name of a registered function.
        found = registration.find_by_bare_name(name)
    if not callable(found):
        raise ConfigError(
            f"Unknown function {shortened(name)} (module {shortened(module)}). If it is your own, register it with "
            "`saving.register_keras_serializable()` or pass it in `custom_objects`."
        )
    function: Callable[..., Any] = found
    return function


def _deserialize_special(class_name: str, inner: Any) -> Any:
    if class_name == "__lambda__":
        raise ValueError(
            "This config holds the code of a lambda. Reading it would be arbitrary code execution, so it is never run, "
            "with safe_mode=False neither. Make the model again with a named function that is registered "
            "with `saving.register_keras_serializable()`."
        )
    if class_name == "__typespec__":
        raise TypeError(
            "Expected 'config' to be a list or a tuple"
            if not isinstance(inner, (list, tuple))
            else "A `__typespec__` describes a tensor of TensorFlow, which is not known here."
        )
    if not isinstance(inner, dict):
        raise ConfigError(f"Expected 'config' to be a dict for {class_name!r}; got {shortened(inner)}.")
    if class_name == "__keras_tensor__":
        return KerasTensor(inner.get("shape", ()), dtype=inner.get("dtype"))
    if class_name == "__numpy__":
        return np.array(inner.get("value"), dtype=_numeric_dtype(inner.get("dtype")))
    if class_name == "__tensor__":
        return _core.tensor(np.array(inner.get("value"), dtype=_numeric_dtype(inner.get("dtype"))))
    if class_name == "__slice__":
        return slice(*(_deserialize(inner.get(part)) for part in ("start", "stop", "step")))
    if class_name == "__ellipsis__":
        return Ellipsis
    if class_name == "__bytes__":
        return str(inner.get("value", "")).encode("latin-1")
    raise ValueError(f"Unknown kind of value {class_name!r} in a config.")


def _numeric_dtype(name: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any]
    try:
        dtype = np.dtype(name)
    except TypeError:
        dtype = np.dtype(object)
    if not isinstance(name, str) or dtype.kind not in "fiub":
        raise ValueError(f"An array in a config must be of numbers or booleans; got dtype {name!r}.")
    return dtype
