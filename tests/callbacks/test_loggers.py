import csv

import numpy as np
import pytest

from oxhorn.callbacks import CSVLogger, ProgbarLogger, TerminateOnNaN
from tests.fake_model import FakeModel


def write(logger, epochs, first=0):
    logger.on_train_begin()
    for epoch, logs in enumerate(epochs, start=first):
        logger.on_epoch_end(epoch, logs)
    logger.on_train_end()


def rows(path, **arguments):
    with path.open(newline="") as file:
        return list(csv.reader(file, **arguments))


def test_csv(tmp_path):
    path = tmp_path / "log.csv"
    write(CSVLogger(path), [{"val_loss": 2.0, "loss": 1.0}, {"val_loss": 4.0, "loss": 3.0}])
    assert rows(path) == [["epoch", "loss", "val_loss"], ["0", "1.0", "2.0"], ["1", "3.0", "4.0"]]


def test_csv_validation_that_comes_later_and_missing_values(tmp_path):
    path = tmp_path / "log.csv"
    write(CSVLogger(path, separator=";"), [{"loss": 1.0}, {"loss": 2.0, "val_loss": 3.0}, {"val_loss": 4.0}])
    assert rows(path, delimiter=";") == [
        ["epoch", "loss", "val_loss"],
        ["0", "1.0", "NA"],
        ["1", "2.0", "3.0"],
        ["2", "NA", "4.0"],
    ]


def test_csv_append_keeps_one_header_and_its_columns(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path, append=True)
    write(logger, [{"loss": 1.0, "val_loss": 2.0}])
    write(logger, [{"accuracy": 9.0, "loss": 3.0, "val_loss": 4.0}], first=1)
    assert rows(path) == [["epoch", "loss", "val_loss"], ["0", "1.0", "2.0"], ["1", "3.0", "4.0"]]


def test_csv_without_append_replaces(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path)
    for _ in range(2):
        write(logger, [{"loss": 1.0, "val_loss": np.array([1, 2])}])
    assert rows(path) == [["epoch", "loss", "val_loss"], ["0", "1.0", "[1, 2]"]]


def test_csv_before_training():
    with pytest.raises(RuntimeError, match="expected on_train_begin before on_epoch_end"):
        CSVLogger("never.csv").on_epoch_end(0, {})


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), np.float32("nan")])
def test_terminate_on_nan_names_the_batch(loss, capsys):
    guard, model = TerminateOnNaN(), FakeModel()
    guard.set_model(model)
    guard.on_epoch_begin(2)
    guard.on_train_batch_end(0, {"loss": 1.0})
    assert not model.stop_training
    guard.on_train_batch_end(7, {"loss": loss})
    assert model.stop_training
    assert "Epoch 3, batch 7: Invalid loss" in capsys.readouterr().out


def test_terminate_on_nan_raises_when_asked():
    with pytest.raises(RuntimeError, match="expected a finite loss, got nan at batch 3 of epoch 1"):
        TerminateOnNaN(raise_error=True).on_train_batch_end(3, {"loss": float("nan")})


def fit_with(logger, capsys, steps, epochs=1, seen=3, verbose=1):
    logger.set_params({"verbose": verbose, "epochs": epochs, "steps": steps})
    logger.on_train_begin()
    for epoch in range(epochs):
        logger.on_epoch_begin(epoch)
        for batch in range(seen):
            logger.on_train_batch_end(batch, {"loss": 1.0 / (batch + 1)})
        logger.on_test_begin()
        logger.on_test_batch_end(0, {"loss": 9.0})
        logger.on_test_end({"loss": 9.0})
        logger.on_epoch_end(epoch, {"loss": 0.25, "val_loss": 9.0})
    logger.on_train_end()
    return capsys.readouterr().out.splitlines()


def test_progbar_logger_prints_one_line_an_epoch(capsys):
    lines = fit_with(ProgbarLogger(), capsys, steps=3, epochs=2)
    assert len(lines) == 4
    assert lines[0] == "Epoch 1/2"
    assert lines[1].startswith("3/3 ━━━━━━━━━━━━━━━━━━━━ 0s ")
    assert lines[1].endswith(" - loss: 0.2500 - val_loss: 9.0000")
    assert lines[2] == "Epoch 2/2"


def test_progbar_logger_learns_an_unknown_number_of_steps(capsys):
    logger = ProgbarLogger()
    lines = fit_with(logger, capsys, steps=None, seen=5)
    assert logger.target == 5
    assert lines[0].startswith("5/5 ━")


def test_progbar_logger_is_silent_when_asked(capsys):
    assert fit_with(ProgbarLogger(), capsys, steps=3, epochs=2, verbose=0) == []


def test_progbar_logger_for_evaluate_and_predict(capsys):
    logger = ProgbarLogger()
    logger.set_params({"verbose": 1, "epochs": 1, "steps": 2})
    logger.on_test_begin()
    logger.on_test_batch_end(1, {"loss": 0.5})
    logger.on_test_end({"loss": 0.5})
    logger.on_predict_begin()
    logger.on_predict_batch_end(1, {"outputs": np.ones((2, 2))})
    logger.on_predict_end()
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("- loss: 0.5000")
    assert "outputs" not in second
    assert second.startswith("2/2 ━")
