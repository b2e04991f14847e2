"""Every layer against the reference and Keras's own configs. A layer the core knows without a row here fails.

`tests/testing/test_batteries.py` puts the same rows to `check_layer`: shapes, gradients, batches, memory, ...
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import _core
from tests.layers.rows import ROWS, TABLES
from tests.layers.table import LayerRow

# Models of a layer without weights are compiled and fitted too.
pytestmark = pytest.mark.filterwarnings("ignore:.*has no trainable weights")
# The base classes; those that hold another layer or have two ways to be called, whose tests are in test_wrappers.py;
# what runs a cell along a sequence, and the cells, whose tests are in rnn/; those that are called with several
# arguments: test_attention.py.
OTHERS = {"Layer", "InputLayer", "Wrapper", "SpectralNormalization", "ReversibleEmbedding"}
OTHERS |= {"RNN", "SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"}
OTHERS |= {"GroupQueryAttention", "MultiHeadAttention"}
