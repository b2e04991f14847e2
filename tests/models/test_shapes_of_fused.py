"""A value that is computed together with its reader may still be asked for its shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops


@pytest.mark.parametrize(
    "like", [ops.ones_like, ops.zeros_like, lambda e: ops.broadcast_to(2.0, ops.shape(e))]
)
def test_an_averaged_embedding_whose_shape_is_read(like: Any) -> None:
    tokens = keras.Input((6,), dtype="int32")
    rows = keras.layers.Embedding(11, 4)(tokens)
    total = keras.layers.Lambda(lambda e: ops.mean(e, axis=1) + ops.mean(like(e), axis=1))(rows)
    model = keras.Model(tokens, keras.layers.Dense(1)(total))
    x = np.arange(120).reshape(20, 6) % 11
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x).numpy(), rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    history = model.fit(x, np.ones((20, 1)), epochs=3, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
