import numpy as np
import pytest

from oxhorn import callbacks as cb
from tests.fake_model import FakeModel

BATCH_HOOKS = {
    "train": ["on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"],
    "test": ["on_test_batch_begin", "on_test_batch_end"],
    "predict": ["on_predict_batch_begin", "on_predict_batch_end"],
}


class Recorder(cb.Callback):
    def __init__(self, name, calls):
        super().__init__()
        self.name, self.calls = name, calls

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append((self.name, epoch, logs))


def test_calls_every_callback_in_order_with_the_same_logs():
    calls = []
    both = cb.CallbackList([Recorder("a", calls), [Recorder("b", calls)]])
    both.on_epoch_end(3, {"loss": np.float32(0.5), "accuracy": np.array(1)})
    assert [(name, epoch) for name, epoch, _ in calls] == [("a", 3), ("b", 3)]
    assert calls[0][2] is calls[1][2]
    assert list(calls[0][2].items()) == [("accuracy", 1.0), ("loss", 0.5)]
    assert type(calls[0][2]["loss"]) is float


def test_arrays_in_the_logs_stay_arrays():
    calls = []
    cb.CallbackList(Recorder("a", calls)).on_epoch_end(
        0, {"per_class": np.arange(3), "loss": {"a": 1, "b": 2}}
    )
    logs = calls[0][2]
    assert set(logs) == {"a", "b", "per_class"}
    np.testing.assert_array_equal(logs["per_class"], [0, 1, 2])


def test_none_and_empty_lists_are_no_callbacks():
    assert cb.CallbackList(None).callbacks == []
    assert cb.CallbackList([]).callbacks == []


def test_adds_history_and_progress_bar_once():
    names = [type(c).__name__ for c in cb.CallbackList(None, add_history=True, add_progbar=True).callbacks]
    assert names == ["History", "ProgbarLogger"]
    mine = [cb.ProgbarLogger(), cb.History()]
    assert cb.CallbackList(mine, add_history=True, add_progbar=True).callbacks == mine


def test_gives_model_and_params_to_all():
    model = FakeModel()
    inner = cb.Callback()
    outer = cb.CallbackList([inner], add_history=True, model=model, epochs=3, steps=4, verbose=0)
    assert inner.model is model
    assert inner.params == {"epochs": 3, "steps": 4, "verbose": 0}
    assert model.history is outer.callbacks[-1]


@pytest.mark.parametrize("wrong", [print, "early", 3, {"a": 1}])
def test_refuses_what_is_no_callback(wrong):
    with pytest.raises(TypeError, match=r"callbacks: expected instances of oxhorn.callbacks.Callback, got"):
        cb.CallbackList([wrong])


def test_a_class_instead_of_an_instance_is_told_so():
    with pytest.raises(TypeError, match="add parentheses"):
        cb.CallbackList([cb.EarlyStopping])


def needs(*callbacks):
    both = cb.CallbackList(list(callbacks))
    return both.needs_train_batches, both.needs_test_batches, both.needs_predict_batches


@pytest.mark.parametrize(
    "quiet",
    [
        cb.Callback(),
        cb.History(),
        cb.ProgbarLogger(),
        cb.EarlyStopping(),
        cb.ReduceLROnPlateau(),
        cb.LearningRateScheduler(lambda epoch: 0.1),
        cb.CSVLogger("log.csv"),
        cb.ModelCheckpoint("a.safetensors", save_weights_only=True),
        cb.LambdaCallback(on_epoch_end=print),
    ],
    ids=lambda c: type(c).__name__,
)
def test_needs_no_batches(quiet):
    assert needs(quiet) == (False, False, False)


@pytest.mark.parametrize(
    "busy",
    [
        cb.TerminateOnNaN(),
        cb.ModelCheckpoint("a.safetensors", save_weights_only=True, save_freq=5),
        cb.LambdaCallback(on_train_batch_end=print),
        cb.LambdaCallback(on_batch_begin=print),
    ],
    ids=lambda c: type(c).__name__,
)
def test_needs_training_batches(busy):
    assert needs(cb.History(), busy) == (True, False, False)


@pytest.mark.parametrize(("phase", "hook"), [(p, h) for p, hooks in BATCH_HOOKS.items() for h in hooks])
@pytest.mark.parametrize("base", [cb.Callback, cb.ProgbarLogger, cb.EarlyStopping])
def test_any_override_needs_the_batches_of_its_phase(phase, hook, base):
    mine = type("Mine", (base,), {hook: lambda self, batch, logs=None: None})()
    assert needs(mine) == tuple(phase == p for p in BATCH_HOOKS)


def test_old_batch_hooks_are_called_by_the_new():
    calls = []
    old = cb.LambdaCallback(
        on_batch_begin=lambda batch, logs: calls.append(("begin", batch)),
        on_batch_end=lambda batch, logs: calls.append(("end", batch, logs)),
    )
    both = cb.CallbackList([old])
    both.on_train_batch_begin(4)
    both.on_train_batch_end(4, {"loss": 1})
    assert calls == [("begin", 4), ("end", 4, {"loss": 1.0})]


@pytest.mark.parametrize("hook", sorted(name for name in vars(cb.Callback) if name.startswith("on_")))
def test_every_hook_reaches_the_callbacks_and_an_error_gets_out(hook):
    def fail(*args, **kwargs):
        raise RuntimeError(hook)

    first = () if hook.endswith(("train_begin", "train_end", "test_begin", "test_end")) else (0,)
    first = () if hook in ("on_predict_begin", "on_predict_end") else first
    with pytest.raises(RuntimeError, match=hook):
        getattr(cb.CallbackList([cb.LambdaCallback(**{hook: fail})]), hook)(*first)


def test_lambda_callback_refuses_unknown_hooks_and_values():
    assert cb.LambdaCallback(helper=print).helper is print
    with pytest.raises(TypeError, match=r"'on_epoch_finished' is no hook. The hooks are: .*on_epoch_end"):
        cb.LambdaCallback(on_epoch_finished=print)
    with pytest.raises(TypeError, match="expected a function for on_epoch_end, got 3"):
        cb.LambdaCallback(on_epoch_end=3)
