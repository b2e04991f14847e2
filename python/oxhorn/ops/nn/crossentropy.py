"""Cross-entropies of targets and predictions: one value for each prediction, nothing averaged."""

from __future__ import annotations

import json
from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import boolean, integer
from oxhorn.ops.arguments import as_dtype, as_float, as_tensor
from oxhorn.ops.dispatch import operation


def _same_shape(who: str, target: Any, output: Any) -> None:
    """Refuses shapes that differ; sizes that are not known yet fit any other."""
    fits = len(target.shape) == len(output.shape) and all(
        a is None or b is None or a == b for a, b in zip(target.shape, output.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"{who}: `target` and `output` must have the same shape; got target.shape={tuple(target.shape)} and "
            f"output.shape={tuple(output.shape)}. Nothing is broadcast: reshape one of them."
        )


def _loss(name: str, target: Any, output: Any, from_logits: bool, axis: int) -> Any:
    settings = {"from_logits": from_logits, "axis": axis, "epsilon": config.epsilon()}
    return _core.loss(name, json.dumps(settings), target, output)


@operation("target", "output")
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """The cross-entropy of each yes-or-no target.

    `-(y log(p) + (1 - y) log(1 - p))`, `p` kept within `epsilon` of 0 and 1; with logits `z`,
    `max(z, 0) - z y + log(1 + exp(-|z|))`

    Args:
        target: Targets in [0, 1].
        output: Probabilities or logits, of the same shape.
        from_logits: Whether `output` holds logits. Defaults to False.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: If the shapes differ.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.ops.binary_crossentropy([1.0, 0.0], np.array([0.5, 0.5])).numpy().round(4).tolist()
    [0.6931, 0.6931]
    """
    output = as_float(output)
    target = as_dtype(target, str(output.dtype))
    _same_shape("binary_crossentropy", target, output)
    if boolean(from_logits, "from_logits", "binary_crossentropy"):
        return _core.apply("sigmoid_crossentropy", [target, output])
    epsilon = config.epsilon()
    output = _core.apply("clip", [output, epsilon, 1.0 - epsilon])
    return -(target * _core.apply("log", [output]) + (1.0 - target) * _core.apply("log", [1.0 - output]))


@operation("target", "output")
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross-entropy of one-hot targets (or target distributions).

    `-sum(y log(p), axis)`, with `p` the outputs divided by their sum and kept within `epsilon` of 0 and 1; with logits
    `z`, `log(p) = z - log(sum(exp(z)))`

    Args:
        target: Targets, shape `(..., classes)`.
        output: Probabilities or logits, of the same shape.
        from_logits: Whether `output` holds logits. Defaults to False.
        axis: The axis of the classes. Defaults to -1.

    Returns:
        The shape without that axis.

    Raises:
        ValueError: If the shapes differ, or there is no such axis.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.ops.categorical_crossentropy([[0.0, 1.0]], np.array([[0.5, 0.5]])).numpy().round(4).tolist()
    [0.6931]
    """
    who = "categorical_crossentropy"
    output = as_float(output)
    target = as_dtype(target, str(output.dtype))
    _same_shape(who, target, output)
    if not output.shape:
        raise ValueError(
            f"{who}: `target` and `output` must be at least rank 1, one axis for the classes; got scalars."
        )
    return _loss(who, target, output, boolean(from_logits, "from_logits", who), integer(axis, "axis", who))


@operation("target", "output")
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """The cross-entropy of targets that are class numbers.

    `-log(p[y])`, with `p` the outputs divided by their sum and kept within `epsilon` of 0 and 1; with logits `z`,
    `log(sum(exp(z))) - z[y]`

    Args:
        target: Class numbers, of the shape of `output` without the axis of the classes (or with size 1 there).
        output: Probabilities or logits, shape `(..., classes)`.
        from_logits: Whether `output` holds logits. Defaults to False.
        axis: The axis of the classes. Defaults to -1.

    Returns:
        The shape of `output` without that axis.

    Raises:
        ValueError: If the shapes do not fit, there is no such axis, or a target is not the number of a class.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> keras.ops.sparse_categorical_crossentropy([1], np.array([[0.5, 0.5]])).numpy().round(4).tolist()
    [0.6931]
    """
    who = "sparse_categorical_crossentropy"
    output, target = as_float(output), as_tensor(target)
    if not output.shape:
        raise ValueError(f"{who}: `output` must be at least rank 1, one axis for the classes; got a scalar.")
    return _loss(who, target, output, boolean(from_logits, "from_logits", who), integer(axis, "axis", who))
