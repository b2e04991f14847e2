"""What models have of files: saved as a whole, weights, other programs' formats, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from typing import Any


class GoesToFiles:
    """`save`, `save_weights`, `load_weights`, `export` and `to_json` of models."""

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Writes the model as a whole: architecture, weights, how it was compiled, and where its optimizer stands.

        Args:
            filepath: A path that ends in `.keras` (or in `.h5` or `.hdf5`, the older format), or a file object.
            overwrite: Whether a file that is there may be replaced.
            zipped: `False` for a folder instead of an archive.
            **kwargs: See `saving.save_model`.

        Raises:
            ValueError: For other endings, and for models that cannot be written, as with lambdas in them.

        >>> import oxhorn as keras, tempfile
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(folder + "/m.keras")
        ...     keras.saving.load_model(folder + "/m.keras").count_params()
        8
        """
        from oxhorn.saving import save_model

        save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(
        self, filepath: str | PathLike[str], overwrite: bool = True, max_shard_size: float | None = None
    ) -> None:
        """Writes the weights to a file; one that was there is kept until the new one is complete.

        Args:
            filepath: A path that ends in `.weights.h5` or `.safetensors`.
            overwrite: Whether a file that is there may be replaced.
            max_shard_size: The largest size of one file in GB; the path then ends in `.weights.json`.

        Raises:
            ValueError: If the path has another ending, or the model has no weights yet.
            FileExistsError: If there is a file and `overwrite` is False.

        >>> import oxhorn as keras, tempfile
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save_weights(folder + "/m.weights.h5")
        ...     model.load_weights(folder + "/m.weights.h5")
        """
        from oxhorn.saving import save_weights

        save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: str | PathLike[str], skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Reads the weights from a file, all or none.

        Args:
            filepath: A path that ends in `.weights.h5`, `.weights.json`, `.keras`, `.safetensors`, `.h5` or `.hdf5`.
            skip_mismatch: Leaves weights alone that the file lacks or has in another shape, with a warning,
                instead of an error.
            **kwargs: `by_name` and `objects_to_skip`; see `saving.load_weights`.

        Raises:
            ValueError: If the file is damaged, or its weights are not those of the model: nothing is changed then.

        >>> import oxhorn as keras, tempfile
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save_weights(folder + "/m.safetensors")
        ...     model.load_weights(folder + "/m.safetensors")
        """
        from oxhorn.saving import load_weights

        load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def export(
        self,
        filepath: str | PathLike[str],
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes the model for other programs, for inference.

        Args:
            filepath: The file.
            format: `"onnx"`, the format that is built; see `oxhorn.export.export_onnx`. (The default is that of
                Keras.)
            verbose: Whether to say where the file is; by default it is said.
            input_signature: Shapes and dtypes of the arguments, where the model does not know them.
            **kwargs: `opset_version`, for `"onnx"`.

        Raises:
            NotImplementedError: For formats of Keras that are not built, and for ops that the format lacks.
            ValueError: For other formats and options, and if the model is not built.

        >>> import oxhorn as keras, tempfile
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.export(folder + "/m.onnx", format="onnx", verbose=False)
        """
        from oxhorn.export.onnx_file import export_model

        export_model(self, filepath, format, verbose, input_signature, kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The config of the model as JSON text, without weights; `model_from_json` reads it.

        Args:
            **kwargs: Arguments of `json.dumps`.

        Returns:
            The text.

        Raises:
            ValueError: If something in the model has no config.

        >>> import oxhorn as keras
        >>> text = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).to_json()
        >>> keras.models.model_from_json(text).output_shape
        (None, 2)
        """
        from oxhorn.saving import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)


def model_from_json(json_string: str | bytes, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that the JSON text of `to_json` describes, with fresh weights.

    Args:
        json_string: The text.
        custom_objects: Your own classes and functions in it, by name.

    Returns:
        The model.

    Raises:
        ValueError: If the text is not JSON, has a key twice, or models in it call each other too often.
        TypeError: If it names an unknown class.

    >>> import oxhorn as keras
    >>> text = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).to_json(indent=1)
    >>> keras.models.model_from_json(text).count_params()
    8
    """
    from oxhorn.saving import deserialize_keras_object
    from oxhorn.saving.limited_json import read_json
    from oxhorn.saving.untrusted import making_a_model

    if not isinstance(json_string, (str, bytes)):
        raise TypeError(f"model_from_json expects JSON text; got {type(json_string).__name__}.")
    text = json_string if isinstance(json_string, bytes) else json_string.encode("utf-8", "surrogatepass")
    config = read_json(text, "model_from_json")
    if not isinstance(config, dict):
        raise ValueError(f"model_from_json expects the JSON of an object; got {type(config).__name__}.")
    with making_a_model("model_from_json"):
        return deserialize_keras_object(config, custom_objects=custom_objects)
