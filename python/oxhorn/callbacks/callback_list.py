"""The container through which a training loop calls its callbacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.callbacks.history import History
from oxhorn.callbacks.progbar_logger import ProgbarLogger


class CallbackList(Callback):
    """Calls each of its callbacks, in order.

    Args:
        callbacks: a callback, or a list of them, nested or not. Defaults to `None`.
        add_history: append a `History` unless there is one already. Defaults to `False`.
        add_progbar: append a `ProgbarLogger` unless there is one already. Defaults to `False`.
        model: the model to hand to each callback. Defaults to `None`.
        **params: parameters of the run, handed to each callback: `verbose`, `epochs`, `steps`.

    Raises:
        TypeError: if something in `callbacks` is not a callback.

    Example:
        >>> import oxhorn as keras
        >>> hello = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: print("hello"))
        >>> callbacks = keras.callbacks.CallbackList([hello])
        >>> callbacks.on_train_begin()
        hello
        >>> callbacks.needs_train_batches
        False
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Callback] = list(_flatten(callbacks))
        self._history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self.set_model(model)
        self.set_params(params)

    @property
    def needs_train_batches(self) -> bool:
        """Whether a callback must be called at every training batch."""
        return any(c._needs_batches("train") for c in self.callbacks)

    @property
    def needs_test_batches(self) -> bool:
        """Whether a callback must be called at every batch of an evaluation."""
        return any(c._needs_batches("test") for c in self.callbacks)

    @property
    def needs_predict_batches(self) -> bool:
        """Whether a callback must be called at every batch of a prediction."""
        return any(c._needs_batches("predict") for c in self.callbacks)

    def _needs_batches(self, phase: str) -> bool:
        return any(c._needs_batches(phase) for c in self.callbacks)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end.

        Args:
            callback: the callback.
        """
        self.callbacks.extend(_flatten(callback))

    def set_params(self, params: dict[str, Any] | None) -> None:
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        if model is None:
            return
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def _set_feed(self, feed: Any) -> None:
        for callback in self.callbacks:
            callback._set_feed(feed)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        # One dict for all: what a callback adds, such as the learning rate, reaches those after it.
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_batch_begin(batch, logs=logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_batch_end(batch, logs=logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs=logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs=logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_test_begin(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_test_end(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_predict_begin(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_predict_end(logs)


def python_logs(logs: Logs | None) -> Logs:
    """The logs as callbacks see them: sorted by name, nested dicts laid flat, scalars as Python floats."""
    result: Logs = {}
    for name, value in sorted((logs or {}).items()):
        if isinstance(value, dict):
            result.update(python_logs(value))
            continue
        try:
            result[name] = float(value)
        except (TypeError, ValueError):
            # Arrays and texts stay as they are; tensors become arrays.
            result[name] = value.numpy() if hasattr(value, "numpy") else value
    return result


def _flatten(callbacks: Any) -> Iterable[Callback]:
    if callbacks is None:
        return
    if isinstance(callbacks, (list, tuple)):
        for item in callbacks:
            yield from _flatten(item)
    elif isinstance(callbacks, Callback):
        yield callbacks
    else:
        hint = " Make an instance of it: add parentheses." if isinstance(callbacks, type) else ""
        raise TypeError(
            f"callbacks: expected instances of oxhorn.callbacks.Callback, got {callbacks!r} "
            f"({type(callbacks).__name__}).{hint}"
        )
