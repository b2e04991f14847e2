"""Models and weights in files, and objects as plain configs."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.interop.torch_weights import load_torch_state_dict
    from oxhorn.saving.file_editor import KerasFileEditor
    from oxhorn.saving.models import load_model, load_weights, save_model, save_weights
    from oxhorn.saving.registration import (
        CustomObjectScope,
        custom_object_scope,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
    )
    from oxhorn.saving.serialization import deserialize_keras_object, serialize_keras_object
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.interop.torch_weights": "load_torch_state_dict",
            "oxhorn.saving.file_editor": "KerasFileEditor",
            "oxhorn.saving.models": "load_model, load_weights, save_model, save_weights",
            "oxhorn.saving.registration": (
                "CustomObjectScope, custom_object_scope, get_custom_objects, get_registered_name, "
                "get_registered_object, register_keras_serializable"
            ),
            "oxhorn.saving.serialization": "deserialize_keras_object, serialize_keras_object",
        },
    )

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_torch_state_dict",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
