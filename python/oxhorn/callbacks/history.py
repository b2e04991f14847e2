"""The record that `fit` returns."""

from __future__ import annotations

from typing import Any

from oxhorn.callbacks.callback import Callback, Logs


class History(Callback):
    """Keeps the metrics of every epoch; `fit` adds one by itself and returns it.

    Attributes:
        epoch: list of the numbers of the epochs.
        history: dict from a metric's name to the list of its values, one an epoch.

    Example:
        >>> import oxhorn as keras
        >>> history = keras.callbacks.History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.on_epoch_end(1, {"loss": 0.25})
        >>> history.epoch, history.history
        ([0, 1], {'loss': [0.5, 0.25]})
    """

    _remembered = ("epoch", "history")

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def set_state(self, state: Any) -> None:
        """Takes the epochs and the metrics of a run that goes on.

        Args:
            state: What `get_state` returned.

        Raises:
            ValueError: If it is no such state.
        """
        columns = state.get("history") if isinstance(state, dict) else None
        if not isinstance(columns, dict) or not all(isinstance(values, list) for values in columns.values()):
            raise ValueError("History.set_state: expected lists of values by name.")
        super().set_state(state)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self
