"""`(x, y, sample_weight)` tuples: packed for a training step, unpacked inside it."""

from __future__ import annotations

from typing import Any


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Unpack a batch of the form `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Meant for an overridden `train_step`, `test_step` or `predict_step`, which receives its batch in one of these
    forms.

    Args:
        data: The batch. A list counts as a tuple; anything else counts as `x` alone.

    Returns:
        The tuple `(x, y, sample_weight)`, with `None` for the parts that were not given.

    Raises:
        ValueError: If the tuple is empty or has more than three parts.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x, y, sample_weight = keras.utils.unpack_x_y_sample_weight((np.ones((2, 3)), np.zeros(2)))
    >>> x.shape, y.shape, sample_weight
    ((2, 3), (2,), None)
    """
    if not isinstance(data, (list, tuple)):
        return data, None, None
    if len(data) == 1:
        return data[0], None, None
    if len(data) == 2:
        return data[0], data[1], None
    if len(data) == 3:
        return data[0], data[1], data[2]
    raise ValueError(
        "unpack_x_y_sample_weight expected `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`; "
        f"got a {type(data).__name__} of {len(data)} elements. "
        "For a model with several inputs, wrap them in a list of their own: `([x1, x2, ...], y)`."
    )


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Pack inputs, targets and weights into the form a training step receives.

    Args:
        x: Inputs of the model.
        y: Targets, or `None`.
        sample_weight: Weights of the samples, or `None`; used only when `y` is given.

    Returns:
        `x` (wrapped in a tuple of one if it is itself a list or a tuple), `(x, y)` or `(x, y, sample_weight)`.

    Example:
    >>> import oxhorn as keras
    >>> keras.utils.pack_x_y_sample_weight("x")
    'x'
    >>> keras.utils.pack_x_y_sample_weight("x", "y")
    ('x', 'y')
    """
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    if sample_weight is None:
        return (x, y)
    return (x, y, sample_weight)
