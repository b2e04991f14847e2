"""Gradients of a loss, and a step along them, in one call: for loops that are written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from oxhorn import _core
from oxhorn.arguments import describe


class StepsByHand:
    """What an optimizer does with a loss."""

    if TYPE_CHECKING:
        # What `Optimizer` brings.
        built: bool
        _trainable_variables: list[Any]

        def scale_loss(self, loss: Any) -> Any: ...
        def apply_gradients(self, grads_and_vars: Any) -> Any: ...

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None = None, tape: Any = None
    ) -> list[tuple[Any, Any]]:
        """The gradients of a loss, with their variables, to be changed before `apply_gradients`.

        Args:
            loss: A function without arguments that computes the loss, a scalar; or the loss itself, with the `tape`
                on which it was computed.
            var_list: The variables. Defaults to those that the optimizer was built with.
            tape: The `GradientTape` that recorded the loss.

        Returns:
            Pairs of gradient (None where the loss does not depend on a variable) and variable. With a loss scale,
            they are those of the scaled loss, as `apply_gradients` expects them.

        Raises:
            ValueError: If the variables are not known, or there is neither a function nor a tape.

        Example:
        >>> import oxhorn as keras
        >>> w = keras.Variable([3.0, -0.25])
        >>> optimizer = keras.optimizers.SGD(learning_rate=1.0)
        >>> pairs = optimizer.compute_gradients(lambda: keras.ops.sum(w * w), [w])
        >>> _ = optimizer.apply_gradients([(keras.ops.clip(g, -1.0, 1.0), v) for g, v in pairs])
        >>> w.numpy().tolist()
        [2.0, 0.25]

        Source: TensorFlow's optimizers. An addition to Keras 3's.
        """
        who = f"{type(self).__name__}.compute_gradients"
        if var_list is None and not self.built:
            raise ValueError(
                f"{who}: the variables are not known yet. Pass them as `var_list`, or call optimizer.build(variables)."
            )
        variables = list(self._trainable_variables if var_list is None else var_list)
        if callable(loss):
            with _core.Tape() as own:
                scaled = self.scale_loss(loss())
            gradients = own.gradient(scaled, variables)
        elif tape is None:
            raise ValueError(
                f"{who}: expected a function without arguments that computes the loss, or the loss with the tape that "
                f"recorded it; got {describe(loss)} and no tape."
            )
        else:
            gradients = [None if g is None else self.scale_loss(g) for g in tape.gradient(loss, variables)]
        return list(zip(gradients, variables, strict=True))

    def minimize(self, loss: Any, var_list: Sequence[Any] | None = None, tape: Any = None) -> Any:
        """One step: `apply_gradients(compute_gradients(loss, var_list, tape))`.

        Args:
            loss: A function without arguments that computes the loss, or the loss with its `tape`.
            var_list: The variables. Defaults to those that the optimizer was built with.
            tape: The `GradientTape` that recorded the loss.

        Returns:
            The iterations.

        Example:
        >>> import oxhorn as keras
        >>> w = keras.Variable(4.0)
        >>> optimizer = keras.optimizers.SGD(learning_rate=0.25)
        >>> for _ in range(3):
        ...     _ = optimizer.minimize(lambda: w * w, [w])
        >>> float(w)
        0.5

        Source: TensorFlow's optimizers. An addition to Keras 3's.
        """
        return self.apply_gradients(self.compute_gradients(loss, var_list, tape))
