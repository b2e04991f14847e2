"""The base class of optimizers: their arguments, and one update with all that surrounds the rule."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from oxhorn import _core, config
from oxhorn.arguments import boolean, integer, number
from oxhorn.engine.naming import auto_name, name_scope
from oxhorn.engine.variable import Variable
from oxhorn.losses.values import convert
from oxhorn.optimizers import surroundings
from oxhorn.optimizers.by_hand import StepsByHand
from oxhorn.optimizers.learning_rates import LearningRates, check_learning_rate
from oxhorn.optimizers.optimizer_variables import OptimizerVariables, check_variables, is_overwritten
from oxhorn.optimizers.rebuilding import Rebuilding
from oxhorn.optimizers.weight_decay import WeightDecay


class NeedsNumbers(NotImplementedError):
    """Raised where a rule of the core meets symbolic gradients; a step is then traced without the update."""


class Optimizer(LearningRates, OptimizerVariables, Rebuilding, StepsByHand, WeightDecay):
    """Base class of optimizers.

    Each step, for gradients `g` and weights `w`:

    1. `g` is divided by `loss_scale_factor`; with `gradient_accumulation_steps = k`, the mean of `k` gradients is
       taken at every k-th step, and the weights rest in between;
    2. `g` is clipped: `clipnorm` limits each gradient's norm, `global_clipnorm` the norm of all of them together,
       `clipvalue` each element;
    3. `w <- w - learning_rate weight_decay w`;
    4. the optimizer's own rule, `update_step`;
    5. `average <- ema_momentum average + (1 - ema_momentum) w`, if `use_ema`.

    To write an optimizer of your own, make its variables in `build` and change the weights in `update_step`, with
    operations on tensors alone: then it runs inside the compiled training step.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function without arguments that gives
            the rate of the next step.
        weight_decay: Fraction (per unit of learning rate) by which weights shrink each step. Defaults to None.
        clipnorm: Limit for the norm of each gradient. Defaults to None.
        clipvalue: Limit for the size of each element. Defaults to None.
        global_clipnorm: Limit for the norm of all gradients together. Defaults to None.
        use_ema: Keep a moving average of the weights. Defaults to False.
        ema_momentum: Its momentum, in [0, 1]. Defaults to 0.99.
        ema_overwrite_frequency: The weights are set to their average every so many steps; None leaves that to the
            end of training. Defaults to None.
        loss_scale_factor: A factor that the loss was multiplied by. Defaults to None.
        gradient_accumulation_steps: Update at every so many steps; at least 2. Defaults to None.
        name: Name of the optimizer. Defaults to the name of the class in snake case.
        **kwargs: `learning_rate_multipliers` is handed to `set_learning_rate_multipliers`; `lr` is understood as
            `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range, or more than one way to clip is given.

    Example:
    >>> import oxhorn as keras
    >>> class Descent(keras.optimizers.Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, gradient * learning_rate)
    >>> w = keras.Variable([1.0, 2.0])
    >>> Descent(learning_rate=0.5).apply([[1.0, 1.0]], [w])
    >>> w.numpy().tolist()
    [0.5, 1.5]

    Stochastic gradient Langevin dynamics (M. Welling, Y. W. Teh, 2011), whose weights become samples instead of one
    best value: `w <- w - learning_rate / 2 g + sqrt(learning_rate) noise`, with `g` the gradient of minus the
    logarithm of the posterior.

    >>> class SGLD(keras.optimizers.Optimizer):
    ...     def __init__(self, learning_rate=0.01, seed=None, **kwargs):
    ...         super().__init__(learning_rate, **kwargs)
    ...         self.noise = keras.random.SeedGenerator(seed)
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         noise = keras.random.normal(variable.shape, dtype=variable.dtype, seed=self.noise)
    ...         step = keras.ops.sqrt(learning_rate) * noise - learning_rate / 2 * gradient
    ...         self.assign_add(variable, step)
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(SGLD(0.01, seed=1), loss="mse")
    >>> history = model.fit([[1.0], [2.0]], [[1.0], [2.0]], epochs=5, verbose=0)
    >>> [variable.name for variable in model.optimizer.variables]
    ['iteration', 'learning_rate', 'seed_generator_state']

    Source: Keras 3, whose order of operations this is.
    """

    # Whether a step evaluates the loss itself, several times, instead of taking gradients.
    _wants_closure = False

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._lock = False
        self._variables: list[Any] = []
        self._made_before_build: list[Any] = []
        self._slot_owners = {}
        self._core: _core.OptimizerCore | None = None
        who = type(self).__name__
        if kwargs.pop("decay", None) is not None:
            warnings.warn(
                f"{who}: `decay` is ignored. Use a schedule such as"
                " keras.optimizers.schedules.InverseTimeDecay as the learning rate.",
                stacklevel=3,
            )
        if "lr" in kwargs:
            learning_rate = kwargs.pop("lr")
        multipliers = kwargs.pop("learning_rate_multipliers", None)
        if kwargs:
            names = ", ".join(repr(key) for key in kwargs)
            raise ValueError(
                f"{who}: unknown argument {names}. Argument(s) not recognized: {kwargs}. Check the spelling."
            )
        self.name = name or auto_name(who)
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = [f"{key}={value}" for key, value in clips.items() if value is not None]
        if len(given) > 1:
            raise ValueError(
                f"{who}: Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set; got {', '.join(given)}."
                " Leave the others out."
            )
        self.weight_decay = _optional(weight_decay, "weight_decay", who)
        self.clipnorm = _optional(clipnorm, "clipnorm", who)
        self.clipvalue = _optional(clipvalue, "clipvalue", who)
        self.global_clipnorm = _optional(global_clipnorm, "global_clipnorm", who)
        self.use_ema = boolean(use_ema, "use_ema", who)
        self.ema_momentum = number(ema_momentum, "ema_momentum", who, low=0.0, high=1.0)
        self.ema_overwrite_frequency = (
            None
            if ema_overwrite_frequency is None
            else integer(ema_overwrite_frequency, "ema_overwrite_frequency", who, low=1)
        )
        self.loss_scale_factor = (
            None
            if loss_scale_factor is None
            else number(loss_scale_factor, "loss_scale_factor", who, above=0.0)
        )
        self.gradient_accumulation_steps = (
            None
            if gradient_accumulation_steps is None
            else integer(gradient_accumulation_steps, "gradient_accumulation_steps", who, low=2)
        )
        self.built = False
        self._trainable_variables: list[Any] = []
        self._indices: dict[int, int] = {}
        self._model_variables_moving_average: list[Any] = []
        self._accumulated_gradients: list[Any] = []
        self._no_decay = {}
        self._no_decay_names = []
        self._multipliers = []
        self._rate_factors = []
        with name_scope(self._scope_name(), caller=self):
            self._iterations = Variable(0, dtype="int32", trainable=False, name="iteration")
            rate: Any = learning_rate
            if not callable(rate):
                rate = Variable(
                    check_learning_rate(learning_rate, who),
                    dtype=config.floatx(),
                    trainable=False,
                    name="learning_rate",
                )
        self._learning_rate = rate
        self.set_learning_rate_multipliers(multipliers)

    @property
    def iterations(self) -> Any:
        """The number of updates so far: a variable (with gradient accumulation, a tensor)."""
        if self.gradient_accumulation_steps:
            return self._iterations // self.gradient_accumulation_steps
        return self._iterations

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables for these trainable variables.

        Args:
            variables: The variables that gradients will come for.

        Raises:
            TypeError: If something in the list is no variable, or not of a float type.
            ValueError: If a variable is in it twice.
        """
        variables = check_variables(variables, f"{type(self).__name__}.build")
        self._made_before_build = list(self._variables)
        self._indices = {id(variable): i for i, variable in enumerate(variables)}
        self._trainable_variables = variables
        if self._multipliers:
            self._find_rate_factors()
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = [
                self.add_variable_from_reference(variable, name="gradient_accumulator")
                for variable in variables
            ]
        self.built = True

    # Updates.

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """The optimizer's own rule for one variable; subclasses implement it.

        Args:
            gradient: The gradient, after clipping.
            variable: The variable to change.
            learning_rate: The learning rate.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: an optimizer must implement update_step(self, gradient, variable,"
            " learning_rate)."
        )

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> Any:
        """One update from pairs of gradient and variable.

        Args:
            grads_and_vars: Pairs of gradient and variable.

        Returns:
            The iterations.
        """
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One update.

        Args:
            grads: One gradient for each variable; None where the loss does not depend on a variable.
            trainable_variables: The variables. The first call builds the optimizer with them; without them, they
                are those that it was built with.

        Raises:
            ValueError: If numbers or shapes do not match, a variable is unknown, or there is no gradient at all.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_of_update(grads, trainable_variables)
        grads, variables = self._filter_empty_gradients(grads, variables)
        grads = [self._as_gradient(g, v) for g, v in zip(grads, variables, strict=True)]
        if any(is_overwritten(variable) for variable in variables):
            surroundings.overwrite(self, grads, variables)
            kept = [(g, v) for g, v in zip(grads, variables, strict=True) if not is_overwritten(v)]
            grads, variables = [g for g, _ in kept], [v for _, v in kept]
        if grads:
            if self._core is not None and self._rule_is_in_core():
                self._apply_in_core(grads, variables)
            else:
                surroundings.update(self, grads, variables)
            for variable in variables:
                constraint = getattr(variable, "constraint", None)
                if constraint is not None:
                    variable.assign(constraint(variable))
        self._iterations.assign_add(1)

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """One update of values instead of variables, which are left alone.

        Args:
            optimizer_variables: One value for each of `optimizer.variables`.
            grads: One gradient for each of the trainable variables.
            trainable_variables: One value for each variable that the optimizer was built with.

        Returns:
            `(trainable_variables, optimizer_variables)`: the values after the update.

        Raises:
            ValueError: If the optimizer is not built, or there are more or fewer values than variables.
        """
        from oxhorn.optimizers import stateless

        return stateless.apply(self, optimizer_variables, grads, trainable_variables)

    def _rule_is_in_core(self) -> bool:
        return False

    def _updates_in_place(self) -> bool:
        """Whether an update changes memory that only variables have, and cannot be done on values alone."""
        return self._core is not None

    def _apply_in_core(self, grads: list[Any], variables: list[Any]) -> None:
        if any(gradient.is_traced for gradient in grads):
            raise NeedsNumbers(
                f"{type(self).__name__}.apply: expected gradients with numbers; got symbolic ones inside a traced"
                " call. Call it from a train_step that runs eagerly (compile with run_eagerly=True)."
            )
        assert self._core is not None
        if self.use_ema and len(variables) < len(self._trainable_variables):
            # Averages move for every variable, also for those without a gradient.
            given = {id(v): g for g, v in zip(grads, variables, strict=True)}
            variables = [v for v in self._trainable_variables if not is_overwritten(v)]
            grads = [given.get(id(v)) for v in variables]
        self._core.apply(grads, variables, self._current_learning_rate(), int(self._iterations.numpy()))

    def _variables_of_update(self, grads: list[Any], trainable_variables: Sequence[Any] | None) -> list[Any]:
        """The variables that `apply` is for, the optimizer built with them."""
        who = type(self).__name__
        if trainable_variables is None:
            if not self.built:
                raise ValueError(
                    f"{who}.apply: the variables are not known yet. When passing `grads` without `variables`, the "
                    "optimizer must already be built: pass the variables as the second argument, or call "
                    "`optimizer.build(trainable_variables)` first."
                )
            variables = list(self._trainable_variables)
        else:
            variables = list(trainable_variables)
            if not self.built:
                self.build(variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"{who}.apply: expected one gradient for each variable; got {len(grads)} gradients and"
                f" {len(variables)} variables."
            )
        self._check_variables_are_known(variables)
        return variables

    def _check_variables_are_known(self, variables: Sequence[Any]) -> None:
        for variable in variables:
            if id(variable) not in self._indices:
                known = ", ".join(repr(str(each.path)) for each in self._trainable_variables[:8])
                more = ", ..." if len(self._trainable_variables) > 8 else ""
                raise ValueError(
                    f"{type(self).__name__}: Unknown variable: {getattr(variable, 'path', variable)!r}. This optimizer"
                    " can only be called for the variables it was originally built with"
                    f" ({known}{more}), by identity and not by name. For another set of variables, another model or"
                    " layers that were frozen until now, make a new optimizer (and compile with it), or call `rebuild`."
                )

    def _as_gradient(self, gradient: Any, variable: Any) -> Any:
        gradient = convert(gradient, variable.dtype)
        if tuple(gradient.shape) != tuple(variable.shape):
            raise ValueError(
                f"{type(self).__name__}.apply: expected a gradient of shape {tuple(variable.shape)} for variable"
                f" '{variable.path}'; got {tuple(gradient.shape)}."
            )
        return gradient

    def _filter_empty_gradients(self, grads: list[Any], variables: list[Any]) -> tuple[list[Any], list[Any]]:
        missing = [str(v.path) for g, v in zip(grads, variables, strict=True) if g is None]
        if not missing:
            return grads, variables
        who = type(self).__name__
        if len(missing) == len(grads):
            raise ValueError(
                f"{who}.apply: No gradients provided for any variable. The loss does not depend on"
                f" {', '.join(missing)}."
            )
        warnings.warn(
            f"{who}.apply: no gradient for {', '.join(missing)}: the loss does not depend on them. Gradients do not "
            f"exist for variables {missing} when minimizing the loss. If using `model.compile()`, did you forget to "
            "provide a `loss` argument?",
            stacklevel=3,
        )
        kept = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        return [g for g, _ in kept], [v for _, v in kept]

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        """The gradients within the optimizer's limits."""
        return surroundings.clip(self, grads)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, from which gradients are to be taken."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        surroundings.decay(self, variables)

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """What is left to do after training: with `use_ema`, weights become their averages.

        Args:
            var_list: The model's trainable variables; those that were frozen meanwhile may be missing.

        Raises:
            ValueError: If the optimizer was not built with one of them.
        """
        # Not built: nothing was trained, as where the first step fails.
        if not self.use_ema or not self.built:
            return
        self._check_variables_are_known(var_list)
        for variable in var_list:
            average = self._model_variables_moving_average[self._get_variable_index(variable)]
            if average is not None:
                variable.assign(average)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        from oxhorn.saving import serialize_keras_object

        rate = self._learning_rate
        config = {
            "name": self.name,
            "learning_rate": float(rate.numpy())
            if isinstance(rate, _core.Variable)
            else serialize_keras_object(rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }
        if self._multipliers:
            # Not an argument of Keras's: files that do not use it stay readable there.
            config["learning_rate_multipliers"] = self.learning_rate_multipliers
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """An optimizer from what `get_config` returned.

        Args:
            config: The configuration.
            custom_objects: Names that stand for classes and functions of yours.
        """
        # Older files carry switches that mean nothing here.
        config = {k: v for k, v in config.items() if k not in ("jit_compile", "is_legacy_optimizer")}
        if isinstance(config.get("learning_rate"), dict):
            from oxhorn.saving import deserialize_keras_object

            config["learning_rate"] = deserialize_keras_object(
                config["learning_rate"], custom_objects=custom_objects
            )
        return cls(**config)

    def __reduce__(self) -> tuple[Any, ...]:
        from oxhorn.saving.pickling import reduce_optimizer, restore_optimizer

        variables = list(self._trainable_variables) if self.built else None
        return restore_optimizer, (*reduce_optimizer(self), variables)

    def _obj_type(self) -> str:
        return "Optimizer"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _optional(value: Any, name: str, who: str) -> float | None:
    return None if value is None else number(value, name, who, low=0.0)
