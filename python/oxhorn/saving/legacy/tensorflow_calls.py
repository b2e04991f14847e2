"""Calls of TensorFlow functions between layers (`x * 2`, `tf.concat`), which Keras 2 wrote as layers of their own.

Those with one meaning become functions of `ops`: the same values, for the tensors that models have.
"""

from __future__ import annotations

from typing import Any

CLASSES = ("TFOpLambda", "SlicingOpLambda")

_TWO = {"x": "x1", "y": "x2"}
_REDUCED = {"input_tensor": "x", "axis": "axis", "keepdims": "keepdims"}
# The function in TensorFlow: the one here, and for each parameter there its name here, in TensorFlow's order.
_FUNCTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "__operators__.add": ("add", _TWO),
    "math.add": ("add", _TWO),
    "math.subtract": ("subtract", _TWO),
    "math.multiply": ("multiply", _TWO),
    "math.divide": ("divide", _TWO),
    "math.truediv": ("divide", _TWO),
    "math.maximum": ("maximum", _TWO),
    "math.minimum": ("minimum", _TWO),
    "math.pow": ("power", _TWO),
    **{
        f"math.{name}": (name, {"x": "x"})
        for name in ("square", "sqrt", "exp", "log", "abs", "negative", "sin", "cos")
    },
    **{f"math.{name}": (name, {"x": "x"}) for name in ("tanh", "sigmoid", "rsqrt")},
    **{f"nn.{name}": (name, {"x": "x"}) for name in ("sigmoid", "tanh")},
    **{f"nn.{name}": (name, {"features": "x"}) for name in ("relu", "relu6", "elu", "selu")},
    "nn.softmax": ("softmax", {"logits": "x", "axis": "axis"}),
    "concat": ("concatenate", {"values": "xs", "axis": "axis"}),
    "stack": ("stack", {"values": "x", "axis": "axis"}),
    "reshape": ("reshape", {"tensor": "x", "shape": "newshape"}),
    "expand_dims": ("expand_dims", {"input": "x", "axis": "axis"}),
    "compat.v1.squeeze": ("squeeze", {"input": "x", "axis": "axis"}),
    "compat.v1.transpose": ("transpose", {"a": "x", "perm": "axes"}),
    "cast": ("cast", {"x": "x", "dtype": "dtype"}),
    "clip_by_value": ("clip", {"t": "x", "clip_value_min": "x_min", "clip_value_max": "x_max"}),
    **{f"math.reduce_{name}": (name, _REDUCED) for name in ("mean", "sum", "max", "min", "prod")},
    "__operators__.getitem": ("get_item", {"tensor": "x", "slice_spec": "key"}),
}


def function_of(config: dict[str, Any], where: str, writer: str) -> str:
    """What the layer calls, as TensorFlow names it.

    Raises:
        ValueError: If there is no function for it here.
    """
    symbol = config.get("function")
    if not isinstance(symbol, str) or symbol not in _FUNCTIONS:
        raise ValueError(
            f"The {where}, written by {writer}, calls TensorFlow's {str(symbol)[:100]!r}, and there is no function for "
            "it here. Build the model in code and use `load_weights` on this file, or pass a class of your own of "
            "this name in `custom_objects`."
        )
    return symbol


def entry_of(symbol: str, name: Any) -> dict[str, Any]:
    """The function as an operation of a graph; `tensorflow` is for the reader of its calls."""
    from oxhorn.engine.operation_names import place_of

    module, class_name = place_of(_FUNCTIONS[symbol][0])
    return {
        "module": module,
        "class_name": class_name,
        "registered_name": class_name,
        "config": {"name": name},
        "tensorflow": symbol,
    }


def upgraded_call(symbol: str, call: dict[str, Any], where: str) -> dict[str, Any]:
    """The arguments of one call, with the names they have here.

    Raises:
        ValueError: If an argument has none.
    """
    parameters = _FUNCTIONS[symbol][1]
    order = list(parameters)
    given = dict(zip(order, call["args"], strict=False))
    given.update({key: value for key, value in call["kwargs"].items() if value is not None})
    # What is switched off has no meaning: `conjugate=False`.
    given = {key: value for key, value in given.items() if key in parameters or value is not False}
    unknown = [key for key in given if key not in parameters and key != "name"]
    if unknown or order[0] not in given:
        raise ValueError(
            f"The call of {where} (TensorFlow's {symbol}) has arguments that are not known here: {unknown}."
        )
    if "slice_spec" in given:
        given["slice_spec"] = _key(given["slice_spec"])
    first = given.pop(order[0])
    if symbol in ("concat", "stack") and not isinstance(first, list):
        first = [first]
    rest = {parameters[key]: value for key, value in given.items() if key != "name"}
    if set(rest) <= {"x2", "key"}:
        return {"args": [first, *rest.values()], "kwargs": {}}
    return {"args": [first], "kwargs": rest}


def _key(key: Any) -> Any:
    if isinstance(key, list):
        return [_key(one) for one in key]
    if isinstance(key, dict) and set(key) == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": key}
    if isinstance(key, dict) and key.get("class_name") == "__ellipsis__":
        return {"class_name": "__ellipsis__", "config": {}}
    return key
