"""Gradients within limits: what optimizers do with `clipnorm`, `global_clipnorm` and `clipvalue`, for use by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn import _core
from oxhorn.arguments import number
from oxhorn.losses.values import cast, convert, convert_float, op


def global_norm(gradients: Sequence[Any]) -> Any:
    """The Euclidean norm of all gradients taken together.

    `norm = sqrt(sum_i sum(g_i^2))`

    Args:
        gradients: Tensors; None stands for a gradient that does not exist, and adds nothing.

    Returns:
        A scalar tensor of the dtype of the first gradient.

    Raises:
        ValueError: If there is no gradient at all.

    Example:
    >>> import oxhorn as keras
    >>> float(keras.optimizers.global_norm([[3.0], [4.0]]))
    5.0

    Source: R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, 2013. An
        addition to Keras's interface.
    """
    given = [convert_float(gradient) for gradient in gradients if gradient is not None]
    if not given:
        raise ValueError("global_norm: expected at least one gradient; got none that is not None.")
    return _norm(given)


def clip_by_global_norm(gradients: Sequence[Any], clip_norm: float) -> tuple[list[Any], Any]:
    """Scales all gradients by one factor, so that their norm taken together is at most `clip_norm`.

    `g_i <- g_i clip_norm / max(norm, clip_norm)` with `norm = global_norm(gradients)`

    A norm that is not finite makes all gradients NaN, so that the damage is seen.

    Args:
        gradients: Tensors; None stays None.
        clip_norm: The limit, above 0.

    Returns:
        `(gradients, norm)`: the scaled gradients, and the norm they had.

    Raises:
        ValueError: If the limit is not a positive number, or there is no gradient.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([3.0, 4.0])
    >>> with keras.GradientTape() as tape:
    ...     loss = keras.ops.sum(w * w) / 2
    >>> gradients, norm = keras.optimizers.clip_by_global_norm(tape.gradient(loss, [w]), 1.0)
    >>> keras.optimizers.SGD(1.0).apply(gradients, [w])
    >>> float(norm), [round(float(x), 3) for x in w]
    (5.0, [2.4, 3.2])

    Source: R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, 2013. An
        addition to Keras's interface, which clips only inside its optimizers.
    """
    limit = number(clip_norm, "clip_norm", "clip_by_global_norm", above=0.0)
    norm = global_norm(gradients)
    scale = limit / _at_least(norm, limit) + (norm - norm)
    scaled = []
    for gradient in gradients:
        if gradient is not None:
            gradient = convert(gradient)
            gradient = gradient * cast(scale, gradient.dtype)
        scaled.append(gradient)
    return scaled, norm


def clip_by_norm(gradient: Any, clip_norm: float) -> Any:
    """Scales one gradient, so that its norm is at most `clip_norm`: `g clip_norm / max(|g|, clip_norm)`."""
    gradient = convert(gradient)
    return gradient * (clip_norm / _at_least(_norm([gradient]), clip_norm))


def clip_by_value(gradient: Any, limit: float) -> Any:
    """Each element within `[-limit, limit]`; NaN stays NaN."""
    gradient = convert(gradient)
    above = op("maximum", gradient, _core.tensor(-limit, gradient.dtype))
    return op("minimum", above, _core.tensor(limit, gradient.dtype))


def _norm(gradients: list[Any]) -> Any:
    total = op("sum", op("square", gradients[0]))
    for gradient in gradients[1:]:
        total = total + cast(op("sum", op("square", gradient)), total.dtype)
    return op("sqrt", total)


def _at_least(x: Any, low: float) -> Any:
    return op("maximum", x, _core.tensor(low, x.dtype))
