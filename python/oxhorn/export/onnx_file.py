"""`export_onnx`: a model as an ONNX file, for inference elsewhere."""

from __future__ import annotations

import importlib
import os
from typing import Any

from oxhorn.models.model import Model

FORMATS = ("onnx",)
# Formats of Keras that need other libraries.
OTHERS = ("tf_saved_model", "openvino", "litert", "torch")


def export_onnx(
    model: Model, path: str | os.PathLike[str], input_signature: Any = None, opset_version: int | None = None
) -> None:
    """Writes a model as an ONNX file, which runs without this library: with onnxruntime, in browsers, on phones.

        file(x) = model(x, training=False)

    What is exported are the ops that a call of the model takes: so layers and models of your own export as well as
    those that are built in. The batch size stays open. Inputs and outputs have the model's names. A model in float64
    is exported as such; onnxruntime itself runs convolutions, average pools and some functions in float32 alone, and
    its maxima may pass over NaN.

    Args:
        model: A built model: functional, Sequential or subclassed.
        path: The file. It takes the place of what was there only when it is complete.
        input_signature: The arguments of the call, as `KerasTensor`s, `InputSpec`s or arrays in their structure, where
            the model does not know them: a subclassed model that was not called yet, or inputs of other dtypes.
        opset_version: The version of ONNX's operators: 18, the one that is written.

    Raises:
        ImportError: If the package `onnx` is missing.
        TypeError: If `model` is not a model.
        ValueError: If the model is not built, or has more than 2 GB of weights.
        NotImplementedError: If the model has an op or a layer that ONNX cannot express; the message names it.
        OSError: If the folder of `path` does not exist or cannot be written to.

    >>> import oxhorn as keras
    >>> import os, tempfile, onnxruntime, numpy
    >>> model = keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2, name="y")])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.onnx")
    >>> keras.export.export_onnx(model, path)
    >>> session = onnxruntime.InferenceSession(path)
    >>> session.run(["y"], {"x": numpy.ones((4, 3), "float32")})[0].shape
    (4, 2)

    Source: https://onnx.ai/onnx/operators
    """
    from oxhorn.export.graph_builder import OPSET
    from oxhorn.saving.atomic import checked_target, replacing

    if not isinstance(model, Model):
        raise TypeError(f"export_onnx: the model must be a `Model`; got {type(model).__name__}.")
    if opset_version not in (None, OPSET):
        raise ValueError(
            f"export_onnx writes opset {OPSET} of ONNX; got opset_version={opset_version!r}. Leave it out, or convert "
            "the file with `onnx.version_converter`."
        )
    target = checked_target(path)
    try:
        importlib.import_module("onnx")
    except ImportError as error:
        raise ImportError(
            "export_onnx needs the package `onnx`, which is not installed. Run `pip install oxhorn[onnx]`."
        ) from error
    from oxhorn.export.onnx_model import onnx_model
    from oxhorn.export.trace import trace_model

    made = onnx_model(trace_model(model, input_signature), str(model.name))
    with replacing(target) as temporary:
        temporary.write_bytes(made.SerializeToString())


def export_model(
    model: Any,
    filepath: str | os.PathLike[str],
    format: str,
    verbose: bool | None,
    input_signature: Any,
    options: dict[str, Any],
) -> None:
    """What `Model.export` does."""
    if format not in FORMATS:
        known = f"Formats that are built: {list(FORMATS)}."
        if format in OTHERS:
            # Words that programs written for Keras look for.
            keras = "`export_saved_model` only currently supports the tensorflow, jax and torch backends. "
            raise NotImplementedError(
                f"Model.export: format {format!r} needs another library and is not built. "
                f"{keras if format == OTHERS[0] else ''}{known} "
                'Call `model.export(path, format="onnx")`.'
            )
        raise ValueError(f"Model.export: Unrecognized format={format!r}. {known}")
    wrong = sorted(set(options) - {"opset_version"})
    if wrong:
        raise ValueError(
            f"Model.export: format 'onnx' has the option `opset_version` and no other; got {', '.join(wrong)}."
        )
    export_onnx(model, filepath, input_signature, **options)
    if verbose is None or verbose:
        print(f"Saved artifact at '{os.fspath(filepath)}'.")
