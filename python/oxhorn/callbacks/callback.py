"""The base class of all callbacks."""

from __future__ import annotations

import numbers
from typing import Any

Logs = dict[str, Any]

# The hooks called for each batch; `on_batch_*` are the older names of `on_train_batch_*`.
BATCH_HOOKS: dict[str, tuple[str, ...]] = {
    "train": ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class Callback:
    """Code that runs at set points of `fit`, `evaluate` and `predict`.

    Subclass it, override the hooks you need, and pass an instance in `callbacks=[...]`. In `fit` the order is
    `on_train_begin`, then for each epoch `on_epoch_begin`, for each batch `on_train_batch_begin` and
    `on_train_batch_end`, the `on_test_*` hooks where there is validation data, `on_epoch_end`; and `on_train_end`.

    Setting `self.model.stop_training = True` ends training after the current batch or epoch.

    Training is fastest when no callback overrides a hook for batches: many steps then run in one call of the core.

    A run that goes on from a snapshot (`fit(resume=...)`, `BackupAndRestore`) makes its callbacks anew. One that
    remembers something from epoch to epoch returns it from `get_state` and takes it in `set_state`; attributes of a
    callback that does not are as `__init__` and `on_train_begin` leave them.

    Attributes:
        model: the model being trained, evaluated or asked for predictions.
        params: dict with `"verbose"`, `"epochs"` and `"steps"`.

    Example:
        >>> import oxhorn as keras
        >>> class Announce(keras.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(f"epoch {epoch} is over, the loss is {logs['loss']}")
        >>> Announce().on_epoch_end(0, {"loss": 0.25})
        epoch 0 is over, the loss is 0.25
    """

    # Names of the attributes that `get_state` returns.
    _remembered: tuple[str, ...] = ()
    # Whether it writes snapshots of the run.
    _keeps_snapshots = False

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that the callback is used with; `None` before training starts."""
        return self._model

    def set_params(self, params: dict[str, Any] | None) -> None:
        """Receive the parameters of the run.

        Args:
            params: dict with `"verbose"`, `"epochs"` and `"steps"`.
        """
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receive the model.

        Args:
            model: the model that the callback is used with.
        """
        self._model = model

    def get_state(self) -> Any:
        """What the callback remembers of the run so far, for a snapshot; `None` if there is nothing.

        Returns:
            Plain data: `None`, booleans, numbers, texts, NumPy arrays, and lists, tuples and dicts of these.

        Example:
            >>> import oxhorn as keras
            >>> class Longest(keras.callbacks.Callback):
            ...     seen = 0.0
            ...     def on_epoch_end(self, epoch, logs=None):
            ...         self.seen = max(self.seen, logs["loss"])
            ...     def get_state(self):
            ...         return self.seen
            ...     def set_state(self, state):
            ...         self.seen = state
            >>> Longest().get_state()
            0.0
        """
        return {name: getattr(self, name) for name in self._remembered} or None

    def set_state(self, state: Any) -> None:
        """Called after `on_train_begin`, when a run goes on from a snapshot that holds a state of this callback.

        Args:
            state: What `get_state` returned.

        Raises:
            ValueError: If it is a state of something else.
        """
        if not isinstance(state, dict) or sorted(state) != sorted(self._remembered):
            raise ValueError(
                f"{type(self).__name__}.set_state: expected a dict of {', '.join(self._remembered) or 'nothing'}; got "
                f"{sorted(state) if isinstance(state, dict) else type(state).__name__}. A class that overrides "
                "get_state overrides set_state, too."
            )
        for name, value in state.items():
            now = getattr(self, name)
            if value is not None and now is not None and not isinstance(value, _kind(now)):
                raise ValueError(
                    f"{type(self).__name__}.set_state: expected {name!r} to be of type {type(now).__name__}; got "
                    f"{type(value).__name__}."
                )
        for name, value in state.items():
            setattr(self, name, value)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before an epoch of training; `epoch` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation, with all metrics; validation's begin with `val_`."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training batch; `batch` counts from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training batch, with the loss and metrics of the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of `evaluate`, and of validation in `fit`."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of `evaluate`, and of validation in `fit`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of `predict`; `logs["outputs"]` holds the predictions."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called once before training."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called once after training, with the logs of the last epoch."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before `evaluate`, and before validation in `fit`."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after `evaluate`, and after validation in `fit`."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after `predict`."""

    def _set_feed(self, feed: Any) -> None:
        """Receive the training data, for callbacks that look at it."""

    def _batch_base(self) -> type[Callback]:
        """The class whose hooks for batches may be skipped; hooks that override them may not."""
        return Callback

    def _needs_batches(self, phase: str) -> bool:
        """Whether the hooks for batches of `phase` ("train", "test" or "predict") must see every batch."""
        base = self._batch_base()
        return any(
            name in self.__dict__ or getattr(type(self), name) is not getattr(base, name)
            for name in BATCH_HOOKS[phase]
        )


def _kind(value: Any) -> Any:
    return numbers.Number if isinstance(value, numbers.Number) else type(value)
