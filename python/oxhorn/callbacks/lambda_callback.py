"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxhorn.callbacks.callback import Callback

_HOOKS = sorted(name for name in vars(Callback) if name.startswith("on_"))

Hook = Callable[..., Any]


class LambdaCallback(Callback):
    """A callback whose hooks are the functions you pass.

    Args:
        on_epoch_begin: called as `f(epoch, logs)` before each epoch.
        on_epoch_end: called as `f(epoch, logs)` after each epoch.
        on_train_begin: called as `f(logs)` before training.
        on_train_end: called as `f(logs)` after training.
        on_train_batch_begin: called as `f(batch, logs=logs)` before each training batch.
        on_train_batch_end: called as `f(batch, logs=logs)` after each training batch.
        **kwargs: any other hook of `Callback`, by its name; names that do not begin with `on_` become attributes.

    Raises:
        TypeError: if a name begins with `on_` but is no hook, or the value of a hook cannot be called.

    Example:
        >>> import oxhorn as keras
        >>> show = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> show.on_epoch_end(0, {"loss": 0.5})
        0 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
        **kwargs: Hook | None,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, hook in hooks.items():
            if not name.startswith("on_"):
                setattr(self, name, hook)
                continue
            if name not in _HOOKS:
                raise TypeError(f"LambdaCallback: {name!r} is no hook. The hooks are: {', '.join(_HOOKS)}.")
            if hook is None:
                continue
            if not callable(hook):
                raise TypeError(f"LambdaCallback: expected a function for {name}, got {hook!r}.")
            setattr(self, name, hook)
