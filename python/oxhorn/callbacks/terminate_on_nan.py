"""Stopping when the loss is no number any more."""

from __future__ import annotations

import math

from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.utils.messages import print_message


class TerminateOnNaN(Callback):
    """Stops training after the first batch whose loss is NaN or infinite, and says which batch it was.

    It has to see every batch, so that steps run one at a time.

    Args:
        raise_error: raise an error instead of stopping quietly. Defaults to `False`.

    Raises:
        RuntimeError: in training, with `raise_error=True`.

    Example:
        >>> import oxhorn as keras
        >>> guard = keras.callbacks.TerminateOnNaN(raise_error=True)
        >>> guard.on_train_batch_end(7, {"loss": float("nan")})
        Traceback (most recent call last):
        RuntimeError: TerminateOnNaN: NaN or Inf loss encountered: expected a finite loss, got nan at batch 7 ...
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"TerminateOnNaN: NaN or Inf loss encountered: expected a finite loss, got {loss} at batch {batch} "
                f"of epoch {self._epoch + 1}. "
                "A smaller learning rate, clipping (clipnorm) or scaled inputs usually help."
            )
        print_message(
            f"\nEpoch {self._epoch + 1}, batch {batch}: Invalid loss ({loss}), terminating training"
        )
        self.model.stop_training = True
