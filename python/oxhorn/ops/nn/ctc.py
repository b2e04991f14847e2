"""Connectionist temporal classification: sequences of scores read as sequences of labels."""

from __future__ import annotations

from typing import Any

from oxhorn import _core
from oxhorn.arguments import boolean, describe, integer
from oxhorn.ops.arguments import as_dtype, as_float, as_tensor
from oxhorn.ops.conversions import cast
from oxhorn.ops.dispatch import operation


def _apply(name: str, *inputs: Any, **attrs: Any) -> Any:
    return _core.apply(name, list(inputs), attrs)


@operation("target", "output", "target_length", "output_length")
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """The loss of connectionist temporal classification: labels without their places in time.

    `-log(sum of the probabilities of all sequences of classes that are read as the labels)`, where a sequence is read
    by dropping repetitions, then blanks

    Labels that do not fit into their sequence have a loss of about 100000 instead of an infinite one. The loss has a
    first derivative only.

    Args:
        target: Labels, whole numbers of shape `(batch, labels)`; those after `target_length` do not count.
        output: Scores (logits), shape `(batch, steps, classes)`.
        target_length: How many labels each sample has, shape `(batch,)`.
        output_length: How many steps each sample has, shape `(batch,)`.
        mask_index: The class that is the blank. Defaults to 0.

    Returns:
        A loss for each sample, shape `(batch,)`.

    Raises:
        ValueError: If the shapes do not fit, a length is too large, or a label is no class.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> scores = np.log([[[0.2, 0.8], [0.5, 0.5]]])
    >>> loss = keras.ops.ctc_loss(np.array([[1]]), scores, np.array([1]), np.array([2]))
    >>> round(float(np.exp(-loss.numpy()[0])), 4)
    0.9

    Source: Graves et al., 2006 (https://www.cs.toronto.edu/~graves/icml_2006.pdf).
    """
    index = integer(mask_index, "mask_index", "ctc_loss", low=0)
    inputs = [as_tensor(target), as_float(output)]
    inputs += [as_tensor(length) for length in (target_length, output_length)]
    return _core.apply("ctc_loss", inputs, {"mask_index": index})


@operation("inputs", "sequence_lengths")
def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Any, Any]:
    """Sequences of labels read off sequences of scores.

    `"greedy"`: the best class of each step, without repetitions and blanks. `"beam_search"`: the most probable label
    sequences, by the sum over all ways to read them, among the `beam_width` best beginnings.

    Args:
        inputs: Scores (logits), shape `(batch, steps, classes)`.
        sequence_lengths: How many steps each sample has, shape `(batch,)`.
        strategy: `"greedy"` or `"beam_search"`. Defaults to `"greedy"`.
        beam_width: How many beginnings are kept. Defaults to 100.
        top_paths: How many label sequences are returned. Defaults to 1.
        merge_repeated: Whether greedy decoding drops repetitions. Defaults to True.
        mask_index: The class that is the blank. Defaults to 0.

    Returns:
        The pair (labels, scores). Labels are whole numbers of shape `(paths, batch, steps)`, filled up with -1. Scores
        have shape `(batch, paths)`: for beam search the logarithm of each probability, for greedy decoding the
        negative sum of the best scores.

    Raises:
        ValueError: If the strategy is unknown, or the shapes do not fit.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> scores = np.log([[[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]])
    >>> labels, _ = keras.ops.ctc_decode(scores, np.array([3]))
    >>> labels.numpy().tolist()
    [[[1, 2, -1]]]

    Source: Graves et al., 2006 (https://www.cs.toronto.edu/~graves/icml_2006.pdf).
    """
    who = "ctc_decode"
    inputs, lengths = as_float(inputs), as_dtype(sequence_lengths, "int64")
    if len(inputs.shape) != 3:
        raise ValueError(f"{who}: expected inputs (batch, steps, classes); got shape {tuple(inputs.shape)}.")
    index = integer(mask_index, "mask_index", who, low=0)
    if strategy == "greedy":
        return _greedy(inputs, lengths, boolean(merge_repeated, "merge_repeated", who), index)
    if strategy == "beam_search":
        attrs = {
            "beam_width": integer(beam_width, "beam_width", who, low=1),
            "top_paths": integer(top_paths, "top_paths", who, low=1),
            "mask_index": index,
        }
        paths, scores = _core.apply("ctc_beam_search", [inputs, lengths], attrs)
        return paths, scores
    raise ValueError(f"{who}: Invalid strategy {describe(strategy)}. Expected 'greedy' or 'beam_search'.")


def _greedy(inputs: Any, lengths: Any, merge_repeated: bool, blank: int) -> tuple[Any, Any]:
    best = cast(_apply("argmax", inputs, axis=-1), "int32")
    scores = _apply("max", inputs, axis=-1)
    # 1, 2, 3, ... along each row, whatever the number of steps.
    count = _apply("cumsum", _apply("ones_like", best), axis=1)
    inside = _apply("less_equal", cast(count, "int64"), _apply("expand_dims", lengths, axis=1))
    scores = _apply("where", inside, scores, _apply("zeros_like", scores))
    best = _apply("where", inside, best, _apply("full_like", best, value=blank))
    kept = _apply("not_equal", best, blank)
    if merge_repeated:
        other = _apply("not_equal", best[:, 1:], best[:, :-1])
        first = _apply("ones_like", best[:, :1], dtype="bool")
        kept = _apply("logical_and", kept, _apply("concatenate", first, other, axis=1))
    # Kept labels move to the front in their order: all others are sorted behind the last.
    last = _apply("full_like", count, value=2**30)
    order = _apply("argsort", _apply("where", kept, count, last), axis=1)
    labels = _apply("where", kept, best, _apply("full_like", best, value=-1))
    labels = _apply("take_along_axis", labels, order, axis=1)
    negative = -_apply("sum", scores, axis=1, keepdims=True)
    return _apply("expand_dims", labels, axis=0), negative
