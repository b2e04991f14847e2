"""How the arguments of Keras 2's layers are called now, and which of them have no meaning any more."""

from __future__ import annotations

from typing import Any

# Keys that only chose how a result was computed, or repeat what the graph says.
_HARMLESS = (
    "batch_input_shape",
    "input_dtype",
    "implementation",
    "vocabulary_size",
    "autocast",
    "batch_size",
)
# Keys that may have this one value, and then change nothing; other values would change the results.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "time_major": (False,),
    "ragged": (False,),
    "groups": (1, None),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
    "fused": (None, True, False),
    "input_length": (None,),
    "num_constants": (None, 0),
    "num_classes": (None,),
    "pad_to_max_tokens": (False,),
}
_RENAMED: dict[tuple[str, str], str] = {
    ("InputLayer", "batch_input_shape"): "batch_shape",
    ("LeakyReLU", "alpha"): "negative_slope",
}
# Classes that were given another name, or are a special case of another one.
CLASSES = {
    "SyncBatchNormalization": "BatchNormalization",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "GroupedQueryAttention": "GroupQueryAttention",
    "LSTMV2": "LSTM",
    "GRUV2": "GRU",
}
_GONE = {
    "Merge": "Join the branches with Add, Multiply, Average, Maximum, Concatenate or Dot.",
    "Highway": "It was a layer of Keras 1.",
    "MaxoutDense": "It was a layer of Keras 1.",
    "LocallyConnected1D": "Its weights differ from place to place, and there is no such layer any more.",
    "LocallyConnected2D": "Its weights differ from place to place, and there is no such layer any more.",
    "TensorFlowOpLayer": "It is a call of a TensorFlow function between layers.",
    "DenseFeatures": "Feature columns are TensorFlow's.",
    "CuDNNLSTM": "Its weights lie in the order of a graphics card's library.",
    "CuDNNGRU": "Its weights lie in the order of a graphics card's library.",
}
_SEPARABLE = ("SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D")


def upgrade(class_name: str, config: dict[str, Any], where: str, writer: str) -> tuple[str, dict[str, Any]]:
    """The class and the arguments today.

    Args:
        class_name: The class in Keras 2.
        config: Its config, which is changed.
        where: The layer's name, for errors.
        writer: What wrote it, for errors.

    Raises:
        ValueError: If the class is gone, or an argument means what no layer does any more.
    """
    if class_name in _GONE:
        raise ValueError(
            f"{where[0].upper()}{where[1:]}, written by {writer}, cannot be read: {_GONE[class_name]} Build the model "
            "in code, or pass a class of your own of this name in `custom_objects`."
        )
    if class_name == "Lambda":
        config = check_lambda(config, where)
    class_name = CLASSES.get(class_name, class_name)
    for (of, old), new in _RENAMED.items():
        if class_name == of and old in config:
            config.setdefault(new, config.pop(old))
    if class_name in _SEPARABLE:
        # They repeat Conv2D's, which these layers do not have.
        for key in ("kernel_initializer", "kernel_regularizer", "kernel_constraint"):
            config.pop(key, None)
    if class_name == "ThresholdedReLU":
        class_name, config["threshold"] = "ReLU", config.pop("theta", 1.0)
    if class_name in ("GRU", "GRUCell") and "reset_after" not in config:
        config["reset_after"] = False  # The only kind before Keras 2.1.
    if class_name.startswith("SpatialDropout") and config.get("noise_shape") is None:
        config.pop("noise_shape", None)
    if class_name == "MultiHeadAttention":
        for key in ("query_shape", "key_shape", "value_shape"):
            config.pop(key, None)
    if class_name == "Embedding":
        config.pop("input_length", None)
    if "dim_ordering" in config:
        raise ValueError(
            f"The config of {where} has a key 'dim_ordering', which is Keras 1's: such layers are not read here."
        )
    _axis(config)
    _dtype(config, where)
    for key in _HARMLESS:
        if not (class_name == "InputLayer" and key == "batch_size"):
            config.pop(key, None)
    for key, values in _NEUTRAL.items():
        own = key == "groups" and class_name in ("Conv1D", "Conv2D", "Conv3D")
        if (
            key in config
            and not own
            and any(type(config[key]) is type(v) and config[key] == v for v in values)
        ):
            del config[key]
    for key in ("activation", "recurrent_activation"):
        if config.get(key) == "hard_sigmoid":
            config[key] = "keras_2_hard_sigmoid"  # Its slope has changed since.
    return class_name, config


def check_lambda(config: dict[str, Any], where: str) -> dict[str, Any]:
    """The config of a Lambda whose function has a name.

    Raises:
        ValueError: If the code of the function is in the file.
    """
    config = dict(config)
    kind, function = config.pop("function_type", "function"), config.get("function")
    named = isinstance(function, dict) and function.get("class_name") == "function"
    if kind != "function" or not (named or isinstance(function, str)):
        raise ValueError(
            f"The {where} holds the code of a Python function as bytes. It is never run, since it could do anything "
            "(arbitrary code execution). Build the model in code and use `load_weights` on this file, or write the "
            "layer as a class and pass it as `custom_objects={'Lambda': ...}`."
        )
    for key in ("module", "output_shape_type", "output_shape_module"):
        config.pop(key, None)
    if not isinstance(config.get("output_shape"), (list, tuple)):
        config.pop("output_shape", None)
    if isinstance(function, str):
        config["function"] = {"class_name": "function", "config": function, "registered_name": function}
    return config


def _axis(config: dict[str, Any]) -> None:
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) == 1 and isinstance(axis[0], int):
        config["axis"] = axis[0]


def _dtype(config: dict[str, Any], where: str) -> None:
    """Policies were objects of a class `Policy`."""
    dtype = config.get("dtype")
    if isinstance(dtype, dict) and dtype.get("class_name") in ("Policy", "PolicyV1", "DTypePolicy"):
        inner = dtype.get("config")
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            raise ValueError(f"The dtype policy of {where} must have a name; got {inner!r}.")
        config["dtype"] = inner["name"]
