"""Recurrent layers and their cells."""

from oxhorn.layers.rnn.gru_cell import GRUCell
from oxhorn.layers.rnn.lstm_cell import LSTMCell
from oxhorn.layers.rnn.rnn import RNN
from oxhorn.layers.rnn.simple_rnn_cell import SimpleRNNCell
from oxhorn.layers.rnn.stacked_rnn_cells import StackedRNNCells

__all__ = [
    "RNN",
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
]
