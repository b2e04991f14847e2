"""Weights of models of other libraries.

`load_torch_state_dict` takes files of PyTorch and turns their layouts into ours. Arrays of NumPy in our layout need
nothing but assignment:

>>> import numpy as np
>>> import oxhorn as keras
>>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="top")])
>>> model.get_layer("top").set_weights([np.ones((3, 2)), np.zeros(2)])
>>> model.get_layer("top").kernel.assign(np.full((3, 2), 0.5)).numpy()[0]
array([0.5, 0.5], dtype=float32)
"""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.interop.report import LoadReport
    from oxhorn.interop.torch_weights import load_torch_state_dict, to_torch_state_dict
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.interop.report": "LoadReport",
            "oxhorn.interop.torch_weights": "load_torch_state_dict, to_torch_state_dict",
        },
    )

__all__ = ["LoadReport", "load_torch_state_dict", "to_torch_state_dict"]
