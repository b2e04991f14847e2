"""Watching the inside of a network while it learns."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.callbacks.first_nonfinite import first_in, in_weights

if TYPE_CHECKING:
    from oxhorn.training.look import kept

Array = np.ndarray[Any, Any]

QUANTITIES = ("gradient_norm", "update_ratio", "activation_mean", "activation_std", "dead_share")


class TrainingMonitor(Callback):
    """Gradients, updates and activations of every layer, while the model trains.

    At the start, and then after each epoch or every so many batches, a training step on a probe batch is looked at,
    without being taken (an addition to Keras's callbacks):

    - `gradient_norm`: the length of the gradient of the loss with respect to the layer's weights, `||g||`;
    - `update_ratio`: how far the optimizer would move them, `||delta w|| / ||w||`; about 1e-3 is usual, far below
      it a layer hardly learns, far above it training is shaky;
    - `activation_mean`, `activation_std`: mean and standard deviation of what the layer returns;
    - `dead_share`: for layers with a ReLU or a function like it, the share of units (channels) that are never
      active on the probe batch: they get no gradient.

    It also finds the first value that is not finite: training goes one batch at a time then, and the batch that went
    wrong is run again, layer by layer.

    Args:
        every: `"epoch"`, or a number of batches. Defaults to `"epoch"`.
        data: The probe batch: `(x, y)` or `(x, y, sample_weight)`. Defaults to the first batch of the training
            data, before shuffling.
        check_finite: Whether to look for values that are not finite after every batch. Training is faster without.
        stop_on_nonfinite: Whether such a value ends training.

    Attributes:
        history: What was seen, see below.
        nonfinite: The first value that is not finite: a dict with `"epoch"` and `"batch"` (from 0), `"layer"`,
            `"what"` (`"input"`, `"target"`, `"weight"`, `"activation"`, `"loss"`, `"gradient"` or `"update"`),
            `"value"`, `"index"` and `"message"`; or `None`.

    Raises:
        ValueError: If an argument is not as described.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.linspace(-1.0, 1.0, 64).reshape(-1, 1)
    >>> model = keras.Sequential(
    ...     [keras.Input((1,)), keras.layers.Dense(8, activation="relu", name="a"), keras.layers.Dense(1, name="b")]
    ... )
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> monitor = keras.callbacks.TrainingMonitor()
    >>> _ = model.fit(x, x**2, epochs=3, verbose=0, callbacks=[monitor])
    >>> monitor.history["gradient_norm"]["b"].shape
    (4,)
    """

    _remembered = ("nonfinite", "_epoch", "_step", "_epochs", "_steps", "_losses", "_seen")

    def __init__(
        self,
        every: int | str = "epoch",
        data: Any = None,
        check_finite: bool = True,
        stop_on_nonfinite: bool = False,
    ) -> None:
        super().__init__()
        if every != "epoch" and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise ValueError(
                f"TrainingMonitor expected `every` to be 'epoch' or a positive number of batches; got {every!r}."
            )
        if data is not None and not (isinstance(data, (list, tuple)) and 1 <= len(data) <= 3):
            raise ValueError(
                "TrainingMonitor expected `data` to be (x, y) or (x, y, sample_weight); got "
                f"{type(data).__name__}."
            )
        self.every = every
        self.data = data
        self.check_finite = bool(check_finite) or bool(stop_on_nonfinite)
        self.stop_on_nonfinite = bool(stop_on_nonfinite)
        self._feed: Any = None
        self._reset()

    def _reset(self) -> None:
        self.nonfinite: dict[str, Any] | None = None
        self._probe: Any = None
        self._held: kept | None = None
        self._epoch = self._step = 0
        self._epochs: list[int] = []
        self._steps: list[int] = []
        self._losses: list[float] = []
        self._seen: dict[str, dict[str, list[float]]] = {quantity: {} for quantity in QUANTITIES}

    @property
    def history(self) -> dict[str, Any]:
        """What was seen, as a dict of plain dicts and NumPy arrays.

        `"step"` (updates made), `"epoch"` and `"loss"` (of the probe batch) have one entry for each look; for each
        quantity, such as `"gradient_norm"`, there is a dict of such arrays by layer, with NaN where there is no
        number; and `"nonfinite"` is the attribute of that name.
        """
        return {
            "step": np.array(self._steps, np.int64),
            "epoch": np.array(self._epochs, np.int64),
            "loss": np.array(self._losses, np.float64),
            **{
                quantity: {layer: np.array(values, np.float64) for layer, values in layers.items()}
                for quantity, layers in self._seen.items()
            },
            "nonfinite": self.nonfinite,
        }

    # Hooks ---------------------------------------------------------------------------------------------

    def _set_feed(self, feed: Any) -> None:
        self._feed = feed

    def _needs_batches(self, phase: str) -> bool:
        return phase == "train" and (self.check_finite or self.every != "epoch")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from oxhorn.training.data import make_arrays
        from oxhorn.training.data_adapters.packing import unpack_x_y_sample_weight

        self._reset()
        if self.data is not None:
            x, y, sample_weight = unpack_x_y_sample_weight(tuple(self.data))
            self._probe = make_arrays(self.model, "TrainingMonitor", x, y, sample_weight, None)
        elif self._feed is not None:
            self._probe = self._feed.sample()
        else:
            raise ValueError("TrainingMonitor sees no training data here; pass it a batch: data=(x, y).")
        self._look()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        if self.check_finite and self.nonfinite is None:
            from oxhorn.training.look import kept

            self._held = kept(self.model)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._needs_batches("train"):
            return
        self._step += 1
        if self.check_finite and self.nonfinite is None and not self._is_finite(logs):
            self._find(batch)
        self._held = None
        if self.every != "epoch" and self._step % int(self.every) == 0:
            self._look()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch + 1
        if not self._needs_batches("train"):
            self._step = (
                int(np.asarray(self.model.optimizer.iterations)) if self.model.optimizer else epoch + 1
            )
        if self.every == "epoch":
            self._look()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._feed = self._probe = self._held = None

    # Looking -------------------------------------------------------------------------------------------

    def _look(self) -> None:
        from oxhorn.training.look import look, updates

        seen = look(self.model, self._probe)
        self._steps.append(self._step)
        self._epochs.append(self._epoch)
        self._losses.append(np.nan if seen.loss is None else seen.loss)
        with np.errstate(all="ignore"):
            moved = updates(self.model, seen)
            for layer, gradients in seen.gradients.items():
                self._note("gradient_norm", layer, _length(gradients))
                weight = _length([variable.numpy() for variable in seen.variables[layer]])
                self._note(
                    "update_ratio", layer, _length(moved.get(layer, [])) / weight if weight else np.nan
                )
            for layer, outputs in seen.activations.items():
                values = np.concatenate(
                    [np.ravel(each).astype(np.float64) for each in outputs] or [np.zeros(0)]
                )
                self._note("activation_mean", layer, np.mean(values) if values.size else np.nan)
                self._note("activation_std", layer, np.std(values) if values.size else np.nan)
                if len(outputs) == 1 and cuts_off(seen.layers[layer]):
                    self._note("dead_share", layer, dead_share(outputs[0], seen.layers[layer]))

    def _note(self, quantity: str, layer: str, value: Any) -> None:
        values = self._seen[quantity].setdefault(layer, [])
        # A layer that is met later than others has no numbers for the time before.
        values.extend([np.nan] * (len(self._steps) - 1 - len(values)))
        values.append(float(value))

    def _is_finite(self, logs: Logs | None) -> bool:
        loss = (logs or {}).get("loss")
        if loss is not None and not np.all(np.isfinite(loss)):
            return False
        return all(np.isfinite(variable.numpy()).all() for variable in self.model.trainable_variables)

    def _find(self, batch: int) -> None:
        """Runs the last batch again, from the state before it, and names the first value that is not finite."""
        from oxhorn.training.look import kept, look

        rows = self._feed.latest() if self._feed is not None else None
        found = None
        if rows is not None and self._held is not None:
            now = kept(self.model)
            try:
                self._held.put_back()
                found = first_in(look(self.model, rows), rows)
            finally:
                now.put_back()
        if found is None:
            found = in_weights(look(self.model, self._probe).variables, "update") or (
                None,
                "loss",
                np.nan,
                (),
            )
        layer, what, value, index = found
        place = f" of layer {layer!r}" if layer is not None else ""
        at = f" at index {index}" if index else ""
        message = (
            f"TrainingMonitor: the first value that is not finite is {value} in the {what}{place}{at}, in batch "
            f"{batch} of epoch {self._epoch + 1}."
        )
        self.nonfinite = {
            "epoch": self._epoch,
            "batch": batch,
            "layer": layer,
            "what": what,
            "value": float(value),
            "index": index,
            "message": message,
        }
        warnings.warn(message, stacklevel=2)
        if self.stop_on_nonfinite:
            self.model.stop_training = True

    # Picture -------------------------------------------------------------------------------------------

    def plot(self, layers: list[str] | None = None) -> Any:
        """Draws what was seen: a small picture for each quantity, a line for each layer.

        Args:
            layers: The layers to show. Defaults to all.

        Returns:
            A matplotlib `Figure`, which notebooks show; `figure.savefig("monitor.png")` writes it.

        Raises:
            ImportError: If matplotlib is not installed.
            ValueError: If nothing was seen yet, or a layer is unknown.
        """
        from oxhorn.callbacks.monitor_plot import plot_history

        return plot_history(self.history, layers)


def _length(arrays: list[Any]) -> float:
    """||a||, over all the arrays."""
    return float(np.sqrt(sum(np.sum(np.square(a, dtype=np.float64)) for a in arrays if a is not None)))


def cuts_off(layer: Any) -> bool:
    """Whether the layer ends in a function like ReLU: zero, with slope zero, for all numbers below zero."""
    function = getattr(layer, "activation", None)
    if function is None:
        if type(layer).__name__ != "ReLU":
            return False
        function = layer
    try:
        below, above = (np.asarray(function(np.array([v], np.float32))) for v in ([-3.0, -1.0], [1.0, 3.0]))
    except Exception:
        # A function of the user's own that does not take such an array is no ReLU.
        return False
    return bool(below.shape == (1, 2) and np.all(below == 0.0) and np.all(above > 0.0))


def dead_share(outputs: Array, layer: Any) -> float:
    """The share of units (channels of an image) that are zero for all samples."""
    if outputs.ndim < 2 or outputs.size == 0:
        return float("nan")
    if not np.isfinite(outputs).all():
        return float("nan")
    axis = 1 if getattr(layer, "data_format", None) == "channels_first" else outputs.ndim - 1
    others = tuple(i for i in range(outputs.ndim) if i != axis)
    return float(np.mean(np.max(outputs, axis=others) <= 0.0))
