"""`StepMethods`: what one step of training, evaluation and prediction does; each may be overridden."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from oxhorn import _core
from oxhorn.training.data_adapters.packing import unpack_x_y_sample_weight
from oxhorn.training.exclusive import ExclusiveUse
from oxhorn.training.tensors import batch_size_of, scalar

if TYPE_CHECKING:
    from oxhorn.metrics import Metric
    from oxhorn.training.compile_loss import CompileLoss
    from oxhorn.training.compile_metrics import CompileMetrics
    from oxhorn.training.programs import ProgramCache


class StepMethods:
    """The state of training, and one step of each kind."""

    name: str
    # Defaults live on the class, so that a subclass that fits before it compiles gets our message, not Python's.
    compiled: bool = False
    optimizer: Any = None
    loss: Any = None
    history: Any = None
    stop_training: bool = False
    stop_evaluating: bool = False
    stop_predicting: bool = False
    steps_per_execution: int = 1
    jit_compile: Any = "auto"
    train_function: Callable[[Iterator[Any]], Any] | None = None
    test_function: Callable[[Iterator[Any]], Any] | None = None
    predict_function: Callable[[Iterator[Any]], Any] | None = None
    _run_eagerly: bool = False
    _initial_epoch: int | None = None
    _compile_loss: CompileLoss | None = None
    _compile_metrics: CompileMetrics | None = None
    _loss_tracker: Metric | None = None
    _compile_arguments: dict[str, Any] | None = None
    # Whether arrays come as batches made in Python, as models get them that read text; they have another order.
    _rows_by_source: bool = False
    # What was trainable when the model was compiled, and the state of all layers in which it was last compared.
    _compiled_trainable: dict[Any, bool] | None = None
    _compared_at: int = -1
    _program_cache: ProgramCache | None = None
    _exclusive_use: ExclusiveUse | None = None

    if TYPE_CHECKING:
        # What `Layer` brings.
        built: bool
        losses: list[Any]
        trainable_variables: list[Any]
        _tracker: Any
        _check_super_called: Callable[[], None]
        __call__: Callable[..., Any]
        _flatten_layers: Callable[..., list[Any]]

    @property
    def compiled_loss(self) -> CompileLoss | None:
        """The losses given to `compile`, matched to the outputs."""
        return self._compile_loss

    @property
    def compiled_metrics(self) -> CompileMetrics | None:
        """The metrics given to `compile`, matched to the outputs."""
        return self._compile_metrics

    @property
    def run_eagerly(self) -> bool:
        """Whether Python runs for every batch, instead of a program traced once."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._set(_run_eagerly=bool(value), _program_cache=None)

    @property
    def metrics(self) -> list[Metric]:
        """The mean loss, the compiled metrics, the mean loss of each output, and the layers' own metrics."""
        found: list[Any] = []
        if self.compiled:
            found.extend(each for each in (self._loss_tracker, self._compile_metrics) if each is not None)
            if self._compile_loss is not None:
                found.extend(self._compile_loss.metrics)
        found.extend(self._tracker.metrics)
        for layer in self._flatten_layers(include_self=False):
            # What a model inside this one was compiled with belongs to its own training.
            found.extend(layer._tracker.metrics)
        return list({id(metric): metric for metric in found}.values())

    @property
    def metrics_names(self) -> list[str]:
        """Names of `metrics`."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Set the state of all `metrics` back to where it started."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The results of all `metrics` by name."""
        from oxhorn.training.logs import results_of  # Needs all of training; a model to be built does not.

        return results_of(self.metrics)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The total loss: that of `compile` plus those of layers, regularizers and `add_loss`.

        Override it to train on a loss of your own.

        Args:
            x: Inputs of the batch.
            y: Targets of the batch.
            y_pred: What the model made of `x`.
            sample_weight: Weights of the samples, or `None`.
            training: Whether this is a training step.

        Returns:
            A scalar tensor.

        Raises:
            ValueError: If there is no loss at all.
        """
        del training
        total = None
        if self._compile_loss is not None:
            rows = batch_size_of(y_pred if x is None else x)
            total = self._compile_loss(y, y_pred, sample_weight, batch_size=rows)
        total = self._with_added_losses(total)
        if total is None:
            raise ValueError(
                "There is no loss to compute: compile was called without `loss`, and no layer or `add_loss` added one. "
                "Pass `loss` to compile()."
            )
        return total

    def _with_added_losses(self, total: Any) -> Any:
        """A loss, or `None`, plus those of layers, regularizers and `add_loss`."""
        for extra in self.losses:
            value = scalar(extra)
            total = value if total is None else total + value
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the compiled metrics and return the results of all metrics.

        Override it to update metrics of your own.

        Args:
            x: Inputs of the batch.
            y: Targets of the batch.
            y_pred: What the model made of `x`.
            sample_weight: Weights of the samples, or `None`.

        Returns:
            Results by name.
        """
        del x
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def train_step(self, data: Any) -> dict[str, Any]:
        """One update of the weights from one batch.

        Override it to train in your own way: it then runs as Python for every batch.

        Args:
            data: A batch of tensors: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Values for the logs, by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        if getattr(self.optimizer, "_wants_closure", False):
            from oxhorn.training.closures import eager_closure_step

            y_pred = eager_closure_step(self, x, y, sample_weight)
            return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
        with _core.Tape() as tape:
            y_pred = self._forward(x, training=True)
            loss = self._loss_of_batch(x, y, y_pred, sample_weight, training=True)
            scaled = loss if self.optimizer is None else self.optimizer.scale_loss(loss)
        self._track_loss(loss, x)
        variables = list(self.trainable_variables)
        if variables:
            self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """The loss and metrics of one batch.

        Override it to evaluate in your own way: it then runs as Python for every batch.

        Args:
            data: A batch of tensors: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Values for the logs, by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self._forward(x, training=False)
        if self._has_loss():
            self._track_loss(self._loss_of_batch(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch.

        Override it to predict in your own way: it then runs as Python for every batch.

        Args:
            data: A batch of tensors.

        Returns:
            The outputs of the model.
        """
        x, _, _ = unpack_x_y_sample_weight(data)
        return self._forward(x, training=False)

    def make_train_function(self, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """A function that takes an iterator over batches and runs `train_step` on the next one.

        `fit` calls it only where a subclass overrides it; the traced program needs no such function.

        Args:
            force: Make it anew even if there is one.
        """
        if self.train_function is None or force:
            self._set(train_function=lambda iterator: self.train_step(next(iterator)))
        assert self.train_function is not None
        return self.train_function

    def make_test_function(self, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """A function that takes an iterator over batches and runs `test_step` on the next one.

        Args:
            force: Make it anew even if there is one.
        """
        if self.test_function is None or force:
            self._set(test_function=lambda iterator: self.test_step(next(iterator)))
        assert self.test_function is not None
        return self.test_function

    def make_predict_function(self, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """A function that takes an iterator over batches and runs `predict_step` on the next one.

        Args:
            force: Make it anew even if there is one.
        """
        if self.predict_function is None or force:
            self._set(predict_function=lambda iterator: self.predict_step(next(iterator)))
        assert self.predict_function is not None
        return self.predict_function

    def _set(self, **attributes: Any) -> None:
        """Set attributes as they are: none of them is a layer, weight or metric to be tracked by the model."""
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def _exclusively(self, method: str) -> Any:
        if self._exclusive_use is None:
            ExclusiveUse.give_to(self)
        assert self._exclusive_use is not None
        return self._exclusive_use.by(method)

    def _forward(self, x: Any, training: bool) -> Any:
        y_pred = self(x, training=training)
        if y_pred is None:
            raise ValueError(
                f"The `call` of model {self.name!r}, of type {type(self).__name__}, returned None: expected its "
                "predictions. Does it end in `return`?"
            )
        return y_pred

    def _loss_of_batch(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        # Overrides written for early versions of the API have no `training` argument.
        if type(self).compute_loss is StepMethods.compute_loss:
            return self.compute_loss(x, y, y_pred, sample_weight, training)
        accepted = inspect.signature(self.compute_loss).parameters
        arguments = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight, "training": training}
        if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in accepted.values()):
            arguments = {name: value for name, value in arguments.items() if name in accepted}
        loss = self.compute_loss(**arguments)
        if loss is None or len(getattr(loss, "shape", ())) != 0:
            raise ValueError(
                f"{type(self).__name__}.compute_loss must return one number, a scalar tensor; got "
                + (
                    "None."
                    if loss is None
                    else f"a tensor of shape {tuple(loss.shape)}. Reduce it: `ops.mean(loss)`."
                )
            )
        return loss

    def _has_loss(self) -> bool:
        return (
            self._compile_loss is not None
            or type(self).compute_loss is not StepMethods.compute_loss
            or bool(self.losses)
        )

    def _track_loss(self, loss: Any, x: Any) -> None:
        if self._loss_tracker is not None:
            self._loss_tracker.update_state(loss, sample_weight=batch_size_of(x))
