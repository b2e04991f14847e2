"""What callbacks remember of a run, and what `BackupAndRestore` does with its files."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

import oxhorn as keras
from oxhorn import callbacks as cb
from tests.callbacks.test_reuse import MAKE
from tests.training.resumed_runs import (
    Interrupt,
    Interrupted,
    L,
    Run,
    X,
    Y,
    assert_equal,
    by_batches,
    by_epochs,
    made,
    outcome,
    straight,
)

# Attributes that are set anew in every run, or in every epoch or batch before they are looked at.
SET_ANEW = {
    "_model",
    "params",
    "monitor_op",
    "_feed",
    "_probe",
    "_held",
    "_epoch",
    "_steps",
    "_start",
    "schedule",
    "csv_file",
    "_writer",
    "_run",
    "_current_epoch",
    "_last_batch_seen",
    "_batches_seen_since_last_saving",
    "_steps_done",
    "_due",
    # Of the bar that is drawn.
    "seen",
    "progbar",
    "target",
    "verbose",
    "epochs",
    "_in_fit",
}


def attributes(callback: Any) -> dict[str, Any]:
    return {name: repr(value) for name, value in vars(callback).items()}


@pytest.mark.parametrize("name", sorted(set(MAKE) - {"LearningRateFinder"}))
def test_what_changes_in_training_is_remembered(name: str, tmp_path: Path) -> None:
    """A new callback whose attributes change has a state, or its names are in the list above."""
    callback = MAKE[name](tmp_path)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), L.Dense(4, "tanh"), L.Dense(4), L.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, use_ema=True), "mse")
    changed: set[str] = set()

    class Watch(cb.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.first = attributes(callback)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            now = attributes(callback)
            changed.update(key for key in now if now[key] != self.first.get(key))
            state = callback.get_state()
            kept.update(state if isinstance(state, dict) else ())

    kept: set[str] = set()
    model.fit(X, Y, batch_size=4, epochs=5, callbacks=[callback, Watch()], verbose=0)
    assert changed - SET_ANEW - kept - set(callback._remembered) == set()


def logger(path: Path, append: bool) -> Any:
    def make() -> Run:
        model = keras.Sequential([keras.Input((4,)), L.Dense(1)])
        model.compile("sgd", "mse")
        return Run(model, {"validation_split": 0.2}, [cb.CSVLogger(path, append=append)])

    return make


@pytest.mark.parametrize("append", [False, True])
def test_a_log_goes_on(append: bool, tmp_path: Path) -> None:
    texts = []
    for run in (straight, lambda make: by_epochs(make, tmp_path), lambda make: by_batches(make, tmp_path)):
        path = tmp_path / f"log{len(texts)}.csv"
        path.write_text("epoch,loss,val_loss\n0,9.0,9.0\n" if append else "old\n")
        run(logger(path, append))
        texts.append(path.read_text())
    assert texts[0] == texts[1] == texts[2]
    assert len(texts[0].splitlines()) == (6 if append else 5)


# The arguments, and the number of files.
CHECKPOINTS: dict[str, tuple[dict[str, Any], int]] = {
    "after every epoch": ({}, 4),
    "the best": ({"save_best_only": True, "monitor": "val_loss"}, 3),
    "better than a number": (
        {"save_best_only": True, "monitor": "val_loss", "initial_value_threshold": 4.0},
        2,
    ),
    "after so many batches": ({"save_freq": 3}, 6),
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_checkpoints_go_on(name: str, tmp_path: Path) -> None:
    """The files of a run that was interrupted are those of one that was not: no more, no fewer, the same bytes."""
    given, count = CHECKPOINTS[name]
    arguments = {"save_weights_only": True, **given}
    field = "{batch}" if "save_freq" in arguments else "end"

    def make(folder: Path) -> Run:
        model = keras.Sequential([keras.Input((4,)), L.Dense(3, "tanh"), L.Dense(1)])
        model.compile(keras.optimizers.SGD(0.3), "mse")
        path = folder / f"{{epoch}}-{field}.safetensors"
        return Run(model, {"validation_split": 0.2}, [cb.ModelCheckpoint(path, **arguments)])

    files = []
    for run in (straight, lambda make: by_epochs(make, tmp_path), lambda make: by_batches(make, tmp_path)):
        folder = tmp_path / f"checkpoints{len(files)}"
        folder.mkdir()
        run(functools.partial(make, folder))
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert files[0] == files[1] == files[2]
    assert len(files[0]) == count


def plain() -> Run:
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, "tanh"), L.Dropout(0.2), L.Dense(1)])
    model.compile("adam", "mse")
    return Run(model)


@pytest.mark.parametrize(("epoch", "batch"), [(0, None), (0, 0), (0, 5), (2, 5), (3, None), (3, 5)])
@pytest.mark.parametrize("every", [1, 3, 4, 7])
def test_any_moment(every: int, epoch: int, batch: int | None, tmp_path: Path) -> None:
    def keeper() -> Any:
        return cb.BackupAndRestore(tmp_path / "backup", save_freq=every, delete_checkpoint=False)

    with pytest.raises(Interrupted):
        made(plain).fit(callbacks=[keeper(), Interrupt(epoch, batch)])
    second = made(plain)
    assert_equal(outcome(second, second.fit(callbacks=[keeper()])), straight(plain))
    assert [path.name for path in (tmp_path / "backup").iterdir()] == ["latest.snapshot"]


@pytest.mark.parametrize("watched", [False, True])
def test_when_snapshots_are_written(watched: bool, tmp_path: Path) -> None:
    positions: list[tuple[int, int]] = []

    class Notes(cb.BackupAndRestore):
        def _write(self, position: Any) -> None:
            positions.append((position.epoch, position.step))
            super()._write(position)

    others = [cb.LambdaCallback(on_train_batch_end=lambda batch, logs: None)] if watched else []
    made(plain).fit(epochs=2, callbacks=[Notes(tmp_path / "a", save_freq=4), *others])
    assert positions == [(0, 0), (0, 4), (1, 2), (1, 6)]
    positions.clear()
    made(plain).fit(epochs=2, callbacks=[Notes(tmp_path / "a"), *others])
    assert positions == [(0, 0), (1, 0), (2, 0)]


def test_a_list_of_callbacks_that_is_used_again(tmp_path: Path) -> None:
    run = made(plain)
    callbacks = cb.CallbackList([], add_history=True, model=run.model, epochs=4, steps=6, verbose=0)
    for name in ("a", "b"):
        run.model.fit(X, Y, batch_size=4, epochs=4, verbose=0, callbacks=callbacks, resume=tmp_path / name)
        assert (tmp_path / name).exists()
    assert len(callbacks.callbacks) == 1


def test_interrupted_again_and_again(tmp_path: Path) -> None:
    for epoch in range(4):
        with pytest.raises(Interrupted):
            made(plain).fit(resume=tmp_path / "a", callbacks=[Interrupt(epoch, 1)])
    last = made(plain)
    assert_equal(outcome(last, last.fit(resume=tmp_path / "a")), straight(plain))


def test_the_same_model_goes_on(tmp_path: Path) -> None:
    run = made(plain)
    keeper = cb.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(Interrupted):
        run.fit(callbacks=[keeper, Interrupt(2, 3)])
    assert keeper._current_epoch == 2
    assert_equal(outcome(run, run.fit(callbacks=[keeper])), straight(plain))


def test_without_a_seed_the_first_one_counts(tmp_path: Path) -> None:
    keras.config._seeds.reset(None)
    first = plain()
    with pytest.raises(Interrupted):
        first.fit(resume=tmp_path / "a", callbacks=[Interrupt(0, 2)])
    keras.config._seeds.reset(None)
    second, third = plain(), plain()
    copy = tmp_path / "b"
    copy.write_bytes((tmp_path / "a").read_bytes())
    second.fit(resume=tmp_path / "a")
    third.fit(resume=copy)
    assert_equal(second.model.get_weights(), third.model.get_weights())


def test_double_checkpoint(tmp_path: Path) -> None:
    def keeper() -> Any:
        return cb.BackupAndRestore(tmp_path / "backup", double_checkpoint=True)

    with pytest.raises(Interrupted):
        made(plain).fit(callbacks=[keeper(), Interrupt(3)])
    latest = tmp_path / "backup" / "latest.snapshot"
    assert (tmp_path / "backup" / "previous.snapshot").exists()
    latest.write_bytes(latest.read_bytes()[:-9])
    second = made(plain)
    with pytest.warns(UserWarning, match=r"goes on from .*previous.snapshot.*cut off"):
        history = second.fit(callbacks=[keeper()])
    assert_equal(outcome(second, history), straight(plain))
    assert not (tmp_path / "backup").exists()


def test_what_was_half_written_is_swept_up(tmp_path: Path) -> None:
    for name in (".a.0123456789abcdef.part", ".a.previous.part", ".b.0123456789abcdef.part", "a.part"):
        (tmp_path / name).write_text("half")
    made(plain).fit(resume=tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".b.0123456789abcdef.part", "a", "a.part"]


def test_other_files_in_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    made(plain).fit(callbacks=[cb.BackupAndRestore(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_save_freq_false_restores_only(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        made(plain).fit(callbacks=[cb.BackupAndRestore(tmp_path / "a"), Interrupt(2)])
    before = (tmp_path / "a" / "latest.snapshot").read_bytes()
    second = made(plain)
    keeper = cb.BackupAndRestore(tmp_path / "a", save_freq=False, delete_checkpoint=False)
    assert_equal(outcome(second, second.fit(callbacks=[keeper])), straight(plain))
    assert (tmp_path / "a" / "latest.snapshot").read_bytes() == before


def test_a_finished_run_returns_at_once(tmp_path: Path) -> None:
    first = made(plain)
    done = outcome(first, first.fit(resume=tmp_path / "a"))
    again = made(plain)
    steps: list[int] = []
    count = cb.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
    history = again.fit(resume=tmp_path / "a", callbacks=[count])
    assert not steps
    assert_equal(outcome(again, history), done)
    longer = made(plain)
    history = longer.fit(resume=tmp_path / "a", epochs=6)
    result = outcome(longer, history)
    whole = made(plain)
    assert_equal(result, outcome(whole, whole.fit(epochs=6)))


def test_stopped_is_finished(tmp_path: Path) -> None:
    def make() -> Run:
        run = plain()
        run.callbacks = [cb.EarlyStopping("loss", min_delta=10.0, patience=1, restore_best_weights=True)]
        return run

    first = made(make)
    done = outcome(first, first.fit(resume=tmp_path / "a"))
    assert done["epochs"] == [0, 1]
    again = made(make)
    assert_equal(outcome(again, again.fit(resume=tmp_path / "a", epochs=9)), done)


class StopThere(cb.Callback):
    """Ends training after a batch, and raises at the end of that epoch if asked."""

    def __init__(self, raises: bool) -> None:
        super().__init__()
        self.raises = raises
        self.now = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.now, batch) == (1, 3):
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.raises and self.model.stop_training:
            raise Interrupted


def test_stopped_within_an_epoch(tmp_path: Path) -> None:
    whole = made(plain)
    expected = outcome(whole, whole.fit(callbacks=[StopThere(False)]))
    with pytest.raises(Interrupted):
        made(plain).fit(callbacks=[StopThere(True), cb.BackupAndRestore(tmp_path / "a", save_freq=2)])
    second = made(plain)
    keeper = cb.BackupAndRestore(tmp_path / "a", save_freq=2)
    assert_equal(outcome(second, second.fit(callbacks=[StopThere(False), keeper])), expected)
    assert expected["epochs"] == [0, 1]


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_end", "on_train_end", "on_test_end"])
def test_a_callback_that_raises(hook: str, tmp_path: Path) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        made(plain).fit(
            resume=tmp_path / "a", validation_data=(X, Y), callbacks=[cb.LambdaCallback(**{hook: fail})]
        )
    whole = made(plain)
    expected = outcome(whole, whole.fit(validation_data=(X, Y)))
    second = made(plain)
    assert_equal(outcome(second, second.fit(resume=tmp_path / "a", validation_data=(X, Y))), expected)


def test_arguments() -> None:
    for bad in ("", None):
        with pytest.raises(ValueError, match="Empty `backup_dir` argument passed"):
            cb.BackupAndRestore(bad)  # type: ignore[arg-type]
    for freq in ("batch", 0.15, 0, -1, True):
        with pytest.raises(ValueError, match="Invalid value"):
            cb.BackupAndRestore("folder", save_freq=freq)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="works inside fit"):
        cb.BackupAndRestore("folder").on_train_begin()


def test_a_model_that_only_python_can_build(tmp_path: Path) -> None:
    class Looks(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.top = L.Dense(1)

        def call(self, x: Any) -> Any:
            return self.top(x) if float(keras.ops.max(x)) < 100 else x

    model = Looks()
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match="must be built before fit keeps snapshots"):
        model.fit(X, Y, resume=tmp_path / "a", verbose=0)
    model(X[:2])
    model.fit(X, Y, resume=tmp_path / "a", verbose=0)
