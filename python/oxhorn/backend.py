"""Settings under the names that older code uses: `keras.backend.floatx()`, `clear_session()`, ..."""

from oxhorn.config import (
    backend,
    clear_session,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from oxhorn.engine.dtypes import is_float_dtype, is_int_dtype, result_type
from oxhorn.engine.keras_tensor import is_keras_tensor
from oxhorn.engine.naming import get_uid, name_scope
from oxhorn.engine.variable import standardize_dtype

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "name_scope",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
