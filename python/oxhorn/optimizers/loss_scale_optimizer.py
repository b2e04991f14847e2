"""A wrapper that scales the loss, as much as gradients bear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oxhorn import ops
from oxhorn.arguments import describe, integer, number
from oxhorn.initializers import Constant
from oxhorn.losses.values import cast, convert
from oxhorn.optimizers.optimizer import Optimizer
from oxhorn.optimizers.optimizer_variables import is_overwritten

# What older files say about the wrapper itself; the inner optimizer is where these belong.
_OF_THE_INNER: dict[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}


class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale that follows the gradients, and divides the gradients by it again.

    Each step, with gradients `g` of `scale loss`:

    - if all of `g` is finite: the inner optimizer takes `g / scale`; after `dynamic_growth_steps` such steps in a
      row, `scale <- 2 scale`
    - otherwise nothing is updated, and `scale <- scale / 2`

    It keeps small gradients from vanishing in 16-bit floats. In float32 and float64, which are what this package
    computes in, it changes nothing but that steps with gradients that are not finite are left out.

    Args:
        inner_optimizer: The optimizer that makes the updates. Clipping, weight decay and the like are its own.
        initial_scale: The first scale, above 0. Defaults to 2^15.
        dynamic_growth_steps: Steps in a row with finite gradients after which the scale grows. Defaults to 2000.
        name: Name of the optimizer. Defaults to `"loss_scale_optimizer"`.
        **kwargs: Options of `Optimizer` are understood if they have their defaults, as in older files.

    Raises:
        ValueError: If an argument is out of its range, or belongs to the inner optimizer.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5), initial_scale=8.0)
    >>> optimizer.apply([[8.0, 8.0]], [w])
    >>> w.numpy().tolist()
    [0.5, 1.5]
    >>> optimizer.apply([[float("inf"), 8.0]], [w])
    >>> w.numpy().tolist(), float(optimizer.scale_loss(1.0))
    ([0.5, 1.5], 4.0)

    Source: P. Micikevicius et al., Mixed precision training, 2018.
    """

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        who = "LossScaleOptimizer"
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                f"{who}: there is no dynamic=False. For a fixed scale, set `loss_scale_factor` directly on the "
                "`inner_optimizer`, and use it without this wrapper."
            )
        for argument, default in _OF_THE_INNER.items():
            if argument in kwargs and kwargs.pop(argument) != default:
                raise ValueError(
                    f"{who} does not support `{argument}`. Set `{argument}` on the `inner_optimizer` instead."
                )
        if kwargs:
            raise ValueError(
                f"{who} does not support arguments: `{'`, `'.join(kwargs)}`. Check the spelling, or give them to the "
                "inner optimizer."
            )
        if not isinstance(inner_optimizer, Optimizer) or isinstance(inner_optimizer, LossScaleOptimizer):
            raise ValueError(
                f"{who}: expected inner_optimizer to be an Optimizer, and no LossScaleOptimizer; got"
                f" {describe(inner_optimizer)}."
            )
        if inner_optimizer._wants_closure:
            raise ValueError(
                f"{who}: {type(inner_optimizer).__name__} evaluates the loss itself, which cannot be "
                "scaled. Use it alone."
            )
        scale = number(initial_scale, "initial_scale", who, above=0.0)
        steps = integer(dynamic_growth_steps, "dynamic_growth_steps", who, low=1)
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = scale
        self.dynamic_growth_steps = steps
        # Otherwise gradients would be divided twice.
        inner_optimizer.loss_scale_factor = None

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables, and those of the inner one, for these trainable variables.

        Args:
            variables: The variables that gradients will come for.
        """
        if self.built:
            return
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        # Not assigned: the optimizer may be built while a step is traced, which would assign it at every step.
        self.dynamic_scale = self.add_variable(
            (), Constant(self.initial_scale), dtype="float32", name="dynamic_scale"
        )
        self.inner_optimizer.build(variables)
        super().build(variables)

    def _with_inner(self) -> list[Any]:
        return [self, *self.inner_optimizer._with_inner()]

    def _build_anew(self, variables: list[Any]) -> None:
        self.inner_optimizer.rebuild(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Any]:
        """The wrapper's own variables, then the inner optimizer's."""
        return [*self._variables, *self.inner_optimizer.variables]

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One update, if all gradients are finite; otherwise only the scale becomes smaller.

        Args:
            grads: One gradient of the scaled loss for each variable; None where there is none.
            trainable_variables: The variables. Defaults to those that the optimizer was built with.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_of_update(grads, trainable_variables)
        tensors = [
            None if g is None else self._as_gradient(g, v) for g, v in zip(grads, variables, strict=True)
        ]
        finite = self.check_finite(tensors)
        if finite.is_traced:
            ops.cond(finite, lambda: self._update(tensors, variables), self._shrink)
        elif bool(finite):
            self._update(tensors, variables)
        else:
            self._shrink()

    def check_finite(self, grads: Sequence[Any]) -> Any:
        """Whether all elements of all gradients are finite, as a scalar tensor of booleans.

        Args:
            grads: The gradients; None stands for one that does not exist.
        """
        finite = [ops.all(ops.isfinite(gradient)) for gradient in grads if gradient is not None]
        return ops.all(ops.stack(finite)) if finite else convert(True)

    def _update(self, grads: list[Any], variables: list[Any]) -> None:
        scale = convert(self.dynamic_scale)
        unscaled = [
            g if g is None or is_overwritten(v) else g / cast(scale, g.dtype)
            for g, v in zip(grads, variables, strict=True)
        ]
        self.inner_optimizer.apply(unscaled, variables)
        grows = ops.equal(self.step_counter, self.dynamic_growth_steps - 1)
        self.dynamic_scale.assign(ops.where(grows, scale * 2.0, scale))
        counter = convert(self.step_counter)
        self.step_counter.assign(ops.where(grows, ops.zeros_like(counter), counter + 1))

    def _shrink(self) -> None:
        self.step_counter.assign(0)
        self.dynamic_scale.assign(convert(self.dynamic_scale) * 0.5)

    def _updates_in_place(self) -> bool:
        return self.inner_optimizer._updates_in_place()

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def learning_rate_multipliers(self) -> dict[str, float]:
        """The inner optimizer's factors of the learning rate."""
        return self.inner_optimizer.learning_rate_multipliers

    def set_learning_rate_multipliers(self, multipliers: Mapping[Any, float] | None) -> None:
        """Gives variables learning rates of their own, in the inner optimizer.

        Args:
            multipliers: See `Optimizer.set_learning_rate_multipliers`.
        """
        if "inner_optimizer" in self.__dict__:
            self.inner_optimizer.set_learning_rate_multipliers(multipliers)

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Leaves variables out of the inner optimizer's weight decay.

        Args:
            var_list: Variables.
            var_names: Patterns for names of variables.
        """
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    @property
    def iterations(self) -> Any:
        """The number of the inner optimizer's updates so far."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the present scale, from which gradients are to be taken."""
        if not self.built:
            return loss * self.initial_scale
        scale = convert(self.dynamic_scale)
        return loss * (cast(scale, loss.dtype) if hasattr(loss, "dtype") else scale)

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """What the inner optimizer does after training."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        from oxhorn.saving import serialize_keras_object

        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
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
        inner = deserialize_keras_object(config.pop("inner_optimizer"), custom_objects=custom_objects)
        return cls(inner, **config)
