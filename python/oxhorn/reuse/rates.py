"""Learning rates that are smaller for lower layers."""

from __future__ import annotations

from typing import Any

from oxhorn.arguments import number
from oxhorn.reuse.selecting import check_model, named_layers
from oxhorn.training import checks


def discriminative_rates(model: Any, decay: float = 0.5, top: float = 1.0) -> dict[str, float]:
    """Gives each layer of a compiled model its own learning rate: the lower, the smaller.

        factor of layer l of L (counted from 1) = top decay^(L - l)

    Lower layers hold what is general, upper ones what is special to a task; so fine-tuning should move the lower ones
    less. Layers with weights are counted, in the order of the model, also inside models and also those that are
    frozen: a layer keeps its rate when it is unfrozen. The factors multiply the learning rate, also one that follows
    a schedule, and take the place of others that were set with `optimizer.set_learning_rate_multipliers`.

    Args:
        model: A compiled model whose layers are built.
        decay: The factor from a layer to the one below it. Defaults to 0.5 (Howard and Ruder divide by 2.6).
        top: The factor of the top layer. Defaults to 1.

    Returns:
        The factors by the name (for layers in models, the path) of the layer.

    Raises:
        TypeError: If `model` is not a model.
        ValueError: If it is not compiled, a number is negative, or no layer has weights.

    Example:
    >>> import oxhorn as keras
    >>> names = ["low", "middle", "top"]
    >>> model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(3, name=name) for name in names)])
    >>> model.compile("sgd", loss="mse")
    >>> keras.reuse.discriminative_rates(model, decay=0.5)
    {'low': 0.25, 'middle': 0.5, 'top': 1.0}

    Source: J. Howard, S. Ruder, Universal language model fine-tuning for text classification, 2018. An addition to
        Keras's interface.
    """
    who = "discriminative_rates"
    check_model(model, who)
    checks.compiled(model, who)
    decay = number(decay, "decay", who, low=0.0)
    top = number(top, "top", who, low=0.0)
    everything = named_layers(model)
    holders = {path.rsplit("/", 1)[0] for path, _ in everything if "/" in path}
    layers: list[tuple[str, Any]] = []
    for path, layer in everything:
        repeated = any(layer is one for _, one in layers)
        if path not in holders and layer.weights and not repeated:
            layers.append((path, layer))
    if not layers:
        raise ValueError(
            f"{who}: no layer of {model.name!r} has weights yet. Build the model first, by calling it on data."
        )
    factors = {path: top * decay ** (len(layers) - 1 - i) for i, (path, _) in enumerate(layers)}
    model.optimizer.set_learning_rate_multipliers({layer: factors[path] for path, layer in layers})
    return factors
