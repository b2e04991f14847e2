"""Training, evaluation and prediction."""

from oxhorn.training.data_adapters.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from oxhorn.training.data_adapters.py_dataset import PyDataset
from oxhorn.training.trainer import Trainer

__all__ = ["PyDataset", "Trainer", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
