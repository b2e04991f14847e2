"""Sounds in folders as a data set."""

from __future__ import annotations

import os
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np

from oxhorn import arguments
from oxhorn.data.dataset import Dataset
from oxhorn.data.elements import Array
from oxhorn.utils import folders


def audio_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Batches of the sounds in the `.wav` files of a folder, with labels by subfolder.

    Args:
        directory: The folder; with `labels="inferred"`, one with a subfolder for each class.
        labels: `"inferred"`, a list of whole numbers in the order of the files' names, or `None`.
        label_mode: `"int"` for class numbers (int32), `"categorical"` for one-hot rows, `"binary"` for 0 and 1 of shape
            (batch, 1), both float32, or `None` for sounds alone.
        class_names: The subfolders to take, in the order of their numbers. Defaults to all, by name.
        batch_size: Sounds in a batch; `None` for single ones.
        sampling_rate: The samples a second that files must have; other rates are an error.
        output_sequence_length: Samples that each sound is cut or filled up to. By default, those of a batch are filled
            up to the longest with zeros.
        ragged: Not built: rows of a batch have one length.
        shuffle: Whether to shuffle: each pass has an order of its own.
        seed: Seed of the order, and of which sounds are for validation.
        validation_split: The part for validation, between 0 and 1.
        subset: `"training"`, `"validation"` or `"both"` (a pair), with `validation_split`.
        follow_links: Whether to go into folders that links point to.
        verbose: Whether to print how many files there are.

    Returns:
        A `Dataset` of float32 sounds from -1 to 1, (batch, samples, channels), with their labels; it has `class_names`
        and `file_paths`. With `subset="both"`, a pair of these.

    Raises:
        FileNotFoundError: If the folder is not there.
        NotImplementedError: For `ragged=True`.
        ValueError: If there are no sounds, arguments do not go together, or (while iterating) a file is no WAV file of
            8, 16, 24 or 32 bits, or of another rate: the message names it.
    """
    who = "audio_dataset_from_directory"
    folder = folders.Folder(
        who=who,
        directory=directory,
        labels=labels,
        label_mode=label_mode,
        class_names=class_names,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        follow_links=follow_links,
        verbose=verbose,
    )
    if ragged:
        raise NotImplementedError(
            f"{who}: ragged batches are not built. Leave `ragged` out: sounds are filled up."
        )
    if sampling_rate is not None:
        sampling_rate = arguments.integer(sampling_rate, "sampling_rate", who, low=1)
    if output_sequence_length is not None:
        output_sequence_length = arguments.integer(
            output_sequence_length, "output_sequence_length", who, low=1
        )

    def read(path: str) -> Array:
        sound = read_wav(path, sampling_rate, who)
        if output_sequence_length is None:
            return sound
        cut = sound[:output_sequence_length]
        return np.pad(cut, ((0, output_sequence_length - len(cut)), (0, 0)))

    def join(sounds: Dataset, size: int) -> Dataset:
        return sounds.padded_batch(size)

    return folder.dataset(read, "audio files", (".wav",), join)


def read_wav(path: str, sampling_rate: int | None, who: str) -> Array:
    """The samples of a WAV file, (samples, channels), from -1 to 1.

    y = (x - 128) / 128 for 8 bits, x / 2^(b - 1) for b = 16, 24 or 32.
    """
    try:
        with wave.open(path, "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{who}: {path} is no WAV file that can be read: {error}.") from None
    if sampling_rate is not None and rate != sampling_rate:
        raise ValueError(f"{who}: expected {sampling_rate} samples a second; {path} has {rate}.")
    if width not in (1, 2, 3, 4) or not channels:
        raise ValueError(f"{who}: expected 8, 16, 24 or 32 bits; {path} has {8 * width} bits.")
    data = np.frombuffer(raw[: len(raw) // (width * channels) * width * channels], np.uint8)
    if width == 1:
        values = (data.astype(np.float32) - 128) / 128
    else:
        # The bytes of each number become the highest of four.
        wide = np.zeros((len(data) // width, 4), np.uint8)
        wide[:, 4 - width :] = data.reshape(-1, width)
        values = (wide.view("<i4")[:, 0] / 2.0**31).astype(np.float32)
    return values.reshape(-1, channels)
