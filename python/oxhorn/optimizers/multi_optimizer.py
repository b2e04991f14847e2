"""An optimizer made of optimizers, each for some of the variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oxhorn.arguments import describe
from oxhorn.optimizers.optimizer import Optimizer


class MultiOptimizer(Optimizer):
    """Hands each variable to an optimizer of its own.

    Each of the optimizers does its own clipping, weight decay and averaging, with its own learning rate, on its
    variables; `global_clipnorm` is then the norm over these alone. To change only the learning rate of some
    variables, `Optimizer.set_learning_rate_multipliers` is lighter.

    Args:
        optimizer_map: An `OptimizerMap`, or a function of a variable that returns an optimizer (the same object for
            variables that belong together), or one optimizer for all variables.
        loss_scale_factor: The loss is multiplied by it, and all gradients are divided by it; takes the place of the
            optimizers' own. Defaults to None.
        name: Name of the optimizer. Defaults to `"multi_optimizer"`.

    Raises:
        ValueError: If `optimizer_map` cannot be called; in `build`, if it returns no optimizer, or one that wraps
            others.

    Example:
    >>> import oxhorn as keras
    >>> below = keras.Variable([1.0], name="below")
    >>> top = keras.Variable([1.0], name="top")
    >>> which = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.5), {"below": keras.optimizers.SGD(0.25)})
    >>> optimizer = keras.optimizers.MultiOptimizer(which)
    >>> optimizer.apply([[1.0], [1.0]], [below, top])
    >>> float(below[0]), float(top[0])
    (0.75, 0.5)

    Source: Keras 3.15.
    """

    def __init__(
        self, optimizer_map: Any, loss_scale_factor: float | None = None, name: str | None = None
    ) -> None:
        if not callable(optimizer_map) and not isinstance(optimizer_map, Optimizer):
            raise ValueError(
                "MultiOptimizer: expected optimizer_map to be an OptimizerMap, or a function of a variable that "
                f"returns an optimizer; got {describe(optimizer_map)}."
            )
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._inner_optimizers: list[Any] = []
        self._var_to_optimizer_idx: dict[int, int] = {}
        if isinstance(optimizer_map, Mapping):
            for optimizer in optimizer_map.values():
                self._index_of(optimizer)
        one_for_all = optimizer_map if isinstance(optimizer_map, Optimizer) else None
        default = getattr(optimizer_map, "default_optimizer", one_for_all)
        if default is not None:
            self._index_of(default)

    def _index_of(self, optimizer: Any) -> int:
        """The number of an optimizer, which is added if it is new."""
        for i, known in enumerate(self._inner_optimizers):
            if known is optimizer:
                return i
        optimizer.loss_scale_factor = self.loss_scale_factor
        self._inner_optimizers.append(optimizer)
        return len(self._inner_optimizers) - 1

    def build(self, variables: Sequence[Any]) -> None:
        """Finds the optimizer of each variable, and makes the optimizers' variables.

        Args:
            variables: The variables that gradients will come for.
        """
        if self.built:
            return
        for index, share in self._shares(variables).items():
            self._inner_optimizers[index].build(share)
        super().build(variables)

    def _with_inner(self) -> list[Any]:
        return [self, *self._inner_optimizers]

    def _build_anew(self, variables: list[Any]) -> None:
        self._var_to_optimizer_idx = {}
        self._inner_optimizers = list(self._inner_optimizers)
        shares = self._shares(variables)
        for index, optimizer in enumerate(self._inner_optimizers):
            # One that has nothing to do any more drops what it keeps.
            if index in shares or optimizer.built:
                optimizer.rebuild(shares.get(index, []))
        super().build(variables)

    def _shares(self, variables: Sequence[Any]) -> dict[int, list[Any]]:
        """The variables of each optimizer, by its number."""
        from oxhorn.optimizers.loss_scale_optimizer import LossScaleOptimizer

        shares: dict[int, list[Any]] = {}
        for variable in variables:
            which = self._optimizer_map
            optimizer = which if isinstance(which, Optimizer) else which(variable)
            if not isinstance(optimizer, Optimizer):
                raise ValueError(
                    f"MultiOptimizer: Optimizer for variable {variable.path!r} is not an Optimizer instance: "
                    f"optimizer_map returned {describe(optimizer)}."
                )
            if optimizer._wants_closure:
                raise ValueError(
                    f"MultiOptimizer: {type(optimizer).__name__} evaluates the loss itself and cannot serve a part of "
                    f"the variables; got one for variable {variable.path!r}."
                )
            for kind in (LossScaleOptimizer, MultiOptimizer):
                if isinstance(optimizer, kind):
                    raise ValueError(
                        f"MultiOptimizer: {kind.__name__} cannot be used inside an MultiOptimizer. It was chosen "
                        f"for variable {variable.path!r}. Wrap the MultiOptimizer in it instead."
                    )
            index = self._index_of(optimizer)
            self._var_to_optimizer_idx[self._var_key(variable)] = index
            shares.setdefault(index, []).append(variable)
        return shares

    @property
    def optimizers(self) -> list[Any]:
        """The optimizers, in the order of the map, the default last."""
        return self._inner_optimizers

    @property
    def variables(self) -> list[Any]:
        """The wrapper's own variables, then those of each optimizer."""
        return [*self._variables, *(v for each in self._inner_optimizers for v in each.variables)]

    @property
    def learning_rate(self) -> Any:
        """There is none: each of `optimizers` has its own."""
        raise AttributeError(
            "MultiOptimizer: Learning rate cannot be accessed on a MultiOptimizer. Each of its `optimizers` has one."
        )

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise AttributeError(
            "MultiOptimizer: Learning rate cannot be set on a MultiOptimizer. Set it on each of its `optimizers`."
        )

    def set_learning_rate_multipliers(self, multipliers: Mapping[Any, float] | None) -> None:
        """Not here: each of `optimizers` has its own learning rate, and its own factors.

        Args:
            multipliers: None, which changes nothing.

        Raises:
            ValueError: If there are any.
        """
        if multipliers:
            raise ValueError(
                "MultiOptimizer.set_learning_rate_multipliers: set them on each of its `optimizers`, or give the "
                "optimizers learning rates of their own."
            )

    @property
    def loss_scale_factor(self) -> float | None:
        """The factor of the loss, for all the optimizers."""
        return self.__dict__.get("_loss_scale_factor")

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        self._loss_scale_factor = value
        for optimizer in self.__dict__.get("_inner_optimizers", ()):
            optimizer.loss_scale_factor = value

    @property
    def iterations(self) -> Any:
        """The number of steps so far."""
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One update, each variable by its optimizer.

        Args:
            grads: One gradient for each variable; None where there is none.
            trainable_variables: The variables. Defaults to those that the optimizer was built with.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_of_update(grads, trainable_variables)
        grads, variables = self._filter_empty_gradients(grads, variables)
        shares: dict[int, list[tuple[Any, Any]]] = {}
        for gradient, variable in zip(grads, variables, strict=True):
            shares.setdefault(self._index_of_variable(variable), []).append((gradient, variable))
        for index in sorted(shares):
            share = shares[index]
            self._inner_optimizers[index].apply([g for g, _ in share], [v for _, v in share])
        self._iterations.assign_add(1)

    def _index_of_variable(self, variable: Any) -> int:
        return self._var_to_optimizer_idx[self._var_key(variable)]

    def _updates_in_place(self) -> bool:
        return any(optimizer._updates_in_place() for optimizer in self._inner_optimizers)

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """What each optimizer does after training.

        Args:
            var_list: The model's trainable variables.
        """
        if not self.built:
            return
        self._check_variables_are_known(var_list)
        for index, optimizer in enumerate(self._inner_optimizers):
            share = [v for v in var_list if self._index_of_variable(v) == index]
            if share:
                optimizer.finalize_variable_values(share)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        from oxhorn.saving import serialize_keras_object

        return {
            "optimizer_map": serialize_keras_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """An optimizer from what `get_config` returned.

        Args:
            config: The configuration.
            custom_objects: Names that stand for classes and functions of yours.
        """
        from oxhorn.saving import deserialize_keras_object

        config = dict(config)
        if isinstance(config["optimizer_map"], (dict, str)):
            config["optimizer_map"] = deserialize_keras_object(
                config["optimizer_map"], custom_objects=custom_objects
            )
        return cls(**config)
