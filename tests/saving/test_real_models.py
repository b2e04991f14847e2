"""Models that others trained with old versions of Keras and published: opened, and right on real pictures."""

from __future__ import annotations

import numpy as np
import pytest

import oxhorn as keras
from tests.downloads import pictures, trained_model

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def test_cifar10_network_of_keras_2_9() -> None:
    """Six convolutions with batch normalisation; the images are raw, 0 to 255."""
    model = keras.saving.load_model(trained_model("cnn_model.h5"))
    images, labels = pictures("cifar10")
    x = images.astype("float32")
    assert (model.predict(x, verbose=0).argmax(axis=1) == labels).all()
    assert model.evaluate(x, labels, verbose=0)[1] == 1.0
    # Training goes on where it stopped: this many steps of Adam, and moments for each weight.
    assert int(model.optimizer.iterations.numpy()) == 3130
    assert all(np.any(variable.numpy()) for variable in model.optimizer.variables)


def test_network_for_faces_of_keras_2_0() -> None:
    """A small Xception: separable convolutions with residual paths, inputs from -1 to 1."""
    model = keras.saving.load_model(trained_model("emotion_model.hdf5"))
    noise = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 64, 64, 1)).astype("float32")
    # Keras 3.15.1 predicts this.
    expected = [
        [
            3.8346618e-02,
            2.8710022e-07,
            4.6277717e-02,
            2.5589353e-01,
            6.4512730e-01,
            1.7063338e-03,
            1.2648189e-02,
        ],
        [
            4.0445313e-02,
            4.3374754e-07,
            2.0460065e-02,
            5.6150979e-01,
            3.6182883e-01,
            7.1029487e-04,
            1.5045293e-02,
        ],
    ]
    np.testing.assert_allclose(model.predict(noise, verbose=0), expected, rtol=2e-5, atol=1e-9)
    # In Keras 2.0 the state of the optimizer has no names, and is in the order of the names of the weights.
    assert int(model.optimizer.iterations.numpy()) == 92494


def test_a_face() -> None:
    """The portrait of Grace Hopper that Matplotlib brings."""
    matplotlib = pytest.importorskip("matplotlib")
    images = pytest.importorskip("PIL.Image", reason="reading pictures needs Pillow")
    model = keras.saving.load_model(trained_model("emotion_model.hdf5"), compile=False)
    picture = images.open(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg").convert("L")
    face = np.asarray(
        picture.crop((150, 120, 385, 355)).resize((64, 64), images.Resampling.BILINEAR), "float32"
    )
    scores = model.predict((face / 127.5 - 1.0)[None, :, :, None], verbose=0)[0]
    assert EMOTIONS[scores.argmax()] == "neutral"
    assert scores.max() > 0.7
