"""Recurrent layers and their cells."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.layers.rnn.bidirectional import Bidirectional
    from oxhorn.layers.rnn.conv_lstm1d import ConvLSTM1D
    from oxhorn.layers.rnn.conv_lstm2d import ConvLSTM2D
    from oxhorn.layers.rnn.conv_lstm3d import ConvLSTM3D
    from oxhorn.layers.rnn.gru import GRU
    from oxhorn.layers.rnn.gru_cell import GRUCell
    from oxhorn.layers.rnn.lstm import LSTM
    from oxhorn.layers.rnn.lstm_cell import LSTMCell
    from oxhorn.layers.rnn.rnn import RNN
    from oxhorn.layers.rnn.simple_rnn import SimpleRNN
    from oxhorn.layers.rnn.simple_rnn_cell import SimpleRNNCell
    from oxhorn.layers.rnn.stacked_rnn_cells import StackedRNNCells
    from oxhorn.layers.rnn.time_distributed import TimeDistributed
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.layers.rnn.bidirectional": "Bidirectional",
            "oxhorn.layers.rnn.conv_lstm1d": "ConvLSTM1D",
            "oxhorn.layers.rnn.conv_lstm2d": "ConvLSTM2D",
            "oxhorn.layers.rnn.conv_lstm3d": "ConvLSTM3D",
            "oxhorn.layers.rnn.gru": "GRU",
            "oxhorn.layers.rnn.gru_cell": "GRUCell",
            "oxhorn.layers.rnn.lstm": "LSTM",
            "oxhorn.layers.rnn.lstm_cell": "LSTMCell",
            "oxhorn.layers.rnn.rnn": "RNN",
            "oxhorn.layers.rnn.simple_rnn": "SimpleRNN",
            "oxhorn.layers.rnn.simple_rnn_cell": "SimpleRNNCell",
            "oxhorn.layers.rnn.stacked_rnn_cells": "StackedRNNCells",
            "oxhorn.layers.rnn.time_distributed": "TimeDistributed",
        },
    )

__all__ = [
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Bidirectional",
    "TimeDistributed",
    "RNN",
    "GRU",
    "LSTM",
    "SimpleRNN",
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
]
