"""The range test: which learning rates a model learns with."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from oxhorn import _core
from oxhorn.arguments import number, positive_integer
from oxhorn.callbacks.callback import Callback, Logs
from oxhorn.callbacks.learning_rate import get_learning_rate


class LearningRateFinder(Callback):
    """Smith's range test: the rate rises from batch to batch, and the loss tells which rates are good.

    `rate_i = min_learning_rate (max_learning_rate / min_learning_rate)^(i / (num_steps - 1))`

    The loss of each batch is smoothed: `s_i = (smoothing m_(i-1) + (1 - smoothing) loss_i) / (1 - smoothing^(i+1))`,
    with `m` the numerator. Training stops after `num_steps` batches, or when the smoothed loss is `stop_factor` times
    its lowest value, or not finite. The first `1 / (1 - smoothing)` batches do not count for the lowest value: until
    then the mean is over so few that a lucky one would look like the best rate. Then the model's variables, the
    optimizer's and the learning rate are as they were before. An instance may be used again: every `fit` starts
    afresh. An addition to Keras's callbacks.

    Args:
        min_learning_rate: the first rate. Defaults to 1e-7.
        max_learning_rate: the last rate. Defaults to 10.
        num_steps: number of batches; `fit` needs enough epochs for them. Defaults to 100.
        smoothing: weight of the past in the smoothed loss, in [0, 1). Defaults to 0.9.
        stop_factor: growth of the smoothed loss at which it counts as diverged; above 1. Defaults to 4.

    Attributes:
        learning_rates: array of the rates tried.
        losses: array of the loss of each batch.
        smoothed_losses: array of the smoothed losses.

    Raises:
        ValueError: if an argument is out of its range.

    Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> keras.utils.set_random_seed(0)
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer="sgd", loss="mse")
        >>> x = np.random.default_rng(0).normal(size=(320, 3))
        >>> finder = keras.callbacks.LearningRateFinder()
        >>> history = model.fit(x, x.sum(axis=1), batch_size=32, epochs=10, callbacks=[finder], verbose=0)
        >>> 0.001 < finder.suggestion() < 1.0
        True

    Source: L. N. Smith, Cyclical learning rates for training neural networks, 2017, section 3.3.
    """

    def __init__(
        self,
        min_learning_rate: float = 1e-7,
        max_learning_rate: float = 10.0,
        num_steps: int = 100,
        smoothing: float = 0.9,
        stop_factor: float = 4.0,
    ) -> None:
        super().__init__()
        who = "LearningRateFinder"
        self.min_learning_rate = number(min_learning_rate, "min_learning_rate", who, above=0.0)
        self.max_learning_rate = number(
            max_learning_rate, "max_learning_rate", who, above=self.min_learning_rate
        )
        self.num_steps = positive_integer(num_steps, "num_steps", who)
        if self.num_steps < 2:
            raise ValueError(
                f"{who}: expected `num_steps` to be at least 2. Received: num_steps={num_steps}."
            )
        self.smoothing = number(smoothing, "smoothing", who, low=0.0, below=1.0)
        self.stop_factor = number(stop_factor, "stop_factor", who, above=1.0)
        self._optimizer: Any = None
        self._saved: tuple[Any, list[Any], list[Any]] | None = None
        self._reset()

    def _reset(self) -> None:
        self._rates: list[float] = []
        self._losses: list[float] = []
        self._smoothed: list[float] = []
        self._average = 0.0
        self._rate = self.min_learning_rate

    @property
    def learning_rates(self) -> npt.NDArray[np.float64]:
        """The rates tried."""
        return np.array(self._rates)

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """The loss of each batch."""
        return np.array(self._losses)

    @property
    def smoothed_losses(self) -> npt.NDArray[np.float64]:
        """The smoothed losses."""
        return np.array(self._smoothed)

    def get_state(self) -> Any:
        """None to be kept: a range test puts everything back at its end.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            "LearningRateFinder: a range test takes seconds and puts everything back at its end, so that there is "
            "nothing to resume. Run it in a fit of its own, without `resume` and BackupAndRestore."
        )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()
        get_learning_rate("LearningRateFinder", self.model)
        optimizer = self.model.optimizer
        if not optimizer.built:
            if not self.model.built:
                raise ValueError(
                    "LearningRateFinder: expected a model that is built, so that its variables can be kept and put "
                    "back. Give it an Input, or call it on a batch first."
                )
            optimizer.build(self.model.trainable_variables)
        variables = [*self.model.variables, *optimizer.variables]
        self._optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        rate = self._optimizer._learning_rate
        self._saved = rate, variables, [variable.numpy() for variable in variables]
        if not isinstance(rate, _core.Variable):
            # A schedule gives way until the end.
            self._optimizer.learning_rate = self._current_rate

    def _current_rate(self) -> float:
        return self._rate

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        growth = self.max_learning_rate / self.min_learning_rate
        self._rate = self.min_learning_rate * growth ** (len(self._rates) / (self.num_steps - 1))
        if isinstance(self._optimizer._learning_rate, _core.Variable):
            self._optimizer.learning_rate = self._rate
        # The loss in the logs is then that of this batch alone.
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = float((logs or {})["loss"])
        i = len(self._losses)
        self._average = self.smoothing * self._average + (1.0 - self.smoothing) * loss
        smoothed = self._average / (1.0 - self.smoothing ** (i + 1))
        if not math.isfinite(smoothed):
            self.model.stop_training = True
            return
        self._rates.append(self._rate)
        self._losses.append(loss)
        self._smoothed.append(smoothed)
        # The mean of fewer batches than its weights reach back over is noise, and no lowest value.
        settled = self._smoothed[round(1.0 / (1.0 - self.smoothing)) - 1 :]
        best = min(settled, default=smoothed)
        if i + 1 == self.num_steps or smoothed - best > (self.stop_factor - 1.0) * abs(best):
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._saved is None:
            return
        rate, variables, values = self._saved
        if not isinstance(rate, _core.Variable):
            self._optimizer.learning_rate = rate
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.model.reset_metrics()
        self._saved = None
        if not self.model.stop_training:
            warnings.warn(
                f"LearningRateFinder: the data ended after {len(self._rates)} of {self.num_steps} steps, at the "
                f"learning rate {self._rate:.3g}. Pass more epochs to fit, or a smaller num_steps.",
                stacklevel=2,
            )

    def suggestion(self, skip_begin: int = 5, skip_end: int = 1) -> float:
        """The rate at which the smoothed loss falls most steeply over the log of the rate, on the way to its lowest.

        The smoothed loss is `smoothing / (1 - smoothing)` steps behind, which is taken into account.

        Args:
            skip_begin: number of steps at the beginning that do not count. Defaults to 5.
            skip_end: number of steps at the end that do not count. Defaults to 1.

        Returns:
            The learning rate.

        Raises:
            RuntimeError: if there was no `fit` yet, it was too short, or the loss never fell.
        """
        end = len(self._rates) - skip_end
        rates, losses = self.learning_rates[skip_begin:end], self.smoothed_losses[skip_begin:end]
        if len(rates) < 2:
            raise RuntimeError(
                f"LearningRateFinder.suggestion: expected at least {skip_begin + skip_end + 2} steps, got "
                f"{len(self._rates)}. Pass the finder to fit(callbacks=[finder]), with enough epochs; if it stopped "
                "because the loss diverged, start at a smaller min_learning_rate."
            )
        # Behind its lowest point the loss also falls, after every leap that too large a rate made.
        lowest = int(np.argmin(losses))
        slopes = np.gradient(losses, np.log(rates))[: lowest + 1]
        steepest = int(np.argmin(slopes))
        if lowest == 0 or slopes[steepest] >= 0:
            raise RuntimeError(
                f"LearningRateFinder.suggestion: the loss fell at no rate from {rates[0]:.3g} to {rates[-1]:.3g}. "
                "Try another range, and look at finder.plot()."
            )
        # On a slope, the smoothed loss is as far behind as its weights reach back on average.
        lag = round(self.smoothing / (1.0 - self.smoothing))
        return float(self.learning_rates[max(skip_begin + steepest - lag, 0)])

    def plot(self, skip_begin: int = 5, skip_end: int = 1, ax: Any = None) -> Any:
        """Draws the losses over the rates, and marks the suggestion if there is one.

        Args:
            skip_begin: number of steps at the beginning that are left out. Defaults to 5.
            skip_end: number of steps at the end that are left out. Defaults to 1.
            ax: Matplotlib's Axes to draw into; None makes a figure of its own. Defaults to None.

        Returns:
            The Axes.

        Raises:
            ImportError: If matplotlib is not installed.
            RuntimeError: if there was no `fit` yet.
        """
        from oxhorn.utils.axes import new_axes

        if not self._rates:
            raise RuntimeError(
                "LearningRateFinder.plot: nothing was tried yet. Pass the finder to fit(callbacks=[finder])."
            )
        if ax is None:
            ax = new_axes(
                "LearningRateFinder.plot", "`finder.learning_rates` and `finder.losses` have the numbers."
            )
        end = max(len(self._rates) - skip_end, skip_begin + 1)
        rates = self.learning_rates[skip_begin:end]
        ax.plot(rates, self.losses[skip_begin:end], color="#c4ccd4", lw=1.0, label="loss of a batch")
        ax.plot(rates, self.smoothed_losses[skip_begin:end], color="#1f2933", lw=1.8, label="smoothed")
        try:
            best = self.suggestion(skip_begin, skip_end)
        except RuntimeError:
            best = None
        if best is not None:
            ax.axvline(best, color="#b23b2e", lw=1.2, ls=":", label=f"suggestion {best:.2g}")
        ax.set_xscale("log")
        ax.set_xlabel("learning rate")
        ax.set_ylabel("loss")
        ax.grid(True, color="#e4e7eb", lw=0.8)
        ax.legend(frameon=False)
        return ax
