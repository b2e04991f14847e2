"""Rows of the layers that prepare features and are compiled with the rest of a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from oxhorn.testing.reference import features as ref
from tests.layers.table import LayerRow as Row

_VOCABULARY = [4, 1, 6]


def _normalized(axis: int, mean: list[float], variance: list[float], **more: bool):
    def reference(x):
        shape = [1] * np.ndim(x)
        shape[axis] = len(mean)
        return ref.normalization(x, np.reshape(mean, shape), np.reshape(variance, shape), **more)

    return reference


def _looked_up(x, mode: str, vocabulary: list[int], mask: int | None = None, oov: int = 1, size: int = 0):
    """Places without one for the mask: it stands for nothing in vectors."""
    x = np.asarray(x)
    places = ref.integer_lookup(x, vocabulary, oov=oov)
    places = places if mask is None else np.where(x == mask, -1, places)
    return ref.category_encoding(places, size or oov + len(vocabulary), mode)


def _stft(shape: tuple[int, ...], **arguments: Any) -> Row:
    length, size = arguments["frame_length"], arguments.get("fft_length", 8)
    mode = arguments.get("mode", "log")
    names = {"real": ["real_kernel"], "imag": ["imag_kernel"]}.get(mode, ["real_kernel", "imag_kernel"])
    first = arguments.get("data_format") == "channels_first"
    expand = arguments.get("expand_dims", False)

    def reference(x, *kernels):
        y = ref.stft_spectrogram(
            np.swapaxes(x, 1, 2) if first else x,
            *kernels,
            mode=mode,
            step=arguments.get("frame_step", length // 2),
            padding=arguments.get("padding", "valid"),
            expand=expand,
        )
        return y if not first else y.transpose(0, 3, 1, 2) if expand else y.swapaxes(1, 2)

    weights = [(name, (length, 1, size // 2 + 1)) for name in names]
    return Row("STFTSpectrogram", arguments, [shape], reference, weights, loose=16)


PREPROCESSING_FEATURES = [
    Row("Normalization", {"mean": 3.0, "variance": 2.0}, [(3, 4)], lambda x: ref.normalization(x, 3.0, 2.0)),
    Row("Normalization", {"axis": 1, "mean": [1.0, -2.0], "variance": [4.0, 0.5]}, [(3, 2, 4)],
        _normalized(1, [1.0, -2.0], [4.0, 0.5]), loose=4),
    Row("Normalization", {"axis": None, "mean": -1.0, "variance": 9.0, "invert": True}, [(3, 2, 2)],
        lambda x: ref.normalization(x, -1.0, 9.0, True), loose=4),
    Row("Discretization", {"bin_boundaries": [-1.0, 0.0, 1.0], "output_mode": "one_hot"}, [(3, 4)],
        lambda x: ref.discretization(x, [-1.0, 0.0, 1.0], "one_hot")),
    Row("Discretization", {"bin_boundaries": [0.0], "output_mode": "count"}, [(3, 4, 2)],
        lambda x: ref.discretization(x, [0.0], "count")),
    Row("Discretization", {"bin_boundaries": [-0.5, 0.5], "output_mode": "multi_hot"}, [(3, 4)],
        lambda x: ref.discretization(x, [-0.5, 0.5], "multi_hot")),
    Row("CategoryEncoding", {"num_tokens": 5, "output_mode": "one_hot"}, [(3, 4)],
        lambda x: ref.category_encoding(x, 5, "one_hot"), below=5),
    Row("CategoryEncoding", {"num_tokens": 5, "output_mode": "one_hot"}, [(4, 1)],
        lambda x: ref.category_encoding(x, 5, "one_hot"), below=5),
    Row("CategoryEncoding", {"num_tokens": 5}, [(3, 4)], lambda x: ref.category_encoding(x, 5), below=5),
    Row("CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, [(3, 6)],
        lambda x: ref.category_encoding(x, 4, "count"), below=4),
    Row("IntegerLookup", {"vocabulary": _VOCABULARY, "output_mode": "one_hot"}, [(3, 4)],
        lambda x: _looked_up(x, "one_hot", _VOCABULARY), below=8),
    Row("IntegerLookup", {"vocabulary": _VOCABULARY, "output_mode": "multi_hot", "mask_token": 0}, [(3, 6)],
        lambda x: _looked_up(x, "multi_hot", _VOCABULARY, mask=0), below=8),
    Row("IntegerLookup", {"vocabulary": _VOCABULARY, "output_mode": "count", "num_oov_indices": 2, "max_tokens": 7,
                          "pad_to_max_tokens": True}, [(3, 6)],
        lambda x: _looked_up(x, "count", _VOCABULARY, oov=2, size=7), below=8),
    Row("MelSpectrogram", {"fft_length": 16, "sequence_stride": 8, "num_mel_bins": 4, "sampling_rate": 1000,
                           "power_to_db": False}, [(2, 40)],
        lambda x: ref.mel_spectrogram(x, 16, 8, 4, 1000, power_to_db=False), loose=64),
    Row("MelSpectrogram", {"fft_length": 16, "sequence_stride": 5, "num_mel_bins": 3, "sampling_rate": 1000,
                           "min_freq": 50.0, "max_freq": 400.0, "top_db": 1000.0, "ref_power": 2.0}, [(2, 40)],
        lambda x: ref.mel_spectrogram(x, 16, 5, 3, 1000, min_freq=50.0, max_freq=400.0, top_db=1000.0, ref_power=2.0),
        loose=64),
    _stft((2, 20, 1), frame_length=6),
    _stft((2, 20, 2), frame_length=8, frame_step=3, mode="magnitude", expand_dims=True),
    _stft((2, 3, 17), frame_length=5, mode="psd", data_format="channels_first", padding="same"),
    _stft((2, 9, 17), frame_length=8, fft_length=16, mode="stft", data_format="channels_first", expand_dims=True),
    _stft((2, 20, 2), frame_length=6, frame_step=6, mode="real", window="hamming", scaling=None, periodic=True),
    _stft((2, 20, 1), frame_length=6, mode="imag", window=None, padding="same"),
    _stft((2, 20, 2), frame_length=6, frame_step=4, mode="angle", scaling="spectrum"),
]  # fmt: skip
