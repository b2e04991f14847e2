"""08: a recorded loss curve, and the settings that it was made with."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import NOT_WRITTEN, Array, fail
from oxhorn.testing.exercises.pictures import flat_digits
from oxhorn.testing.exercises.task import task

EPOCHS = 8
CHOICES: dict[str, tuple[float, ...]] = {
    "learning_rate": (0.01, 0.02, 0.05, 0.1, 0.2),
    "momentum": (0.0, 0.5, 0.9),
    "batch_size": (16, 32, 64, 128),
}
# Written down from a run of `loss_curve` with these settings. Another machine may round differently: the curves then
# differ in the fourth digit. With any other of the choices, one of their numbers differs by more than a tenth.
_SETTINGS = {"learning_rate": 0.02, "momentum": 0.9, "batch_size": 64}
RECORDED = (1.83705, 0.61936, 0.30816, 0.22592, 0.18573, 0.16490, 0.14349, 0.12578)
TOLERANCE = 0.02


def loss_curve(learning_rate: float, momentum: float, batch_size: int) -> Array:
    """The training losses of a small network on the digits, epoch by epoch, always from the same start.

    Args:
        learning_rate: Of `SGD`.
        momentum: Of `SGD`.
        batch_size: Rows in a step.

    Returns:
        One number for each epoch.

    >>> from oxhorn.testing.exercises.loss_curve import loss_curve
    >>> loss_curve(0.1, 0.0, 128).shape
    (8,)
    """
    from oxhorn import layers, losses, optimizers
    from oxhorn.models import Sequential
    from oxhorn.utils import set_random_seed

    x, y, _, _ = flat_digits()
    set_random_seed(42)
    model = Sequential([layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10)])
    model.compile(
        optimizers.SGD(learning_rate, momentum=momentum),
        losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return np.array(model.fit(x, y, batch_size=batch_size, epochs=EPOCHS, verbose=0).history["loss"])


@task("08_loss_curve", points=3)
def settings(answer: Any) -> None:
    """The learning rate, momentum and batch size of the recorded curve."""
    name = "settings"
    if answer is None or answer is Ellipsis:
        fail(name, NOT_WRITTEN)
    if not isinstance(answer, dict) or set(answer) != set(CHOICES):
        fail(name, f"expected a dict with {', '.join(CHOICES)}; got {answer!r:.100}")
    if any(value is None or value is Ellipsis for value in answer.values()):
        fail(name, NOT_WRITTEN)
    for key, choices in CHOICES.items():
        if answer[key] not in choices:
            fail(name, f"{key} is one of {', '.join(map(str, choices))}; got {answer[key]!r}")
    curve = loss_curve(float(answer["learning_rate"]), float(answer["momentum"]), int(answer["batch_size"]))
    recorded = np.array(RECORDED)
    difference = np.abs(curve / recorded - 1.0)
    if (difference <= TOLERANCE).all():
        return
    epoch = int(np.nanargmax(difference)) if np.isfinite(difference).any() else 0
    fail(
        name,
        f"with these settings the loss of epoch {epoch + 1} is {curve[epoch]:.4f}, and {recorded[epoch]:.4f} was "
        f"recorded (they may differ by {TOLERANCE:.0%})",
        _hint(answer, curve, recorded),
    )


def _pull(settings: dict[str, Any]) -> float:
    """How far an epoch goes, roughly: lr / ((1 - momentum) batch size)."""
    return float(settings["learning_rate"] / (1.0 - settings["momentum"]) / settings["batch_size"])


def _hint(answer: dict[str, Any], curve: Array, recorded: Array) -> str:
    if not np.isfinite(curve).all() or curve[-1] > curve[0]:
        return "your loss does not fall: take smaller steps, a smaller learning rate or less momentum"
    right = [key for key in CHOICES if answer[key] == _SETTINGS[key]]
    ratio = _pull(answer) / _pull(_SETTINGS)
    if abs(ratio - 1.0) < 0.3:
        others = "momentum" if answer["momentum"] != _SETTINGS["momentum"] else "batch size"
        return (
            "learning rate / ((1 - momentum) * batch size) is about right, so that the curves end close together; "
            f"their first epochs tell them apart. Vary the {others}, and keep this quantity"
        )
    known = f" ({len(right)} of the three settings are right)" if right else ""
    if ratio > 1:
        return f"your loss falls too fast: a smaller learning rate, less momentum or larger batches slow it down{known}"
    return f"your loss falls too slowly: a larger learning rate, more momentum or smaller batches speed it up{known}"
