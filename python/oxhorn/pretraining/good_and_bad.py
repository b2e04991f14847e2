"""Tasks whose labels cost nothing: to tell samples from damaged ones, or to score them higher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from oxhorn import arguments, ops
from oxhorn.layers.core.dense import Dense
from oxhorn.layers.layer import Layer
from oxhorn.losses.loss import reduce_weighted_values
from oxhorn.metrics.reduction import Mean
from oxhorn.models.model import Model
from oxhorn.pretraining.corruption import Corruption

__all__ = ["CorruptionDetector", "MaxMarginPretraining", "pretrain_on_corrupted"]


class _GoodAndBad(Model):
    """A body and a score on top of it, which sees each sample x together with a damaged one x~.

    Called on a batch, it gives `(batch, 2)`: `s(x)` and `s(x~)`.
    """

    def __init__(self, body: Any, corruption: Any = None, **kwargs: Any) -> None:
        who = type(self).__name__
        if not isinstance(body, Layer):
            raise ValueError(
                f"{who}: expected `body` to be a model or layer. Received: body={arguments.describe(body)}. Pass what "
                "is to be reused, without the layers on top."
            )
        super().__init__(**kwargs)
        self.body: Any = body
        self.corruption: Any = Corruption("rows", 0.5) if corruption is None else corruption
        if not isinstance(self.corruption, Layer):
            raise ValueError(
                f"{who}: expected `corruption` to be a layer that damages in training. Received: corruption="
                f"{arguments.describe(corruption)}. Pass one such as keras.pretraining.Corruption('shuffle', 0.5)."
            )
        self.head = Dense(1, name="score", dtype=self.dtype_policy)
        self.ranked = Mean(name="ranked", dtype=self.dtype)

    def build(self, input_shape: Any) -> None:
        """Make the weights.

        Args:
            input_shape: The shape of the samples, batch dimension included.
        """
        if not self.body.built:
            self.body.build(input_shape)
        features = self.body.compute_output_shape(tuple(input_shape))
        if len(features) != 2 or features[1] is None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: expected a body that gives features of shape (batch, features); "
                f"got {features}. End it with Flatten or GlobalAveragePooling2D, or put one around it."
            )
        self.head.build(features)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """`s(x)` and `s(x~)` for each sample."""
        # Both go through the body in one batch, so that batch normalization does not give away which is which.
        both = ops.concatenate([inputs, self.corruption(inputs, training=True)], axis=0)
        scores = self.head(self.body(both, **self._mode(training)))
        return ops.transpose(ops.reshape(scores, (2, -1)))

    def score(self, x: Any) -> Any:
        """`s(x)` for each sample, shape `(batch,)`.

        Args:
            x: Samples, `(batch, ...)`.
        """
        return ops.squeeze(self.head(self.body(x, **self._mode(False))), axis=-1)

    def _mode(self, training: bool | None) -> dict[str, Any]:
        return {"training": training} if self.body._call_has_training_arg else {}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Two scores for each sample."""
        return (input_shape[0], 2)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean over the samples, and the penalties of regularizers.

        Args:
            x: Not used.
            y: Not used.
            y_pred: `s(x)` and `s(x~)`.
            sample_weight: Weights of the samples, or None.
            training: Not used.
        """
        values = self._values(y_pred[:, 0], y_pred[:, 1])
        return self._with_added_losses(reduce_weighted_values(values, sample_weight))

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update `ranked`, the part of the samples that score higher than when damaged; and all results.

        Args:
            x: Not used.
            y: Not used.
            y_pred: `s(x)` and `s(x~)`.
            sample_weight: Weights of the samples, or None.
        """
        higher = ops.cast(y_pred[:, 0] > y_pred[:, 1], str(y_pred.dtype))
        self.ranked.update_state(higher, sample_weight)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def _values(self, good: Any, bad: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        from oxhorn.saving import serialize_keras_object

        parts = {"body": self.body, "corruption": self.corruption}
        return {**super().get_config(), **serialize_keras_object(parts)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The model that `get_config` describes, with fresh weights."""
        from oxhorn.saving import deserialize_keras_object

        parts = {key: config[key] for key in ("body", "corruption") if key in config}
        return cls(**{**config, **deserialize_keras_object(parts, custom_objects=custom_objects)})


class CorruptionDetector(_GoodAndBad):
    """Learn to tell samples from damaged ones: a task for a body that is to be reused, without labels.

    `loss = mean(log(1 + exp(-s(x))) + log(1 + exp(s(x~)))) / 2`, the cross-entropy of "this sample is good", with x~
    the sample damaged anew in each step

    An addition to Keras's list.

    Args:
        body: A model or layer that gives features `(batch, features)`; it is trained itself, no copy.
        corruption: The damage: a `Corruption`, or another layer of noise. Defaults to None: `Corruption("rows", 0.5)`.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: Samples, `(batch, ...)`.
        training: Passed on to the body.

    Returns:
        When called: `(batch, 2)`, the scores of the samples and of the damaged ones.

    Raises:
        ValueError: If an argument is not as described.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.random.default_rng(0).random((64, 6)).astype("float32")
    >>> body = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu")])
    >>> detector = keras.pretraining.CorruptionDetector(body, keras.pretraining.Corruption("shuffle", 1.0))
    >>> detector.compile("adam")
    >>> sorted(detector.fit(x, epochs=1, verbose=0).history)
    ['accuracy', 'loss', 'ranked']

    Source: R. Collobert, J. Weston, A unified architecture for natural language processing, 2008
    (https://doi.org/10.1145/1390156.1390177), for the task; cross-entropy as in word2vec's negative samples.
    """

    def __init__(self, body: Any, corruption: Any = None, **kwargs: Any) -> None:
        super().__init__(body, corruption, **kwargs)
        self.accuracy = Mean(name="accuracy", dtype=self.dtype)

    def _values(self, good: Any, bad: Any) -> Any:
        return 0.5 * (ops.softplus(-good) + ops.softplus(bad))

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the part of all samples, good and damaged, that were told rightly; and all other results.

        Args:
            x: Not used.
            y: Not used.
            y_pred: `s(x)` and `s(x~)`.
            sample_weight: Weights of the samples, or None.
        """
        right = ops.stack([y_pred[:, 0] > 0.0, y_pred[:, 1] <= 0.0], axis=-1)
        self.accuracy.update_state(ops.mean(ops.cast(right, str(y_pred.dtype)), axis=-1), sample_weight)
        return super().compute_metrics(x, y, y_pred, sample_weight)


class MaxMarginPretraining(_GoodAndBad):
    """Learn to score samples higher than damaged ones: a task for a body that is to be reused, without labels.

    `loss = mean(max(0, margin - s(x) + s(x~)))`, with x~ the sample damaged anew in each step

    Scores of pairs that are a margin apart teach no more; where the scale of the scores lies does not matter. An
    addition to Keras's list.

    Args:
        body: As in `CorruptionDetector`, which also says how it is called and what it returns then.
        corruption: As there.
        margin: How much higher; above 0. Defaults to 1.0.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: If an argument is not as described.

    Example:
    >>> import oxhorn as keras
    >>> scorer = keras.pretraining.MaxMarginPretraining(keras.layers.Dense(8, activation="relu"), margin=0.5)
    >>> scorer(keras.ops.ones((4, 6))).shape
    (4, 2)
    >>> classifier = keras.Sequential([scorer.body, keras.layers.Dense(3)])

    Source: R. Collobert, J. Weston, A unified architecture for natural language processing, 2008
    (https://doi.org/10.1145/1390156.1390177).
    """

    def __init__(self, body: Any, corruption: Any = None, margin: float = 1.0, **kwargs: Any) -> None:
        super().__init__(body, corruption, **kwargs)
        self.margin = arguments.number(margin, "margin", type(self).__name__, above=0.0)

    def _values(self, good: Any, bad: Any) -> Any:
        return ops.relu(self.margin - good + bad)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "margin": self.margin}


def pretrain_on_corrupted(
    body: Any,
    x: Any,
    corruption: Any = None,
    margin: float | None = None,
    epochs: int = 10,
    batch_size: int | None = None,
    optimizer: Any = "adam",
    validation_data: Any = None,
    callbacks: Any = None,
    verbose: int | str = "auto",
) -> Any:
    """Train a body to tell samples from damaged ones, or to score them higher by a margin.

    An addition to Keras's list; see `CorruptionDetector` and `MaxMarginPretraining`.

    Args:
        body: A model or layer that gives features `(batch, features)`. It is trained in place.
        x: The samples, in a form that `fit` takes, without targets.
        corruption: The damage: a `Corruption`, or another layer of noise. Defaults to None: `Corruption("rows", 0.5)`.
        margin: None to tell good from damaged, as a classification; a number for max-margin. Defaults to None.
        epochs: Epochs. Defaults to 10.
        batch_size: Samples in one update. Defaults to 32.
        optimizer: Name of an optimizer, or an `Optimizer`. Defaults to "adam".
        validation_data: Samples for validation.
        callbacks: List of `Callback`s.
        verbose: As in `fit`.

    Returns:
        The `History`.

    Raises:
        ValueError: If an argument is not as described.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.random.default_rng(0).random((64, 6)).astype("float32")
    >>> body = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu")])
    >>> history = keras.pretraining.pretrain_on_corrupted(body, x, epochs=2, verbose=0)
    >>> classifier = keras.Sequential([body, keras.layers.Dense(3)])
    """
    if margin is None:
        model: _GoodAndBad = CorruptionDetector(body, corruption)
    else:
        model = MaxMarginPretraining(body, corruption, margin)
    model.compile(optimizer)
    return model.fit(
        x,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=validation_data,
        callbacks=callbacks,
        verbose=verbose,
    )
