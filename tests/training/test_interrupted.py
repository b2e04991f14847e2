"""fit that is stopped: by a callback, by an error, by another thread, by Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from tests.training.models import (
    Recorder,
    X,
    Y,
    assert_same,
    linear,
    weights,
)

ROOT = Path(__file__).resolve().parents[2]


def test_stop_training() -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    seen = Recorder()
    history = linear().fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[Stop(), seen])
    assert history.epoch == [0]
    assert ("batch_end", 1) in seen.calls
    assert ("batch_end", 2) not in seen.calls
    assert seen.calls[-2:] == [("epoch_end", 0), ("train_end",)]


HOOKS = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]


@pytest.mark.parametrize("hook", [name for name in HOOKS if "predict" not in name])
def test_after_a_callback_raised_the_model_works(hook: str) -> None:
    class Raises(keras.callbacks.Callback):
        pass

    def boom(self: Any, *_: Any, **__: Any) -> None:
        raise ZeroDivisionError(hook)

    setattr(Raises, hook, boom)
    model = linear()
    with pytest.raises(ZeroDivisionError, match=hook):
        model.fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[Raises()])
    history = model.fit(X, Y, verbose=0)
    assert len(history.history["loss"]) == 1
    assert np.isfinite(model.evaluate(X, Y, verbose=0))


def test_a_callback_may_evaluate_and_predict() -> None:
    class Looks(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.evaluate(X, Y, verbose=0)
            self.model.predict(X, verbose=0)

    plain, looked = weights(), weights(callbacks=[Looks()])
    assert_same(plain, looked)


def test_fit_is_exclusive() -> None:
    model = linear()
    inside, done = threading.Event(), threading.Event()

    class Wait(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            inside.set()
            done.wait(20)

    thread = threading.Thread(target=lambda: model.fit(X, Y, verbose=0, callbacks=[Wait()]))
    thread.start()
    assert inside.wait(20)
    try:
        for call in (model.fit, model.evaluate):
            with pytest.raises(RuntimeError, match="fit is running on this model in another thread"):
                call(X, Y, verbose=0)
        assert model.predict(X, verbose=0).shape == (20, 1)
    finally:
        done.set()
        thread.join()
    model.fit(X, Y, verbose=0)

    class Nested(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.fit(X, Y, verbose=0)

    with pytest.raises(RuntimeError, match="fit was called inside fit"):
        model.fit(X, Y, verbose=0, callbacks=[Nested()])


def test_ctrl_c_keeps_weights_and_history() -> None:
    script = """
        import os, signal, threading, time
        signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
        import numpy as np, oxhorn as keras
        x = np.random.default_rng(0).normal(size=(200_000, 16)).astype("float32")
        model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(64), keras.layers.Dense(1)])
        model.compile("adam", "mse")

        class End(keras.callbacks.Callback):
            ended = False
            def on_train_end(self, logs=None):
                End.ended = True

        model.fit(x[:64], x[:64, :1], verbose=0)
        sent = []
        def interrupt():
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Timer(0.7, interrupt).start()
        try:
            model.fit(x, x[:, :1], epochs=10**6, batch_size=8, verbose=0, callbacks=[End()])
        except KeyboardInterrupt:
            late = time.monotonic() - sent[0]
        assert late < 0.5, late
        assert End.ended
        assert all(np.isfinite(w).all() for w in model.get_weights())
        assert isinstance(model.history.history, dict)
        model.fit(x[:64], x[:64, :1], verbose=0)
        print("fine")
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert done.stdout.strip() == "fine", done.stderr
