"""`Trainer`: the half of `Model` that compiles, fits, evaluates and predicts.

The methods import what does the work: a model that is only built, or only predicts, does not wait for the rest.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from oxhorn import optimizers
from oxhorn.training.step_methods import StepMethods
from oxhorn.training.tensors import float_dtype_of

if TYPE_CHECKING:
    from oxhorn.reuse.features import FeatureCache


class Trainer(StepMethods):
    """Training, evaluation and prediction; a mixin for `Model`, which brings the layers and the variables."""

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Configure the model for training.

        Args:
            optimizer: Name of an optimizer, or an `Optimizer`. Defaults to `"rmsprop"`.
            loss: Name of a loss, a function `fn(y_true, y_pred)`, or a `Loss`; for several outputs a list or a dict
                of them by output name, with `None` for an output without a loss. One loss serves all outputs.
            loss_weights: Coefficients of the losses: a number, or a list or dict of numbers. The training loss is
                the sum of coefficient times loss. Defaults to 1 for each.
            metrics: List of metrics (names, functions or `Metric` objects); for several outputs a list with one
                entry for each, or a dict by output name. `"accuracy"` and `"crossentropy"` mean the binary, sparse
                categorical or categorical kind, decided by the shapes of targets and predictions.
            weighted_metrics: Like `metrics`, but weighted by `sample_weight` or `class_weight`.
            run_eagerly: Run Python for every batch instead of tracing the model once; for debugging.
            steps_per_execution: Number of batches between two calls of the callbacks' batch hooks.
            jit_compile: Accepted for compatibility: the model is always traced, unless `run_eagerly` is set.
            auto_scale_loss: Accepted for compatibility: it concerns 16-bit floats.

        Raises:
            ValueError: If a name is unknown, or losses, weights or metrics do not fit the outputs.

        Example:
        >>> import oxhorn as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
        >>> model.compiled
        True
        """
        self._check_super_called()
        if (
            isinstance(steps_per_execution, bool)
            or not isinstance(steps_per_execution, int)
            or steps_per_execution < 1
        ):
            raise ValueError(
                f"compile expected `steps_per_execution` to be a positive integer; got {steps_per_execution!r}."
            )
        if jit_compile not in (True, False, "auto"):
            raise ValueError(
                f"compile expected `jit_compile` to be True, False or 'auto'; got {jit_compile!r}."
            )
        if run_eagerly and jit_compile is True:
            warnings.warn(
                "compile(run_eagerly=True) runs Python for every batch, so jit_compile=True has no effect.",
                stacklevel=2,
            )
        output_names = getattr(self, "output_names", None)
        float_dtype = float_dtype_of(self)
        compile_loss = None
        if loss is not None:
            from oxhorn.training.compile_loss import CompileLoss

            compile_loss = CompileLoss(loss, loss_weights, output_names, float_dtype)
        compile_metrics = None
        if metrics is not None or weighted_metrics is not None:
            from oxhorn.training.compile_metrics import CompileMetrics

            compile_metrics = CompileMetrics(metrics, weighted_metrics, output_names)
        found = optimizers.get(optimizer)
        arguments = {
            "optimizer": found,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": bool(jit_compile) and not run_eagerly,
        }
        from oxhorn.metrics.reduction import Mean

        with self._exclusively("compile"):
            self._set(
                optimizer=found,
                loss=loss,
                jit_compile=arguments["jit_compile"],
                steps_per_execution=steps_per_execution,
                stop_training=False,
                _run_eagerly=bool(run_eagerly),
                _compile_loss=compile_loss,
                _compile_metrics=compile_metrics,
                _loss_tracker=Mean(name="loss", dtype=float_dtype),
                _compile_arguments=arguments,
                _compiled_trainable={layer: layer.trainable for layer in self._flatten_layers()},
                _program_cache=None,
                train_function=None,
                test_function=None,
                predict_function=None,
                compiled=True,
            )

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | list[int] = 1,
        resume: Any = None,
    ) -> Any:
        """Train the model for a number of epochs.

        The loss in the logs is the mean over the samples of the epoch while the weights were changing, each batch
        counted by its size, plus the regularization losses; `evaluate` on the same data afterwards gives another
        number, because it uses the final weights and no dropout.

        Args:
            x: Inputs: an array, nested lists of numbers, a DataFrame; a list or a dict of these by input name for
                several inputs; a `data.Dataset` of batches, a `PyDataset`, or another iterable or generator, of
                `(x, y)` or `(x, y, sample_weight)`.
            y: Targets, in the same forms; not given where `x` yields batches.
            batch_size: Samples in one update. Defaults to 32; with the optimizer `LBFGS`, to all of them.
            epochs: Number of the epoch to stop before, counted from 0: with `initial_epoch=2, epochs=5`, three
                epochs are run.
            verbose: 0 silent, 1 a progress bar, 2 a line for each epoch; `"auto"` means 1.
            callbacks: List of `Callback`s.
            validation_split: Part of the data, between 0 and 1, to set apart for validation: the last samples,
                before shuffling.
            validation_data: `(x, y)` or `(x, y, sample_weight)`, or data that yields batches. Overrides
                `validation_split`.
            shuffle: Whether to draw the samples in a new order each epoch.
            class_weight: Weight for each class index, for training alone.
            sample_weight: Weight for each sample: shape (samples,), or (samples, steps) for sequences.
            initial_epoch: Epoch to start at.
            steps_per_epoch: Updates in one epoch; the next epoch goes on where the last one stopped. Needed for
                data without an end.
            validation_steps: Batches of validation data to use. Defaults to all.
            validation_batch_size: Samples in a batch of validation. Defaults to `batch_size`.
            validation_freq: Validate every so many epochs, or after the epochs listed (counted from 1).
            resume: Path of a snapshot file, written at the start and after each epoch. If it is there, training goes
                on from it: a run that was killed and started again with the same arguments has the weights and the
                history of one that was not, to the bit. The file stays: started once more, `fit` returns the full
                history at once, or trains on if `epochs` is larger. `callbacks.BackupAndRestore` says what is kept,
                and what is asked of data and callbacks. Defaults to None.

        Returns:
            The `History`: `history.history` holds a list of values, one for each epoch, for each name in the logs.

        Raises:
            RuntimeError: If another thread is training or evaluating this model.
            ValueError: If the model is not compiled, an argument or the data is not as described, or the snapshot is
                damaged or of another run: then nothing is changed.

        Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> x = np.linspace(-1.0, 1.0, 64).reshape(-1, 1)
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        >>> history = model.fit(x, 2.0 * x, epochs=3, verbose=0)
        >>> len(history.history["loss"])
        3

        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "run.snapshot"
        >>> _ = model.fit(x, 2.0 * x, epochs=3, verbose=0, resume=path)
        >>> history = model.fit(x, 2.0 * x, epochs=5, verbose=0, resume=path)
        >>> history.epoch
        [0, 1, 2, 3, 4]
        """
        from oxhorn.training import fitting

        return fitting.fit(
            self,
            x=x,
            y=y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
            resume=resume,
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on data, without training.

        Args:
            x: Inputs, as in `fit`.
            y: Targets, as in `fit`.
            batch_size: Samples in a batch. Defaults to 32.
            verbose: 0 silent, 1 a progress bar, 2 one line; `"auto"` means 1.
            sample_weight: Weight for each sample.
            steps: Batches to use. Defaults to all.
            callbacks: List of `Callback`s.
            return_dict: Return the results by name, instead of a list in the order of `metrics_names`.

        Returns:
            The loss, a list of the loss and the metrics, or a dict of them.

        Raises:
            RuntimeError: If another thread is training or evaluating this model.
            ValueError: If the model is not compiled, or the data is not as described.
        """
        from oxhorn.training import fitting
        from oxhorn.training.logs import flatten_in_order

        logs = fitting.evaluate(self, x, y, batch_size, verbose, sample_weight, steps, callbacks)
        return logs if return_dict else flatten_in_order(self, logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs of the model for data, computed batch by batch; safe to call from several threads.

        Args:
            x: Inputs, as in `fit`; batches may be `x` alone or `(x, ...)`, of which the first part is used.
            batch_size: Samples in a batch. Defaults to 32.
            verbose: 0 silent, 1 a progress bar, 2 one line; `"auto"` means 1.
            steps: Batches to use. Defaults to all.
            callbacks: List of `Callback`s.

        Returns:
            NumPy arrays in the structure of the model's outputs; they own their memory.

        Raises:
            ValueError: If the data is not as described.
        """
        from oxhorn.training import predicting

        return predicting.predict(self, x, batch_size, verbose, steps, callbacks)

    def cache_features(
        self, x: Any, until: Any, batch_size: int | None = None, path: Any = None
    ) -> FeatureCache:
        """What frozen layers give for data, computed once, to train the layers above on it.

        In place of `model.fit(x, y, ...)` with frozen lower layers, `model.cache_features(x, until=layer).fit(y, ...)`
        gives the same numbers from the same seed, and saves the frozen part of every epoch. (A cut right between a
        layer and the batch normalization after it may change the last digit, and warns: both are computed in one pass.)

        Args:
            x: Inputs of the model: an array, or a list or dict of them.
            until: The last layer of the frozen part: a layer, its name or its number in `model.layers`; a symbolic
                tensor inside the model; or a list of these, for several branches. It and all that leads to it must be
                frozen, and give the same in training as in `predict`: no active dropout.
            batch_size: Samples to compute at once; the numbers do not depend on it. Defaults to 256.
            path: A folder for the features, which are then mapped into memory and may be larger than it. If it holds
                the features of the same weights and data, they are used as they are; others are replaced.

        Returns:
            A `oxhorn.reuse.FeatureCache`: `features`, `model` (the upper part, which shares layers and optimizer) and
            `fit`.

        Raises:
            ValueError: If the model has no graph, a layer of the frozen part is trained, random or stateful, hands on
                a mask or adds to the loss (the message says which); or the folder holds something else.

        Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> model = keras.Sequential(
        ...     [keras.Input((8,)), keras.layers.Dense(4, name="low"), keras.layers.Dense(1)]
        ... )
        >>> _ = keras.reuse.freeze(model, until="low")
        >>> model.compile("sgd", loss="mse")
        >>> cache = model.cache_features(np.ones((100, 8)), until="low")
        >>> cache.features.shape
        (100, 4)
        >>> history = cache.fit(np.ones((100, 1)), epochs=2, verbose=0)

        An addition to Keras's interface.
        """
        from oxhorn.reuse.features import FeatureCache

        model: Any = self
        return FeatureCache(model, x, until, batch_size, path)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One update of the weights from one batch.

        Args:
            x: Inputs of the batch.
            y: Targets of the batch.
            sample_weight: Weight for each sample.
            class_weight: Weight for each class index.
            return_dict: Return the results by name.

        Returns:
            The loss, a list of the loss and the metrics, or a dict of them, for this batch and the weights before
            the update.
        """
        from oxhorn.training import on_batch
        from oxhorn.training.logs import flatten_in_order

        logs = on_batch.train_on_batch(self, x, y, sample_weight, class_weight)
        return logs if return_dict else flatten_in_order(self, logs)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss and metrics of one batch, without training.

        Args:
            x: Inputs of the batch.
            y: Targets of the batch.
            sample_weight: Weight for each sample.
            return_dict: Return the results by name.

        Returns:
            The loss, a list of the loss and the metrics, or a dict of them.
        """
        from oxhorn.training import on_batch
        from oxhorn.training.logs import flatten_in_order

        logs = on_batch.test_on_batch(self, x, y, sample_weight)
        return logs if return_dict else flatten_in_order(self, logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs of the model for one batch.

        Args:
            x: Inputs of the batch.

        Returns:
            NumPy arrays in the structure of the model's outputs.
        """
        from oxhorn.training import predicting

        return predicting.predict_on_batch(self, x)

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, as plain data for a file; `{}` for a model that is not compiled."""
        if not self.compiled or self._compile_arguments is None:
            return {}
        from oxhorn import saving

        serialized: dict[str, Any] = saving.serialize_keras_object(dict(self._compile_arguments))
        return serialized

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile the model with what `get_compile_config` returned.

        Args:
            config: The config.
        """
        if type(self).compile is not Trainer.compile:
            warnings.warn(
                "`compile()` was not called as part of model loading because the model's `compile()` method is custom. "
                f"Call it, or override get_compile_config() and compile_from_config() of {type(self).__name__} "
                "too.",
                stacklevel=2,
            )
            return
        from oxhorn import saving

        self.compile(**saving.deserialize_keras_object(config))
        if self.built and self.optimizer is not None:
            self.optimizer.build(list(self.trainable_variables))
