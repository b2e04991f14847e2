"""SparseAdam: Adam for tables of which a batch uses few rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.arguments import number
from oxhorn.optimizers.rule_optimizer import RuleOptimizer


class SparseAdam(RuleOptimizer):
    """Adam for the tables of `Embedding`: only the rows that the batch used change; an addition to Keras's list.

    Update of the weights `w` with the gradient `g`:

    - in the rows that the batch used, Adam's update:
    - `m <- m + (1 - beta_1) (g - m)`
    - `v <- v + (1 - beta_2) (g^2 - v)`
    - `w <- w - learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)` at step `t` of the optimizer
    - all other rows keep their weights and their moments

    A row counts as used if its gradient is not 0 throughout; a penalty on the table reaches all of them. Weight decay,
    too, acts on used rows alone. Every variable must be the table of an `Embedding`: for a model that has others too,
    give those an optimizer of their own with `MultiOptimizer`.

    Args:
        learning_rate: A number of at least 0, a `LearningRateSchedule`, or a function. Defaults to 0.001.
        beta_1: How slowly the mean forgets, in [0, 1). Defaults to 0.9.
        beta_2: How slowly the mean square forgets, in [0, 1). Defaults to 0.999.
        epsilon: Keeps the divisor away from 0. Defaults to 1e-8.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.
        **kwargs: `lr` is understood as `learning_rate`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> import oxhorn as keras
    >>> layer = keras.layers.Embedding(3, 2, embeddings_initializer="ones")
    >>> layer.build()
    >>> optimizer = keras.optimizers.SparseAdam(learning_rate=0.5)
    >>> optimizer.apply([[[0.0, 0.0], [1.0, -1.0], [0.0, 0.0]]], [layer.embeddings])
    >>> layer.embeddings.numpy().round(3).tolist()
    [[1.0, 1.0], [0.5, 1.5], [1.0, 1.0]]

    Source: D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, 2015; its lazy form is PyTorch's.
    """

    _rule = "SparseAdam"
    _hyperparameters = (
        "beta_1",
        "beta_2",
        "epsilon",
    )

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
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
        super().__init__(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )
        self.beta_1 = number(beta_1, "beta_1", "SparseAdam", low=0.0, below=1.0)
        self.beta_2 = number(beta_2, "beta_2", "SparseAdam", low=0.0, below=1.0)
        self.epsilon = number(epsilon, "epsilon", "SparseAdam", low=0.0)
        self._make_core()

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables for these trainable variables.

        Args:
            variables: The tables that gradients will come for.

        Raises:
            ValueError: If one of them is not the table of an `Embedding`.
        """
        variables = list(variables)
        dense = [variable.path for variable in variables if not getattr(variable, "looked_up_by_row", False)]
        if dense and not self.built:
            raise ValueError(
                "SparseAdam.build: a sparse update on a dense layer: expected tables of Embedding layers alone; got"
                f" {', '.join(map(repr, dense))}, of which a batch uses every row. Use Adam for these, and join both"
                " with MultiOptimizer."
            )
        super().build(variables)
