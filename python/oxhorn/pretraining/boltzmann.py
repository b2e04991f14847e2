"""Restricted Boltzmann machines."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn import arguments, initializers, ops, random, regularizers
from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.layers.core.dense import Dense
from oxhorn.losses.loss import reduce_weighted_values
from oxhorn.metrics.reduction import Mean
from oxhorn.models.model import Model
from oxhorn.ops.arguments import as_tensor
from oxhorn.pretraining import enumeration

__all__ = ["VISIBLE", "RestrictedBoltzmannMachine"]

VISIBLE = ("bernoulli", "gaussian")


class RestrictedBoltzmannMachine(Model):
    """Units that are seen and units that are not, joined by weights: a distribution of the data, learnt without labels.

    `p(v, h) ~ exp(-E(v, h))`, with `E = -b v - c h - v W h` for Bernoulli units v, h in {0, 1}, and
    `E = ||v - b||^2 / 2 - c h - v W h` for Gaussian v

    `p(h_j = 1 | v) = sigmoid(c_j + v W_j)`; `p(v_i = 1 | h) = sigmoid(b_i + W_i h)`, or `v_i | h ~ N(b_i + W_i h, 1)`

    Free energy: `F(v) = -log sum_h exp(-E(v, h)) = -b v - sum_j log(1 + exp(c_j + v W_j))`, or with
    `||v - b||^2 / 2` in place of `-b v`

    Training lowers `mean F(v) - mean F(v')`, v from the data and v' from the model, with no gradient through v': the
    slope of that is contrastive divergence. v' are the data after k steps of Gibbs sampling, or chains that go on from
    step to step (`persistent_chains`). `compile` takes any optimizer and no loss; `SGD(0.05, momentum=0.5)` is the
    classic choice, with `kernel_regularizer` as weight decay. The logs show `reconstruction_error`, the mean square of
    `v - E[v | E[h | v]]`, and for Bernoulli units `pseudo_log_likelihood`; the loss is a difference and tells little.
    An addition to Keras's list.

    Args:
        units: The number of hidden units.
        visible: "bernoulli" for data from 0 to 1, numbers between them being probabilities; "gaussian" for real
            numbers, each scaled to mean 0 and variance 1. Defaults to "bernoulli".
        steps: k: Gibbs steps for each update. Defaults to 1.
        persistent_chains: The number of chains of persistent contrastive divergence; 0 begins at the data in each
            update. Defaults to 0.
        sample_visible: Whether v' is drawn; else it is the mean given h, which is less noisy. Defaults to True.
        kernel_initializer: Initializer of W. Defaults to None: a normal distribution of deviation 0.01.
        kernel_regularizer: Regularizer of W, or None. Defaults to None.
        seed: An integer, or None for one drawn from the stream that `keras.utils.set_random_seed` sets.
            Defaults to None.
        **kwargs: `name`, `dtype`, `trainable`.

    Input shape:
        `(batch, features)`.

    Output shape:
        `(batch, units)`.

    Returns:
        When called: `p(h = 1 | v)`, the features for a layer above.

    Raises:
        ValueError: If an argument is out of range.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> v = (np.random.default_rng(0).random((64, 6)) < 0.5).astype("float32")
    >>> machine = keras.pretraining.RestrictedBoltzmannMachine(4, seed=1)
    >>> machine.compile(keras.optimizers.SGD(0.05, momentum=0.5))
    >>> history = machine.fit(v, epochs=2, verbose=0)
    >>> sorted(history.history)
    ['loss', 'pseudo_log_likelihood', 'reconstruction_error']
    >>> machine.predict(v, verbose=0).shape, machine.to_dense().units
    ((64, 4), 4)

    Source: G. Hinton, Training products of experts by minimizing contrastive divergence, 2002
    (https://doi.org/10.1162/089976602760128018); A practical guide to training restricted Boltzmann machines, 2010
    (https://www.cs.toronto.edu/~hinton/absps/guideTR.pdf); T. Tieleman, 2008, for persistent chains
    (https://doi.org/10.1145/1390156.1390290).
    """

    def __init__(
        self,
        units: int,
        visible: str = "bernoulli",
        steps: int = 1,
        persistent_chains: int = 0,
        sample_visible: bool = True,
        kernel_initializer: Any = None,
        kernel_regularizer: Any = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        who = "RestrictedBoltzmannMachine"
        self.units = arguments.positive_integer(units, "units", who)
        self.visible = arguments.choice(visible, VISIBLE, "visible", who)
        self.steps = arguments.positive_integer(steps, "steps", who)
        self.persistent_chains = arguments.integer(persistent_chains, "persistent_chains", who, low=0)
        self.sample_visible = arguments.boolean(sample_visible, "sample_visible", who)
        if kernel_initializer is None:
            kernel_initializer = initializers.RandomNormal(stddev=0.01)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.seed = arguments.seed(seed, who)
        self.seed_generator = seed if isinstance(seed, SeedGenerator) else SeedGenerator(self.seed)
        self.reconstruction_error = Mean(name="reconstruction_error", dtype=self.dtype)
        if self.visible == "bernoulli":
            self.pseudo_likelihood = Mean(name="pseudo_log_likelihood", dtype=self.dtype)
        self.chains: Any = None

    def build(self, input_shape: Any) -> None:
        """Make W, the biases b and c, and the chains.

        Args:
            input_shape: `(batch, features)`.
        """
        if len(input_shape) != 2 or input_shape[1] is None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: expected inputs of shape (batch, features); got "
                f"{tuple(input_shape)}. Flatten images first: x.reshape(len(x), -1)."
            )
        features = int(input_shape[1])
        self.kernel = self.add_weight(
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.visible_bias = self.add_weight(shape=(features,), initializer="zeros", name="visible_bias")
        self.hidden_bias = self.add_weight(shape=(self.units,), initializer="zeros", name="hidden_bias")
        if self.persistent_chains:
            start = initializers.RandomUniform(0.0, 1.0, seed=self.seed_generator._initial_seed)
            self.chains = self.add_weight(
                shape=(self.persistent_chains, features), initializer=start, trainable=False, name="chains"
            )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """`p(h = 1 | v)`."""
        return self.hidden_means(inputs)

    # The distribution ----------------------------------------------------------------------------------

    def energy(self, v: Any, h: Any) -> Any:
        """`E(v, h)` for each row.

        Args:
            v: Visible units, `(..., features)`.
            h: Hidden units, `(..., units)`.
        """
        v, h = self._own(v), self._own(h)
        joint = ops.sum(ops.matmul(v, self.kernel) * h, axis=-1)
        return self._visible_energy(v) - ops.sum(h * self.hidden_bias, axis=-1) - joint

    def free_energy(self, v: Any) -> Any:
        """`F(v) = -log sum_h exp(-E(v, h))` for each row.

        Args:
            v: Visible units, `(..., features)`.
        """
        v = self._own(v)
        return self._visible_energy(v) - ops.sum(ops.softplus(self._hidden_inputs(v)), axis=-1)

    def hidden_means(self, v: Any) -> Any:
        """`p(h = 1 | v)`.

        Args:
            v: Visible units, `(..., features)`.
        """
        return ops.sigmoid(self._hidden_inputs(self._own(v)))

    def visible_means(self, h: Any) -> Any:
        """`E[v | h]`.

        Args:
            h: Hidden units, `(..., units)`.
        """
        inputs = ops.matmul(self._own(h), ops.transpose(self.kernel)) + self.visible_bias
        return inputs if self.visible == "gaussian" else ops.sigmoid(inputs)

    def sample_hidden_units(self, v: Any) -> Any:
        """Draw h given v.

        Args:
            v: Visible units, `(..., features)`.
        """
        return self._drawn(self.hidden_means(v))

    def sample_visible_units(self, h: Any) -> Any:
        """Draw v given h.

        Args:
            h: Hidden units, `(..., units)`.
        """
        means = self.visible_means(h)
        if self.visible == "gaussian":
            return means + random.normal(ops.shape(means), dtype=str(means.dtype), seed=self.seed_generator)
        return self._drawn(means)

    def gibbs(self, v: Any, steps: int = 1) -> Any:
        """Visible units after some steps `v -> h -> v` of Gibbs sampling.

        Args:
            v: Visible units to begin with, `(rows, features)`.
            steps: The number of steps. Defaults to 1.
        """
        steps = arguments.positive_integer(steps, "steps", f"{type(self).__name__}.gibbs")

        def step(_: Any, v: Any) -> Any:
            h = self.sample_hidden_units(v)
            return self.sample_visible_units(h) if self.sample_visible else self.visible_means(h)

        v = self._own(v)
        return step(0, v) if steps == 1 else ops.fori_loop(0, steps, step, v)

    def sample(self, rows: int, steps: int = 1000) -> Any:
        """Draw from the model: chains that begin at random.

        Args:
            rows: The number of samples.
            steps: Gibbs steps before a chain has forgotten where it began. Defaults to 1000.

        Returns:
            A tensor `(rows, features)`.
        """
        self._need_build()
        rows = arguments.positive_integer(rows, "rows", f"{type(self).__name__}.sample")
        start = random.uniform(
            (rows, self.kernel.shape[0]), dtype=self.compute_dtype, seed=self.seed_generator
        )
        return self.gibbs(start, steps)

    def reconstruct(self, v: Any) -> Any:
        """`E[v | h]` at `h = p(h = 1 | v)`: what the hidden units tell of the visible ones.

        Args:
            v: Visible units, `(rows, features)`.
        """
        return self.visible_means(self.hidden_means(v))

    def pseudo_log_likelihood(self, v: Any) -> Any:
        """`sum_i log p(v_i | the other units)` for each row; Bernoulli units alone.

        `p(v_i | others) = sigmoid(F(v with v_i flipped) - F(v))`; needs memory for rows x features x units.

        Args:
            v: Visible units, `(rows, features)`; numbers between 0 and 1 are rounded.

        Raises:
            ValueError: If visible units are Gaussian.
        """
        self._need_bernoulli("pseudo_log_likelihood")
        v = ops.round(self._own(v))
        flips = 1.0 - 2.0 * v
        # With v_i flipped, c + v W changes by (1 - 2 v_i) W_i.
        before = self._hidden_inputs(v)
        changes = ops.expand_dims(flips, -1) * self.kernel
        after = ops.sum(ops.softplus(ops.expand_dims(before, 1) + changes), axis=-1)
        gain = -flips * self.visible_bias - after + ops.sum(ops.softplus(before), axis=-1, keepdims=True)
        return ops.sum(ops.log_sigmoid(gain), axis=-1)

    def log_partition(self) -> Any:
        """`log Z`, `Z = sum_v exp(-F(v))` (an integral for Gaussian units): exact, by going through all hidden states.

        Raises:
            ValueError: If there are more than 20 hidden units, or the model is not built.
        """
        self._need_build()
        return enumeration.log_partition(self)

    def log_likelihood(self, v: Any) -> Any:
        """`log p(v) = -F(v) - log Z` for each row; exact, for machines of at most 20 hidden units.

        Args:
            v: Visible units, `(rows, features)`.

        Raises:
            ValueError: If there are more than 20 hidden units.
        """
        return -self.free_energy(v) - self.log_partition()

    # Training ------------------------------------------------------------------------------------------

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """`Model.fit`, which describes the arguments; there are no targets.

        Args:
            x: The data, v.
            *args: As in `Model.fit`.
            **kwargs: As in `Model.fit`.

        Raises:
            ValueError: If visible units are Bernoulli and an array has values outside of 0 to 1.
        """
        if self.visible == "bernoulli" and isinstance(x, np.ndarray) and x.dtype.kind in "iuf" and x.size:
            low, high = float(x.min()), float(x.max())
            if low < 0 or high > 1:
                raise ValueError(
                    f"{type(self).__name__} {self.name!r}: expected data from 0 to 1, for Bernoulli units; got values "
                    "from "
                    f'{low:g} to {high:g}. Scale them, or pass visible="gaussian".'
                )
        return super().fit(x, *args, **kwargs)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """`mean F(v) - mean F(v')`, and the penalties of regularizers.

        Args:
            x: The batch, v.
            y: Not used.
            y_pred: Not used.
            sample_weight: Weights of the samples, or None.
            training: Whether chains go on.
        """
        x = self._own(x)
        start = x if self.chains is None else self.chains.value
        fantasy = ops.stop_gradient(self.gibbs(start, self.steps))
        if self.chains is not None and training:
            self.chains.assign(fantasy)
        values = self.free_energy(x)
        if self.chains is None:
            # What a sample becomes counts as much as the sample.
            loss = reduce_weighted_values(values - self.free_energy(fantasy), sample_weight)
        else:
            loss = reduce_weighted_values(values, sample_weight) - ops.mean(self.free_energy(fantasy))
        return self._with_added_losses(loss)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the reconstruction error and the pseudo-likelihood, and return the results of all metrics.

        The pseudo-likelihood is estimated by one unit of each sample, drawn at random.

        Args:
            x: The batch, v.
            y: Not used.
            y_pred: Not used.
            sample_weight: Weights of the samples, or None.
        """
        x = self._own(x)
        errors = ops.mean(ops.square(x - self.reconstruct(x)), axis=-1)
        self.reconstruction_error.update_state(errors, sample_weight)
        if self.visible == "bernoulli":
            features = self.kernel.shape[0]
            v = ops.round(x)
            one = ops.argmax(
                random.uniform(ops.shape(v), dtype=str(v.dtype), seed=self.seed_generator), axis=-1
            )
            chosen = ops.one_hot(one, features, dtype=str(v.dtype))
            flipped = v + chosen * (1.0 - 2.0 * v)
            gain = self.free_energy(flipped) - self.free_energy(v)
            self.pseudo_likelihood.update_state(features * ops.log_sigmoid(gain), sample_weight)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    # Elsewhere -----------------------------------------------------------------------------------------

    def to_dense(self, name: str | None = None) -> Dense:
        """A `Dense` layer that computes `p(h = 1 | v)`, with weights of its own.

        Args:
            name: A name; automatic if not given.

        Raises:
            ValueError: If the model is not built.
        """
        self._need_build()
        layer = Dense(self.units, activation="sigmoid", name=name, dtype=self.dtype_policy)
        layer.build((None, self.kernel.shape[0]))
        layer.set_weights([self.kernel.numpy(), self.hidden_bias.numpy()])
        return layer

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "visible": self.visible,
            "steps": self.steps,
            "persistent_chains": self.persistent_chains,
            "sample_visible": self.sample_visible,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }

    def _own(self, x: Any) -> Any:
        self._need_build()
        return ops.cast(as_tensor(x), self.compute_dtype)

    def _hidden_inputs(self, v: Any) -> Any:
        return ops.matmul(v, self.kernel) + self.hidden_bias

    def _visible_energy(self, v: Any) -> Any:
        """The terms of the energy that the hidden units have no part in."""
        if self.visible == "gaussian":
            return 0.5 * ops.sum(ops.square(v - self.visible_bias), axis=-1)
        return -ops.sum(v * self.visible_bias, axis=-1)

    def _drawn(self, means: Any) -> Any:
        """0 or 1, each 1 with the probability given."""
        u = random.uniform(ops.shape(means), dtype=str(means.dtype), seed=self.seed_generator)
        return ops.cast(u < means, str(means.dtype))

    def _need_build(self) -> None:
        if not self.built:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} is not built, so it has no weights yet. Fit it, or "
                "`build((None, features))` it, first."
            )

    def _need_bernoulli(self, method: str) -> None:
        if self.visible != "bernoulli":
            raise ValueError(
                f"{type(self).__name__}.{method}: expected visible units that are 0 or 1, which can be flipped; those "
                f"of {self.name!r} are {self.visible!r}. Watch `reconstruction_error` instead."
            )
