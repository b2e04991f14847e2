import numpy as np
import pytest

import oxhorn as keras
from oxhorn.callbacks import ModelCheckpoint
from tests.fake_model import FakeModel, run

NAN = float("nan")


def checkpoint(folder, name="{epoch:02d}.weights.safetensors", **arguments):
    return ModelCheckpoint(folder / name, save_weights_only=True, **arguments)


@pytest.mark.parametrize(
    ("arguments", "values", "saved"),
    [
        ({}, [3, 1, 2], ["01", "02", "03"]),
        ({"save_best_only": True}, [3, 1, 2], ["01", "02"]),
        ({"save_best_only": True}, [NAN, 3, NAN, 2], ["02", "04"]),
        ({"save_best_only": True, "mode": "max"}, [3, 1, 4], ["01", "03"]),
        ({"save_best_only": True, "initial_value_threshold": 2.5}, [3, 2, 1], ["02", "03"]),
    ],
)
def test_which_epochs_are_saved(tmp_path, arguments, values, saved):
    model = run(checkpoint(tmp_path, **arguments), values)
    assert model.saved == [f"{epoch}.weights.safetensors" for epoch in saved]


def test_makes_folders_and_formats_metrics(tmp_path):
    keep = checkpoint(tmp_path, "runs/{epoch}-{val_loss:.2f}.safetensors")
    run(keep, [0.1234])
    assert (tmp_path / "runs" / "1-0.12.safetensors").is_file()


def test_saves_after_batches_also_when_calls_skip_some(tmp_path):
    keep = checkpoint(tmp_path, "{epoch}-{batch}.safetensors", save_freq=4)
    model = FakeModel()
    keep.set_model(model)
    keep.on_train_begin()
    for epoch in range(2):
        keep.on_epoch_begin(epoch)
        for batch in (1, 3, 5):  # two steps a call
            keep.on_train_batch_end(batch, {"loss": 1.0})
        keep.on_epoch_end(epoch, {"loss": 1.0})
    assert model.saved == ["1-4.safetensors", "2-2.safetensors", "2-6.safetensors"]


def test_field_that_is_no_metric(tmp_path):
    keep = checkpoint(tmp_path, "{val_acc}.safetensors")
    with pytest.raises(
        KeyError, match=r"has a field 'val_acc' that is not there. There are: epoch, val_loss"
    ):
        run(keep, [1.0])


def test_folder_in_the_way(tmp_path):
    (tmp_path / "a.safetensors").mkdir()
    with pytest.raises(IsADirectoryError, match="expected the name of a file, got the folder"):
        run(checkpoint(tmp_path, "a.safetensors"), [1.0])


def test_missing_metric_warns_and_saves(tmp_path):
    keep = checkpoint(tmp_path, save_best_only=True)
    with pytest.warns(UserWarning, match="`val_loss` which is not available. Available metrics are: none"):
        model = run(keep, [None])
    assert model.saved == ["01.weights.safetensors"]


@pytest.mark.parametrize("frequency", ["batch", 0, -1, 1.5, True, None])
def test_bad_save_freq(frequency):
    with pytest.raises(
        ValueError, match="expected save_freq to be 'epoch' or a positive number of batches, got"
    ):
        ModelCheckpoint("a.safetensors", save_weights_only=True, save_freq=frequency)


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "a"])
def test_names_of_weights(name):
    with pytest.raises(ValueError, match=r"must end in `.weights.h5` with save_weights_only=True .*; got"):
        ModelCheckpoint(name, save_weights_only=True)


@pytest.mark.parametrize("name", ["a.safetensors", "a.onnx", "a"])
def test_names_of_models(name):
    with pytest.raises(ValueError, match=r"must end in `.keras` for whole models .*; got"):
        ModelCheckpoint(name)


@pytest.mark.parametrize("name", ["{epoch}.keras", "{epoch}.weights.h5"])
def test_models_and_weights_are_read_back(name, tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    x, y = np.ones((8, 3), "float32"), np.zeros((8, 1), "float32")
    keep = ModelCheckpoint(tmp_path / name, save_weights_only="weights" in name)
    model.fit(x, y, epochs=2, callbacks=[keep], verbose=0)
    if "weights" in name:
        model.load_weights(tmp_path / name.format(epoch=1))
        again = model
    else:
        again = keras.saving.load_model(tmp_path / name.format(epoch=1))
    assert int(again.optimizer.iterations) == 1
    again.fit(x, y, initial_epoch=1, epochs=2, verbose=0)
    last = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    last.load_weights(tmp_path / name.format(epoch=2))
    for a, b in zip(again.get_weights(), last.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_says_what_it_did(tmp_path, capsys):
    run(checkpoint(tmp_path, "a.safetensors", save_best_only=True, verbose=1), [2.0, 3.0])
    out = capsys.readouterr().out
    assert "Epoch 1: val_loss improved from None to 2.00000, saving model to" in out
    assert "Epoch 1: finished saving model to" in out
    assert "Epoch 2: val_loss did not improve from 2.00000" in out
