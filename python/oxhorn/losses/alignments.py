"""Sequences of labels whose places in time are not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import _core
from oxhorn.losses.values import cast, convert, convert_float, mask_of, op, show
from oxhorn.losses.wrapper import BuiltinLoss

# The score of a class that cannot be.
_IMPOSSIBLE = -1e30


def ctc(y_true: Any, y_pred: Any) -> _core.Tensor:
    """The loss of connectionist temporal classification, with class 0 as the blank.

    Formula: `-log(sum of the probabilities of all sequences of classes that are read as the labels)`, see
    `ops.ctc_loss`

    Args:
        y_true: Labels from 1 up, shape `(N, labels)`, filled up with 0.
        y_pred: Scores (logits), shape `(N, steps, classes)`. A mask that travels with them leaves steps out.

    Returns:
        Shape `(N,)`. Where no alignment is possible, because there are fewer steps than labels (and blanks between
        equal ones), a large number.

    Raises:
        ValueError: If the shapes do not fit, or a label is no class.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> loss = keras.losses.ctc([[1]], np.log([[[0.2, 0.8], [0.5, 0.5]]]))
    >>> round(float(np.exp(-loss.numpy()[0])), 4)
    0.9

    Source: A. Graves et al., 2006 (https://www.cs.toronto.edu/~graves/icml_2006.pdf).
    """
    mask = mask_of(y_pred)
    y_true, y_pred = convert(y_true), convert_float(y_pred)
    if y_true.ndim != 2:
        raise ValueError(
            "ctc: Targets `y_true` are expected to be whole numbers of shape (batch, max_length); got "
            f"{show(y_true.shape)}."
        )
    if y_pred.ndim != 3:
        raise ValueError(
            "ctc: Logits `y_pred` are expected to have the shape (batch, max_length, num_classes); got "
            f"{show(y_pred.shape)}."
        )
    if mask is not None:
        # A step that is left out is a certain blank: it changes neither the labels that are read nor a probability.
        mask = convert(mask)
        if mask.ndim != 2 or (
            None not in (mask.shape[1], y_pred.shape[1]) and mask.shape[1] != y_pred.shape[1]
        ):
            raise ValueError(
                "ctc: expected a mask of shape (batch, steps) with the predictions, "
                f"{show(y_pred.shape[:2])}; got {show(mask.shape)}."
            )
        here = op("expand_dims", cast(mask, "bool"), axis=-1)
        blank = op("equal", _core.tensor(np.arange(int(y_pred.shape[-1])), "int64"), 0)
        certain = op("where", blank, op("zeros_like", y_pred), _IMPOSSIBLE)
        y_pred = op("where", here, y_pred, certain)
    labels = cast(y_true, "int64")
    count = op("sum", cast(op("not_equal", labels, 0), "int64"), axis=1)
    # The number of steps, for each sample, whatever it is.
    steps = op("sum", op("ones_like", y_pred[:, :, 0], dtype="int64"), axis=1)
    return op("ctc_loss", labels, y_pred, count, steps, mask_index=0)


class CTC(BuiltinLoss):
    """The loss of connectionist temporal classification, with class 0 as the blank.

    Formula: `-log(sum of the probabilities of all sequences of classes that are read as the labels)`, see
    `ops.ctc_loss`

    Args:
        reduction: How the values become one number, see `Loss`. Defaults to `"sum_over_batch_size"`.
        name: Name of the loss. Defaults to `"ctc"`.
        dtype: Type or policy of the computation. Defaults to `floatx()`.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> loss = keras.losses.CTC()([[1]], np.log([[[0.2, 0.8], [0.5, 0.5]]]))
    >>> round(float(np.exp(-float(loss))), 4)
    0.9

    Source: A. Graves et al., 2006 (https://www.cs.toronto.edu/~graves/icml_2006.pdf).
    """

    _reads_mask = True

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
