"""From objects to plain configs and back, and weights in files."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
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
            "oxhorn.saving.registration": (
                "CustomObjectScope, custom_object_scope, get_custom_objects, get_registered_name, "
                "get_registered_object, register_keras_serializable"
            ),
            "oxhorn.saving.serialization": "deserialize_keras_object, serialize_keras_object",
        },
    )

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
    "serialize_keras_object",
]
