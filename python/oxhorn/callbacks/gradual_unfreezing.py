"""Frozen layers that are trained from some epoch on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oxhorn.arguments import describe
from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.utils.messages import print_message


class GradualUnfreezing(Callback):
    """Unfreezes layers at the beginning of given epochs, from the top down, say.

    New layers on trained ones begin with large gradients, which would spoil what the lower layers know. So these are
    frozen at first, and trained later, when the top makes sense. Freeze them before `compile`
    (`oxhorn.reuse.freeze(model, until=...)`); the schedule says when they are let go.

    The optimizer goes on: what it keeps for layers that were trained before stays, and layers that are unfrozen begin
    with fresh momenta (`oxhorn.reuse.update_optimizer`). No other `compile` is needed, or wanted. Where training
    begins in a later epoch, everything that was due until then is unfrozen at once.

    Args:
        schedule: The layers to unfreeze, by epoch (from 0): names or patterns (`"hidden*"`), numbers or slices of
            `model.layers`, layers, or lists of these; None for all.
        verbose: 1 prints a line when layers are unfrozen. Defaults to 0.

    Raises:
        TypeError: If the schedule is no dict of epochs.
        ValueError: If an epoch is negative; in training, if the model has no layer of a name.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> names = ["low", "middle", "top"]
        >>> model = keras.Sequential([keras.Input((3,)), *(keras.layers.Dense(2, name=name) for name in names)])
        >>> _ = keras.reuse.freeze(model, until="middle")
        >>> model.compile(optimizer="adam", loss="mse")
        >>> callback = keras.callbacks.GradualUnfreezing({1: "middle", 2: "low"}, verbose=1)
        >>> history = model.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=3, callbacks=[callback], verbose=0)
        Epoch 2: GradualUnfreezing trains middle.
        Epoch 3: GradualUnfreezing trains low.

    Source: J. Howard, S. Ruder, Universal language model fine-tuning for text classification, 2018. An addition to
        Keras's callbacks.
    """

    _remembered = ("_done",)

    def __init__(self, schedule: Mapping[int, Any], verbose: int = 0) -> None:
        super().__init__()
        if not isinstance(schedule, Mapping):
            raise TypeError(
                f"GradualUnfreezing: expected `schedule` to be a dict of layers by epoch; got {describe(schedule)}."
            )
        for epoch in schedule:
            if isinstance(epoch, bool) or not hasattr(epoch, "__index__"):
                raise TypeError(
                    f"GradualUnfreezing: expected epochs to be whole numbers; got {describe(epoch)}."
                )
            if epoch.__index__() < 0:
                raise ValueError(f"GradualUnfreezing: expected epochs of at least 0; got {epoch}.")
        self.schedule = {epoch.__index__(): schedule[epoch] for epoch in sorted(schedule)}
        self.verbose = verbose
        self._done: set[int] = set()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from oxhorn.reuse.selecting import select

        self._done = set()
        for layers in self.schedule.values():
            select(self.model, layers, "GradualUnfreezing")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        due = [each for each in self.schedule if each <= epoch and each not in self._done]
        if due:
            self._unfreeze(due, epoch)

    def set_state(self, state: Any) -> None:
        done = state.get("_done") if isinstance(state, dict) else None
        if not isinstance(done, set) or not done <= set(self.schedule):
            raise ValueError(
                f"GradualUnfreezing: expected the state of a callback with the schedule {self.schedule}; got {state!r}."
            )
        due = [epoch for epoch in self.schedule if epoch in done - self._done]
        if due:
            self._unfreeze(due, max(due))

    def _unfreeze(self, due: list[int], epoch: int) -> None:
        from oxhorn.reuse.freezing import unfreeze, update_optimizer

        names = [name for each in due for name in unfreeze(self.model, self.schedule[each])]
        update_optimizer(self.model)
        self._done.update(due)
        if self.verbose > 0:
            print_message(f"Epoch {epoch + 1}: GradualUnfreezing trains {', '.join(dict.fromkeys(names))}.")
