"""07: a deep network that does not learn, looked into and cured."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import call, compare, fail
from oxhorn.testing.exercises.pictures import flat_digits
from oxhorn.testing.exercises.task import task

DEPTH, WIDTH, EPOCHS, BAR = 10, 64, 10, 0.85
SEEDS = (1, 2)


def ill_network() -> Any:
    """The patient: ten sigmoid layers, kernels of standard deviation 0.05, a learning rate of 5.

    Returns:
        A compiled model of the 64 pixels of a digit.

    >>> from oxhorn.testing.exercises.dying_network import ill_network
    >>> len(ill_network().layers)
    11
    """
    from oxhorn import initializers, layers, losses, optimizers
    from oxhorn.models import Sequential

    start = initializers.RandomNormal(stddev=0.05)
    hidden = [
        layers.Dense(32, activation="sigmoid", kernel_initializer=start, name=f"hidden{i}")
        for i in range(1, DEPTH + 1)
    ]
    model = Sequential([layers.Input((64,)), *hidden, layers.Dense(10, name="outputs")])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.SGD(learning_rate=5.0), loss, metrics=["accuracy"])
    return model


def _all(model: Any) -> list[Any]:
    """The layers, those inside models too, from the lowest up."""
    found = []
    for layer in model.layers:
        found += _all(layer) if hasattr(layer, "layers") else [layer]
    return found


def _dense(model: Any) -> list[Any]:
    from oxhorn import layers

    return [layer for layer in _all(model) if isinstance(layer, layers.Dense)]


@task("07_dying_network")
def gradient_sizes(answer: Any) -> None:
    """The mean absolute gradient of the loss for each Dense kernel, the lowest layer first."""
    from oxhorn.utils import set_random_seed

    x, y, _, _ = flat_digits()
    for rows in (64, 1):
        set_random_seed(3)
        model = ill_network()
        given = f"{rows} images" if rows > 1 else "one image"
        before = model.get_weights()
        got = call("gradient_sizes", answer, model, x[:rows], y[:rows], given=given)
        if not isinstance(got, (list, tuple, np.ndarray)):
            fail("gradient_sizes", f"expected a list of numbers, got {type(got).__name__}")
        if any(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)):
            fail(
                "gradient_sizes",
                "your function changed the weights of the model",
                "compute gradients only, do not train",
            )
        found = model.gradients(x[:rows], y[:rows])
        kernels = [found[layer.kernel.path] for layer in _dense(model)]
        sizes = [float(np.abs(k).mean()) for k in kernels]
        hints = {
            "the lowest layer comes first": sizes[::-1],
            "take the absolute values: positive and negative numbers cancel in a plain mean": [
                float(k.mean()) for k in kernels
            ],
            "the mean, not the sum: kernels of different sizes are to be compared": [
                float(np.abs(k).sum()) for k in kernels
            ],
            "the mean of the absolute values, not the largest": [float(np.abs(k).max()) for k in kernels],
            "kernels only: leave the biases out": [float(np.abs(g).mean()) for g in found.values()],
            "all layers: the output layer's kernel is one of them": sizes[:-1],
        }
        smallest = min(sizes)
        compare(
            "gradient_sizes",
            "the list",
            list(got),
            sizes,
            hints,
            given=given,
            rtol=1e-2,
            atol=smallest * 1e-2,
        )


@task("07_dying_network", points=4)
def build(answer: Any) -> None:
    """A compiled network, as deep as the patient, that learns the digits."""
    from oxhorn.models import Model
    from oxhorn.utils import set_random_seed

    x, y, x_test, y_test = flat_digits()
    for seed in SEEDS:
        set_random_seed(seed)
        model = call("build", answer)
        if not isinstance(model, Model):
            fail("build", f"expected a model, got {type(model).__name__}", "end with `return model`")
        if not model.compiled:
            fail("build", "the model is not compiled", "call `model.compile(...)` before you return it")
        _is_the_patient(model, x[:8])
        if model.output_shape[-1] != 10:
            fail("build", f"the model has {model.output_shape[-1]} outputs, expected 10, one for each digit")
        start = model.get_weights()
        history = model.fit(x, y, batch_size=32, epochs=EPOCHS, verbose=0).history
        scores = np.asarray(model.predict(x_test, verbose=0))
        accuracy = float((scores.argmax(axis=1) == y_test).mean())
        if not accuracy >= BAR:
            fail(
                "build",
                f"accuracy {accuracy:.3f} on the test digits after {EPOCHS} epochs (seed {seed}), expected at least "
                f"{BAR}; the training loss went from {history['loss'][0]:.4g} to {history['loss'][-1]:.4g}",
                _illness(model, start, x[:200], history["loss"]),
            )


def _is_the_patient(model: Any, x: Any) -> None:
    """The cure must not be to amputate."""
    model(x)
    hidden = _dense(model)[:-1]
    if len(hidden) < DEPTH:
        fail(
            "build",
            f"the model has {len(hidden)} hidden Dense layers, expected {DEPTH}",
            "cure it, and leave it as deep",
        )
    widest = max(layer.units for layer in hidden)
    if widest > WIDTH:
        fail("build", f"a hidden layer has {widest} units, at most {WIDTH} are allowed")


def _illness(model: Any, start: list[Any], x: Any, losses: list[float]) -> str:
    """What is most likely the matter, in the order in which one would look."""
    rate = float(np.asarray(model.optimizer.learning_rate))
    hidden = _dense(model)[:-1]
    names = {getattr(layer.activation, "__name__", "") for layer in hidden}
    names |= {getattr(getattr(layer, "activation", None), "__name__", "") for layer in _all(model)}
    normalized = any("Normalization" in type(layer).__name__ for layer in _all(model))
    first = [w for w in start if w.ndim == 2][1]  # the second kernel: a hidden one
    spread = float(first.std()) * np.sqrt(first.shape[0])
    high = 0.02 if "Adam" in type(model.optimizer).__name__ else 0.5
    if "sigmoid" in names and not normalized:
        return (
            "the sigmoid's slope is at most 1/4, and ten of them in a row multiply to less than a millionth: take "
            "another activation (relu, elu, tanh), or normalise each layer"
        )
    if not np.isfinite(losses[-1]) or rate > high:
        return f"a learning rate of {rate:g} is too large: the loss jumps. Try a tenth of it, or less"
    if spread < 0.6 and not normalized:
        return (
            f"the kernels start too small: each layer multiplies the signal by about {spread:.2g}. Take he_normal for "
            "relu, glorot_uniform for tanh"
        )
    if spread > 2.5 and not normalized:
        return f"the kernels start too large: each layer multiplies the signal by about {spread:.2g}"
    if rate < 2e-4:
        return f"with a learning rate of {rate:g}, {EPOCHS} epochs are too few: take a larger one"
    dead = _dead_share(model, x)
    if dead > 0.5:
        return f"{dead:.0%} of the relu units give 0 for every image: a smaller learning rate, or elu, keeps them alive"
    return "it learns, but slowly or not steadily: try Adam, another learning rate, batch normalisation, elu or tanh"


def _dead_share(model: Any, x: Any) -> float:
    seen = [np.asarray(a) for a in model.activations(x).values()][:-1]
    return float(np.mean([np.all(a == 0, axis=0).mean() for a in seen]))
