"""L-BFGS: steps of a quasi-Newton method that remembers a few gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oxhorn import _core
from oxhorn.arguments import describe, integer, number
from oxhorn.losses.values import cast, convert, op
from oxhorn.optimizers.line_search import Point, strong_wolfe
from oxhorn.optimizers.optimizer import Optimizer

Closure = Callable[[], tuple[Any, Sequence[Any]]]


class LBFGS(Optimizer):
    """Quasi-Newton steps with limited memory, on the whole data at once.

    With `w` all weights in one row, `g` the gradient, and the last `history_size` pairs of a step
    `s = w_new - w_old` and its change of the gradient `y = g_new - g_old`, each iteration is

    - `d <- -H g`, where `H` is the inverse of the curvature that the pairs show (the two-loop recursion: `q <- g`;
      for pairs from new to old `a_i <- s_i q / y_i s_i`, `q <- q - a_i y_i`; `q <- q (s y) / (y y)` of the newest pair;
      from old to new `q <- q + s_i (a_i - y_i q / y_i s_i)`; `d = -q`)
    - `w <- w + t d`, where `t` fulfils the strong Wolfe conditions

    A step is up to `max_iter` such iterations, and looks at the loss several times. So it wants the same data each
    time: `fit` with this optimizer takes all rows as one batch if `batch_size` is not given, an epoch being one step.
    The logs of an epoch are those of the weights at its beginning. Dropout keeps its mask during a step.

    Args:
        learning_rate: The first `t` that is tried (later ones follow from the search). Defaults to 1.0.
        max_iter: Iterations in a step. Defaults to 20.
        max_eval: After so many evaluations of the loss, a step begins no other iteration. Defaults to None:
            `max_iter * 5 // 4`.
        tolerance_grad: A step ends where no element of the gradient is larger. Defaults to 1e-7.
        tolerance_change: A step ends where the loss and all weights change by less. Defaults to 1e-9.
        history_size: Pairs that are remembered. Each takes the memory of two gradients. Defaults to 100.
        line_search_fn: `"strong_wolfe"`, or None for steps of the length `learning_rate`. Defaults to
            `"strong_wolfe"`.
        name: Name of the optimizer. Defaults to `"lbfgs"`.

    Raises:
        ValueError: If an argument is out of its range. Clipping, weight decay and the like are refused: the search
            needs the gradient of the loss as it is. Use regularizers.

    Example:
    >>> import oxhorn as keras
    >>> w = keras.Variable([-1.0, 2.0], dtype="float64")
    >>> def rosenbrock():
    ...     return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    >>> loss = keras.optimizers.LBFGS().minimize(rosenbrock, [w])
    >>> loss < 1e-12, [round(float(x), 5) for x in w]
    (True, [1.0, 1.0])

    Source: J. Nocedal, S. Wright, Numerical optimization, 2nd edition, 2006, algorithms 7.4 and 7.5; arguments as in
        PyTorch. An addition to Keras's optimizers.
    """

    _wants_closure = True

    def __init__(
        self,
        learning_rate: Any = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = "strong_wolfe",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.keys() - {"lr"}:
            raise ValueError(
                f"LBFGS: unknown argument {', '.join(map(repr, kwargs))}. The search needs the gradient of the loss as"
                " it is, so there is no clipping, weight decay or averaging; put regularizers into the model."
            )
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.max_iter = integer(max_iter, "max_iter", "LBFGS", low=1)
        self.max_eval = None if max_eval is None else integer(max_eval, "max_eval", "LBFGS", low=1)
        self.tolerance_grad = number(tolerance_grad, "tolerance_grad", "LBFGS", low=0.0)
        self.tolerance_change = number(tolerance_change, "tolerance_change", "LBFGS", low=0.0)
        self.history_size = integer(history_size, "history_size", "LBFGS", low=1)
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(
                "LBFGS: expected `line_search_fn` to be 'strong_wolfe', or None for steps of a fixed length. "
                f"Received: line_search_fn={describe(line_search_fn)}."
            )
        self.line_search_fn = line_search_fn
        # Pairs of variables (s, y); from `_oldest` on, in a ring.
        self._pairs: list[tuple[Any, Any]] = []
        self._loss = math.inf

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables for these trainable variables.

        Args:
            variables: The variables that are to be minimized over.
        """
        if self.built:
            return
        super().build(variables)
        for variable in self._trainable_variables:
            if getattr(variable, "constraint", None) is not None:
                raise ValueError(
                    f"LBFGS.build: {variable.path!r} has a constraint, which a line search cannot keep. Leave the "
                    "constraint out, or use another optimizer."
                )
        dtypes = {variable.dtype for variable in self._trainable_variables}
        self._dtype = "float64" if "float64" in dtypes else "float32"
        self._size = sum(math.prod(variable.shape) for variable in self._trainable_variables)
        self._direction = self.add_variable((self._size,), dtype=self._dtype, name="direction")
        self._gradient = self.add_variable((self._size,), dtype=self._dtype, name="previous_gradient")
        self._step_length = self.add_variable((), dtype="float64", name="step_length")
        self._searches = self.add_variable((), dtype="int32", name="searches")
        self._oldest = self.add_variable((), dtype="int32", name="oldest_pair")

    def _build_anew(self, variables: list[Any]) -> None:
        raise ValueError(
            "LBFGS.rebuild: LBFGS remembers steps of all weights together, which say nothing about other weights. "
            "Compile with a new optimizer."
        )

    # What a step does.

    def minimize(
        self, loss: Any, var_list: Sequence[Any] | None = None, tape: None = None, steps: int = 100
    ) -> float:
        """Steps until the loss does not fall any more.

        Args:
            loss: A function without arguments that computes the loss, a scalar, from the variables.
            var_list: The variables. Defaults to those that the optimizer was built with.
            tape: Not for this optimizer, which needs the function.
            steps: The most steps, of `max_iter` iterations each. Defaults to 100.

        Returns:
            The loss that was reached.

        Raises:
            ValueError: If the variables are not known, or `loss` is no function or does not depend on them.
        """
        if not callable(loss) or tape is not None:
            raise ValueError(
                f"LBFGS.minimize: expected a function without arguments that computes the loss; got {describe(loss)}."
                " It is called several times, after the variables have changed."
            )
        variables = self._known(var_list, "minimize")
        count = integer(steps, "steps", "LBFGS.minimize", low=1)

        def closure() -> tuple[Any, Sequence[Any]]:
            with _core.Tape() as tape:
                value = loss()
            return value, tape.gradient(value, variables)

        reached = math.inf
        for _ in range(count):
            self.step(closure, variables)
            if not self._loss < reached - self.tolerance_change:
                break
            reached = self._loss
        return self._loss

    def step(self, closure: Closure, variables: Sequence[Any] | None = None) -> float:
        """Up to `max_iter` iterations.

        Args:
            closure: A function without arguments that gives `(loss, gradients)` at the present values of the
                variables, with one gradient for each of them.
            variables: The variables. Defaults to those that the optimizer was built with.

        Returns:
            The loss before the step.

        Raises:
            ValueError: If the variables are not known, the loss is no scalar, or is not finite at the start.
        """
        variables = self._known(variables, "step")
        line = _Line(closure, variables, self._dtype)
        before, gradient = line.value_and_gradient()
        if not math.isfinite(before):
            raise ValueError(
                f"LBFGS.step: the loss is {before} before the first step; there is no direction to go in. Look at the "
                "data and the first weights."
            )
        self._loss = before
        try:
            self._iterate(line, before, gradient)
        except BaseException:
            # Not to be left somewhere on a line that was being searched.
            line.go_to(0.0)
            raise
        self._iterations.assign_add(1)
        return before

    def _iterate(self, line: _Line, loss: float, gradient: Any) -> None:
        most = self.max_eval or self.max_iter * 5 // 4
        rate = self._current_learning_rate()
        evaluations = 1
        if _largest(gradient) <= self.tolerance_grad:
            return
        for iteration in range(self.max_iter):
            direction = self._next_direction(gradient)
            slope = _dot(gradient, direction)
            if slope >= 0:
                # What was remembered is of another place.
                self._forget()
                direction, slope = -gradient, -_dot(gradient, gradient)
            first = int(self._searches.numpy()) == 0
            length = min(1.0, 1.0 / _sum_of_sizes(gradient)) * rate if first else rate
            self._gradient.assign(gradient)
            self._direction.assign(direction)
            self._searches.assign_add(1)
            if slope > -self.tolerance_change * self.tolerance_change:
                self._step_length.assign(0.0)
                return
            line.along(direction)
            if self.line_search_fn is not None:
                start = Point(0.0, loss, slope, gradient)
                narrow = self.tolerance_change / max(_largest(direction), 1e-300)
                found, count = strong_wolfe(line.evaluate, start, length, narrow)
                evaluations += count
                line.go_to(found.t)
            elif iteration + 1 < self.max_iter:
                found = line.evaluate(length)
                evaluations += 1
            else:
                # The next step begins with an evaluation there.
                line.go_to(length)
                found = Point(length, loss, slope, gradient)
            change = abs(found.value - loss)
            self._step_length.assign(found.t)
            gradient, loss = found.gradient, found.value
            self._loss = loss
            if (
                evaluations >= most
                or _largest(gradient) <= self.tolerance_grad
                or abs(found.t) * _largest(direction) <= self.tolerance_change
                or change < self.tolerance_change
            ):
                return

    def _next_direction(self, gradient: Any) -> Any:
        if int(self._searches.numpy()) == 0:
            return -gradient
        change = gradient - self._gradient
        step = self._direction * cast(convert(self._step_length), self._dtype)
        if _dot(change, step) > 1e-10 * max(_dot(change, change), 1e-300) ** 0.5 * _dot(step, step) ** 0.5:
            self._remember(step, change)
        if not self._pairs:
            return -gradient
        # Newest last.
        oldest = int(self._oldest.numpy())
        pairs = [(s.value, y.value) for s, y in self._pairs[oldest:] + self._pairs[:oldest]]
        inner = [_dot(s, y) for s, y in pairs]
        q, factors = gradient, []
        for (s, y), sy in zip(reversed(pairs), reversed(inner), strict=True):
            factors.append(_dot(s, q) / sy)
            q = q - y * factors[-1]
        newest = pairs[-1][1]
        q = q * (inner[-1] / _dot(newest, newest))
        for (s, y), sy, factor in zip(pairs, inner, reversed(factors), strict=True):
            q = q + s * (factor - _dot(y, q) / sy)
        return -q

    def _remember(self, step: Any, change: Any) -> None:
        oldest = int(self._oldest.numpy())
        if len(self._pairs) < self.history_size:
            self._add_pair()
            pair = self._pairs[-1]
        else:
            pair = self._pairs[oldest]
            self._oldest.assign((oldest + 1) % self.history_size)
        pair[0].assign(step)
        pair[1].assign(change)

    def _add_pair(self) -> None:
        i = len(self._pairs)
        self._pairs.append(
            (
                self.add_variable((self._size,), dtype=self._dtype, name=f"step_{i}"),
                self.add_variable((self._size,), dtype=self._dtype, name=f"gradient_change_{i}"),
            )
        )

    def _forget(self) -> None:
        gone = {id(variable) for pair in self._pairs for variable in pair}
        self._variables = [variable for variable in self._variables if id(variable) not in gone]
        self._pairs = []
        self._oldest.assign(0)

    def _known(self, variables: Sequence[Any] | None, method: str) -> list[Any]:
        if variables is None:
            if not self.built:
                raise ValueError(
                    f"LBFGS.{method}: the variables are not known yet. Pass them, or call optimizer.build(variables)."
                )
            return list(self._trainable_variables)
        variables = list(variables)
        if not variables:
            raise ValueError(f"LBFGS.{method}: expected at least one variable; got none.")
        if not self.built:
            self.build(variables)
        self._check_variables_are_known(variables)
        if len(variables) != len(self._trainable_variables):
            raise ValueError(
                f"LBFGS.{method}: expected all {len(self._trainable_variables)} variables that the optimizer was built"
                f" with; got {len(variables)}. What it remembers is about all of them together."
            )
        return variables

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Not for this optimizer: one gradient is not enough for a step.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            "LBFGS.apply: a step evaluates the loss several times, so gradients alone are not enough. Train with fit, "
            "or call optimizer.minimize(loss, variables) or optimizer.step(closure, variables)."
        )

    def set_learning_rate_multipliers(self, multipliers: Mapping[Any, float] | None) -> None:
        """Not for this optimizer: directions are those of all weights together.

        Args:
            multipliers: None, which changes nothing.

        Raises:
            ValueError: If there are any.
        """
        if multipliers:
            raise ValueError(
                "LBFGS.set_learning_rate_multipliers: a direction is of all weights together, so single variables "
                "cannot have rates of their own. Freeze layers instead: layer.trainable = False."
            )

    # Saving: there are as many pairs as were remembered.

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of the optimizer's variables.

        Args:
            weights: Arrays as `get_weights` gave them.

        Raises:
            ValueError: If the optimizer is not built, or numbers or shapes do not match.
        """
        if self.built:
            self._make_room(len(weights))
        super().set_weights(weights)

    def load_own_variables(self, store: Any) -> None:
        """Takes the optimizer's variables from a store."""
        if self.built:
            self._make_room(len(store.keys()))
        super().load_own_variables(store)

    def _make_room(self, count: int) -> None:
        extra = count - (len(self._variables) - 2 * len(self._pairs))
        if extra < 0 or extra % 2 or extra // 2 > self.history_size:
            return
        if extra // 2 < len(self._pairs):
            self._forget()
        while 2 * len(self._pairs) < extra:
            self._add_pair()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again."""
        config = super().get_config()
        own = ("max_iter", "max_eval", "tolerance_grad", "tolerance_change", "history_size", "line_search_fn")
        return {
            "name": config["name"],
            "learning_rate": config["learning_rate"],
            **{name: getattr(self, name) for name in own},
        }


class _Line:
    """The loss over all variables in one row, and along a direction."""

    def __init__(self, closure: Closure, variables: list[Any], dtype: str) -> None:
        self._closure = closure
        self._variables = variables
        self._dtype = dtype
        self._start: Any = None
        self._direction: Any = None
        self._at = 0.0

    def value_and_gradient(self) -> tuple[float, Any]:
        """At the present values of the variables."""
        loss, gradients = self._closure()
        if math.prod(getattr(loss, "shape", ())) != 1:
            raise ValueError(
                f"LBFGS: expected the loss to be one number; got shape {tuple(loss.shape)}. Reduce it: ops.mean(loss)."
            )
        gradients = list(gradients)
        if len(gradients) != len(self._variables):
            raise ValueError(
                f"LBFGS: expected a gradient for each of {len(self._variables)} variables; got {len(gradients)}."
            )
        if all(gradient is None for gradient in gradients):
            raise ValueError(
                "LBFGS: No gradients provided for any variable: the loss does not depend on them."
            )
        rows = [
            op("zeros_like", v.value) if g is None else convert(g, v.dtype)
            for g, v in zip(gradients, self._variables, strict=True)
        ]
        return float(convert(loss)), self._flat(rows)

    def along(self, direction: Any) -> None:
        """Begin a line at the present values of the variables."""
        self._start = self._flat([variable.value for variable in self._variables])
        self._direction = direction
        self._at = 0.0

    def evaluate(self, t: float) -> Point:
        """Go to `start + t direction`, and look."""
        self.go_to(t)
        value, gradient = self.value_and_gradient()
        return Point(t, value, _dot(gradient, self._direction), gradient)

    def go_to(self, t: float) -> None:
        """Set the variables to `start + t direction`."""
        if t == self._at:
            return
        self._at = t
        row, at = (self._start + self._direction * t) if t else self._start, 0
        for variable in self._variables:
            size = math.prod(variable.shape)
            part = op("reshape", row[at : at + size], newshape=list(variable.shape))
            variable.assign(cast(part, variable.dtype))
            at += size

    def _flat(self, tensors: list[Any]) -> Any:
        rows = [cast(op("reshape", tensor, newshape=[-1]), self._dtype) for tensor in tensors]
        return rows[0] if len(rows) == 1 else op("concatenate", *rows, axis=0)


def _dot(a: Any, b: Any) -> float:
    return float(op("sum", a * b))


def _largest(x: Any) -> float:
    return float(op("max", op("abs", x))) if x.size else 0.0


def _sum_of_sizes(x: Any) -> float:
    return max(float(op("sum", op("abs", x))), 1e-300)
