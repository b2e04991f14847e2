"""`LooksInside`: the half of `Model` that shows its gradients and activations."""

from __future__ import annotations

from typing import Any

import numpy as np


class LooksInside:
    """Gradients and activations; a mixin for `Model`."""

    def gradients(
        self, x: Any, y: Any = None, sample_weight: Any = None, training: bool = True
    ) -> dict[str, np.ndarray[Any, Any]]:
        """The gradients of the compiled loss with respect to the trainable variables.

        g[v] = d loss(y, model(x)) / d v

        The loss is the one that a training step on this batch would go down: regularizers and what layers add are
        part of it. Nothing in the model changes: weights, moving statistics, metrics and random states stay as
        they are, so that the same call gives the same numbers.

        Args:
            x: Inputs of one batch, as in `fit`; all of it is run at once.
            y: Targets.
            sample_weight: Weight for each sample.
            training: Whether layers such as dropout and batch normalization behave as in training. Defaults to
                `True`: these are the gradients of the next training step.

        Returns:
            A NumPy array for each variable, by its `path`; zeros, with a warning, where the loss does not depend
            on the variable.

        Raises:
            ValueError: If the model has no loss, or the data does not fit.

        Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> x = keras.Input((3,))
        >>> model = keras.Model(x, keras.layers.Dense(1, name="out")(x))
        >>> model.compile(loss="mse")
        >>> gradients = model.gradients(np.ones((4, 3)), np.zeros((4, 1)))
        >>> {path: gradient.shape for path, gradient in gradients.items()}
        {'out/kernel': (3, 1), 'out/bias': (1,)}
        """
        from oxhorn.training.looking_inside import loss_and_gradients  # Needs all of training.

        return loss_and_gradients(self, "gradients", x, y, sample_weight, training).gradients

    def activations(
        self, x: Any, layers: Any = None, batch_size: int | None = None, training: bool = False
    ) -> dict[str, Any]:
        """What every layer returns for these inputs.

        Layers inside nested models, and inside layers and models that you wrote, are named by path:
        `"encoder/dense"`. A shared layer has an entry for each call: `"dense"`, `"dense:2"`. Nothing in the model
        changes.

        Args:
            x: Inputs, as in `predict`.
            layers: A layer or its name, or a list of them. Defaults to all that the model calls.
            batch_size: Samples to run at once. Defaults to 32.
            training: Whether layers such as dropout and batch normalization behave as in training.

        Returns:
            NumPy arrays by the name of the layer, in the order in which the layers are called; a list, tuple or
            dict of arrays for a layer with several outputs.

        Raises:
            ValueError: If there is no such layer, or the data does not fit.

        Example:
        >>> import numpy as np
        >>> import oxhorn as keras
        >>> model = keras.Sequential(
        ...     [keras.Input((3,)), keras.layers.Dense(4, name="hidden"), keras.layers.Dense(1, name="out")]
        ... )
        >>> {name: a.shape for name, a in model.activations(np.ones((100, 3))).items()}
        {'hidden': (100, 4), 'out': (100, 1)}
        """
        from oxhorn.training.looking_inside import activations  # Needs all of training.

        return activations(self, x, layers, batch_size, training)
