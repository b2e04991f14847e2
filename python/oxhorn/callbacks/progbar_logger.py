"""The progress bar as a callback."""

from __future__ import annotations

from typing import Any

from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.utils.messages import print_message
from oxhorn.utils.progbar import Progbar


class ProgbarLogger(Callback):
    """Shows the progress of `fit`, `evaluate` and `predict`; they add one by themselves unless `verbose=0`.

    Example:
        >>> import oxhorn as keras
        >>> logger = keras.callbacks.ProgbarLogger()
        >>> logger.set_params({"verbose": 2, "epochs": 3, "steps": 10})
        >>> logger.on_epoch_begin(0)
        Epoch 1/3
        >>> logger.on_epoch_end(0, {"loss": 0.25})
        10/10 - 0s - ...s/step - loss: 0.2500
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.progbar: Progbar | None = None
        self.target: int | None = None
        self.verbose = 1
        self.epochs = 1
        self._in_fit = False

    def set_params(self, params: dict[str, Any] | None) -> None:
        super().set_params(params)
        params = params or {}
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True  # validation inside `fit` draws no bar of its own

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.verbose and self.epochs > 1:
            print_message(f"Epoch {epoch + 1}/{self.epochs}")
        self._start()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._start()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._start()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._advance(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch, None)  # the logs hold the predictions

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._finish(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._finish(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._finish(None)

    def _batch_base(self) -> type[Callback]:
        return ProgbarLogger  # drawn a few times a second, whatever the number of batches

    def _start(self) -> None:
        self.seen = 0
        # The logs are already averages over the epoch: show each as it is.
        self.progbar = Progbar(target=self.target, verbose=self.verbose, stateless_metrics=())

    def _advance(self, batch: int, logs: Logs | None) -> None:
        self.seen = batch + 1
        if self.verbose == 1:
            if self.progbar is None:
                self._start()
            assert self.progbar is not None
            self.progbar.update(self.seen, (logs or {}).items(), finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        if self.progbar is None:
            self._start()
        assert self.progbar is not None
        if self.target is None:  # the first pass over data of unknown length has counted it
            self.target = self.seen
            self.progbar.target = self.target
        self.progbar.update(self.target, (logs or {}).items(), finalize=True)
