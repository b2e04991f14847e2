"""A model small enough to test callbacks with: three numbers for weights, an optimizer that is a learning rate."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np


class FakeModel:
    """What callbacks ask of a model."""

    def __init__(self, learning_rate=1.0, metrics=()):
        self.weights = [np.zeros(3)]
        self.optimizer = SimpleNamespace(learning_rate=learning_rate)
        self.stop_training = False
        self.history = None
        self.metrics = list(metrics)
        self.saved = []

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = [w.copy() for w in weights]

    def save_weights(self, path, overwrite=True):
        self.saved.append(Path(path).name)
        Path(path).write_text(str(self.weights))


def run(callback, values, monitor="val_loss", model=None, first_epoch=0):
    """Train for up to `len(values)` epochs; the weights after epoch e are all e + 1. Returns the model."""
    model = model or FakeModel()
    model.stop_training = False
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values, start=first_epoch):
        callback.on_epoch_begin(epoch)
        model.weights = [np.full(3, epoch + 1.0)]
        callback.on_epoch_end(epoch, {} if value is None else {monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return model
