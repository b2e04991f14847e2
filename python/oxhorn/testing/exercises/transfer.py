"""09: what a trained network knows, used for another question with 100 labels."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from oxhorn.testing.exercises.comparing import Array, call, fail
from oxhorn.testing.exercises.pictures import hundred_labels, moving_digits
from oxhorn.testing.exercises.task import task

BAR = 0.83


@cache
def _weights() -> tuple[Array, ...]:
    """The weights of the trained base: trained once in a process, and put into a new model each time."""
    from oxhorn.utils import set_random_seed

    x, y = moving_digits("train", 3, 0)
    set_random_seed(0)
    model = _untrained()
    model.fit(x, y, batch_size=64, epochs=8, verbose=0)
    return tuple(model.get_weights())


def _untrained() -> Any:
    from oxhorn import layers, losses, optimizers
    from oxhorn.models import Sequential

    model = Sequential(
        [
            layers.Input((12, 12, 1)),
            layers.Conv2D(16, 3, activation="relu", name="lower1"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(32, 3, activation="relu", name="lower2"),
            layers.Flatten(name="flat"),
            layers.Dense(32, activation="relu", name="features"),
            layers.Dense(10, name="outputs"),
        ]
    )
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.Adam(0.003), loss, metrics=["accuracy"])
    return model


def trained_network() -> Any:
    """A small convolutional network that knows which of ten digits it sees, wherever on a canvas of 12 x 12.

    Returns:
        The model; its layers are lower1, pool, lower2, flat, features, outputs.

    >>> from oxhorn.testing.exercises.transfer import trained_network
    >>> trained_network().output_shape
    (None, 10)
    """
    model = _untrained()
    model.set_weights(list(_weights()))
    return model


def new_question() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Is the digit odd? 100 labelled images to learn from, and many for testing.

    Returns:
        `(x_train, y_train), (x_test, y_test)`; labels are 1 for odd digits and 0 for even ones.

    >>> from oxhorn.testing.exercises.transfer import new_question
    >>> (x_train, y_train), _ = new_question()
    >>> x_train.shape, y_train[:3]
    ((100, 12, 12, 1), array([0, 0, 0], dtype=int32))
    """
    x, digits = moving_digits("test", 2, 1)
    return hundred_labels(), (x, digits % 2)


def _same_base(name: str, base: Any) -> None:
    if any(not np.array_equal(a, b) for a, b in zip(base.get_weights(), _weights(), strict=True)):
        fail(
            name,
            "the weights of the base were changed",
            "shared layers are trained with the new model: take copies, `with_new_top(..., copy=True)`",
        )


def _model(name: str, model: Any) -> Any:
    from oxhorn.models import Model

    if not isinstance(model, Model):
        fail(name, f"expected a model, got {type(model).__name__}", "end with `return model`")
    if model.output_shape != (None, 2):
        fail(
            name,
            f"the model's output has shape {model.output_shape}, expected (None, 2), a score each for even and odd",
            "the old top answers the old question: replace it by a Dense layer of 2 units",
        )
    return model


def _reused(model: Any) -> list[Any]:
    """Those kernels of the base that the model begins with, bit for bit."""
    kernels = [w for w in _weights()[:-2] if w.ndim > 1]
    mine = model.get_weights()
    return [k for k in kernels if any(k.shape == w.shape and np.array_equal(k, w) for w in mine)]


@task("09_transfer", points=2)
def reuse_features(answer: Any) -> None:
    """A model that keeps copies of the base's layers up to "features", frozen, under a new top of two units."""
    name = "reuse_features"
    base = trained_network()
    model = _model(name, call(name, answer, base))
    found = len(_reused(model))
    if found == 0:
        fail(
            name,
            "no layer of the model has the base's weights",
            "take the trained layers themselves: keras.reuse.with_new_top(base, 'features', ..., copy=True)",
        )
    if found < 3:
        fail(
            name,
            f"{found} of the 3 lower layers with weights were reused",
            "keep everything up to 'features'",
        )
    if any(a is b for a in model.layers for b in base.layers):
        fail(
            name,
            "the model shares layers with the base",
            "what is learned for the new question would change the base: `copy=True`",
        )
    trainable = len(model.trainable_variables)
    if trainable == 0:
        fail(name, "everything is frozen", "the new top has to learn: freeze until 'features' only")
    if trainable != 2:
        fail(
            name,
            f"{trainable} variables are trainable, expected 2, kernel and bias of the new top",
            "freeze what was taken over: keras.reuse.freeze(model, until='features')",
        )


@task("09_transfer", points=3)
def transfer(answer: Any) -> None:
    """A trained model for the new question, from the base and 100 labelled images."""
    from oxhorn.utils import set_random_seed

    name = "transfer"
    (x, y), (x_test, y_test) = new_question()
    set_random_seed(1)
    base = trained_network()
    model = _model(name, call(name, answer, base, x, y))
    _same_base(name, base)
    scores = np.asarray(model.predict(x_test, verbose=0))
    accuracy = float((scores.argmax(axis=1) == y_test).mean())
    if accuracy >= BAR:
        return
    if not model.compiled or not model.optimizer.iterations.numpy():
        hint = "the model was not trained: call compile and fit on x and y"
    elif accuracy < 0.35:
        hint = "almost all answers are wrong: are the labels exchanged?"
    elif not _reused(model) and not _near(model):
        hint = "trained from scratch? 100 images are too few for that: begin with the base's layers, up to 'features'"
    else:
        hint = "train longer, or with a larger learning rate (frozen features bear 0.01 with Adam)"
    fail(name, f"accuracy {accuracy:.3f} on the test images, expected at least {BAR}", hint)


def _near(model: Any) -> bool:
    """Whether a kernel of the model was one of the base's before it was tuned: it still points the same way."""
    for old in (w for w in _weights()[:-2] if w.ndim > 1):
        for new in (w for w in model.get_weights() if w.shape == old.shape):
            if (old * new).sum() > 0.6 * np.linalg.norm(old) * np.linalg.norm(new):
                return True
    return False
