"""Boltzmann machines on top of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from oxhorn import arguments
from oxhorn.layers.core.dense import Dense
from oxhorn.models.model import Model
from oxhorn.pretraining.boltzmann import RestrictedBoltzmannMachine
from oxhorn.pretraining.greedy import array_of, fresh_optimizer

__all__ = ["DeepBeliefNetwork", "stack_rbms"]

_WHO = "DeepBeliefNetwork"


class DeepBeliefNetwork(Model):
    """Restricted Boltzmann machines, each trained on what the one below makes of the data.

    `h_0 = v; h_i = p(h = 1 | h_{i-1})` of machine i; the result is `h_n`

    `pretrain` trains one machine after the other. Then `to_dense_layers` gives the lower layers of a model for a task,
    which start from here. An addition to Keras's list.

    Args:
        machines: Numbers of hidden units, from the bottom up, or `RestrictedBoltzmannMachine`s.
        visible: The lowest visible units, for machines given as numbers: "bernoulli" or "gaussian". Defaults to
            "bernoulli".
        steps: Gibbs steps of machines given as numbers. Defaults to 1.
        **kwargs: `name`, `dtype`, `trainable`.

    Input shape:
        `(batch, features)`.

    Output shape:
        `(batch, units of the last machine)`.

    Returns:
        When called: `h_n`.

    Raises:
        ValueError: If there is no machine, or one above the lowest has Gaussian units.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> v = (np.random.default_rng(0).random((64, 6)) < 0.5).astype("float32")
    >>> network = keras.pretraining.DeepBeliefNetwork([5, 4])
    >>> histories = network.pretrain(v, epochs=2, verbose=0)
    >>> model = keras.Sequential([keras.Input((6,)), *network.to_dense_layers(), keras.layers.Dense(3)])
    >>> model(v).shape
    (64, 3)

    Source: G. Hinton, S. Osindero, Y.-W. Teh, A fast learning algorithm for deep belief nets, 2006; G. Hinton,
    R. Salakhutdinov, Reducing the dimensionality of data with neural networks, 2006
    (https://doi.org/10.1126/science.1127647).
    """

    def __init__(
        self, machines: Sequence[Any], visible: str = "bernoulli", steps: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(machines, (list, tuple)) or not machines:
            raise ValueError(
                f"{_WHO}: expected `machines` to be a list with one entry for each level. Received: machines="
                f"{arguments.describe(machines)}. Pass one such as [128, 32]."
            )
        made: list[Any] = []
        for given in machines:
            machine = given
            if not isinstance(given, RestrictedBoltzmannMachine):
                units = arguments.positive_integer(given, "machines", _WHO)
                kind = "bernoulli" if made else visible
                machine = RestrictedBoltzmannMachine(units, kind, steps, dtype=self.dtype_policy)
            if made and machine.visible != "bernoulli":
                raise ValueError(
                    f"{_WHO}: expected machines above the lowest to have Bernoulli units, as what comes from below are "
                    f"probabilities; those of {machine.name!r} are {machine.visible!r}."
                )
            made.append(machine)
        self.machines: list[Any] = made

    def build(self, input_shape: Any) -> None:
        """Make the weights of all machines.

        Args:
            input_shape: `(batch, features)`.
        """
        shape = tuple(input_shape)
        for machine in self.machines:
            if not machine.built:
                machine.build(shape)
            shape = (*shape[:-1], machine.units)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """`h_n`."""
        for machine in self.machines:
            inputs = machine(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The units of the last machine at the end."""
        return (*input_shape[:-1], self.machines[-1].units)

    def pretrain(
        self,
        x: Any,
        epochs: int | Sequence[int] = 10,
        batch_size: int | None = None,
        optimizer: Any = None,
        callbacks: Any = None,
        verbose: int | str = "auto",
    ) -> list[Any]:
        """Train one machine after the other, each on what the trained one below makes of the samples.

        Args:
            x: The samples, an array `(samples, features)`.
            epochs: Epochs of each machine: one number, or one for each. Defaults to 10.
            batch_size: Samples in one update. Defaults to 32.
            optimizer: Name of an optimizer, or an `Optimizer`, of which each machine gets a fresh copy. Defaults to
                None: `SGD(0.05, momentum=0.5)`, and a tenth of that rate for Gaussian units.
            callbacks: List of `Callback`s, for each machine anew.
            verbose: As in `fit`.

        Returns:
            The `History` of each machine.

        Raises:
            ValueError: If the samples are no array, or an argument is out of range.
        """
        from oxhorn.optimizers import SGD

        who = f"{_WHO}.pretrain"
        codes = array_of(x, who)
        times = arguments.integers(epochs, len(self.machines), "epochs", who)
        if not self.built:
            self.build((None, *codes.shape[1:]))
        histories = []
        for number, (machine, count) in enumerate(zip(self.machines, times, strict=True)):
            rate = 0.005 if machine.visible == "gaussian" else 0.05
            machine.compile(SGD(rate, momentum=0.5) if optimizer is None else fresh_optimizer(optimizer))
            histories.append(
                machine.fit(codes, batch_size=batch_size, epochs=count, callbacks=callbacks, verbose=verbose)
            )
            if number + 1 < len(times):
                codes = machine.predict(codes, batch_size=batch_size, verbose=0)
        return histories

    def reconstruct(self, v: Any) -> Any:
        """The means of the units, all the way up and down again.

        Args:
            v: Visible units, `(rows, features)`.
        """
        h = self(v)
        for machine in reversed(self.machines):
            h = machine.visible_means(h)
        return h

    def sample(self, rows: int, steps: int = 1000) -> Any:
        """Draw from the model: from the topmost machine, then down, one drawing a level.

        Args:
            rows: The number of samples.
            steps: Gibbs steps in the topmost machine. Defaults to 1000.

        Returns:
            A tensor `(rows, features)`.
        """
        v = self.machines[-1].sample(rows, steps)
        for machine in reversed(self.machines[:-1]):
            v = machine.sample_visible_units(v)
        return v

    def to_dense_layers(self) -> list[Dense]:
        """`Dense` layers that compute what the machines do, with weights of their own: the start of a model for a task.

        Raises:
            ValueError: If the model is not built.
        """
        return [machine.to_dense() for machine in self.machines]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; the levels as machines."""
        from oxhorn.saving import serialize_keras_object

        return {**super().get_config(), "machines": serialize_keras_object(list(self.machines))}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The model that `get_config` describes, with fresh weights."""
        from oxhorn.saving import deserialize_keras_object

        machines = deserialize_keras_object(config.get("machines"), custom_objects=custom_objects)
        return cls(**{**config, "machines": machines})


def stack_rbms(
    x: Any,
    units: Sequence[Any],
    visible: str = "bernoulli",
    steps: int = 1,
    epochs: int | Sequence[int] = 10,
    batch_size: int | None = None,
    optimizer: Any = None,
    verbose: int | str = "auto",
) -> DeepBeliefNetwork:
    """Make a `DeepBeliefNetwork` and train it, level by level. An addition to Keras's list.

    Args:
        x: The samples, an array `(samples, features)`.
        units: Numbers of hidden units, from the bottom up.
        visible: The lowest visible units: "bernoulli" or "gaussian". Defaults to "bernoulli".
        steps: Gibbs steps for each update. Defaults to 1.
        epochs: Epochs of each level: one number, or one for each. Defaults to 10.
        batch_size: Samples in one update. Defaults to 32.
        optimizer: As in `DeepBeliefNetwork.pretrain`.
        verbose: As in `fit`.

    Returns:
        The trained network.

    Raises:
        ValueError: If an argument is out of range, or the samples are no array.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> v = (np.random.default_rng(0).random((64, 6)) < 0.5).astype("float32")
    >>> network = keras.pretraining.stack_rbms(v, [5, 4], epochs=1, verbose=0)
    >>> [layer.units for layer in network.to_dense_layers()]
    [5, 4]
    """
    network = DeepBeliefNetwork(units, visible, steps)
    network.pretrain(x, epochs, batch_size, optimizer, verbose=verbose)
    return network
