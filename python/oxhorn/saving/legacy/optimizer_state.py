"""The variables of an optimizer in legacy files, and to which of ours each belongs.

Keras 3 writes ours, in our order. Keras 2 has other names (`Adam/m/dense/kernel:0` since 2.11, `Adam/dense/kernel/m:0`
before, `Variable_3:0` at first), other orders (each slot for all weights), and leaves out what can be calculated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# The slots of Keras 2, in the order in which it writes them: our name for each, and what it was called.
_SLOTS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "SGD": (("momentum", ("m", "momentum")),),
    "Adam": (("momentum", ("m",)), ("velocity", ("v",)), ("velocity_hat", ("vhat",))),
    "AdamW": (("momentum", ("m",)), ("velocity", ("v",)), ("velocity_hat", ("vhat",))),
    "Adamax": (("momentum", ("m",)), ("norm", ("u", "v"))),
    "Nadam": (("momentum", ("m",)), ("velocity", ("v",))),
    "RMSprop": (
        ("velocity", ("velocity", "rms")),
        ("momentum", ("momentum",)),
        ("average_gradient", ("average_gradient", "mg")),
    ),
    "Adagrad": (("accumulator", ("accumulator",)),),
    "Adadelta": (
        ("accumulated_grad", ("accumulated_grad", "accum_grad")),
        ("accumulated_delta_var", ("accumulated_delta_var", "accum_var")),
    ),
    "Ftrl": (("accumulator", ("accumulator",)), ("linear", ("linear",))),
    "Lion": (("momentum", ("m",)),),
}
_COUNTERS = ("iter", "iteration", "iterations")


class NotUnderstood(ValueError):
    """The state in a file is not that of the optimizer; the text says why."""


def from_keras_3(
    optimizer: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]]
) -> list[tuple[Any, int]]:
    """Pairs of a variable of the optimizer and the number of its value in the file.

    Raises:
        NotUnderstood: If the file has other variables.
    """
    variables = list(optimizer.variables)
    # Nadam's product came before the slots in older versions, and without the optimizer's name.
    ends = [name.rpartition("/")[2] for name in names]
    by_end = {variable.path.rpartition("/")[2]: variable for variable in variables}
    if len(by_end) == len(variables) == len(ends) and set(by_end) == set(ends):
        variables = [by_end[end] for end in ends]
    elif "iteration" in ends and set(ends) <= {"iteration", "learning_rate"} <= set(by_end):
        # It was saved before its first step.
        variables = [by_end[end] for end in ends]
    if len(variables) != len(names):
        raise NotUnderstood(
            f"the file has {len(names)} variables of the optimizer, {len(variables)} were expected"
        )
    pairs = [(variable, i) for i, variable in enumerate(variables)]
    _check(pairs, shapes)
    return pairs


def from_keras_2(
    optimizer: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]], weights: Mapping[str, Any]
) -> list[tuple[Any, int]]:
    """The same for a file of Keras 2.

    Args:
        optimizer: A built optimizer.
        names: The names in the file.
        shapes: Their shapes.
        weights: The trainable weights of the model, by the names that they have in the file and in its order.

    Raises:
        NotUnderstood: If it is not clear what belongs where.
    """
    kind = type(optimizer).__name__
    ends = [name.rpartition("/")[2].removesuffix(":0") for name in names]
    if len(ends) == 1 and ends[0] in _COUNTERS:
        # It was saved before its first step, or has no slots.
        return [(optimizer.iterations, 0)]
    if kind not in _SLOTS:
        raise NotUnderstood(f"the layout of {kind}'s state in files of Keras 2 is not known")
    found = _by_name(kind, names, weights)
    if found is None:
        found = _by_order(kind, names, shapes, weights)
    slots, counter = found
    ours = {variable.path: variable for variable in optimizer.variables}
    pairs: list[tuple[Any, int]] = []
    expected = set(ours)
    for (slot, name), number in slots.items():
        variable = ours.get(f"{optimizer.name}/{weights[name].path.replace('/', '_')}_{slot}")
        # Some had slots that they did not use: SGD without momentum.
        if variable is not None:
            pairs.append((variable, number))
            expected.discard(variable.path)
    if counter is not None:
        pairs.append((optimizer.iterations, counter))
        expected.discard(optimizer.iterations.path)
    missing = {path for path in expected if not path.endswith(("/learning_rate", "/iteration"))}
    if kind == "Nadam":
        missing.discard(f"{optimizer.name}/variable")
    if missing:
        raise NotUnderstood(f"the file lacks {sorted(missing)[:5]}")
    _check(pairs, shapes)
    return pairs


def _check(pairs: list[tuple[Any, int]], shapes: Sequence[tuple[int, ...]]) -> None:
    for variable, i in pairs:
        if tuple(variable.shape) != tuple(shapes[i]):
            raise NotUnderstood(
                f"{variable.path!r} has shape {tuple(variable.shape)}, and in the file {tuple(shapes[i])}"
            )


Slots = tuple[dict[tuple[str, str], int], int | None]


def _by_name(kind: str, names: Sequence[str], weights: Mapping[str, Any]) -> Slots | None:
    slot_of = {old: slot for slot, olds in _SLOTS[kind] for old in olds}
    slots: dict[tuple[str, str], int] = {}
    counter = None
    for i, name in enumerate(names):
        parts = name.removesuffix(":0").split("/")
        if parts[-1] in _COUNTERS:
            counter = i
            continue
        if parts[-1] in ("learning_rate", "momentum_cache"):
            continue
        # Since 2.11 the slot comes first, before that last; variables may be called like slots.
        newer, older = "/".join(parts[2:]) + ":0", "/".join(parts[1:-1]) + ":0"
        if len(parts) > 2 and parts[1] in slot_of and newer in weights:
            key = slot_of[parts[1]], newer
        elif parts[-1] in slot_of and older in weights:
            key = slot_of[parts[-1]], older
        else:
            return None
        if key in slots:
            return None
        slots[key] = i
    return slots, counter


def _by_order(
    kind: str, names: Sequence[str], shapes: Sequence[tuple[int, ...]], weights: Mapping[str, Any]
) -> Slots:
    """Keras before TensorFlow took it in: the counter, if it was written, then each slot for all weights.

    The weights came in the order of the model, at first in that of their names. One of both must fit alone.
    """
    number = len(weights)
    counter = 0 if number and len(names) % number == 1 % number and shapes[0] == () else None
    rest = list(range(0 if counter is None else 1, len(names)))
    if number == 0 or len(rest) % number or len(rest) // number > len(_SLOTS[kind]):
        raise NotUnderstood(f"{len(names)} values are not a counter and whole slots of {number} weights")
    fitting: list[dict[tuple[str, str], int]] = []
    for order in (list(weights), sorted(weights)):
        slots: dict[tuple[str, str], int] = {}
        fits = True
        for group, (slot, _) in zip(range(len(rest) // number), _SLOTS[kind], strict=False):
            for j, name in enumerate(order):
                i = rest[group * number + j]
                # Adam without amsgrad had empty places for the third slot.
                if slot == "velocity_hat" and shapes[i] == (1,):
                    continue
                fits = fits and tuple(shapes[i]) == tuple(weights[name].shape)
                slots[slot, name] = i
        if fits and slots not in fitting:
            fitting.append(slots)
    if len(fitting) != 1:
        raise NotUnderstood(
            "the values have no names that tell their weights, and their shapes fit "
            + ("no order of these" if not fitting else "more than one order of these")
        )
    return fitting[0], counter


def finish(optimizer: Any) -> None:
    """Calculates what Keras 2 did not write: Nadam's product of its momentum's schedule.

    Formula: `product for i = 1..t of beta_1 (1 - 0.5 * 0.96^i)`.
    """
    if type(optimizer).__name__ != "Nadam":
        return
    steps = np.arange(1, int(optimizer.iterations.numpy()) + 1, dtype="float64")
    product = np.prod(optimizer.beta_1 * (1.0 - 0.5 * np.power(0.96, steps)))
    for variable in optimizer.variables:
        if variable.path == f"{optimizer.name}/variable":
            variable.assign(np.asarray(product, dtype=str(variable.dtype)))
